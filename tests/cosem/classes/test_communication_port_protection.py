"""How long a port closes, worked by hand; and that the number of tries that get through is the computed one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.communication_port_protection import (
    CommunicationPortProtection,
    ProtectionMode,
    ProtectionStatus,
)

NAME, PORT = "0.0.44.2.0.255", "0.0.25.0.0.255"


class Seconds:
    """A clock that goes forward when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def protection(
    allowed: int = 3, initial: int = 60, steepness: int = 2, most: int = 300, **more: object
) -> CommunicationPortProtection:
    made = CommunicationPortProtection(
        NAME,
        allowed_failed_attempts=allowed,
        initial_lockout_time=initial,
        steepness_factor=steepness,
        max_lockout_time=most,
        port_reference=PORT,
        **more,
    )
    made.seconds = Seconds()
    return made


def forward(one: CommunicationPortProtection, seconds: float) -> None:
    assert isinstance(one.seconds, Seconds)
    one.seconds.now += seconds


@pytest.mark.parametrize(
    ("failed", "seconds"), [(0, 0), (3, 0), (4, 60), (5, 120), (6, 240), (7, 300), (8, 300), (1000, 300), (0xFFFFFFFF, 300)]
)
def test_lockout_times(failed: int, seconds: int) -> None:
    assert protection().lockout_time(failed) == seconds


@given(*[st.integers(0, 0xFFFF)] * 2, st.integers(0, 255), st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF))
def test_never_longer_than_the_limit_and_never_shorter_than_before(
    allowed: int, beyond: int, steepness: int, initial: int, most: int
) -> None:
    one = protection(allowed, initial, max(1, steepness), most)
    assert one.lockout_time(allowed + beyond) <= one.lockout_time(allowed + beyond + 1) <= most


def test_steepness_1_is_the_same_each_time() -> None:
    one = protection(steepness=1)
    assert {one.lockout_time(failed) for failed in (4, 5, 50)} == {60}


@pytest.mark.case("R-095")
def test_a_thousand_tries_one_a_second() -> None:
    """Three are free, then each one that gets through closes the port: for 60, 120, 240, then 300 s."""
    one, through = protection(), 0
    for _ in range(1000):
        if one.open:
            through += 1
            one.failed()
        forward(one, 1)
    expected, second, failed = 0, 0, 0
    while second < 1000:
        expected, failed = expected + 1, failed + 1
        second += max(1, 0 if failed <= 3 else min(60 * 2 ** (failed - 4), 300))
    assert through == expected == one.failed_attempts == one.cumulative_failed_attempts == 8


@pytest.mark.case("R-095")
def test_who_proves_himself_starts_the_count_anew() -> None:
    one = protection()
    for _ in range(3):
        one.failed()
    one.succeeded()
    assert (one.failed_attempts, one.cumulative_failed_attempts) == (0, 3)
    for _ in range(3):
        one.failed()
    assert one.open


def test_while_it_is_closed_nothing_counts() -> None:
    one = protection()
    for _ in range(4):
        one.failed()
    assert one.status is ProtectionStatus.TEMPORARILY_LOCKED
    forward(one, 59)
    one.failed()
    assert one.failed_attempts == 4
    forward(one, 1)
    assert one.open
    assert one.get(8) == Data.enum(0)


def test_reset_opens_and_keeps_the_sum_of_its_life() -> None:
    one = protection()
    told: list[int] = []
    one.on_lock = told.append
    for _ in range(4):
        one.failed()
    one.action(1, Data.integer(0))
    assert (one.open, one.failed_attempts, one.cumulative_failed_attempts) == (True, 0, 4)
    assert told == [60, 0]


def test_modes() -> None:
    one = protection(protection_mode=ProtectionMode.LOCKED)
    assert one.status is ProtectionStatus.LOCKED
    one.protection_mode = ProtectionMode.UNLOCKED
    for _ in range(100):
        one.failed()
    assert (one.open, one.failed_attempts, one.cumulative_failed_attempts) == (True, 0, 100)


def test_counters_end_at_their_last_number() -> None:
    one = protection(cumulative_failed_attempts=0xFFFFFFFF, failed_attempts=0xFFFFFFFF)
    one.failed()
    assert one.cumulative_failed_attempts == 0xFFFFFFFF
