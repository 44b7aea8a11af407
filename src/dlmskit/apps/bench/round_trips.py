"""How often a client waits, and how many octets travel, to read ten registers and a day of a load profile in each way there is.

Nothing is timed: client and server are connected in memory, and what is counted is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from dlmskit.apdu import (
    AccessRequestGet,
    AccessRequestGetWithSelection,
    CosemAttributeDescriptor,
    CosemAttributeDescriptorWithSelection,
    DataNotification,
    SelectiveAccessDescriptor,
)
from dlmskit.association import AssociationSettings, ClientAssociation, Credentials, Exchange, ServerAssociation, Tell
from dlmskit.association.block_transfer.unconfirmed import unconfirmed_blocks
from dlmskit.association.sizes import NO_LIMIT
from dlmskit.client.short_names import ShortNames
from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode
from dlmskit.cosem.association_object import AssociationObject
from dlmskit.cosem.classes.association_ln import AssociationLn
from dlmskit.cosem.classes.association_sn import AssociationSn
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.selective import BY_RANGE, CaptureObject, RangeDescriptor
from dlmskit.cosem.view import log_fault
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.windows import ReceivedCounters
from dlmskit.server.handler import ObjectHandler
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import ApplicationContext, Mechanism
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

REGISTERS = tuple(Obis(f"1.0.{number}.8.0.255") for number in range(1, 11))
PROFILE, CLOCK = Obis("1.0.99.1.0.255"), Obis("0.0.1.0.0.255")
ROWS = 96
_START = datetime(2026, 3, 1, tzinfo=UTC)
_QUARTER = timedelta(minutes=15)
_KEYS = KeySet(guek=Key(bytes(range(16)), KeyRole.GUEK), gak=Key(bytes(range(16, 32)), KeyRole.GAK))
_SETTINGS = AssociationSettings(
    client_sap=1,
    application_context=ApplicationContext.LN_CIPHERED,
    mechanism=Mechanism.HLS_GMAC,
    client_system_title=SystemTitle("434C490000000001"),
    server_system_title=SystemTitle("534552000000000A"),
)
_WINDOW = 8


@dataclass
class Counted:
    """What went over the line."""

    trips: int = 0
    """How often the client sent something and waited for an answer."""
    sent: int = 0
    """Octets of the client's APDUs."""
    received: int = 0
    """Octets of the meter's APDUs."""


@dataclass
class Line:
    """A client and a meter in memory, with an open association."""

    settings: AssociationSettings
    counted: Counted = field(default_factory=Counted)

    def __post_init__(self) -> None:
        tree = ObjectTree(_objects())
        short = self.settings.short_names
        own: AssociationObject = tree.add(AssociationSn("0.0.40.0.1.255") if short else AssociationLn("0.0.40.0.1.255"))
        own.role = tree.full_role("reader")
        policy = AccessMode(int(self.settings.policy))
        handler = ObjectHandler(own, policy, log_fault)
        self.client = ClientAssociation(self.settings, _credentials(), random=partial(_draw, 7))
        self.server = ServerAssociation(self.settings, handler, _credentials(), random=partial(_draw, 99), clock=lambda: 0.0)
        self.run(self.client.associate())
        self.opening, self.counted = self.counted, Counted()

    def run(self, exchange: Exchange[Any]) -> Any:
        """Drive an exchange to its result."""
        waiting: list[bytes] = []
        try:
            step = next(exchange)
            while True:
                self.counted.trips += bool(step) and not isinstance(step, Tell)
                for octets in step:
                    self.counted.sent += len(octets)
                    answers = self.server.receive(octets)
                    self.counted.received += sum(map(len, answers))
                    waiting += answers
                step = exchange.send(b"" if isinstance(step, Tell) else waiting.pop(0))
        except StopIteration as stop:
            return stop.value


# --- The ways ------------------------------------------------------------------------------------------------------------


def _get(line: Line) -> list[Any]:
    values = [line.run(line.client.get(one)) for one in _VALUES]
    return [*values, line.run(line.client.get(_BUFFER, _DAY))]


