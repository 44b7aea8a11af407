"""Short messages by a modem on a serial line: a meter pushes from one modem to another, where somebody listens."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import dlmskit
from dlmskit.apdu import DataNotification
from dlmskit.client.counters import Counters
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.errors import ConfigError, ServiceError, TransportError
from dlmskit.server import Grants
from dlmskit.server.push import Outlets, PushEvent, PushSender
from dlmskit.transport import at_modem
from dlmskit.transport.base import Saps
from dlmskit.transport.url import listen_at, parse_url, transport_from_url
from tests.server.peers import PUBLIC, device_of
from tests.server.push.pushing import EVERYTHING, push_setup
from tests.server.push.test_confirmed_blocks import KEYS_OF_METERS
from tests.server.push.test_sender import HEAD_END
from tests.transport.gsm import GsmModem, GsmNetwork

METER, LISTENER = "+491701111111", "+491702222222"
LIST = "0.0.96.1.0.255"


def url(modem: GsmModem, words: str = "") -> str:
    return f"sms+serial://{modem.path}{words}"


def to(number: str) -> str:
    return f"?number={number.replace('+', '%2B')}&client=1&server=1"


class Meter:
    """A device that pushes some values from one modem."""

    def __init__(self, modem: str | None, count: int, window: int = 0, **words: Any) -> None:
        self.setup = push_setup(
            push_object_list=[(1, LIST, 2, 0, (0, None), [])],
            push_client_sap=1,
            send_destination_and_method=(4, LISTENER.encode(), 0),
            **words,
        )
        self.values = tuple(range(1000, 1000 + count))
        values = DataObject(LIST, value=Data.array([Data.double_long_unsigned(number) for number in self.values]))
        made = device_of([values, self.setup], {1: EVERYTHING})
        client = made[1].clients[1]
        client.settings = replace(client.settings, block_window=window)
        self.events: list[PushEvent] = []
        self.sender = PushSender(made, dial=Outlets(modem=modem).dial, on_event=self.events.append)

    async def push(self) -> list[str]:
        self.setup.push()
        await self.sender.attempt_due()
        return [event.outcome.value for event in self.events]


def listening(modem: GsmModem) -> Any:
    return dlmskit.listen(url(modem), keys=KEYS_OF_METERS, counters=Counters.in_memory(), client_title=HEAD_END)


async def upcoming(listener: Any) -> dlmskit.Push:
    async with asyncio.timeout(30):
        push: dlmskit.Push = await anext(listener)
        return push


def values_of(push: dlmskit.Push) -> tuple[object, ...]:
    assert push.apdu.plain is not None
    (body,) = DataNotification.decode(push.apdu.plain).notification_body.elements()
    return tuple(value.value for value in body.elements())


@pytest.mark.parametrize(
    ("count", "window", "messages"),
    [(5, 0, 1), (100, 0, 5), (100, 16, 5)],
    ids=["one message", "concatenated messages", "blocks"],
)
async def test_from_meter_to_listener(count: int, window: int, messages: int) -> None:
    async with GsmNetwork() as network:
        here, there = network.modem(METER), network.modem(LISTENER)
        meter = Meter(url(here), count, window)
        async with listening(there) as listener:
            assert await meter.push() == ["delivered"]
            push = await upcoming(listener)
        assert (push.trusted, push.peer, network.carried) == (True, METER, messages)
        assert values_of(push) == meter.values
        assert here.commands[:5] == ["AT", "AT+CPIN?", "ATE0", "AT+CMGF=0", "AT+CNMI=2,2,0,0,0"]


@pytest.mark.parametrize("window", [0, 16], ids=["one APDU", "confirmed blocks"])
async def test_a_confirmed_push_is_confirmed_by_a_message(window: int) -> None:
    async with GsmNetwork() as network:
        here, there = network.modem(METER), network.modem(LISTENER)
        meter = Meter(url(here), 100, window, push_operation_method=2)
        async with listening(there) as listener:
            pushing = asyncio.create_task(meter.push())
            (await upcoming(listener)).confirm()
            assert await pushing == ["delivered"]


async def test_parts_of_two_pushes_are_never_mixed() -> None:
    """Part 2 of the first push is lost, and each attempt is a connection of its own: the parts must not be numbered alike."""
    async with GsmNetwork(lambda number: int(number != 2)) as network:
        here, there = network.modem(METER), network.modem(LISTENER)
        meter = Meter(url(here), 60)
        async with listening(there) as listener:
            await meter.push()
            await meter.push()
            push = await upcoming(listener)
            assert push.trusted
            assert push.invocation_counter == 1
            assert listener.counts.received == 1


async def test_a_message_that_the_modem_puts_away_is_fetched_and_removed() -> None:
    async with GsmNetwork() as network:
        here, there = network.modem(METER), network.modem(LISTENER)
        there.stores = True
        async with listening(there) as listener:
            await Meter(url(here), 60).push()
            assert (await upcoming(listener)).trusted
            await until(lambda: not there.stored)


async def test_what_came_while_nobody_ran_is_taken_and_removed() -> None:
    text = "0791947101670000040B910000000000F000000000000000000002C834"
    async with GsmNetwork() as network:
        here, there = network.modem(METER), network.modem(LISTENER)
        there.stores = True
        there.store(text)
        await Meter(url(here), 60).push()
        assert there.stored > 2
        async with listening(there) as listener:
            assert (await upcoming(listener)).trusted
            await until(lambda: there.stored == 1)
        assert "AT+CMGD=1" not in there.commands, "a text is somebody else's"


async def test_a_message_that_could_not_be_read_stays() -> None:
    async with GsmNetwork() as network:
        here, there = network.modem(METER), network.modem(LISTENER)
        there.stores = there.busy = True
        async with listening(there) as listener:
            meter = Meter(url(here), 5)
            await meter.push()
            await until(lambda: "AT+CMGR=1" in there.commands)
            there.busy = False
            await meter.push()
            assert (await upcoming(listener)).invocation_counter == 1
            await until(lambda: "AT+CMGD=2" in there.commands)
            assert there.stored == 1


async def test_a_number_that_nobody_can_answer_does_no_harm() -> None:
    """Whoever wants a confirmation and hides his number gets none; the listener goes on."""
    plain = DataNotification(1 << 30 | 1, b"", Data.long_unsigned(55)).encode()
    async with GsmNetwork() as network:
        there = network.modem(LISTENER)
        async with dlmskit.listen(url(there), counters=Counters.in_memory(), confirm_plain=True) as listener:
            there.deliver("12", bytes((1, 1)) + plain, header=False)
            (await upcoming(listener)).confirm()
            there.deliver(METER, bytes((1, 1)) + plain, header=False)
            assert (await upcoming(listener)).peer == METER


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - a modem tells nobody
            await asyncio.sleep(0.001)


async def test_one_modem_for_both_ends() -> None:
    """Who listens at a modem sends by it, too."""
    async with GsmNetwork() as network:
        here = network.modem(LISTENER)
        async with listening(here) as listener:
            assert await Meter(url(here), 5).push() == ["delivered"]
            assert (await upcoming(listener)).trusted


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (lambda modem: setattr(modem, "refuses", "+CMS ERROR: 38"), "refuses a message to .* ERROR: 38"),
        (GsmModem.close, "cannot be opened"),
    ],
    ids=["the network", "no device"],
)
async def test_a_refusal_is_a_failed_attempt(prepare: Callable[[GsmModem], None], says: str) -> None:
    async with GsmNetwork() as network:
        here = network.modem(METER)
        prepare(here)
        meter = Meter(url(here), 5, number_of_retries=1)
        assert await meter.push() == ["repeated"]
        assert re.search(says, meter.events[0].detail)


async def test_a_locked_sim_is_told() -> None:
    async with GsmNetwork() as network:
        here = network.modem(METER)
        here.pin = "SIM PIN"
        ends = [listen_at(url(here), lambda connection: pytest.fail("nobody comes")) for _ in range(2)]
        first, second = await asyncio.gather(*ends, return_exceptions=True)
        assert isinstance(first, ConfigError)
        assert "the SIM is locked" in str(first)
        assert isinstance(second, TransportError)
        here.pin = "READY"
        async with transport_from_url(url(here, to(LISTENER))) as transport:
            await transport.send(b"\x01")  # the device was let go


async def test_a_modem_that_is_pulled_out_fails_what_is_sent() -> None:
    async with GsmNetwork() as network:
        here = network.modem(METER)
        async with transport_from_url(url(here, to(LISTENER))) as transport:
            here.silent = True
            sending = asyncio.create_task(transport.send(bytes(1000)))
            await asyncio.sleep(0)
            here.close()
            with pytest.raises(TransportError, match=r"lost|closed"):
                await sending


async def test_who_leaves_a_lost_modem_does_not_take_it_from_others() -> None:
    async with GsmNetwork() as network:
        here = network.modem(METER)
        old = transport_from_url(url(here, to(LISTENER)))
        await old.open()
        port = next(iter(at_modem._PORTS.values()))
        port._transport.close()  # type: ignore[union-attr]
        await until(lambda: not at_modem._PORTS)
        async with transport_from_url(url(here, to(LISTENER))):
            await old.close()
            async with transport_from_url(url(here, to(LISTENER))) as third:
                await third.send(b"\x01")


def test_addresses() -> None:
    made = transport_from_url("sms+serial:///dev/ttyUSB0?number=+491701234567&client=2")
    assert made.saps == Saps(2, 1)
    assert "+491701234567" in repr(made)
    for words in ("", "?number=", "?number=abc"):
        with pytest.raises(ConfigError, match="number"):
            transport_from_url(f"sms+serial:///dev/ttyUSB0{words}")
    with pytest.raises(ConfigError, match="three slashes"):
        transport_from_url("sms+serial://?number=123")
    assert parse_url("sms+serial:///dev/ttyUSB0").path == "/dev/ttyUSB0"


def test_without_a_modem_or_number_it_is_refused_at_the_trigger() -> None:
    meter = Meter(None, 5)
    with pytest.raises(ServiceError, match="no modem for short messages"):
        meter.setup.push()
    meter.setup.store(3, type(meter.setup).send_destination_and_method.kind.encode((4, b"nobody", 0)))
    with pytest.raises(ServiceError, match="no telephone number"):
        meter.setup.push()
    assert meter.sender.waiting == 0


async def test_a_meter_is_read_by_short_messages() -> None:
    made = device_of([DataObject(LIST, value=Data.long_unsigned(55))], {PUBLIC: Grants.parse(read=["*"])})
    async with GsmNetwork() as network:
        here, there = network.modem(LISTENER), network.modem(METER)
        server = await listen_at(url(there), made.connected)
        async with dlmskit.connect(url(here, f"?number=%2B{METER[1:]}&client={PUBLIC}")) as meter:
            assert await meter.read(LIST) == 55
        await server.close()
