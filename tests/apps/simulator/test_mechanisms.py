"""What a simulated meter does by itself: tariffs, limits, payment; and that it is all there after a power cut."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from dlmskit.apps.simulator.description import parse_description
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.disconnect_control import ControlState
from dlmskit.cosem.classes.token_gateway import TokenStatus
from dlmskit.errors import ConfigError, DecodeError, SecurityError
from dlmskit.security.keys import Secret
from dlmskit.security.payment_tokens import LARGEST_AMOUNT, make_token, read_token
from dlmskit.server import Database
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

BASE = """
lab = true

[meter]
system_title = "4C41420000000007"
name = "LAB0000000000007"
commissioned = 2024-05-01

[registers]
"1.0.1.8.0.255" = "active-energy-import"
"1.0.1.7.0.255" = "active-power-import"
"""
TARIFFS = """
[tariffs]
registers = ["1.0.1.8.1.255", "1.0.1.8.2.255"]

[[tariffs.day]]
id = 1
rates = { "06:00" = 1, "22:00" = 2 }

[[tariffs.day]]
id = 2
rates = { "00:00" = 2 }

[[tariffs.week]]
name = "usual"
days = [1, 1, 1, 1, 1, 2, 2]

[[tariffs.special_day]]
date = "05-23"
day = 2
"""
KEY = Secret(bytes(range(16, 32)))
PREPAID = """
[prepayment]
price_per_kwh = 30
credit = 100
emergency_credit = 60
token_key = "101112131415161718191A1B1C1D1E1F"
"""
LIMITER = """
[limiter]
threshold = 10
over_seconds = 30
"""
TITLE = SystemTitle("4C41420000000007")
TOTAL, DAY, NIGHT = (Obis(f"1.0.1.8.{rate}.255") for rate in range(3))
MASK, SWITCH, GATEWAY, ACCOUNT = (
    (6, Obis("0.0.14.0.0.255")),
    (70, Obis("0.0.96.3.10.255")),
    (115, Obis("0.0.19.40.0.255")),
    (111, Obis("0.0.19.0.0.255")),
)


class Home:
    """A meter whose time we move; ``cut`` takes the power away and gives it back."""

    def __init__(self, words: str, path: Path, *start: int) -> None:
        self.moment = datetime(*start, tzinfo=UTC)  # type: ignore[arg-type,misc]
        self.description, self.path = parse_description(BASE + words), path
        self.meter = self._made()

    def _made(self) -> SimulatedMeter:
        return SimulatedMeter(self.description, Database(self.path), now=lambda: self.moment)

    def forward(self, **by: float) -> None:
        self.moment += timedelta(**by)
        self.meter.catch_up()

    def cut(self, **by: float) -> None:
        self.meter.close()
        self.moment += timedelta(**by)
        self.meter = self._made()

    def value(self, name: Obis, class_id: int = 3) -> Any:
        return self.meter.device[1].tree.get(class_id, name).get(2).value

    def one(self, key: tuple[int, Obis]) -> Any:
        return self.meter.device[1].tree.get(*key)

    @property
    def rates(self) -> tuple[int, int, int]:
        return self.value(TOTAL), self.value(DAY), self.value(NIGHT)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "meter.sqlite"


def counting(home: Home, **by: float) -> tuple[bool, bool]:
    """Which rates count in the time to come."""
    before = home.rates
    home.forward(**by)
    _, day, night = (after - first for first, after in zip(before, home.rates, strict=True))
    return day > 0, night > 0


def test_each_kind_of_day_has_its_rates_and_their_sum_is_the_total(path: Path) -> None:
    home = Home(TARIFFS, path, 2024, 5, 22, 10)  # Wednesday noon in Berlin
    assert home.one(MASK).active_mask == b"RATE1"
    assert counting(home, hours=9) == (True, False)
    assert counting(home, hours=2) == (True, True)
    assert counting(home, hours=12) == (False, True)  # the special day
    home.forward(days=2, hours=10)  # Saturday, 19 h UTC
    assert counting(home, hours=20) == (False, True)
    total, day, night = home.rates
    assert abs(total - day - night) <= 1
    home.meter.close()


def test_a_power_cut_over_a_switch_of_the_rate_loses_nothing(path: Path) -> None:
    home = Home(TARIFFS, path, 2024, 5, 22, 10)
    before = home.rates
    home.cut()
    assert home.rates == before
    home.cut(hours=11)  # 23:00
    assert home.one(MASK).active_mask == b"RATE2"
    total, day, night = home.rates
    assert abs(total - day - night) <= 1
    assert counting(home, hours=3) == (False, True)
    home.cut(minutes=1)
    assert home.rates[1] == day
    home.meter.close()


def test_the_past_was_counted_by_the_calendar_too(path: Path) -> None:
    words = '[[profile]]\nobis = "1.0.99.1.0.255"\nperiod = 3600\ndepth = 48\ncolumns = ["0.0.1.0.0.255", "1.0.1.8.1.255"]\n'
    home = Home(TARIFFS + words, path, 2024, 5, 22, 10)
    rows = home.value(Obis("1.0.99.1.0.255"), 7)
    nights = [(a[1], b[1]) for a, b in pairwise(rows) if a[0][5] >= 22 or b[0][5] <= 6]
    days = [(a[1], b[1]) for a, b in pairwise(rows) if 6 <= a[0][5] < 22]
    assert len(rows) == 48
    assert nights
    assert all(a == b for a, b in nights)
    assert all(a < b for a, b in days)
    home.meter.close()


def test_nothing_flows_while_the_switch_is_off(path: Path) -> None:
    words = '[[object]]\nobis = "0.0.96.3.10.255"\nattributes = { control_mode = 4 }\n'
    home = Home(words, path, 2024, 5, 22, 10)
    home.one(SWITCH).action(1, Data.integer(0))
    at_off = home.value(TOTAL)
    home.forward(hours=5)
    home.cut(hours=5)
    assert (home.value(TOTAL), home.value(Obis("1.0.1.7.0.255"))) == (at_off, 0)
    home.one(SWITCH).action(2, Data.integer(0))
    assert abs(home.value(TOTAL) - at_off) <= 1
    home.forward(hours=1)
    assert home.value(TOTAL) > at_off + 10
    raw = home.meter.measurement.energies(home.moment).active_import
    assert home.value(TOTAL) < raw - 100
    home.meter.close()


def test_too_much_power_for_too_long_switches_off_by_the_meter_itself(path: Path) -> None:
    home = Home(LIMITER, path, 2024, 5, 22, 10)
    assert home.meter.life.watches
    home.forward(seconds=1)
    assert home.one(SWITCH).control_state == ControlState.CONNECTED
    home.forward(seconds=31)
    assert home.one(SWITCH).control_state == ControlState.READY_FOR_RECONNECTION
    assert home.value(Obis("1.0.1.7.0.255")) == 0
    home.meter.close()


def enter(home: Home, token: bytes) -> int:
    result = home.one(GATEWAY).action(1, Data.octet_string(token))
    status: int = result.value[0]
    return status


def test_a_token_is_taken_once_also_across_a_power_cut(path: Path) -> None:
    home = Home(PREPAID, path, 2024, 5, 22, 10)
    token = make_token(KEY, TITLE, 1, 500)
    before = home.one(ACCOUNT).available_credit
    assert enter(home, token) == TokenStatus.EXECUTION_OK
    assert home.one(ACCOUNT).available_credit == before + 500
    assert enter(home, token) == TokenStatus.VALIDATION_FAILURE
    home.cut()
    assert enter(home, token) == TokenStatus.VALIDATION_FAILURE
    assert home.one(ACCOUNT).available_credit == before + 500
    assert enter(home, make_token(KEY, TITLE, 2, 1)) == TokenStatus.EXECUTION_OK
    home.meter.close()


@pytest.mark.parametrize(
    ("token", "status"),
    [
        (make_token(KEY, SystemTitle("4C41420000000008"), 9, 500), TokenStatus.AUTHENTICATION_FAILURE),
        (make_token(Secret(bytes(16)), TITLE, 9, 500), TokenStatus.AUTHENTICATION_FAILURE),
        (make_token(KEY, TITLE, 9, 500)[:-1], TokenStatus.FORMAT_FAILURE),
        (b"\x02" + make_token(KEY, TITLE, 9, 500)[1:], TokenStatus.FORMAT_FAILURE),
        (make_token(KEY, TITLE, 9, 500)[:8] + b"\xff" + make_token(KEY, TITLE, 9, 500)[9:], TokenStatus.AUTHENTICATION_FAILURE),
    ],
    ids=["another-meter", "another-key", "cut", "version", "another-amount"],
)
def test_what_is_no_token_of_this_meter_is_worth_nothing(path: Path, token: bytes, status: TokenStatus) -> None:
    home = Home(PREPAID, path, 2024, 5, 22, 10)
    before = home.one(ACCOUNT).available_credit
    assert enter(home, token) == status
    assert home.one(ACCOUNT).available_credit == before
    home.meter.close()


def test_old_numbers_are_refused_when_they_are_forgotten(path: Path) -> None:
    home = Home(PREPAID, path, 2024, 5, 22, 10)
    home.meter.close()
    database = Database(path)
    database.set_note("payment tokens", json.dumps(list(range(100, 356))))
    database.close()
    home.meter = home._made()
    assert enter(home, make_token(KEY, TITLE, 99, 5)) == TokenStatus.VALIDATION_FAILURE
    assert enter(home, make_token(KEY, TITLE, 400, 5)) == TokenStatus.EXECUTION_OK
    home.meter.close()


def test_tokens_by_themselves() -> None:
    assert read_token(KEY, TITLE, make_token(KEY, TITLE, 7, 1250)) == (7, 1250)
    for number, amount in ((0, 1), (1, 0), (1 << 32, 1), (1, LARGEST_AMOUNT + 1)):
        with pytest.raises(ConfigError):
            make_token(KEY, TITLE, number, amount)
    with pytest.raises(DecodeError):
        read_token(KEY, TITLE, b"")
    with pytest.raises(SecurityError):
        read_token(KEY, TITLE, bytes((1,)) + bytes(20))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (TARIFFS.replace('"22:00" = 2', '"22:00" = 3'), "day 1 has rate 3; there are registers of rates 1 to 2"),
        (TARIFFS.replace("22:00", "25:00"), "25:00"),
        (TARIFFS.replace('"05-23"', '"23.5."'), "write it as 04-01"),
        (TARIFFS.replace("2, 2]", "2, 7]"), "week usual has a day that is not described"),
        (PREPAID.replace("token_key", "#"), "token_key_file"),
        (LIMITER + 'monitored = "1.0.2.7.0.255"', "nothing measures 1.0.2.7.0.255"),
        ('[image]\npublic_key = "00"', "image:"),
        ('[[third_party]]\nname = "x"\nsystem_title = "00"', "third_party 1 (x):"),
    ],
)
def test_what_cannot_be_meant(words: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SimulatedMeter(parse_description(BASE + words), past=False)
    assert says in str(caught.value)
