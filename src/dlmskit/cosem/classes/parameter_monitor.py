"""Interface class 65, Parameter monitor (Blue Book 4.5.10): which parameter was changed last, when, and to what.

The hash of version 1 is not computed: the numbers of its algorithms are not established, so parameter_value_digest stays empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.kinds import VALUE_DEFINITION
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.selective import CaptureObject
from dlmskit.cosem.supervision import AttributeReference, Watcher
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

MOST_PARAMETERS = 256

_CHANGED = "structure{class_id:long-unsigned,logical_name:logical-name,attribute_index:integer,attribute_value:any}"


class ParameterMonitorV0(Watcher, InterfaceClass, class_id=65, version=0, name="Parameter monitor"):
    """A list of parameters; each change is shown, and may be captured by a profile."""

    changed_parameter = attribute(2, _CHANGED, dynamic=True)
    capture_time = attribute(3, "date-time", dynamic=True)
    parameter_list = attribute(4, f"array<{VALUE_DEFINITION}>")
    polled = False

    @method(1, VALUE_DEFINITION)
    def add_parameter(self, parameter: Any) -> None:
        """Watch one more parameter; harmless where it is watched already."""
        others = [one for one in self.parameter_list if one != parameter]
        if len(others) >= MOST_PARAMETERS:
            raise ServiceError(DataAccessResult.OTHER_REASON, "parameter_list", f"at most {MOST_PARAMETERS}")
        self.parameter_list = [*others, parameter]

    @method(2, VALUE_DEFINITION)
    def delete_parameter(self, parameter: Any) -> None:
        """Watch a parameter no longer; harmless where it is not watched."""
        self.parameter_list = [one for one in self.parameter_list if one != parameter]

    def watched(self) -> Iterable[AttributeReference]:
        """The parameters of the list."""
        return (AttributeReference(*one) for one in self.parameter_list)

    def observed(self, reference: AttributeReference, value: Data) -> None:
        """Show what was changed, and when."""
        members = Data.long_unsigned(reference.class_id), Data.octet_string(reference.logical_name)
        self.capture_time = self.now()
        self.store(2, Data.structure((*members, Data.integer(reference.attribute_index), value)))


class ParameterMonitor(ParameterMonitorV0, version=1):
    """Version 1: the name of the list, and its values together."""

    parameter_list_name = attribute(5, "octet-string", writable=True)
    hash_algorithm_id = attribute(6, "enum", writable=True)
    parameter_value_digest = attribute(7, "octet-string", dynamic=True)
    parameter_values = attribute(8, "any", dynamic=True)

    @parameter_values.reader
    def _read_values(self, request: Request) -> Data:
        return Data.structure([self.tree.captured(CaptureObject(*one)) for one in self.watched()])
