"""The words of the declaration language: wire types that stand in `Annotated` behind a field of a declaration.

A-XDR as the Green Book uses it (application layer, encoding rules). Each word only says what is on the wire; what is made
of it (encoder, decoder, XML, text, docs, strategies) is written elsewhere, once per word.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from dlmskit.codec.data import Data
from dlmskit.types.enums import CodedEnum


@dataclass(frozen=True, slots=True)
class Name:
    """Names of a field in XML where they do not follow from the Python name; ``a/b`` is an element inside another."""

    simple: str | None = None
    """Element of the simple style; ``""`` for no element of its own."""
    standard: str | None = None
    """Element of the standard style; ``""`` for no element of its own."""
    number: bool = False
    """XML shows the number although it has a label."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A number or octets of constant size, in the letters of `struct`."""

    letter: str
    labels: type[CodedEnum] | None = None
    """What the numbers are called; unknown numbers stay numbers."""


@dataclass(frozen=True, slots=True)
class Boolean:
    """One octet. 00 and 01 are `False` and `True`; any other octet is kept as the true number that it is."""


@dataclass(frozen=True, slots=True)
class Octets:
    """An OCTET STRING with its length in front."""

    most: int = 1 << 20
    """A security limit, checked before anything is allocated."""
    sizes: tuple[int, ...] = ()
    """The only lengths that are legal; empty for any."""
    secret: bool = False
    """A key: left out wherever a message is shown for people, as in logs. XML is the message itself and has it."""


@dataclass(frozen=True, slots=True)
class DateTimeOctets:
    """``LEN date-time``: nothing (length 00) or the 12 octets of a COSEM date-time, without a data tag.

    Field deviation, taken only with tolerance: meters that put the data tag 09 in front.
    """


@dataclass(frozen=True, slots=True)
class EventTime:
    """``OPT(LEN date-time)`` of EventNotification. Tolerated: no length octet (older editions), no flag octet."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """OPTIONAL: one octet says whether the value follows."""

    inner: Any
    may_end: bool = False
    """Tolerate peers that leave out the flag at the end of the APDU."""


@dataclass(frozen=True, slots=True)
class DefaultTrue:
    """BOOLEAN DEFAULT TRUE: 00 means the default, 01 announces the value."""


@dataclass(frozen=True, slots=True)
class SequenceOf:
    """A count, then the elements."""

    inner: Any
    most: int = 1024
    """A security limit on the count."""
    item: Name = Name()
    """Names of one element in XML where they do not follow from its type."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One alternative of a CHOICE: its tag octet, its name and its wire type (None: nothing follows)."""

    tag: int
    name: str
    inner: Any
    simple: str = ""
    """Element name in the simple XML style where it does not follow from `name`."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One tag octet, then the alternative. The Python type of the value tells which one it is."""

    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class CosemData:
    """A COSEM data value (`Data`), kept as its octets."""


@dataclass(frozen=True, slots=True)
class ConformanceBlock:
    """The one BER element inside A-XDR: ``5F 1F 04 00`` and 24 bits."""

    labels: type[IntFlag]


@dataclass(frozen=True, slots=True)
class OnlyIf:
    """The value follows exactly when an earlier field has a given value."""

    field: str
    equals: int
    inner: Any


@dataclass(frozen=True, slots=True)
class Rest:
    """All octets up to the end of the APDU: another APDU, carried behind a header."""


Wire = (
    Fixed
    | Boolean
    | Octets
    | DateTimeOctets
    | EventTime
    | Flagged
    | DefaultTrue
    | SequenceOf
    | Choice
    | CosemData
    | ConformanceBlock
    | OnlyIf
    | Rest
)

Unsigned8 = Annotated[int, Fixed("B")]
Unsigned16 = Annotated[int, Fixed("H")]
Unsigned32 = Annotated[int, Fixed("I")]
Integer8 = Annotated[int, Fixed("b")]
Integer16 = Annotated[int, Fixed("h")]
Bool = Annotated[bool, Boolean()]
LogicalName = Annotated[bytes, Fixed("6s")]
OctetString = Annotated[bytes, Octets()]
SystemTitleOctets = Annotated[bytes, Octets(most=8, sizes=(0, 8))]
DateTimeString = Annotated[bytes, DateTimeOctets()]
DataValue = Annotated[Data, CosemData()]


def wire_of(hint: Any) -> Any:
    """The wire type behind a type hint: the word in `Annotated`, or the declared class itself."""
    if get_origin(hint) is Annotated:
        for word in get_args(hint)[1:]:
            if not isinstance(word, Name):
                return word
        return get_args(hint)[0]
    return hint


def name_of(hint: Any) -> Name:
    """The XML names given with a type hint; empty when they follow from the field."""
    if get_origin(hint) is Annotated:
        for word in get_args(hint)[1:]:
            if isinstance(word, Name):
                return word
    return Name()


_hints: dict[type, dict[str, Any]] = {}


def fields_of(declared: type) -> dict[str, Any]:
    """The fields of a declaration in order, with their type hints."""
    if declared not in _hints:
        hints = get_type_hints(declared, include_extras=True)
        _hints[declared] = {name: hints[name] for name in declared.__struct_fields__}  # type: ignore[attr-defined]
    return _hints[declared]
