"""Interface class 26, Utility tables (Blue Book): a table of IEEE 1377 / ANSI C12.19 as octets."""

from __future__ import annotations

from dlmskit.codec.data import Data
from dlmskit.codec.notation import parse_kind
from dlmskit.cosem.declaration import Request, attribute
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import DlmsError, ServiceError
from dlmskit.types.enums import DataAccessResult

BY_OFFSET = 1
BY_INDEX = 2

_OFFSET = parse_kind("structure{offset:double-long-unsigned,count:long-unsigned}")


class UtilityTables(InterfaceClass, class_id=26, version=0, name="Utility tables"):
    """A table by its number. Part of it is read or written by offset (octets); elements have no index here."""

    table_id = attribute(2, "long-unsigned", name="table_ID")
    length = attribute(3, "double-long-unsigned", dynamic=True)
    buffer = attribute(4, "octet-string", dynamic=True, writable=True, selectors=(BY_OFFSET, BY_INDEX))

    @length.reader
    def _read_length(self, request: Request) -> Data:
        return Data.double_long_unsigned(len(self.stored(4).value))

    @buffer.reader
    def _read_buffer(self, request: Request) -> Data:
        whole = bytes(self.stored(4).value)
        if request.selector is None:
            return self.stored(4)
        offset, count = self._part(request, len(whole))
        return Data.octet_string(whole[offset : offset + count] if count else whole[offset:])

    @buffer.writer
    def _write_buffer(self, value: Data, request: Request) -> None:
        if request.selector is None:
            self.store(4, value)
            return
        whole, part = bytes(self.stored(4).value), bytes(value.value)
        offset, count = self._part(request, len(whole))
        if count not in {0, len(part)} or offset + len(part) > len(whole):
            raise ServiceError(DataAccessResult.OTHER_REASON, "buffer", f"{len(part)} octets do not fit at {offset}")
        self.store(4, Data.octet_string(whole[:offset] + part + whole[offset + len(part) :]))

    def _part(self, request: Request, length: int) -> tuple[int, int]:
        """Offset and count that are meant; a count of 0 goes to the end."""
        if request.selector != BY_OFFSET:
            message = "elements of the table are not known here; select by offset"
            raise ServiceError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, "buffer", message)
        try:
            if request.parameter is None:
                raise ServiceError(DataAccessResult.TYPE_UNMATCHED, "buffer", "access parameters missing")
            _OFFSET.check(request.parameter)
        except DlmsError as error:
            raise ServiceError(DataAccessResult.TYPE_UNMATCHED, "buffer", str(error)) from error
        offset, count = (part.value for part in request.parameter.elements())
        if offset > length:
            raise ServiceError(DataAccessResult.OTHER_REASON, "buffer", f"the table has {length} octets")
        return offset, count
