"""Invocation counters on the way out: each number once, whatever happens in between."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.counters import (
    LARGEST_JUMP,
    WEAR_WARNING,
    InvocationCounter,
    MemoryCounterStore,
    StartUpGap,
    TransmitCounters,
    counter_name,
)
from dlmskit.security.keys import Key, KeyRole
from tests.security.parties import CLIENT, SERVER

KEY = Key(bytes(range(16)))


class WatchedStore(MemoryCounterStore):
    """Remembers what was put away, and can fail like a full disk."""

    def __init__(self, first: int = 0) -> None:
        super().__init__()
        self.end = 0
        self.broken = False
        if first:
            super().reserve("c", 0, first)

    def reserve(self, counter_id: str, count: int, at_least: int = 0) -> int:
        if self.broken:
            raise OSError("disk full")
        first = super().reserve(counter_id, count, at_least)
        self.end = first + count
        return first


@pytest.mark.case("R-054")
def test_a_number_is_put_away_before_it_is_given() -> None:
    store = WatchedStore()
    counter = InvocationCounter(store, "c", block=7)
    for expected in range(40):
        assert counter.take() == expected
        assert store.end > expected


@pytest.mark.case("R-054")
def test_no_number_without_the_store() -> None:
    store = WatchedStore()
    counter = InvocationCounter(store, "c", block=3)
    assert [counter.take() for _ in range(3)] == [0, 1, 2]
    store.broken = True
    for _ in range(3):
        with pytest.raises(OSError, match="disk full"):
            counter.take()
    store.broken = False
    assert counter.take() == 3


@pytest.mark.case("R-054")
@given(st.lists(st.integers(0, 50), max_size=12), st.integers(1, 20))
def test_after_a_crash_the_next_is_above_all_before(lives: list[int], block: int) -> None:
    """Every life takes some numbers and ends without a word; the store alone lives on."""
    store, highest = MemoryCounterStore(), -1
    for takes in lives:
        counter = InvocationCounter(store, "c", block=block)
        for _ in range(takes):
            number = counter.take()
            assert number > highest
            highest = number


@pytest.mark.case("R-053")
def test_a_hundred_senders_at_once() -> None:
    counter = InvocationCounter(MemoryCounterStore(), "c")
    with ThreadPoolExecutor(100) as pool:
        taken = [n for part in pool.map(lambda _: [counter.take() for _ in range(10_000)], range(100)) for n in part]
    assert len(set(taken)) == len(taken) == 1_000_000
    assert max(taken) < 1_000_000


@pytest.mark.case("R-053")
def test_two_counters_on_one_store() -> None:
    store = MemoryCounterStore()
    counters = [InvocationCounter(store, "c", block=5) for _ in range(2)]
    taken = [counter.take() for _ in range(50) for counter in counters]
    assert len(set(taken)) == 100


@pytest.mark.case("R-052")
def test_the_end_is_the_end() -> None:
    store = WatchedStore(COUNTER_MAX - 3)
    counter = InvocationCounter(store, "c", block=100)
    assert [counter.take() for _ in range(4)] == list(range(COUNTER_MAX - 3, COUNTER_MAX + 1))
    for again in (counter, counter, InvocationCounter(store, "c")):
        with pytest.raises(SecurityError) as caught:
            again.take()
        assert caught.value.reason is SecurityReason.COUNTER_EXHAUSTED


@pytest.mark.case("R-052")
def test_warns_long_before_the_end() -> None:
    heard: list[tuple[str, int]] = []
    store = WatchedStore(WEAR_WARNING - 150)
    counter = InvocationCounter(store, "c", block=100, on_wear=lambda *args: heard.append(args))
    taken = [counter.take() for _ in range(100)]
    assert heard == []
    taken += [counter.take() for _ in range(300)]
    assert heard == [("c", WEAR_WARNING - 50)]
    assert len(set(taken)) == 400
    assert pytest.approx(0.9) == WEAR_WARNING / (COUNTER_MAX + 1)


def test_a_warning_may_look_at_the_counter() -> None:
    counter = InvocationCounter(WatchedStore(COUNTER_MAX - 200), "c", on_wear=lambda *_: seen.append(counter.next))
    seen: list[int | None] = []
    counter.take()
    assert seen == [COUNTER_MAX - 200]


@pytest.mark.case("R-055")
def test_advances_upwards_only() -> None:
    store = MemoryCounterStore()
    counter = InvocationCounter(store, "c")
    assert counter.next is None
    counter.advance_to(500)
    assert counter.next == 500
    assert counter.take() == 500
    for lower in (0, 500, 501):
        counter.advance_to(lower)
        assert counter.next == 501
    assert InvocationCounter(store, "c").take() == 600


@pytest.mark.case("R-055")
def test_a_restored_store_catches_up_with_the_meter() -> None:
    """The store was set back to yesterday; the meter says what it accepts, and no number of before comes again."""
    lost = InvocationCounter(MemoryCounterStore(), "c")
    used = [lost.take() for _ in range(5000)]
    restored = InvocationCounter(MemoryCounterStore(), "c")
    restored.advance_to(used[-1] + 1)
    assert restored.take() == used[-1] + 1


@pytest.mark.case("R-055")
@pytest.mark.parametrize("forged", [LARGEST_JUMP + 1, COUNTER_MAX, COUNTER_MAX + 1, 1 << 40])
def test_a_forged_number_does_not_drive_the_counter_to_its_end(forged: int) -> None:
    counter = InvocationCounter(MemoryCounterStore(), "c")
    with pytest.raises(SecurityError) as caught:
        counter.advance_to(forged)
    assert caught.value.reason is SecurityReason.COUNTER_JUMP
    assert counter.take() == 0
    counter.advance_to(LARGEST_JUMP)
    assert counter.take() == LARGEST_JUMP


def test_a_jump_that_was_checked_by_someone_is_made() -> None:
    counter = InvocationCounter(MemoryCounterStore(), "c")
    counter.advance_to(0x80000000, largest_jump=COUNTER_MAX)
    assert counter.take() == 0x80000000
    with pytest.raises(SecurityError) as caught:
        counter.advance_to(COUNTER_MAX + 1, largest_jump=1 << 40)
    assert caught.value.reason is SecurityReason.COUNTER_JUMP
    assert counter.take() == 0x80000001


def test_one_counter_for_each_key_and_title() -> None:
    counters = TransmitCounters(MemoryCounterStore())
    key, other = Key(bytes(16)), Key(bytes(15) + b"\x01")
    assert counters.of(key, CLIENT) is counters.of(Key(bytes(16), KeyRole.GBEK), CLIENT)
    assert counters.of(key, CLIENT) is not counters.of(other, CLIENT)
    assert counters.of(key, CLIENT) is not counters.of(key, SERVER)
    assert counter_name(key, CLIENT) == f"{key.fingerprint}:4D4D4D0000000001"


# A store that may be a restored backup.


@pytest.mark.case("R-055")
def test_a_start_up_gap_leaps_over_what_the_store_forgot() -> None:
    """Yesterday's backup comes back: without the gap the numbers used since come again."""
    store = MemoryCounterStore()
    yesterday = TransmitCounters(store)
    used = {yesterday.of(KEY, CLIENT).take() for _ in range(10)}
    backup = dict(store._next)
    used |= {yesterday.of(KEY, CLIENT).take() for _ in range(500)}
    restored = MemoryCounterStore()
    restored._next = dict(backup)
    assert TransmitCounters(restored).of(KEY, CLIENT).take() in used
    restored._next = dict(backup)
    leaps: list[tuple[str, int, int]] = []
    gap = StartUpGap(numbers=1000, on_leap=lambda *leap: leaps.append(leap))
    careful = TransmitCounters(restored, start_gap=gap)
    counter = careful.of(KEY, CLIENT)
    assert counter.next == 1100
    taken = [counter.take() for _ in range(250)]
    assert taken == list(range(1100, 1350))
    assert leaps == [(f"{KEY.fingerprint}:{CLIENT}", 100, 1100)]
    assert TransmitCounters(restored).of(KEY, CLIENT).take() == 1400  # the leap is stored like any other block


