"""Interface class 124, Communication port protection (Blue Book 4.4.12): a port that is closed for a while after failed attempts.

Up to allowed_failed_attempts in a row are free. Each further one closes the port, the first time for initial_lockout_time, then
steepness_factor times as long each time, and never longer than max_lockout_time. A closed port hears nothing, so what is tried
meanwhile neither counts nor prolongs. Time is that of a clock that nobody sets, which the device hands in.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from dlmskit.codec.data import Data
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.model import InterfaceClass

_LARGEST = 0xFFFF_FFFF


class ProtectionMode(IntEnum):
    """protection_mode."""

    LOCKED = 0
    LOCKED_ON_FAILED_ATTEMPTS = 1
    UNLOCKED = 2


class ProtectionStatus(IntEnum):
    """protection_status."""

    UNLOCKED = 0
    TEMPORARILY_LOCKED = 1
    LOCKED = 2


class CommunicationPortProtection(InterfaceClass, class_id=124, version=0, name="Communication port protection"):
    """One port, named by the logical name of its set-up object. Times are in s.

    ``seconds`` is a clock that only goes forward; ``on_lock`` is told for how long the port closes, 0 when a reset opens it.
    """

    protection_mode = attribute(
        2,
        "enum{0=locked,1=locked_on_failed_attempts,2=unlocked}",
        writable=True,
        default=ProtectionMode.LOCKED_ON_FAILED_ATTEMPTS,
    )
    allowed_failed_attempts = attribute(3, "long-unsigned", writable=True)
    initial_lockout_time = attribute(4, "double-long-unsigned", writable=True, default=60)
    steepness_factor = attribute(5, "unsigned", writable=True, default=1)
    max_lockout_time = attribute(6, "double-long-unsigned", writable=True, default=3600)
    port_reference = attribute(7, "logical-name")
    protection_status = attribute(8, "enum{0=unlocked,1=temporarily_locked,2=locked}", dynamic=True)
    failed_attempts = attribute(9, "double-long-unsigned", dynamic=True)
    cumulative_failed_attempts = attribute(10, "double-long-unsigned", dynamic=True)
    seconds: Callable[[], float] | None = None
    on_lock: Callable[[int], None] | None = None
    _until = 0.0

    @property
    def status(self) -> ProtectionStatus:
        """protection_status, now."""
        mode = self.stored(2).value
        if mode != ProtectionMode.LOCKED_ON_FAILED_ATTEMPTS:
            return ProtectionStatus.LOCKED if mode == ProtectionMode.LOCKED else ProtectionStatus.UNLOCKED
        closed = self.seconds is not None and self.seconds() < self._until
        return ProtectionStatus.TEMPORARILY_LOCKED if closed else ProtectionStatus.UNLOCKED

    @property
    def open(self) -> bool:
        """Whether the port hears anything."""
        return self.status is ProtectionStatus.UNLOCKED

    def lockout_time(self, failed: int) -> int:
        """For how long the port closes after that many failed attempts in a row, in s."""
        beyond = failed - self.stored(3).value
        if beyond <= 0:
            return 0
        initial, factor, most = (int(self.stored(number).value) for number in (4, 5, 6))
        seconds = min(initial, most)
        for _ in range(min(beyond - 1, 64)):  # a factor of 2 or more is beyond any limit by then
            seconds = min(seconds * factor, most)
        return seconds

    def failed(self) -> None:
        """Somebody failed at the port: a wrong answer to a challenge, a wrong tag, a repetition."""
        if not self.open:
            return
        self._count(10)
        if self.stored(2).value != ProtectionMode.LOCKED_ON_FAILED_ATTEMPTS:
            return
        self._count(9)
        seconds = self.lockout_time(self.stored(9).value)
        if seconds and self.seconds is not None:
            self.lock(seconds)

    def succeeded(self) -> None:
        """Somebody proved himself at the port: the next failure is the first one again."""
        if self.stored(9).value:
            self.store(9, Data.double_long_unsigned(0))

    def lock(self, seconds: int) -> None:
        """Close the port, from now on: after a failure, or where a power cut came in between."""
        if self.seconds is None:
            return
        self._until = self.seconds() + seconds
        if self.on_lock is not None:
            self.on_lock(seconds)

    @method(1)
    def reset(self) -> None:
        """Open the port, and forget the failures in a row; those of its whole life are kept."""
        self.succeeded()
        self.lock(0)

    @protection_status.reader
    def _read_status(self, request: Request) -> Data:
        return Data.enum(self.status)

    def _count(self, number: int) -> None:
        self.store(number, Data.double_long_unsigned(min(self.stored(number).value + 1, _LARGEST)))
