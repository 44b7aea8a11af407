"""The ports of a device and what guards them: Communication port protection objects, found by the port that they name.

A lock outlives a power cut: its length is on the disk while it holds, and it begins anew when the device is back. It is measured
with a clock that nobody sets, so that setting the time opens nothing (robustness R-096).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dlmskit.association.context import AssociationContext
from dlmskit.association.ports import Clock, EventCode
from dlmskit.cosem.classes.communication_port_protection import CommunicationPortProtection
from dlmskit.errors import ConfigError
from dlmskit.server.storage.database import Database
from dlmskit.types.enums import Mechanism
from dlmskit.types.obis import Obis

if TYPE_CHECKING:
    from dlmskit.server.logical_device import LogicalDevice

FAILURES = frozenset(
    (EventCode.AUTHENTICATION_FAILED, EventCode.PROTECTION_FAILED, EventCode.COUNTER_REPEATED, EventCode.RETIRED_KEY)
)
"""What counts as a failed attempt. Faults of the transport do not."""


class PortGuard:
    """What guards one port. Without an object that names the port, it is always open."""

    def __init__(
        self,
        protection: CommunicationPortProtection | None = None,
        seconds: Clock | None = None,
        database: Database | None = None,
    ) -> None:
        self._protection = protection
        self._database = database
        self._note = ""
        self._locked = False
        """Whether a lock is noted that may be over by now."""
        if protection is None:
            return
        self._note = f"lock of port {protection.obis}"
        protection.seconds = seconds
        kept = 0 if database is None else int(database.note(self._note) or 0)
        protection.on_lock = self._note_lock
        if kept:
            protection.lock(kept)

    @property
    def open(self) -> bool:
        """Whether the port hears anything."""
        if self._protection is None:
            return True
        is_open = self._protection.open
        if is_open and self._locked:
            self._note_lock(0)
        return is_open

    def happened(self, code: EventCode, context: AssociationContext | None) -> None:
        """Count what happened to an association on this port.

        Who proves nothing, as the public client does, makes no failure forgotten.
        """
        if self._protection is None:
            return
        if code in FAILURES:
            self._protection.failed()
        elif code is EventCode.ASSOCIATED and context is not None and context.mechanism is not Mechanism.LOWEST:
            self._protection.succeeded()

    def _note_lock(self, seconds: int) -> None:
        self._locked = bool(seconds)
        if self._database is not None:
            self._database.set_note(self._note, str(seconds))


UNGUARDED = PortGuard()


def guards_of(device: Iterable[LogicalDevice], seconds: Clock, database: Database | None) -> dict[Obis, PortGuard]:
    """The guards of a device, by the port that each protection object names. Raises ConfigError where two name one port."""
    found: dict[Obis, PortGuard] = {}
    for logical_device in device:
        for protection in logical_device.tree.of(CommunicationPortProtection):
            port = protection.port_reference
            if port in found:
                raise ConfigError(f"two objects protect port {port}")
            found[port] = PortGuard(protection, seconds, database)
    return found
