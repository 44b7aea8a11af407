"""Pushes over media that are not dialled by host and port alone: an HDLC line that the client holds open, and CoAP."""

from __future__ import annotations

import pytest

from dlmskit.apdu import DataNotification
from dlmskit.codec.data import Data
from dlmskit.errors import ServiceError
from dlmskit.server.push import PushEvent, PushSender
from dlmskit.transport.url import listen_at, transport_from_url
from dlmskit.types.obis import Obis
from tests.server.peers import PUBLIC
from tests.server.push.pushing import EVERYTHING, World, device, push_setup
from tests.transport.test_tcp import until

HDLC, M_BUS = Obis("0.0.22.0.0.255"), Obis("0.0.24.0.0.255")
PUSH_CLIENT = {PUBLIC: EVERYTHING}


async def test_over_the_hdlc_line_of_a_client() -> None:
    setup = push_setup(send_destination_and_method=(5, b"\x10", 0), push_client_sap=PUBLIC)
    made = device(setup, PUSH_CLIENT)
    listener = await listen_at("hdlc+tcp://127.0.0.1:0", made.at_port(HDLC), made.limits)
    try:
        url = f"hdlc+tcp://127.0.0.1:{listener.port}?client={PUBLIC}&server=1"
        async with transport_from_url(url) as client:
            sender = PushSender(made)
            setup.action(1, Data.integer(0))
            assert await sender.attempt_due() == 1
            notification = DataNotification.decode(await client.receive(5))
            assert notification.notification_body.elements()[0] == Data.double_long_unsigned(1234)
            assert sender.waiting == 0
        await until(lambda: not made.lines[HDLC])
    finally:
        await listener.close()


@pytest.mark.parametrize(("service", "port"), [(5, HDLC), (6, M_BUS)])
async def test_where_nobody_is_connected_the_attempt_fails_and_is_repeated(service: int, port: Obis) -> None:
    setup = push_setup(
        send_destination_and_method=(service, b"\x10", 0),
        push_client_sap=PUBLIC,
        number_of_retries=1,
        repetition_delay=(0, 100, 0),
    )
    made = device(setup, PUSH_CLIENT)
    events: list[PushEvent] = []
    sender = PushSender(made, on_event=events.append)
    setup.action(1, Data.integer(0))
    await sender.attempt_due()
    await sender.attempt_due()
    assert [event.outcome.value for event in events] == ["repeated", "given-up"]
    assert str(port) in events[0].detail


def test_a_line_does_not_confirm() -> None:
    setup = push_setup(send_destination_and_method=(5, b"\x10", 0), push_client_sap=PUBLIC, push_operation_method=2)
    World(device(setup, PUSH_CLIENT))
    with pytest.raises(ServiceError, match="nothing is confirmed"):
        setup.action(1, Data.integer(0))


class Heard:
    """The head-end's side of CoAP."""

    def __init__(self) -> None:
        self.apdus: list[bytes] = []

    associated = False

    def received(self, source: int, destination: int, apdu: bytes) -> tuple[bytes, ...]:
        self.apdus.append(apdu)
        return ()

    def lost(self, reason: str) -> None:
        """It is only listening."""


@pytest.mark.parametrize("service", [9, 10], ids=["reliable", "unreliable"])
async def test_over_coap(service: int) -> None:
    heard = Heard()
    listener = await listen_at("coap://127.0.0.1:0", lambda _connection: heard)
    try:
        destination = (service, f"127.0.0.1:{listener.port}".encode(), 0)
        setup = push_setup(send_destination_and_method=destination, push_client_sap=PUBLIC)
        sender = PushSender(device(setup, PUSH_CLIENT))
        setup.action(1, Data.integer(0))
        assert await sender.attempt_due() == 1
        await until(lambda: heard.apdus)
        notification = DataNotification.decode(heard.apdus[0])
        assert notification.notification_body.elements()[0] == Data.double_long_unsigned(1234)
    finally:
        await listener.close()
