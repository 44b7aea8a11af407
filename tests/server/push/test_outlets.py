"""Pushes that need more than a network: by e-mail, as files, through a gateway, over a manufacturer's service."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import dlmskit
from dlmskit.client.counters import Counters
from dlmskit.errors import ConfigError, ServiceError
from dlmskit.server.push import Destination, Outlets, PushSender, outlets
from dlmskit.transport.base import Transport
from dlmskit.transport.forwarding import Gateway, route_to
from dlmskit.transport.ftp import FtpTransport
from dlmskit.transport.gateway import DeviceAddress
from dlmskit.transport.mail import MailRelay, MailTransport
from dlmskit.transport.one_way import Access
from dlmskit.transport.url import listen_at
from tests.server.push.pushing import PlayedEnd, World, device, push_setup
from tests.server.push.test_confirmed_blocks import KEYS_OF_METERS
from tests.server.push.test_sender import BODY, HEAD_END, opened

RELAY = MailRelay(host="mail.example.org", sender="meter@example.org", access=Access())


def to(service: int, destination: bytes) -> dict[str, Any]:
    return {"send_destination_and_method": (service, destination, 0)}


@pytest.mark.parametrize("confirmed", [False, True])
async def test_through_a_gateway_to_a_listener(confirmed: bool) -> None:
    """The gateway forwards to the address that the destination says, and its answer comes back as from there."""
    async with dlmskit.listen(
        "tcp://127.0.0.1:0", keys=KEYS_OF_METERS, counters=Counters.in_memory(), client_title=HEAD_END
    ) as listener:
        gateway = Gateway({DeviceAddress(3, b"HES"): route_to(listener.urls[0])})
        road = await listen_at("tcp://127.0.0.1:0", gateway.connected)
        setup = push_setup(**to(8, b"3/HES"), push_operation_method=2 if confirmed else 0)
        events: list[Any] = []
        sender = PushSender(device(setup), dial=Outlets(gateway=f"tcp://127.0.0.1:{road.port}").dial, on_event=events.append)
        setup.push()
        sending = asyncio.create_task(sender.attempt_due())
        async with asyncio.timeout(30):
            push = await anext(listener)
            push.confirm()
            await sending
        await road.close()
        await gateway.close()
    assert push.trusted
    assert [event.outcome.value for event in events] == ["delivered"]
    assert listener.counts.confirmed == confirmed


@pytest.mark.parametrize(
    ("service", "destination", "says"),
    [
        (2, b"ftp.example.org/in", "no access to FTP servers"),
        (3, b"pushes@example.com", "no mail relay"),
        (8, b"HES", "no gateway"),
        (200, b"anything", "manufacturer's transport service 200"),
    ],
)
def test_without_the_equipment_it_is_refused_at_the_trigger(service: int, destination: bytes, says: str) -> None:
    setup = push_setup(**to(service, destination))
    sender = PushSender(device(setup))
    with pytest.raises(ServiceError, match=says):
        setup.push()
    assert sender.waiting == 0


@pytest.mark.parametrize(("service", "destination"), [(2, b"ftp.example.org"), (3, b"pushes@example.com")])
def test_what_cannot_come_back_is_not_waited_for(service: int, destination: bytes) -> None:
    setup = push_setup(**to(service, destination), push_operation_method=2)
    PushSender(device(setup), dial=Outlets(mail=RELAY, ftp=Access()).dial)
    with pytest.raises(ServiceError, match="nothing is confirmed"):
        setup.push()


@pytest.mark.parametrize(
    ("service", "destination", "kind", "shown"),
    [
        (2, b"ftp.example.org:2121/in/meters", FtpTransport, "ftp.example.org/in/meters"),
        (2, b"ftp.example.org", FtpTransport, "ftp.example.org/"),
        (3, b"pushes@example.com", MailTransport, "pushes@example.com through mail.example.org"),
    ],
)
async def test_the_transport_of_a_service(
    service: int, destination: bytes, kind: type[Transport], shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is handed over is the push, protected; that it was taken is a confirmation of the layer below."""
    setup = push_setup(**to(service, destination), push_operation_method=1)
    taken: list[bytes] = []
    monkeypatch.setattr(kind, "deliver", lambda self, message: taken.append(message))
    made: list[Transport] = []
    equipment = Outlets(mail=RELAY, ftp=Access())

    def dialled(*words: Any) -> Transport:
        made.append(equipment.dial(*words))
        return made[-1]

    world = World(device(setup))
    sender = PushSender(world.device, dial=dialled, on_event=world.events.append)
    setup.push()
    await sender.attempt_due()
    assert world.outcomes == ["delivered"]
    assert opened(taken[0])[1].notification_body == BODY
    assert shown in repr(made[-1])


@pytest.mark.parametrize("plugged", [False, True], ids=["given", "installed"])
async def test_the_service_of_a_manufacturer(plugged: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = push_setup(**to(210, b"\x01\xff"))
    world = World(device(setup))
    addresses: list[str] = []

    def dialled(destination: Destination, saps: Any, limits: Any) -> Transport:
        addresses.append(destination.url)
        return PlayedEnd(world, saps)

    class Entry:
        @staticmethod
        def load() -> Any:
            return dialled

    if plugged:
        monkeypatch.setattr(outlets, "entry_points", lambda group, name: [Entry] if name == "210" else [])
    equipment = Outlets() if plugged else Outlets(makers={210: dialled})
    sender = PushSender(world.device, dial=equipment.dial, on_event=world.events.append)
    setup.push()
    await sender.attempt_due()
    assert world.outcomes == ["delivered"]
    assert set(addresses) == {"maker:01ff"}


@pytest.mark.parametrize(
    ("service", "destination", "url"),
    [
        (8, b"HES", "gateway:0/HES"),
        (8, b"3/0x0102", "gateway:3/0x0102"),
        (4, b"+49 170-1234567", "sms:+491701234567"),
        (2, b"[2001:db8::1]:21/x", "ftp:[2001:db8::1]:21/x"),
    ],
)
def test_addresses(service: int, destination: bytes, url: str) -> None:
    value = type(push_setup()).send_destination_and_method.kind.encode((service, destination, 0))
    assert Destination.of(value).url == url


@pytest.mark.parametrize(("service", "destination"), [(8, b"300/HES"), (8, b"x/HES"), (2, b"user:secret@host"), (2, b"host:x/y")])
def test_what_is_no_address(service: int, destination: bytes) -> None:
    value = type(push_setup()).send_destination_and_method.kind.encode((service, destination, 0))
    with pytest.raises(ConfigError):
        Destination.of(value)