def _get_with_list(line: Line) -> list[Any]:
    items = [CosemAttributeDescriptorWithSelection(one) for one in _VALUES]
    found: list[Any] = line.run(line.client.get_list([*items, CosemAttributeDescriptorWithSelection(_BUFFER, _DAY)]))
    return found


def _access(line: Line) -> list[Any]:
    items = [AccessRequestGet(one) for one in _VALUES]
    return [one.data for one in line.run(line.client.access([*items, AccessRequestGetWithSelection(_BUFFER, _DAY)]))]


def _read(line: Line) -> list[Any]:
    names = ShortNames(line.client)
    line.run(names.get(_VALUES[0], None))  # the object list is read once, and is not counted here
    line.counted = Counted()
    return [*line.run(names.get_list(_VALUES)), line.run(names.get(_BUFFER, _DAY))]


def _push(line: Line) -> list[Any]:
    """The meter sends by itself, what the other ways ask for; long ones in unconfirmed blocks."""
    handler = line.server
    values = [*_get(line)]
    line.counted = Counted()
    body = DataNotification(1, b"", Data.structure(values))
    size = line.settings.max_pdu_size
    whole = Line(replace(line.settings, max_pdu_size=0)).server.notify(body) if size else handler.notify(body)
    sent = unconfirmed_blocks(whole, size) if len(whole) > (size or NO_LIMIT) else (whole,)
    line.counted.received = sum(map(len, sent))
    return values


@dataclass(frozen=True)
class Way:
    """One way to get the values."""

    name: str
    read: Callable[[Line], list[Any]]
    changes: dict[str, Any] = field(default_factory=dict)

    def count(self, max_pdu_size: int) -> tuple[Counted, Counted, list[Any]]:
        """What opening the association and what reading takes, and what was read."""
        changes = {**self.changes, "max_pdu_size": max_pdu_size}
        line = Line(replace(_SETTINGS, **changes))
        values = self.read(line)
        return line.opening, line.counted, values


_SHORT = {"application_context": ApplicationContext.SN_CIPHERED}
_BLOCKS = {"block_window": _WINDOW}
WAYS = (
    Way("GET, one by one", _get),
    Way("GET with list", _get_with_list),
    Way("ACCESS", _access),
    Way("GET with list, general block transfer", _get_with_list, _BLOCKS),
    Way("ACCESS, general block transfer", _access, _BLOCKS),
    Way("READ with short names", _read, _SHORT),
    Way("push (DataNotification)", _push),
)


# --- The meter -----------------------------------------------------------------------------------------------------------


def _objects() -> list[Any]:
    registers = [
        Register(code, value=Data.double_long_unsigned(123456 + number), scaler_unit=(0, 30))
        for number, code in enumerate(REGISTERS)
    ]
    columns = [CaptureObject(8, CLOCK, 2), CaptureObject(3, REGISTERS[0], 2), CaptureObject(3, REGISTERS[1], 2)]
    profile = ProfileGeneric(PROFILE, profile_entries=1000, capture_period=900, capture_objects=columns)
    for index in range(ROWS):
        moment = CosemDateTime.from_datetime(_START + index * _QUARTER)
        numbers = (Data.double_long_unsigned(1000 + 7 * index), Data.double_long_unsigned(50 + index))
        profile.insert(Data.structure((Data.octet_string(moment), *numbers)))
    return [*registers, Clock(CLOCK), profile]


_VALUES = tuple(CosemAttributeDescriptor(3, code.octets, 2) for code in REGISTERS)
_BUFFER = CosemAttributeDescriptor(7, PROFILE.octets, 2)
_DAY = SelectiveAccessDescriptor(
    BY_RANGE, RangeDescriptor.between(_START, _START + timedelta(days=1) - timedelta(seconds=1)).to_data()
)


def _credentials() -> Credentials:
    return Credentials(keys=_KEYS, transmit=TransmitCounters(MemoryCounterStore()), received=ReceivedCounters())


def _draw(start: int, count: int, /) -> bytes:
    return bytes((start + index) & 0xFF for index in range(count))
