"""The values that a declaration allows: one check for attributes and for parameters of methods (Blue Book, class tables)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dlmskit.codec.data import Data
from dlmskit.codec.kinds import Kind
from dlmskit.cosem.enumerations import is_labelled, unlabelled
from dlmskit.errors import DlmsError, ServiceError
from dlmskit.types.enums import DataAccessResult

Manufacturer = range | Mapping[str, range]


@dataclass(frozen=True, slots=True)
class Domain:
    """A type, and what the class says beyond it."""

    kind: Kind
    within: tuple[int, int] | None = None
    """Smallest and largest number allowed, where the class says more than the type."""
    manufacturer: Manufacturer = range(0)
    """Numbers of an enumeration that are left to manufacturers, beside those that it names; in a structure by member."""
    labelled: bool = field(init=False)
    """Whether there is an enumeration in it whose numbers are named."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "labelled", is_labelled(self.kind))

    def check(self, data: Data, name: str) -> None:
        """Refuse what is not allowed, wherever it stands; ``name`` is what the error names.

        Raises ServiceError: type-unmatched for another type, other-reason for a value that the type could hold and the class does
        not have.
        """
        try:
            self.kind.check(data)
        except DlmsError as error:
            raise ServiceError(DataAccessResult.TYPE_UNMATCHED, name, str(error)) from error
        if self.within is not None and not self.within[0] <= data.value <= self.within[1]:
            raise ServiceError(DataAccessResult.OTHER_REASON, name, f"not within {self.within[0]}..{self.within[1]}")
        for member, number in unlabelled(self.kind, data) if self.labelled else ():
            if number not in (self.manufacturer.get(member, ()) if isinstance(self.manufacturer, Mapping) else self.manufacturer):
                raise ServiceError(DataAccessResult.OTHER_REASON, name, f"no value {number} {member}".rstrip())
