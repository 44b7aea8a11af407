"""Receive windows: only greater counters, each once, and nothing lost at a restart."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.keys import Key
from dlmskit.security.windows import ReceivedCounters, ReceiveWindow
from tests.security.parties import CLIENT, SERVER


class WindowFile:
    """A store that outlives its windows."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}
        self.broken = False

    def lowest_acceptable(self, window_id: str) -> int:
        return self.kept.get(window_id, 0)

    def raise_to(self, window_id: str, lowest: int) -> None:
        if self.broken:
            raise OSError("disk full")
        self.kept[window_id] = max(self.kept.get(window_id, 0), lowest)


@pytest.mark.case("R-051")
@pytest.mark.parametrize(("counter", "gap"), [(1000, 0), (1001, 1), (2000, 1000), (999, None), (998, None), (0, None)])
def test_only_greater_ones(counter: int, gap: int | None) -> None:
    window = ReceiveWindow()
    window.accept(999)
    if gap is None:
        for act in (window.check, window.accept):
            with pytest.raises(SecurityError) as caught:
                act(counter)
            assert caught.value.reason is SecurityReason.COUNTER_REPEATED
        assert window.lowest_acceptable == 1000
    else:
        window.check(counter)
        assert window.lowest_acceptable == 1000
        assert window.accept(counter) == gap
        assert window.lowest_acceptable == counter + 1


@pytest.mark.case("R-052")
def test_behind_the_last_one_nothing_comes() -> None:
    window = ReceiveWindow()
    window.accept(COUNTER_MAX)
    for counter in (0, COUNTER_MAX):
        with pytest.raises(SecurityError):
            window.check(counter)


@given(st.lists(st.integers(0, 30)))
def test_accepts_what_a_model_accepts(counters: list[int]) -> None:
    window, accepted = ReceiveWindow(), []
    for counter in counters:
        try:
            window.accept(counter)
            accepted.append(counter)
        except SecurityError:
            assert accepted
            assert counter <= accepted[-1]
    assert accepted == sorted(set(accepted))


@pytest.mark.case("R-050")
def test_of_many_threads_with_one_message_one_gets_past() -> None:
    window = ReceiveWindow()

    def tries(counter: int) -> int:
        try:
            window.accept(counter)
        except SecurityError:
            return 0
        return 1

    with ThreadPoolExecutor(16) as pool:
        for counter in range(500):
            assert sum(pool.map(tries, [counter] * 16)) == 1


@pytest.mark.case("R-050", "R-054")
def test_survives_a_restart_and_fails_closed() -> None:
    file, key = WindowFile(), Key(bytes(16))
    ReceivedCounters(file).of(key, CLIENT).accept(41)
    again = ReceivedCounters(file).of(Key(bytes(16)), CLIENT)
    assert again.lowest_acceptable == 42
    file.broken = True
    with pytest.raises(OSError, match="disk full"):
        again.accept(42)
    assert again.lowest_acceptable == 42
    file.broken = False
    again.accept(42)


def test_one_window_for_each_key_and_sender() -> None:
    received = ReceivedCounters()
    window = received.of(Key(bytes(16)), CLIENT)
    assert received.of(Key(bytes(16)), CLIENT) is window
    assert received.of(Key(bytes(16)), SERVER) is not window
    assert received.of(Key(bytes(15) + b"\x01"), CLIENT) is not window


@pytest.mark.case("R-050", "R-055")
def test_a_start_up_gap_of_windows() -> None:
    """A restored backup has forgotten what was received since; what may have been is refused."""
    key = Key(bytes(range(16)))
    store = WindowFile()
    received = ReceivedCounters(store)
    received.of(key, CLIENT).accept(99)
    backup = dict(store.kept)
    received.of(key, CLIENT).accept(500)
    store.kept = backup
    assert ReceivedCounters(store).of(key, CLIENT).lowest_acceptable == 100  # 500 could be repeated
    careful = ReceivedCounters(store, start_gap=1000).of(key, CLIENT)
    with pytest.raises(SecurityError) as caught:
        careful.check(500)
    assert caught.value.reason is SecurityReason.COUNTER_REPEATED
    careful.accept(1100)
    assert store.kept[f"{key.fingerprint}:{CLIENT}"] == 1101
    with pytest.raises(ConfigError):
        ReceivedCounters(store, start_gap=-1)


def test_windows_of_fresh_keys_begin_when_a_message_was_accepted() -> None:
    key = Key(bytes(range(16)))
    received = ReceivedCounters()
    one, other = received.fresh(key, CLIENT), received.fresh(key, CLIENT)
    assert (one.accept(5), received.fresh(key, CLIENT).lowest_acceptable) == (5, 6)
    with pytest.raises(SecurityError) as caught:
        other.accept(5)  # looked at before the first one accepted
    assert caught.value.reason is SecurityReason.COUNTER_REPEATED
    assert other.lowest_acceptable == 0
    assert received.fresh(key, SERVER).lowest_acceptable == 0
