"""When attempts are due: windows, random start, delays that grow, rounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dlmskit.cosem.classes.push_setup import PushSetup, PushSetupV0, PushSetupV1
from dlmskit.cosem.daylight import LocalTime
from dlmskit.server.push.delivery import Delivery, Method, Schedule

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
CET = LocalTime(time_zone=-60)


def drawing(number: int):
    return number.to_bytes


def delivery(schedule: Schedule, drawn: int = 0) -> Delivery:
    made = Delivery(schedule, drawing(drawn))
    made.trigger(NOW)
    return made


def daily(start: int, end: int) -> list[tuple[bytes, bytes]]:
    return [tuple(b"\xff" * 5 + bytes((hour, 0, 0, 0)) + b"\x80\x00\xff" for hour in (start, end))]  # type: ignore[list-item]


def test_at_once_without_a_window() -> None:
    assert delivery(Schedule()).due == NOW


@pytest.mark.parametrize(("drawn", "seconds"), [(0, 0), (59, 59), (60, 60), (61, 0), (62, 1)])
def test_a_random_start_within_the_interval(drawn: int, seconds: int) -> None:
    assert delivery(Schedule(randomisation=60), drawn).due == NOW + timedelta(seconds=seconds)


def test_outside_of_the_window_it_waits_for_the_next_one_in_local_time() -> None:
    schedule = Schedule.of(PushSetup(communication_window=daily(22, 23), randomisation_start_interval=600), CET)
    assert delivery(schedule, 300).due == datetime(2024, 5, 1, 21, 5, tzinfo=UTC)


def test_a_random_start_that_misses_the_window_waits_for_the_next_one() -> None:
    schedule = Schedule.of(PushSetup(communication_window=daily(22, 23), randomisation_start_interval=7200), CET)
    assert delivery(schedule, 3600).due == datetime(2024, 5, 2, 21, tzinfo=UTC)


def test_a_repetition_outside_of_the_window_waits_too() -> None:
    made = delivery(Schedule.of(PushSetupV0(communication_window=daily(12, 14), number_of_retries=1, repetition_delay=3600), CET))
    made.failed(NOW)
    assert made.due == datetime(2024, 5, 2, 11, tzinfo=UTC)


def test_a_window_that_never_opens_again() -> None:
    over = [(bytes.fromhex("07E40101FF00000000800000"), bytes.fromhex("07E40102FF00000000800000"))]
    assert delivery(Schedule.of(PushSetup(communication_window=over), CET)).due is None


@pytest.mark.case("R-072")
@pytest.mark.parametrize(
    ("setup", "delays"),
    [
        (PushSetupV0(number_of_retries=3, repetition_delay=30), [30, 30, 30]),
        (PushSetupV1(number_of_retries=2, repetition_delay=5), [5, 5]),
        (PushSetup(number_of_retries=4, repetition_delay=(10, 200, 50)), [10, 20, 40, 50]),
        (PushSetup(number_of_retries=3, repetition_delay=(10, 50, 100)), [10, 10, 10]),
        (PushSetup(number_of_retries=2, repetition_delay=(10, 300, 0)), [10, 10]),
        (PushSetup(number_of_retries=255, repetition_delay=(1, 65535, 65535)), [1] + [655.35] + [65535] * 253),
    ],
    ids=["version 0", "version 1", "growing to a maximum", "never shrinking", "no maximum", "the largest numbers"],
)
def test_repetitions_and_their_delays(setup: PushSetupV0, delays: list[float]) -> None:
    made, at, found = delivery(Schedule.of(setup, CET)), NOW, []
    made.failed(at)
    while made.due is not None:
        found.append((made.due - at).total_seconds())
        at = made.due
        made.failed(at)
    assert found == delays
    assert made.attempts == len(delays) + 1


def test_what_is_not_confirmed_is_pushed_anew_from_its_date_on() -> None:
    words = {"number_of_retries": 1, "repetition_delay": (10, 100, 0), "push_operation_method": Method.CONFIRMED}
    start = bytes.fromhex("07E80501FF0C0000FFFFC400")  # noon of 1 May, CET: 11:00 UTC
    made = delivery(Schedule.of(PushSetup(**words, confirmation_parameters=(start, 3600)), CET))
    made.failed(NOW)
    made.failed(NOW)
    assert (made.due, made.rounds, made.attempts) == (NOW + timedelta(hours=1), 2, 0)
    later = bytes.fromhex("07E80502FF0C0000FFFFC400")
    made = delivery(Schedule.of(PushSetup(**words, confirmation_parameters=(later, 3600)), CET))
    made.failed(NOW)
    made.failed(NOW)
    assert made.due is None


def test_success_ends_it() -> None:
    made = delivery(Schedule(retries=5, delay=1))
    made.sent()
    assert (made.due, made.attempts) == (None, 1)
