"""Interface class 7, Profile generic, version 0 (Blue Book 4.3.6): selective access by methods, for short names.

A right on one of the two methods is a right on the rows: they give what `buffer` gives with a selector.
"""

from __future__ import annotations

from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.declaration import Request, method
from dlmskit.cosem.kinds import CAPTURE_OBJECT
from dlmskit.cosem.selective import BY_ENTRY, BY_RANGE

_RANGE = f"structure{{restricting_object:{CAPTURE_OBJECT},from_value:any,to_value:any,selected_values:array<{CAPTURE_OBJECT}>}}"
_ENTRIES = (
    "structure{from_entry:double-long-unsigned,to_entry:double-long-unsigned,"
    "from_selected_value:long-unsigned,to_selected_value:long-unsigned}"
)


class ProfileGenericV0(ProfileGeneric, version=0):
    """Version 0: the rows of a range, and rows by number, are methods too."""

    @method(3, _RANGE, "array<any>")
    def get_buffer_by_range(self, _wanted: Any, request: Request) -> Data:
        """The rows that a range descriptor selects. Raises ServiceError (other-reason) for a column that is not captured."""
        return self._given(BY_RANGE, request)

    @method(4, _ENTRIES, "array<any>")
    def get_buffer_by_index(self, _wanted: Any, request: Request) -> Data:
        """The rows and columns that an entry descriptor selects."""
        return self._given(BY_ENTRY, request)

    def _given(self, selector: int, request: Request) -> Data:
        assert request.parameter is not None  # noqa: S101 - its type was checked before the call
        return self.selected(selector, request.parameter)
