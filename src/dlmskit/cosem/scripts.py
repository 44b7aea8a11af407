"""Running a script of the device's own: what schedules, calendars, monitors and limiters refer to (Blue Book 4.5.2)."""

from __future__ import annotations

from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.objects import ObjectTree
from dlmskit.types.obis import Obis

SCRIPT_TABLE = 9
NOTHING = Obis("0.0.0.0.0.0")
"""The script table of a reference that means no script; selector 0 means none too."""


def run_script(tree: ObjectTree, reference: Any) -> bool:
    """Run the script that a ``{script_logical_name, script_selector}`` refers to, with the rights of the device.

    Returns whether there was one to run. Raises ServiceError where the table or the script is missing, or an action is refused.
    """
    logical_name, selector = reference
    name = Obis(bytes(logical_name))
    if not selector or name == NOTHING:
        return False
    tree.get(SCRIPT_TABLE, name).action(1, Data.long_unsigned(selector))
    return True
