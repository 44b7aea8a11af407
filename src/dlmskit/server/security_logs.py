"""The security log as objects that clients read: a Profile generic that fills itself, with counters of good and bad messages.

Authentication and tag failures, repetitions, changed keys and policies, images, closed ports and clocks that were set become
entries. An event that repeats is entered the first, second, fourth, eighth time, and so on, with its number, so that a flood
neither fills the log nor slows the meter down (robustness R-097). Who may read the log, and who may empty it, is a matter of
roles; that it was emptied is its first entry afterwards.

Event codes are those of the Dutch and IDIS profiles where they have one; the others are ours, from 200 on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from dlmskit.association.ports import EventCode, MessageTally
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.communication_port_protection import CommunicationPortProtection, ProtectionStatus
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.image_transfer import ImageTransfer, ImageTransferStatus
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.declaration import method
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.rows import RowStore
from dlmskit.cosem.selective import CLOCK_TIME, CaptureObject
from dlmskit.server.events import LogEntry, SecurityLog
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.obis import Obis

INSTANCE = 6
"""Value group E of the log and of its event code: that of security events in IDIS meters (not confirmed by a second source)."""
DEPTH = 500
"""Entries that are kept, unless the device says otherwise."""


class SecurityEvent(IntEnum):
    """Event codes of the security log."""

    CLOCK_ADJUSTED = 5
    NV_MEMORY_ERROR = 14
    IMAGE_READY = 17
    IMAGE_ACTIVATED = 18
    AUTHENTICATION_FAILED = 46
    CONFIGURATION_CHANGED = 47
    KEYS_CHANGED = 48
    DECIPHERING_FAILED = 49
    REPLAY = 50
    PORT_CLOSED = 55
    PORT_OPENED = 54
    IMAGE_REFUSED = 200
    PROTECTION_TOO_WEAK = 201
    CHANGE_REFUSED = 202
    WEAK_SECURITY = 203
    COUNTERS_LEAPT = 204
    COUNTER_WEAR = 205
    NV_MEMORY_RECOVERED = 206
    SWITCHING_REFUSED = 207
    LOG_CLEARED = 255


_CODES = {
    EventCode.AUTHENTICATION_FAILED: SecurityEvent.AUTHENTICATION_FAILED,
    EventCode.RETIRED_KEY: SecurityEvent.AUTHENTICATION_FAILED,
    EventCode.PROTECTION_FAILED: SecurityEvent.DECIPHERING_FAILED,
    EventCode.COUNTER_REPEATED: SecurityEvent.REPLAY,
    EventCode.CHALLENGE_REPEATED: SecurityEvent.REPLAY,
    EventCode.PROTECTION_TOO_WEAK: SecurityEvent.PROTECTION_TOO_WEAK,
    EventCode.SECURITY_CHANGED: SecurityEvent.KEYS_CHANGED,
    EventCode.SECURITY_CHANGE_REFUSED: SecurityEvent.CHANGE_REFUSED,
    EventCode.WEAK_SECURITY: SecurityEvent.WEAK_SECURITY,
    EventCode.COUNTERS_LEAPT: SecurityEvent.COUNTERS_LEAPT,
    EventCode.COUNTER_WEAR: SecurityEvent.COUNTER_WEAR,
    EventCode.SWITCHING_REFUSED: SecurityEvent.SWITCHING_REFUSED,
    EventCode.STORE_FAILED: SecurityEvent.NV_MEMORY_ERROR,
    EventCode.STORE_RECOVERED: SecurityEvent.NV_MEMORY_RECOVERED,
}
_IMAGE_EVENTS = {
    ImageTransferStatus.VERIFICATION_SUCCESSFUL: SecurityEvent.IMAGE_READY,
    ImageTransferStatus.VERIFICATION_FAILED: SecurityEvent.IMAGE_REFUSED,
    ImageTransferStatus.ACTIVATION_SUCCESSFUL: SecurityEvent.IMAGE_ACTIVATED,
    ImageTransferStatus.ACTIVATION_FAILED: SecurityEvent.IMAGE_REFUSED,
}


@dataclass(frozen=True, slots=True)
class _Column:
    """A Data object beside the log whose value becomes a column."""

    group_d: int
    name: str
    empty: Data

    def obis(self, instance: int) -> Obis:
        if self.group_d == _EVENT_CODE:
            return Obis(bytes((0, 0, 96, self.group_d, instance, 255)))
        return Obis(bytes((0, 0, 96, 128, self.group_d, 255)))  # value group D from 128 on is the manufacturer's


_EVENT_CODE = 11
_COLUMNS = (
    _Column(_EVENT_CODE, "event", Data.long_unsigned(0)),
    _Column(0, "times", Data.double_long_unsigned(0)),
    _Column(1, "client", Data.unsigned(0)),
    _Column(2, "title", Data.octet_string(b"")),
    _Column(3, "detail", Data.visible_string("")),
    _Column(4, "verified", Data.double_long_unsigned(0)),
    _Column(5, "refused", Data.double_long_unsigned(0)),
)
LONGEST_DETAIL = 48


class SecurityLogProfile(ProfileGeneric):
    """A profile that says that it was emptied."""

    cleared: Any = None

    @method(1)
    def reset(self) -> None:
        """Empty the log; that it was done is the first entry of the new one."""
        self.rows.clear()
        if self.cleared is not None:
            self.cleared()


class SecurityLogs:
    """The log of one device, as objects of its management logical device. Make it before the device is ready."""

    def __init__(
        self,
        tree: ObjectTree,
        log: SecurityLog,
        tally: MessageTally,
        rows: RowStore | None = None,
        *,
        depth: int = DEPTH,
        instance: int = INSTANCE,
    ) -> None:
        self._tally = tally
        self._tree = tree
        self._ports_closed: set[Obis] = set()
        self._columns = {column.name: DataObject(column.obis(instance), value=column.empty) for column in _COLUMNS}
        for one in self._columns.values():
            tree.add(one)
        captured = [CLOCK_TIME, *(CaptureObject(1, one.obis, 2) for one in self._columns.values())]
        self.profile = SecurityLogProfile(
            Obis(bytes((0, 0, 99, 98, instance, 255))),
            rows=rows,
            capture_objects=Data.array(column.to_data() for column in captured),
            sort_object=CLOCK_TIME.to_data(),
            profile_entries=depth,
        )
        self.profile.cleared = lambda: self.enter(SecurityEvent.LOG_CLEARED)
        tree.add(self.profile)
        for clock in tree.of(Clock):
            self._watch(clock)
        tree.observers.append(self._stored)
        log.listeners.append(self._entered)

    def enter(self, event: SecurityEvent, *, times: int = 1, client: int = 0, title: bytes = b"", detail: str = "") -> None:
        """Add an entry. Whatever cannot be shown in a visible string is left out of the detail."""
        self.enter_code(event, times=times, client=client, title=title, detail=detail)

    def enter_code(self, event: int, *, times: int = 1, client: int = 0, title: bytes = b"", detail: str = "") -> None:
        """The same for an event that is none of security: a code of the device's own."""
        shown = "".join(letter for letter in detail if letter.isascii() and letter.isprintable())[:LONGEST_DETAIL]
        values = {
            "event": Data.long_unsigned(event),
            "times": Data.double_long_unsigned(times),
            "client": Data.unsigned(client & 0xFF),
            "title": Data.octet_string(title),
            "detail": Data.visible_string(shown),
            "verified": Data.double_long_unsigned(self._tally.verified & 0xFFFFFFFF),
            "refused": Data.double_long_unsigned(self._tally.refused & 0xFFFFFFFF),
        }
        for name, value in values.items():
            self._columns[name].store(2, value)
        self.profile.capture()

    def _entered(self, entry: LogEntry) -> None:
        event = _CODES.get(entry.code)
        if event is None or entry.times & (entry.times - 1):
            return
        title = bytes.fromhex(entry.title) if entry.title else b""
        self.enter(event, times=entry.times, client=entry.client_sap, title=title, detail=entry.reason or entry.detail)
        self._look_at_ports()

    def _look_at_ports(self) -> None:
        """A failed attempt may have closed a port: that is an event of its own."""
        for port in self._tree.of(CommunicationPortProtection):
            closed = port.status is ProtectionStatus.TEMPORARILY_LOCKED
            if closed != (port.obis in self._ports_closed):
                (self._ports_closed.add if closed else self._ports_closed.discard)(port.obis)
                self.enter(SecurityEvent.PORT_CLOSED if closed else SecurityEvent.PORT_OPENED, detail=str(port.port_reference))

    def _stored(self, changed: InterfaceClass, number: int, value: Data) -> None:
        if isinstance(changed, ImageTransfer) and number == 6:
            event = _IMAGE_EVENTS.get(ImageTransferStatus(value.value))
            if event is not None:
                self.enter(event, detail=changed.blocks.identifier.decode("ascii", "replace"))

    def _watch(self, clock: Clock) -> None:
        before = clock.on_time_set

        def time_set(old: datetime, new: datetime) -> None:
            if before is not None:
                before(old, new)
            shown = str(CosemDateTime.from_datetime(old))[:19]
            self.enter(SecurityEvent.CLOCK_ADJUSTED, detail=f"was {shown} UTC")

        clock.on_time_set = time_set
