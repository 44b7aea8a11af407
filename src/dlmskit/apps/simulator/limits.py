"""The limiter of a simulated meter: it watches a register, and moves the supply switch as the meter itself does."""

from __future__ import annotations

from dlmskit.apps.simulator.mechanisms import LimiterTable
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.disconnect_control import DisconnectControl, DisconnectControlV0
from dlmskit.cosem.classes.limiter import Limiter
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.cosem.declaration import Request
from dlmskit.cosem.model import THE_DEVICE
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.scripts import NOTHING
from dlmskit.errors import ConfigError, ServiceError
from dlmskit.types.obis import Obis

LIMITER, SCRIPTS, SWITCH = Obis("0.0.17.0.0.255"), Obis("0.0.10.0.106.255"), Obis("0.0.96.3.10.255")
SWITCH_OFF, SWITCH_ON = 1, 2
_REGISTER, _VALUE = 3, 2
_BY_THE_METER = 4
_METHODS = {SWITCH_OFF: 1, SWITCH_ON: 2}


class SwitchScripts(ScriptTable):
    """Disconnect scripts. Run by the meter itself they disconnect locally, which the customer may end where the mode allows.

    A client that runs them needs the rights on the methods that they stand for, and does what these do.
    """

    def action(self, number: int, parameter: Data | None = None, request: Request = THE_DEVICE) -> Data | None:
        """Method 1 of the meter itself is local; everything else is as in any script table."""
        if number == 1 and request.caller is None and parameter is not None and parameter.value in _METHODS:
            for control in self.tree.of(DisconnectControlV0):
                (control.local_disconnect if parameter.value == SWITCH_OFF else control.local_reconnect)()
            return None
        return super().action(number, parameter, request)


def add_limiter(table: LimiterTable, tree: ObjectTree) -> Limiter:
    """Put the objects of ``[limiter]`` into a logical device. Raises ConfigError where the register is not measured."""
    try:
        tag = tree.get(_REGISTER, Obis(table.monitored)).get(_VALUE).tag
    except ServiceError:
        raise ConfigError(f"nothing measures {table.monitored}: add it under [registers]") from None
    if not tree.of(DisconnectControlV0):
        tree.add(DisconnectControl(SWITCH, control_mode=_BY_THE_METER))
    (switch,) = tree.of(DisconnectControlV0)[:1]
    if (ScriptTable.class_id, SCRIPTS) not in tree:
        scripts = [(script, [(2, switch.class_id, switch.obis, method, Data.integer(0))]) for script, method in _METHODS.items()]
        tree.add(SwitchScripts(SCRIPTS, scripts=scripts))
    threshold = Data.of(tag, table.threshold)
    on = (SCRIPTS, SWITCH_ON) if table.reconnect_seconds else (NOTHING, 0)
    return tree.add(
        Limiter(
            LIMITER,
            monitored_value=(_REGISTER, Obis(table.monitored), _VALUE),
            threshold_normal=threshold,
            threshold_emergency=threshold,
            min_over_threshold_duration=table.over_seconds,
            min_under_threshold_duration=table.reconnect_seconds,
            actions=((SCRIPTS, SWITCH_OFF), on),
        )
    )
