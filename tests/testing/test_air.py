"""The simulated medium does what it says, the same in every run; and time that jumps."""

import asyncio
import time

import pytest

from dlmskit.testing import virtual_time
from dlmskit.testing.air import Air, Weather


async def sent(weather, seed, frames=200):
    air, heard = Air(weather, seed), []
    one, other = air.station("one"), air.station("other")
    await one.open(lambda frame, sender: None, print)
    await other.open(lambda frame, sender: heard.append((sender, frame)), print)
    for number in range(frames):
        one.send(bytes((number,)) * 3, "other")
    await asyncio.sleep(60)
    assert {sender for sender, _ in heard} <= {"one"}
    return [frame for _, frame in heard], air.counts


def test_calm_weather_carries_everything_in_order():
    heard, _ = virtual_time.run(sent(Weather(), 1))
    assert heard == [bytes((number,)) * 3 for number in range(200)]


def test_weather_does_what_it_says_and_can_be_repeated():
    weather = Weather(loss=0.1, doubling=0.05, corruption=0.05, jitter=1.0)
    heard, counts = virtual_time.run(sent(weather, 7))
    assert virtual_time.run(sent(weather, 7)) == (heard, counts)
    assert virtual_time.run(sent(weather, 8))[0] != heard
    assert 10 <= counts.lost <= 30
    assert 3 <= counts.doubled <= 20
    assert 3 <= counts.corrupted <= 20
    assert len(heard) == 200 - counts.lost + counts.doubled
    assert [frame[0] for frame in heard] != sorted(frame[0] for frame in heard)


def test_a_frame_that_is_too_long_is_the_sender_s_mistake():
    with pytest.raises(AssertionError, match="a frame of 3 octets on a medium that carries 2"):
        virtual_time.run(sent(Weather(frame_octets=2), 1))


def test_time_jumps_and_a_test_that_would_hang_ends():
    async def long_wait():
        loop = asyncio.get_running_loop()
        before = loop.time()
        await asyncio.gather(asyncio.sleep(3600), asyncio.sleep(7200))
        return loop.time() - before

    started = time.monotonic()
    assert virtual_time.run(long_wait()) == 7200
    assert time.monotonic() - started < 60

    async def forever():
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="this would never end"):
        virtual_time.run(forever())
