"""Objects of a simulated meter from their tables: registers that measure, profiles that capture, anything else by attributes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dlmskit.apps.simulator.description import Clock as ClockTable
from dlmskit.apps.simulator.description import Object, Profile, Register
from dlmskit.apps.simulator.registers import Quantity, quantity
from dlmskit.apps.simulator.supply import Measures
from dlmskit.codec.data import Data
from dlmskit.cosem.catalog import class_for
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.extended_register import ExtendedRegister
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.register import Register as RegisterObject
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.registry import interface_class, interface_classes
from dlmskit.cosem.rows import RowStore
from dlmskit.cosem.selective import CLOCK_TIME, CaptureObject
from dlmskit.errors import ConfigError, DlmsError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.obis import Obis

if TYPE_CHECKING:
    from collections.abc import Iterator

_COUNTED_UNITS = frozenset((13, 30, 32))
"""Of energies and volumes: they are counted, so cut; the rest is rounded."""
MAXIMUM_DEMAND = "maximum-demand"
AMR_STATUS = Obis("0.0.96.10.1.255")
"""Status of the load profile: an unsigned, captured with each row; 0 is no objection."""

_EUROPEAN_BEGIN = CosemDateTime(bytes((0xFF, 0xFF, 3, 0xFE, 7, 2, 0, 0, 0, 0x80, 0, 0)))
_EUROPEAN_END = CosemDateTime(bytes((0xFF, 0xFF, 10, 0xFE, 7, 3, 0, 0, 0, 0x80, 0, 0x80)))


class SimulatedTime:
    """A `UtcClock` that tells the time of the machine, or, for a while, the moment that is being made up for."""

    def __init__(self, source: Callable[[], datetime] | None = None) -> None:
        self._source = source or (lambda: datetime.now(UTC))
        self._moment: datetime | None = None
        self._since: datetime | None = None
        self._rate = 0.0

    def utc_now(self) -> datetime:
        """The time now, in UTC."""
        return self.real() if self._moment is None else self._moment

    def real(self) -> datetime:
        """The time now, whatever is being made up for."""
        now = self._source()
        return now + (now - self._since) * self._rate if self._since is not None else now

    @property
    def seconds_per_day(self) -> float:
        """How much it goes wrong in each day, forwards."""
        return self._rate * 86400

    def drift(self, seconds_per_day: float) -> None:
        """Go wrong by so much in each day from now on."""
        now = self._source()
        ahead = self.real() - now
        source, self._source = self._source, (lambda: source() + ahead)
        self._since, self._rate = self._source(), seconds_per_day / 86400

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """Let it be ``moment`` inside the block."""
        before, self._moment = self._moment, moment
        try:
            yield
        finally:
            self._moment = before


def clock_object(table: ClockTable) -> Clock:
    """The clock, with the sign of the standard."""
    return Clock(
        time_zone=-table.utc_offset_minutes,
        daylight_savings_begin=_EUROPEAN_BEGIN,
        daylight_savings_end=_EUROPEAN_END,
        daylight_savings_deviation=60,
        daylight_savings_enabled=table.daylight_saving,
    )


def register_object(obis: str, table: Register, measurement: Measures, time: SimulatedTime) -> RegisterObject | ExtendedRegister:
    """A register with a live value."""
    what = quantity(table.measures, measurement.phases)
    scaler = what.scaler if table.scaler is None else table.scaler
    start = Data.of(what.tag, 0)
    kind = ExtendedRegister if table.measures == MAXIMUM_DEMAND else RegisterObject
    register = kind(Obis(obis), value=start, scaler_unit=(scaler, what.unit))
    register.feed("value", lambda: _counted(what, scaler, measurement, time.utc_now()))
    if table.measures == MAXIMUM_DEMAND:
        register.feed("capture_time", lambda: _local(register.tree, measurement.maximum_demand(time.utc_now())[1]))
    return register


def _counted(what: Quantity, scaler: int, measurement: Measures, moment: datetime) -> int:
    """What the register shows: energies are counted, so cut; the rest is rounded."""
    value = what.source(measurement, moment) * 10.0**-scaler
    return int(value) if what.unit in _COUNTED_UNITS else round(value)


def _local(tree: ObjectTree, moment: datetime) -> CosemDateTime:
    for clock in tree.of(Clock):
        return CosemDateTime.from_datetime(clock.local_time().from_utc(moment)[0])
    return CosemDateTime.from_datetime(moment)


def general_object(table: Object) -> InterfaceClass:
    """Any object, of the newest version of its class where none is said. Raises ConfigError."""
    obis = Obis(table.obis)
    class_id = class_for(obis) if table.class_id is None else table.class_id
    if class_id is None:
        raise ConfigError(f"no class is usual for {obis}; add class_id")
    version = table.version
    if version is None:
        version = max((known for number, known in interface_classes() if number == class_id), default=0)
    declared = interface_class(class_id, version)
    made = declared(obis)
    for name, value in table.attributes.items():
        word = declared.named(name)
        try:
            made.store(word.number, word.kind.encode(plain_value(value)))
        except DlmsError as error:
            raise ConfigError(f"{name} of {obis}: {error}; its type is {word.notation}") from error
    return made


def plain_value(value: Any) -> Any:
    """A value of the file as one for the codec: ``{ type = ..., value = ... }`` says its type, ``{ hex = "..." }`` is octets."""
    if isinstance(value, list):
        return [plain_value(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"hex"}:
        try:
            return bytes.fromhex(str(value["hex"]))
        except ValueError:
            raise ConfigError("hexadecimal digits are expected, two for each octet") from None
    if set(value) != {"type", "value"}:
        raise ConfigError('a table with the keys "type" and "value", or "hex", is expected')
    inner = plain_value(value["value"])
    if value["type"] == "octet-string" and isinstance(inner, str):
        inner = inner.encode()
    return Data.of(str(value["type"]), inner)


SHORTEST_PERIOD = 60


class MeasuredProfile(ProfileGeneric):
    """A profile that makes up for no more than its buffer holds: older rows would fall out at once."""

    time: SimulatedTime | None = None

    def following(self, after: datetime, rules: LocalTime) -> datetime | None:
        """The next end of a capture_period that still fits the buffer. Event logs of some meters say 1 s and mean none."""
        if self.stored(4).value < SHORTEST_PERIOD:
            return None
        if self.time is not None:
            oldest = self.time.real() - timedelta(seconds=self.stored(4).value) * (self.stored(8).value + 1)
            after = max(after, oldest)
        return super().following(after, rules)


def profile_object(table: Profile, tree: ObjectTree, rows: RowStore, time: SimulatedTime) -> ProfileGeneric:
    """A profile on objects that the logical device has already. Raises ConfigError."""
    columns = [column_of(text, tree) for text in table.columns]
    made = MeasuredProfile(
        Obis(table.obis),
        rows=rows,
        capture_objects=Data.array(column.to_data() for column in columns),
        capture_period=table.period,
        sort_object=CLOCK_TIME.to_data(),
        profile_entries=table.depth,
    )
    made.time = time
    return made


def column_of(text: str, tree: ObjectTree) -> CaptureObject:
    """The capture object that ``A.B.C.D.E.F`` or ``A.B.C.D.E.F:n`` means; ConfigError where there is none."""
    name, _, number = text.partition(":")
    found = tree.at(Obis(name))
    if not found and Obis(name) == AMR_STATUS:
        found = (tree.add(DataObject(AMR_STATUS, value=Data.unsigned(0))),)
    if not found:
        raise ConfigError(f"the column {text} names no object of the meter; add it, or take the column out")
    attribute = int(number) if number.isdigit() else 2
    if attribute not in found[0].attributes or (number and not number.isdigit()):
        raise ConfigError(f"the column {text} names no attribute; {found[0].name} has {', '.join(map(str, found[0].attributes))}")
    return CaptureObject(found[0].class_id, found[0].obis, attribute)
