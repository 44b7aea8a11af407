"""A rate for each sender, a bounded queue, and turns."""

from __future__ import annotations

import pytest

from dlmskit.trace.listening.admission import ListenLimits, Rates, Turns


@pytest.mark.case("R-072")
def test_a_sender_has_a_burst_and_then_its_rate() -> None:
    rates = Rates(ListenLimits(burst=3, per_second=0.5))
    assert [rates.admits("meter", 0.0) for _ in range(5)] == [True, True, True, False, False]
    assert [rates.admits("other", 0.0) for _ in range(2)] == [True, True]
    assert [rates.admits("meter", 2.0), rates.admits("meter", 2.0)] == [True, False]
    assert [rates.admits("meter", 1000.0) for _ in range(4)] == [True, True, True, False]


@pytest.mark.case("R-072")
def test_ten_thousand_alarms_of_a_minute() -> None:
    rates = Rates(ListenLimits())
    admitted = sum(rates.admits("meter", number * 60 / 10_000) for number in range(10_000))
    assert 110 <= admitted <= 120


def test_the_sender_heard_longest_ago_makes_room() -> None:
    rates = Rates(ListenLimits(burst=1, senders=2))
    for sender in ("a", "b", "c"):
        assert rates.admits(sender, 0.0)
    assert not rates.admits("c", 0.0)
    assert rates.admits("a", 0.0)  # forgotten


@pytest.mark.case("R-072")
def test_senders_take_turns_and_fill_their_own_share_alone() -> None:
    turns: Turns[str] = Turns(ListenLimits(waiting=5, waiting_of_one=3))
    assert [turns.put("storm", f"s{number}") for number in range(5)] == [True, True, True, False, False]
    assert turns.put("a", "a0")
    assert turns.put("b", "b0")
    assert not turns.put("c", "c0")
    assert [turns.take() for _ in range(6)] == ["s0", "a0", "b0", "s1", "s2", None]
    assert len(turns) == 0
