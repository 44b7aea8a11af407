"""Interface class 70, Disconnect control (Blue Book 4.5.8): the supply switch and who may move it.

control_mode decides which transitions exist; they are tables here. control_state is logical, output_state physical:
the device moves its switch when it is told of a change of output_state.

Clients may switch off only so often: a contact wears, and a street that is switched on and off together endangers the grid. What
is refused is the disconnection, never the reconnection, so that nobody is kept without supply by it; what the device does by
itself is not bounded. Time is that of a clock that nobody sets, which the device hands in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import IntEnum

from dlmskit.codec.data import Data
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.model import THE_DEVICE, InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis


class ControlState(IntEnum):
    """control_state."""

    DISCONNECTED = 0
    CONNECTED = 1
    READY_FOR_RECONNECTION = 2


_OFF, _ON, _READY = ControlState

TRANSITIONS = {
    "a": ("remote_reconnect", _OFF, _ON),
    "b": ("remote_disconnect", _ON, _OFF),
    "c": ("remote_disconnect", _READY, _OFF),
    "d": ("remote_reconnect", _OFF, _READY),
    "e": ("manual_reconnect", _READY, _ON),
    "f": ("manual_disconnect", _ON, _READY),
    "g": ("local_disconnect", _ON, _READY),
    "h": ("local_reconnect", _READY, _ON),
    "i": ("remote_reconnect", _READY, _ON),
}
"""Event, state before, state after, under the letters of the standard's diagram."""

MODES = {0: "", 1: "bcfgde", 2: "bcfgae", 3: "bcgde", 4: "bcgae", 5: "bcfgdeh", 6: "bcgdeh", 7: "bcgaieh"}
"""The transitions of each control_mode; mode 0 is always connected, mode 7 came with version 1."""

_SIX_MODES = "0=none,1=mode_1,2=mode_2,3=mode_3,4=mode_4,5=mode_5,6=mode_6"


MOST_DISCONNECTIONS, PER_SECONDS = 10, 3600.0
"""How often clients may switch off, in so many s."""


class DisconnectControlV0(InterfaceClass, class_id=70, version=0, name="Disconnect control", methods_at=0x20):
    """Supply on, off, or waiting for somebody at the meter to switch on.

    ``seconds`` is a clock that only goes forward; without one nothing is bounded. ``most_disconnections`` of clients are allowed
    in ``per_seconds``, and ``on_flapping`` is told of each that is refused.
    """

    output_state = attribute(2, "boolean", dynamic=True, default=True)
    control_state = attribute(
        3, "enum{0=disconnected,1=connected,2=ready_for_reconnection}", dynamic=True, default=ControlState.CONNECTED
    )
    control_mode = attribute(4, f"enum{{{_SIX_MODES}}}", writable=True)

    seconds: Callable[[], float] | None = None
    on_flapping: Callable[[], None] | None = None
    most_disconnections = MOST_DISCONNECTIONS
    per_seconds = PER_SECONDS

    def __init__(self, logical_name: Obis | str | bytes, /, **values: object) -> None:
        super().__init__(logical_name, **values)
        self._disconnected: deque[float] = deque()
        """When clients switched off."""

    @method(1)
    def remote_disconnect(self, request: Request = THE_DEVICE) -> None:
        """Switch off, on a client's word; nothing happens where it is off already. Temporary-failure where it is too often."""
        if self.stored(3).value == ControlState.DISCONNECTED:
            return
        after = self._after("remote_disconnect")
        if request.caller is not None and self.seconds is not None:
            self._count(self.seconds())
        self._take(after)

    @method(2)
    def remote_reconnect(self) -> None:
        """Switch on, or allow it to be done at the meter, as the mode says."""
        self._move("remote_reconnect")

    def manual_disconnect(self) -> None:
        """Somebody at the meter switches off."""
        self._move("manual_disconnect")

    def manual_reconnect(self) -> None:
        """Somebody at the meter switches on."""
        self._move("manual_reconnect")

    def local_disconnect(self) -> None:
        """The meter itself switches off: a limiter, an exhausted credit."""
        self._move("local_disconnect")

    def local_reconnect(self) -> None:
        """The meter itself switches on."""
        self._move("local_reconnect")

    def _count(self, now: float) -> None:
        """A client switches off. Raises ServiceError temporary-failure, and it does not count."""
        while self._disconnected and now - self._disconnected[0] >= self.per_seconds:
            self._disconnected.popleft()
        if len(self._disconnected) >= self.most_disconnections:
            if self.on_flapping is not None:
                self.on_flapping()
            raise ServiceError(DataAccessResult.TEMPORARY_FAILURE, "remote_disconnect", "too often")
        self._disconnected.append(now)

    def _move(self, event: str) -> None:
        self._take(self._after(event))

    def _take(self, after: ControlState) -> None:
        self.store(3, Data.enum(after))
        self.store(2, Data.boolean(after == ControlState.CONNECTED))

    def _after(self, event: str) -> ControlState:
        """The state that an event leads to. Raises ServiceError other-reason where the mode has no such transition."""
        mode, state = self.stored(4).value, self.stored(3).value
        for letter in MODES[mode]:
            name, before, after = TRANSITIONS[letter]
            if name == event and before == state:
                return after
        raise ServiceError(DataAccessResult.OTHER_REASON, event, f"not allowed in mode {mode}, state {state}")

    @control_mode.writer
    def _write_control_mode(self, value: Data, request: Request) -> None:
        """Mode 0 means connected for ever; it does not switch on by itself, so it is refused while the supply is off."""
        if value.value == 0 and self.stored(3).value != ControlState.CONNECTED:
            raise ServiceError(DataAccessResult.OTHER_REASON, "control_mode", "mode 0 needs a connected supply")
        self.store(4, value)


class DisconnectControl(DisconnectControlV0, version=1):
    """Version 1: mode 7."""

    control_mode = DisconnectControlV0.control_mode.retyped(f"enum{{{_SIX_MODES},7=mode_7}}")
