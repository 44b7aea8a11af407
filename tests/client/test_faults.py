"""Whatever happens on the way: success or a typed error in bounded time, never a wrong value, never a duplicated effect."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dlmskit.codec.data import Data
from dlmskit.errors import DlmsError, OutcomeUnknown
from dlmskit.testing import virtual_time
from dlmskit.testing.air import Weather
from tests.client.lossy import ROADS, connecting
from tests.client.small_meter import LOAD, MYSTERY, PASSWORD_KEYS, SmallMeter
from tests.client.test_lossy import right

ROUGH = Weather(loss=0.15, doubling=0.15, delay=0.05, jitter=0.6)
"""Frames overtake one another by far more than a round trip."""
LONGEST = 3600.0
"""No operation takes longer, in seconds of the medium, whatever becomes of it."""


async def attempt(what: Callable[[], Awaitable[Any]]) -> Any:
    """The result, or the typed error; in bounded time."""
    try:
        async with asyncio.timeout(LONGEST):
            return await what()
    except DlmsError as error:
        return error


class Ledger:
    """What was written, and what the client was told of it."""

    def __init__(self, meter: SmallMeter) -> None:
        self.meter = meter
        self.sure = 0
        """Writes that are known to be done."""
        self.possible: set[int] = {5}
        self.next = 100

    async def write(self, client: Any) -> None:
        self.next += 1
        value = self.next
        outcome = await attempt(lambda: client.write(MYSTERY, 2, Data.long_unsigned(value), class_id=1))
        times = Counter(self.meter.writes)[value]
        assert times <= 1, "written twice"
        if outcome is None:
            assert times == 1, "told that it was written"
            self.possible = {value}
            self.sure += 1
        elif times or isinstance(outcome, OutcomeUnknown):
            self.possible.add(value)
        if times and outcome is not None:
            assert isinstance(outcome, OutcomeUnknown), "it may have been executed, and the error does not say so"

    async def read(self, client: Any) -> None:
        outcome = await attempt(lambda: client.read(MYSTERY, class_id=1))
        if not isinstance(outcome, DlmsError):
            assert outcome in self.possible, "a wrong value"
            self.possible = {outcome}


WAYS = {
    "ciphered": {},
    "in clear": {"client": 32, "mechanism": "lls", "context": "plain", "allow_weak": True, "keys": PASSWORD_KEYS},
    "without blocks": {"block_window": 0},
}


def session(road: str, weather: Weather, seed: int, words: dict[str, Any], patch: pytest.MonkeyPatch) -> int:
    """Reads and writes in turn; how many of them succeeded."""

    async def run() -> int:
        meter, good = SmallMeter(max_pdu_size=120), 0
        async with ROADS[road](meter, weather, seed, patch):
            ledger = Ledger(meter)
            try:
                async with connecting(road, pdu=120, **words) as client:
                    for _ in range(6):
                        await ledger.write(client)
                        await ledger.read(client)
                        table = await attempt(client.profile(LOAD).entries)
                        assert isinstance(table, DlmsError) or right(table)
                        good += not isinstance(table, DlmsError) and ledger.sure > 0
            except DlmsError:
                pass  # the connection did not come about
            assert not [value for value, times in Counter(meter.writes).items() if times > 1]
        assert asyncio.get_running_loop().time() < 20 * LONGEST
        return good

    return virtual_time.run(run())


@pytest.mark.filterwarnings("ignore::dlmskit.client.plan.WeakSecurityWarning")
@pytest.mark.parametrize("words", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("road", ROADS)
def test_never_a_wrong_value_never_twice(road: str, words: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    good = sum(session(road, ROUGH, seed, words, monkeypatch) for seed in range(5))
    assert good > 10, "most of it gets through"


def spoiled_session(road: str, seed: int, patch: pytest.MonkeyPatch) -> bool:
    """One connection on which every fifth frame is spoiled; whether the profile came through."""

    async def run() -> bool:
        meter = SmallMeter(max_pdu_size=300)
        async with ROADS[road](meter, Weather(corruption=0.2, loss=0.02, delay=0.01), seed, patch):
            try:
                async with asyncio.timeout(LONGEST), connecting(road, pdu=300) as client:
                    return right(await client.profile(LOAD).entries())
            except DlmsError:
                return False

    return virtual_time.run(run())


@pytest.mark.parametrize("road", ROADS)
def test_spoiled_streams_never_hang(road: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(spoiled_session(road, seed, monkeypatch) for seed in range(60)) > 10


@pytest.mark.soak
def test_a_thousand_spoiled_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(spoiled_session("hdlc", seed, monkeypatch) for seed in range(1000)) > 500


@pytest.mark.parametrize("road", ROADS)
def test_a_road_that_ends_at_any_frame(road: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From some frame on nothing passes any more: a write ends in a typed error, which tells whether it may have been done."""

    async def run(frames: int) -> bool:
        meter = SmallMeter()
        async with ROADS[road](meter, Weather(delay=0.01), 1, monkeypatch) as media:

            def passed() -> int:
                return sum(one.counts.sent for one in (media if isinstance(media, list) else [media]))

            async def cutter() -> None:
                while passed() < frames:  # noqa: ASYNC110  virtual time
                    await asyncio.sleep(0.001)
                for one in media if isinstance(media, list) else [media]:
                    one.weather = Weather(loss=1.0)

            cutting = asyncio.create_task(cutter())
            outcome: Any = None
            try:
                async with asyncio.timeout(LONGEST), connecting(road) as client:
                    outcome = await attempt(lambda: client.write(MYSTERY, 2, Data.long_unsigned(77), class_id=1))
            except DlmsError as error:
                outcome = error
            cutting.cancel()
        assert len(meter.writes) <= 1
        if meter.writes and outcome is not None:
            assert isinstance(outcome, OutcomeUnknown)
        return outcome is None

    done = [virtual_time.run(run(frames)) for frames in range(1, 40, 2)]
    assert done[-1]
    assert not done[0]


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore::dlmskit.client.plan.WeakSecurityWarning")
@pytest.mark.parametrize("words", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("road", ROADS)
def test_never_whatever_the_seed(road: str, words: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(session(road, ROUGH, seed, words, monkeypatch) for seed in range(100, 160)) > 120
