"""Interface class 21, Register monitor (Blue Book 4.5.7): thresholds of a value, and scripts for crossing them.

Going up is crossing from at or below a threshold to above it, going down the other way. The first value after a start crosses
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from dlmskit.codec.data import Data
from dlmskit.cosem.declaration import Request, attribute
from dlmskit.cosem.kinds import SCRIPT_REFERENCE, VALUE_DEFINITION
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.scripts import run_script
from dlmskit.cosem.supervision import AttributeReference, Watcher
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

ACTION_SET = f"structure{{action_up:{SCRIPT_REFERENCE},action_down:{SCRIPT_REFERENCE}}}"


class RegisterMonitor(Watcher, InterfaceClass, class_id=21, version=0, name="Register monitor"):
    """Thresholds in the type of the monitored attribute, and for each of them a pair of scripts."""

    thresholds = attribute(2, "array<any>", writable=True)
    monitored_value = attribute(3, VALUE_DEFINITION)
    actions = attribute(4, f"array<{ACTION_SET}>")
    _before: int | float | None = None

    @thresholds.writer
    def _write_thresholds(self, value: Data, request: Request) -> None:
        if not all(_is_number(item) for item in value.value):
            raise ServiceError(DataAccessResult.TYPE_UNMATCHED, "thresholds", "a threshold is a number")
        self.store(2, value)

    def watched(self) -> Iterable[AttributeReference]:
        """The monitored value."""
        return (AttributeReference(*self.monitored_value),)

    def observed(self, reference: AttributeReference, value: Data) -> None:
        """Run the scripts of the thresholds that were crossed: upwards from the lowest, downwards from the highest."""
        now = value.value
        if not _is_number(now):
            return
        before, self._before = self._before, now
        if before is None or before == now:
            return
        pairs = sorted(zip(self.thresholds, self.actions, strict=False), key=lambda pair: pair[0], reverse=now < before)
        for threshold, action in pairs:
            if before <= threshold < now:
                run_script(self.tree, action.action_up)
            elif now <= threshold < before:
                run_script(self.tree, action.action_down)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
