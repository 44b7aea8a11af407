"""Interface class 61, Register table (Blue Book 4.3.7): values that differ in group E of their logical name alone."""

from __future__ import annotations

from collections.abc import Sequence

from dlmskit.codec.data import Data
from dlmskit.codec.notation import parse_kind
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.kinds import NO_SCALER_UNIT, SCALER_UNIT
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.selective import CaptureObject
from dlmskit.errors import DlmsError, ServiceError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

BY_CELL = 1
"""Access selector: an array of values of group E."""

_DEFINITION = "structure{class_id:long-unsigned,logical_name:logical-name,group_E_values:array<unsigned>,attribute_index:integer}"
_CELLS = parse_kind("array<unsigned>")


class RegisterTable(InterfaceClass, class_id=61, version=0, name="Register table"):
    """One cell for each value of group E, captured together: harmonics, tariff rates. The logical name given has any group E."""

    table_cell_values = attribute(2, "choice{array<any>,compact-array}", dynamic=True, selectors=(BY_CELL,))
    table_cell_definition = attribute(3, _DEFINITION)
    scaler_unit = attribute(4, SCALER_UNIT, default=NO_SCALER_UNIT)

    @method(1)
    def reset(self) -> None:
        """Clear every cell, in the type that it has."""
        self.store(2, Data.array([_zero(cell) for cell in self.stored(2).elements()]))

    @method(2)
    def capture(self) -> None:
        """Copy the values into the cells; what does not exist or cannot be read is null-data."""
        class_id, logical_name, values, attribute_index = self.table_cell_definition
        octets = bytes(logical_name.octets)
        cells = [CaptureObject(class_id, Obis(octets[:4] + bytes((one,)) + octets[5:]), attribute_index) for one in values]
        self.store(2, Data.array([self.tree.captured(cell) for cell in cells]))

    @table_cell_values.reader
    def _read_cells(self, request: Request) -> Data:
        if request.selector is None:
            return self.stored(2)
        known, cells = list(self.table_cell_definition[2]), self.stored(2).elements()
        try:
            wanted = _wanted(request.parameter)
            return Data.array([cells[known.index(one)] for one in wanted])
        except (ValueError, IndexError):
            raise ServiceError(DataAccessResult.OTHER_REASON, "table_cell_values", "no such cell, or not captured") from None


def _wanted(parameter: Data | None) -> Sequence[int]:
    try:
        if parameter is None:
            raise ServiceError(DataAccessResult.TYPE_UNMATCHED, "table_cell_values", "access parameters missing")
        _CELLS.check(parameter)
    except DlmsError as error:
        raise ServiceError(DataAccessResult.TYPE_UNMATCHED, "table_cell_values", str(error)) from error
    wanted: list[int] = parameter.value
    if len(wanted) > len(set(wanted)):
        raise ServiceError(DataAccessResult.OTHER_REASON, "table_cell_values", "a cell is named twice")
    return wanted


def _zero(cell: Data) -> Data:
    return Data.of(cell.tag, 0) if isinstance(cell.value, int) and not isinstance(cell.value, bool) else Data.null()
