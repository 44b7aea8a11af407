"""A confirmed push in confirmed general blocks: octet by octet, and end to end over a medium that loses and doubles datagrams."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

import dlmskit
from dlmskit.apdu import DataNotification, DataNotificationConfirm, GeneralBlockTransfer
from dlmskit.association.block_transfer import ABORT, BlockOptions
from dlmskit.association.errors import BlockTransferAborted
from dlmskit.client.counters import Counters
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.errors import TransportTimeout
from dlmskit.limits import Limits
from dlmskit.security.vault_tables import vault_from_tables
from dlmskit.server import Grants
from dlmskit.server.push import Destination, PushEvent, PushSender
from dlmskit.server.push.confirming import confirmed, confirmed_in_blocks
from dlmskit.testing import virtual_time
from dlmskit.testing.air import Air, Weather
from dlmskit.trace.listening import Push, listener
from dlmskit.transport.base import Saps, Transport, TransportProfile
from dlmskit.transport.stations import serve_stations
from dlmskit.transport.udp import UdpTransport, WrapperAdaptation
from tests.client.lossy import SETTLED
from tests.server.peers import METER, PUBLIC, device_of
from tests.server.push.pushing import EVERYTHING, push_setup
from tests.server.push.test_sender import HEAD_END
from tests.vectors import load

SCENARIO: dict[str, Any] = load("gbt", name="push-confirmed-blocks")[0]
OCTETS = bytes.fromhex(SCENARIO["delivered"])
CONFIRMATION = DataNotificationConfirm(0x1DB, b"").encode()
OPTIONS = BlockOptions(window=1, block_octets=11, most_octets=100)
NEVER = "nothing comes"


class Script(Transport):
    """A listener that answers what it is told; `NEVER` is a time-out."""

    def __init__(self, answers: Sequence[str]) -> None:
        self.profile = TransportProfile("script", 20, 20)
        self.saps = Saps(1, 1)
        self.sent: list[str] = []
        self._answers = list(answers)

    async def open(self) -> None:
        """Always open."""

    async def send(self, apdu: bytes) -> None:
        self.sent.append(apdu.hex().upper())

    async def receive(self, seconds: float | None = None) -> bytes:
        answer = self._answers.pop(0) if self._answers else NEVER
        if answer == NEVER:
            raise TransportTimeout("no answer")
        return bytes.fromhex(answer)

    async def close(self) -> None:
        """Never closed."""


async def pushed(answers: Sequence[str], options: BlockOptions = OPTIONS) -> Script:
    transport = Script(answers)
    try:
        await confirmed_in_blocks(transport, OCTETS, options, 1.0, lambda octets: octets == CONFIRMATION)
    except BaseException as error:
        error.add_note(" ".join(transport.sent))
        raise
    return transport


def of(party: str) -> list[str]:
    return [message["hex"] for message in SCENARIO["messages"] if message["from"] == party]


IN_A_BLOCK = GeneralBlockTransfer(0x83, 3, 3, CONFIRMATION).encode().hex()


@pytest.mark.parametrize(
    ("confirmation", "more"), [(CONFIRMATION.hex(), []), (IN_A_BLOCK, ["E0810004000300"])], ids=["whole", "in a block"]
)
async def test_the_scenario_of_confirmed_blocks(confirmation: str, more: list[str]) -> None:
    transport = await pushed([*of("client"), confirmation])
    assert transport.sent == [*of("server"), *more]


async def test_a_lost_block_is_sent_again() -> None:
    """The listener has block 3 and asks for block 2: exactly that one goes out again."""
    first, _ = of("client")
    transport = await pushed([first, "E0810002000100", "E0830003000300", CONFIRMATION.hex()])
    assert [sent[4:8] for sent in transport.sent] == ["0001", "0002", "0003", "0002"]


async def test_a_lost_confirmation_is_asked_for_with_an_empty_block() -> None:
    transport = await pushed([*of("client"), NEVER, IN_A_BLOCK])
    assert transport.sent[3] == "E0810004000200"


async def test_without_any_answer_it_is_aborted_in_the_end() -> None:
    with pytest.raises(TransportTimeout) as failure:
        await pushed([], replace(OPTIONS, retries=2))
    assert failure.value.__notes__ == [" ".join([of("server")[0]] * 3 + [ABORT.hex().upper()])]


async def test_noise_does_not_lengthen_the_wait() -> None:
    """What is neither a block nor the confirmation is passed over, and the time runs on."""
    transport = await pushed(["FF", "E0", *of("client"), "10000000FF00", CONFIRMATION.hex()])
    assert transport.sent == of("server")


class Noise(Script):
    """A peer that talks without end."""

    async def receive(self, seconds: float | None = None) -> bytes:
        await asyncio.sleep(0)
        return b"\xff"


@pytest.mark.parametrize("in_blocks", [False, True])
async def test_endless_noise_keeps_nobody_waiting(in_blocks: bool) -> None:
    noise = Noise([])
    async with asyncio.timeout(30):
        with pytest.raises(TransportTimeout, match="nothing that came in time"):
            if in_blocks:
                await confirmed_in_blocks(noise, OCTETS, replace(OPTIONS, retries=2), 0.01, lambda _: False)
            else:
                await confirmed(noise, OCTETS, 0.01, lambda _: False)


@pytest.mark.parametrize(
    "answers",
    [[ABORT.hex()], [*of("client"), GeneralBlockTransfer(0x83, 3, 3, b"\x10\0\0\0\1\0").encode().hex()], ["E0830001000900"]],
    ids=["by the listener", "another answer in blocks", "what was never sent is acknowledged"],
)
async def test_what_ends_an_attempt(answers: list[str]) -> None:
    with pytest.raises(BlockTransferAborted):
        await pushed(answers)


# --- End to end ---

MANY = tuple(range(100_000, 105_000))
"""25 000 octets: 21 datagrams."""
LIST = "0.0.96.1.0.255"
KEYS_OF_METERS = vault_from_tables({str(METER): {"guek": bytes(range(16)).hex(), "gak": bytes(range(0xD0, 0xE0)).hex()}})


@dataclass
class Outcome:
    events: list[PushEvent]
    pushes: list[Push]
    confirmations: int
    repeated: int
    air: Air
    last_confirmation: Any


async def over(weather: Weather, seed: int, client_sap: int, patch: pytest.MonkeyPatch, retries: int = 3) -> Outcome:
    """A meter pushes many values to a listener over UDP in this weather."""
    air = Air(weather, seed)

    async def listen_at(_text: str, handler_factory: Any, limits: Limits) -> Any:
        return await serve_stations(air.station("listener"), WrapperAdaptation, handler_factory=handler_factory, limits=limits)

    def dial(_destination: Destination, saps: Saps, limits: Limits) -> Transport:
        transport = UdpTransport("192.0.2.1", saps=saps, limits=limits)
        transport._carrier, transport._peer = air.station(f"meter {id(transport)}"), "listener"
        return transport

    patch.setattr(listener, "listen_at", listen_at)
    setup = push_setup(
        push_client_sap=client_sap,
        push_operation_method=2,
        number_of_retries=retries,
        push_object_list=[(1, LIST, 2, 0, (0, None), [])],
        send_destination_and_method=(1, b"192.0.2.1", 0),
    )
    values = DataObject(LIST, value=Data.array([Data.double_long_unsigned(number) for number in MANY]))
    made = device_of([values, setup], {client_sap: Grants.parse(read=["*"]) if client_sap == PUBLIC else EVERYTHING})
    client = made[1].clients[client_sap]
    client.settings = replace(client.settings, block_window=8)
    events: list[PushEvent] = []
    sender = PushSender(made, dial=dial, on_event=events.append)
    pushes: list[Push] = []
    words: dict[str, Any] = {"keys": KEYS_OF_METERS, "client_title": HEAD_END, "confirm_plain": True}
    async with dlmskit.listen("udp://192.0.2.1", counters=Counters.in_memory(), **words) as listening:

        async def take() -> None:
            while True:
                pushes.append(await anext(listening))

        taking = asyncio.create_task(take())
        setup.push()
        while sender.waiting:
            await sender.attempt_due()
            await asyncio.sleep(1000)  # virtual: everything on its way arrives, and the next attempt is due
        taking.cancel()
        counts = listening.counts
    return Outcome(events, pushes, counts.confirmed, counts.repeated, air, setup.last_confirmation_date_time)  # type: ignore[attr-defined]


@pytest.mark.parametrize("client_sap", [1, PUBLIC], ids=["ciphered", "plain"])
def test_a_big_push_arrives_once_and_right_in_any_weather(client_sap: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = 0
    for seed in range(20):
        outcome = virtual_time.run(over(SETTLED, seed, client_sap, monkeypatch))
        (push,) = outcome.pushes
        assert push.trusted == (client_sap == 1)
        assert push.apdu.plain is not None
        (body,) = DataNotification.decode(push.apdu.plain).notification_body.elements()
        assert tuple(value.value for value in body.elements()) == MANY
        assert outcome.events[-1].outcome.value == "delivered", (seed, outcome.events)
        lost += outcome.air.counts.lost
    assert lost > 20


def test_without_losses_every_block_goes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = virtual_time.run(over(Weather(), 1, 1, monkeypatch))
    assert [event.outcome.value for event in outcome.events] == ["delivered"]
    assert outcome.air.counts.sent == 27  # 21 blocks, 3 acknowledgements, the last one again with the confirmation, the end
    assert outcome.confirmations == 1


def test_in_bad_weather_an_attempt_may_fail_and_still_nothing_comes_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A confirmation that never came makes the meter push again: that is known, confirmed and not shown."""
    outcomes = [virtual_time.run(over(replace(SETTLED, loss=0.45), seed, 1, monkeypatch)) for seed in range(10, 20)]
    for outcome in outcomes:
        delivered = outcome.events[-1].outcome.value == "delivered"
        assert len(outcome.pushes) <= 1
        assert outcome.pushes or not delivered
    assert any(outcome.repeated for outcome in outcomes)
    assert any(len(outcome.events) > 1 for outcome in outcomes)


def test_where_nothing_comes_back_it_fails_as_often_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = virtual_time.run(over(Weather(loss=1.0), 1, 1, monkeypatch, retries=2))
    assert [event.outcome.value for event in outcome.events] == ["repeated", "repeated", "given-up"]
    assert "no answer" in outcome.events[0].detail
    assert outcome.pushes == []
