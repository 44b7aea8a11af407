"""Interface class 9, Script table (Blue Book 4.5.2): lists of writes and method calls, run by number.

A script that a client stores or runs reaches no further than this client does (robustness R-041); schedules of the
device itself run it with the device's own rights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dlmskit.codec.data import Data
from dlmskit.cosem.access import Operation
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.model import THE_DEVICE, InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

ACTION_SPECIFICATION = (
    "structure{service_id:enum{1=write_attribute,2=execute_method},class_id:long-unsigned,"
    "logical_name:logical-name,index:integer,parameter:any}"
)
WRITE_ATTRIBUTE = 1


@dataclass(frozen=True, slots=True)
class _Action:
    operation: Operation
    class_id: int
    logical_name: Obis
    index: int
    parameter: Data

    @classmethod
    def of(cls, data: Data) -> _Action:
        service, class_id, logical_name, index, parameter = data.elements()
        operation = Operation.SET if service.value == WRITE_ATTRIBUTE else Operation.ACTION
        return cls(operation, class_id.value, Obis(logical_name.value), index.value, parameter)

    def allowed_for(self, request: Request) -> bool:
        caller = request.caller
        return caller is None or caller.may(self.operation, self.class_id, self.logical_name, self.index)


class ScriptTable(InterfaceClass, class_id=9, version=0, name="Script table", methods_at=0x20):
    """Scripts by identifier; 0 is none."""

    scripts = attribute(2, f"array<structure{{script_identifier:long-unsigned,actions:array<{ACTION_SPECIFICATION}>}}>")
    _running = False

    @scripts.writer
    def _write_scripts(self, value: Data, request: Request) -> None:
        for script in value.elements():
            for data in script.elements()[1].elements():
                action = _Action.of(data)
                if not action.allowed_for(request):
                    raise ServiceError(DataAccessResult.READ_WRITE_DENIED, "scripts", str(action.logical_name))
        self.store(2, value)

    @method(1, "long-unsigned", mandatory=True)
    def execute(self, script_identifier: int, request: Request = THE_DEVICE) -> None:
        """Run the actions of a script in order. The first that fails ends it with its result; earlier ones stay done.

        ServiceError other-reason where there is no such script, or where a script calls itself, directly or not.
        """
        if self._running:
            raise ServiceError(DataAccessResult.OTHER_REASON, "execute", "a script of this table is running")
        actions = self._actions(script_identifier)
        if not all(action.allowed_for(request) for action in actions):
            raise ServiceError(DataAccessResult.READ_WRITE_DENIED, "execute", f"script {script_identifier}")
        self._running = True
        try:
            for action in actions:
                self._run(action, request)
        finally:
            self._running = False

    def _actions(self, script_identifier: int) -> list[_Action]:
        for script in self.stored(2).elements():
            identifier, actions = script.elements()
            if identifier.value == script_identifier != 0:
                return [_Action.of(data) for data in actions.elements()]
        raise ServiceError(DataAccessResult.OTHER_REASON, "execute", f"no script {script_identifier}")

    def _run(self, action: _Action, request: Request) -> None:
        one = self.tree.get(action.class_id, action.logical_name)
        passed_on = replace(request, number=action.index, selector=None, parameter=None)
        if action.operation is Operation.SET:
            one.set(action.index, action.parameter, passed_on)
        else:
            one.action(action.index, action.parameter, passed_on)
