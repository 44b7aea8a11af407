"""Register monitor, parameter monitor and limiter watch what others show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.limiter import Limiter
from dlmskit.cosem.classes.parameter_monitor import ParameterMonitor
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.classes.register_monitor import RegisterMonitor
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.errors import ServiceError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import DataAccessResult
from tests.cosem.living import SCRIPTS, Living

START = datetime(2024, 1, 15, 12, tzinfo=UTC)
POWER = "1.0.1.7.0.255"
NOTHING = ("0.0.0.0.0.0", 0)


def register(value: int = 0) -> Register:
    return Register(POWER, value=Data.double_long_unsigned(value))


def script(number: int) -> tuple[str, int]:
    return SCRIPTS, number


class TestRegisterMonitor:
    @staticmethod
    def device() -> tuple[Living, Register]:
        power = register()
        monitor = RegisterMonitor(
            "0.0.16.1.0.255",
            thresholds=Data.array([Data.double_long_unsigned(100), Data.double_long_unsigned(200)]),
            monitored_value=(3, POWER, 2),
            actions=[(script(1), script(2)), (script(3), NOTHING)],
        )
        return Living(power, monitor), power

    @pytest.mark.parametrize(
        ("values", "runs"),
        [
            ([50, 100], []),
            ([50, 101], [1]),
            ([50, 101, 150], [1]),
            ([50, 300], [1, 3]),
            ([300, 50], [2]),
            ([101, 100], [2]),
            ([50, 101, 100, 101], [1, 2, 1]),
        ],
    )
    def test_crossing(self, values: list[int], runs: list[int]) -> None:
        device, power = self.device()
        for value in values:
            power.value = value
        assert [number for _, number in device.ran] == runs

    def test_a_value_with_a_source_is_polled(self) -> None:
        device, power = self.device()
        shown = 0
        power.feed("value", lambda: shown)
        device.supervisor.poll()
        shown = 150
        device.supervisor.poll()
        assert [number for _, number in device.ran] == [1]

    def test_thresholds_are_numbers(self) -> None:
        device, _ = self.device()
        monitor = device.tree.of(RegisterMonitor)[0]
        with pytest.raises(ServiceError) as refused:
            monitor.set(2, Data.array([Data.octet_string(b"many")]))
        assert refused.value.code == DataAccessResult.TYPE_UNMATCHED

    def test_a_script_that_fails_does_not_fail_the_write(self) -> None:
        device, power = self.device()
        device.scripts.fails = True
        power.value = 50
        power.value = 150
        assert power.value == 150
        assert len(device.faults) == 1

    def test_monitors_that_set_each_other_off_come_to_an_end(self) -> None:
        """A script that writes what the monitor watches: up and down for ever, if nobody stopped it."""
        one, other = (DataObject(f"0.0.96.1.{number}.255", value=Data.long_unsigned(0)) for number in range(2))

        def write(target: DataObject, value: int) -> Data:
            members = (
                Data.enum(1),
                Data.long_unsigned(1),
                Data.octet_string(target.obis),
                Data.integer(2),
                Data.long_unsigned(value),
            )
            return Data.structure(members)

        scripts = Data.array(
            Data.structure([Data.long_unsigned(number), Data.array([write(*action)])])
            for number, action in enumerate(((other, 9), (other, 0), (one, 0), (one, 9)), 1)
        )
        table = ScriptTable("0.0.10.0.101.255", scripts=scripts)
        monitors = [
            RegisterMonitor(
                f"0.0.16.1.{number}.255",
                thresholds=Data.array([Data.long_unsigned(5)]),
                monitored_value=(1, watched.obis, 2),
                actions=[((table.obis, first), (table.obis, first + 1))],
            )
            for number, (watched, first) in enumerate(((one, 1), (other, 3)))
        ]
        device = Living(one, other, table, *monitors)
        device.supervisor.poll()
        one.value = 9
        assert device.faults, "the chain was cut, and somebody was told"


class TestParameterMonitor:
    def test_a_change_is_shown_with_its_time(self) -> None:
        parameter = DataObject("0.0.96.1.0.255", value=Data.long_unsigned(1))
        other = DataObject("0.0.96.1.1.255", value=Data.long_unsigned(5))
        monitor = ParameterMonitor("0.0.16.2.0.255")
        device = Living(parameter, other, monitor)
        definition = Data.structure([Data.long_unsigned(1), Data.octet_string(parameter.obis), Data.integer(2)])
        monitor.action(1, definition)
        monitor.action(1, definition)
        assert len(monitor.parameter_list) == 1
        other.value = 6
        assert monitor.changed_parameter.class_id == 0
        device.time.forward(minutes=5)
        parameter.value = 2
        assert tuple(monitor.changed_parameter) == (1, parameter.obis, 2, 2)
        assert str(monitor.capture_time).startswith("2024-01-15 12:05")
        assert monitor.get(8) == Data.structure([Data.long_unsigned(2)])
        monitor.action(2, definition)
        parameter.value = 3
        assert monitor.changed_parameter.attribute_value == 2
        assert monitor.get(7) == Data.octet_string(b"")

    def test_the_list_ends_somewhere(self) -> None:
        monitor = ParameterMonitor("0.0.16.2.0.255", parameter_list=[(1, f"0.0.96.1.{number}.255", 2) for number in range(256)])
        with pytest.raises(ServiceError):
            monitor.action(1, Data.structure([Data.long_unsigned(3), Data.octet_string(bytes(6)), Data.integer(2)]))


class TestLimiter:
    @staticmethod
    def device(over: int = 60, under: int = 30) -> tuple[Living, Register, Limiter]:
        power = register()
        limiter = Limiter(
            "0.0.17.0.0.255",
            monitored_value=(3, POWER, 2),
            threshold_normal=Data.double_long_unsigned(100),
            threshold_emergency=Data.double_long_unsigned(10),
            min_over_threshold_duration=over,
            min_under_threshold_duration=under,
            emergency_profile_group_id_list=[7],
            actions=(script(1), script(2)),
        )
        return Living(power, limiter), power, limiter

    def test_values_keep_their_types(self) -> None:
        _, _, limiter = self.device()
        limiter.threshold_normal = 6000
        assert limiter.get(4) == limiter.get(3) == Data.double_long_unsigned(6000)

    def test_over_for_long_enough_then_under(self) -> None:
        device, power, _ = self.device()
        power.value = 101
        device.until(START + timedelta(seconds=59))
        assert device.ran == []
        device.until(START + timedelta(seconds=60))
        assert device.ran == [("2024-01-15 12:01", 1)]
        device.until(START + timedelta(seconds=600))
        power.value = 100
        device.until(START + timedelta(seconds=630))
        assert [number for _, number in device.ran] == [1, 2]

    def test_back_in_time_nothing_happens(self) -> None:
        device, power, _ = self.device()
        power.value = 101
        device.until(START + timedelta(seconds=59))
        power.value = 99
        device.until(START + timedelta(seconds=80))
        power.value = 101
        device.until(START + timedelta(seconds=120))
        assert device.ran == []

    def test_without_durations_at_once(self) -> None:
        device, power, _ = self.device(0, 0)
        power.value = 101
        power.value = 5
        assert [number for _, number in device.ran] == [1, 2]

    def test_a_value_below_from_the_start_is_no_event(self) -> None:
        device, power, _ = self.device(0, 0)
        power.value = 5
        assert device.ran == []

    def test_an_emergency_has_its_own_threshold_for_a_time(self) -> None:
        device, power, limiter = self.device(0, 0)
        power.value = 50
        begins = CosemDateTime.from_datetime(START + timedelta(minutes=10))
        limiter.emergency_profile = (7, begins, 120)
        device.until(START + timedelta(minutes=10))
        assert (limiter.emergency_profile_active, limiter.threshold_active) == (True, 10)
        device.supervisor.poll()
        assert [number for _, number in device.ran] == [1]
        device.until(START + timedelta(minutes=12))
        assert (limiter.emergency_profile_active, limiter.threshold_active) == (False, 100)
        device.supervisor.poll()
        assert [number for _, number in device.ran] == [1, 2]

    def test_an_emergency_of_another_group_is_none(self) -> None:
        device, _, limiter = self.device()
        limiter.emergency_profile = (8, CosemDateTime.from_datetime(START + timedelta(minutes=10)), 120)
        device.until(START + timedelta(minutes=11))
        assert limiter.emergency_profile_active is False

    def test_an_emergency_that_has_begun_already_begins_now(self) -> None:
        device, _, limiter = self.device()
        limiter.emergency_profile = (7, CosemDateTime.from_datetime(START - timedelta(minutes=1)), 120)
        assert limiter.emergency_profile_active is True
        device.until(START + timedelta(minutes=1))
        assert limiter.emergency_profile_active is False