@pytest.mark.case("R-055")
def test_a_counter_that_the_backup_never_heard_of_leaps_too() -> None:
    gap = StartUpGap(numbers=50)
    counters = TransmitCounters(MemoryCounterStore(), start_gap=gap)
    assert counters.of(KEY, CLIENT).take() == 50
    assert counters.transactions(CLIENT).take() == 50
    assert counters.derived(KEY, SERVER).take() == 50


@pytest.mark.case("R-055")
def test_the_gap_and_what_the_peer_says() -> None:
    """The meter's own number is gone on from where it is higher still."""
    counter = TransmitCounters(MemoryCounterStore(), start_gap=StartUpGap(numbers=1000)).of(KEY, CLIENT)
    counter.advance_to(500)
    assert counter.next == 1000
    counter.advance_to(5000)
    assert counter.take() == 5000
    other = TransmitCounters(MemoryCounterStore(), start_gap=StartUpGap(numbers=1000)).of(KEY, CLIENT)
    other.advance_to(1001)
    assert other.take() == 1001


def test_a_gap_at_the_end_of_the_key() -> None:
    store = MemoryCounterStore()
    store.reserve(f"{KEY.fingerprint}:{CLIENT}", COUNTER_MAX - 10)
    counter = TransmitCounters(store, start_gap=StartUpGap(numbers=100)).of(KEY, CLIENT)
    assert counter.remaining == 0
    with pytest.raises(SecurityError) as caught:
        counter.take()
    assert caught.value.reason is SecurityReason.COUNTER_EXHAUSTED


@pytest.mark.parametrize("numbers", [0, -1, COUNTER_MAX + 1])
def test_gaps_that_are_none(numbers: int) -> None:
    with pytest.raises(ConfigError):
        StartUpGap(numbers=numbers)


def test_a_derived_key_counts_on_in_the_store() -> None:
    store = MemoryCounterStore()
    for expected in range(3):
        assert TransmitCounters(store).derived(KEY, CLIENT).take() == expected
    assert TransmitCounters(store).in_use == {}


@pytest.mark.case("R-054", "R-055")
def test_a_leap_that_could_not_be_stored_is_made_again() -> None:
    store = WatchedStore()
    store.broken = True
    counter = InvocationCounter(store, "c", start_gap=StartUpGap(numbers=50))
    for _ in range(2):
        with pytest.raises(OSError, match="disk full"):
            counter.take()
    store.broken = False
    assert counter.take() == 50
