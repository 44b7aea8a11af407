"""Interface class 122, Function control (Blue Book 4.4.9): functions of the device, switched on and off by name."""

from __future__ import annotations

from typing import Any

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.kinds import OBJECT_DEFINITION
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

STATUS = "structure{function_name:octet-string,function_status:boolean}"
FUNCTION = f"structure{{function_name:octet-string,function_specifications:array<{OBJECT_DEFINITION}>}}"
MOST_FUNCTIONS = 64


class FunctionControl(InterfaceClass, class_id=122, version=0, name="Function control"):
    """Which objects make up a function, and which functions work. A function that is added does not work yet."""

    activation_status = attribute(2, f"array<{STATUS}>", dynamic=True)
    function_list = attribute(3, f"array<{FUNCTION}>")

    @method(1, f"array<{STATUS}>")
    def set_function_status(self, wanted: Any) -> None:
        """Switch functions; all of them, or where one is not known, none."""
        known = {one.function_name for one in self.function_list}
        unknown = [one.function_name for one in wanted if one.function_name not in known]
        if unknown:
            raise ServiceError(DataAccessResult.OTHER_REASON, "set_function_status", f"no function {unknown[0]!r}")
        switched = {one.function_name: one.function_status for one in wanted}
        self.activation_status = [one._replace(function_status=switched.get(one[0], one[1])) for one in self._status()]

    @method(2, FUNCTION)
    def add_function(self, function: Any) -> None:
        """Add a function, in the place of one of the same name."""
        others = [one for one in self.function_list if one.function_name != function.function_name]
        if len(others) >= MOST_FUNCTIONS:
            raise ServiceError(DataAccessResult.OTHER_REASON, "function_list", f"at most {MOST_FUNCTIONS}")
        self.function_list = [*others, function]
        self.activation_status = self._status()

    @method(3, FUNCTION)
    def remove_function(self, function: Any) -> None:
        """Remove the function of that name; harmless where there is none."""
        self.function_list = [one for one in self.function_list if one.function_name != function.function_name]
        self.activation_status = self._status()

    def is_active(self, class_id: int, logical_name: object) -> bool:
        """Whether an object works: it belongs to an active function, or to none at all."""
        active = {one.function_name for one in self.activation_status if one.function_status}
        owners = [
            one.function_name
            for one in self.function_list
            if any(tuple(part) == (class_id, logical_name) for part in one.function_specifications)
        ]
        return not owners or any(owner in active for owner in owners)

    def _status(self) -> list[Any]:
        """The state of each function of the list; a new one is off."""
        known = {one.function_name: one for one in self.activation_status}
        row = self.attribute(2).kind.member.row  # type: ignore[attr-defined]
        return [known.get(one.function_name, row(one.function_name, False)) for one in self.function_list]
