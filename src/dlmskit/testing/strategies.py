"""Hypothesis strategies for APDUs and COSEM data, made from the declarations: every field, every alternative, every type.

Needs `hypothesis`, which is not a dependency of the package itself.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, TypeVar

try:
    from hypothesis import strategies as st
except ImportError as error:  # pragma: no cover
    raise ImportError("dlmskit.testing.strategies needs hypothesis: pip install hypothesis") from error

import msgspec

from dlmskit.apdu import declared_apdus
from dlmskit.codec import wire
from dlmskit.codec.ber import AUTHENTICATION_CHOICES, AuthenticationValue, Context, Diagnostic, Form
from dlmskit.codec.compact import TypeDescription
from dlmskit.codec.contents import MOST_ELEMENTS_PER_OCTET
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import DATA_TYPES, DataType, Tag
from dlmskit.codec.reader import write_length
from dlmskit.codec.schema import Apdu
from dlmskit.codec.walk import item_of, part_of, parts_of
from dlmskit.testing.mutate import borders, mutate

A = TypeVar("A", bound=Apdu)
Strategy = st.SearchStrategy[Any]

# --- COSEM data -----------------------------------------------------------------------------------------------------------


def data(*, elements: int = 12, canonical: bool = False) -> st.SearchStrategy[Data]:
    """Trees of every COSEM data type with some ``elements`` leaves; ``canonical`` leaves out other spellings of a value."""
    leaves = st.one_of([_simple(kind, canonical=canonical) for kind in DATA_TYPES.values() if kind.tag not in _STRUCTURED])
    return st.recursive(st.one_of(leaves, compact_arrays()), _containers, max_leaves=elements)


def compact_arrays() -> st.SearchStrategy[Data]:
    """Compact arrays of every type description that can be decoded."""
    return st.builds(_compact_array, _descriptions(), st.integers(0, 4), st.randoms(use_true_random=False))


_STRUCTURED = {Tag.ARRAY, Tag.STRUCTURE, Tag.COMPACT_ARRAY}


def _containers(inner: st.SearchStrategy[Data]) -> st.SearchStrategy[Data]:
    items = st.lists(inner, max_size=6)
    return st.one_of(items.map(Data.array), items.map(Data.structure))


def _simple(kind: DataType, *, canonical: bool) -> st.SearchStrategy[Data]:
    tag = bytes((kind.tag,))
    if kind.tag == Tag.BOOLEAN and canonical:
        return st.booleans().map(Data.boolean)
    if kind.size is not None:
        return st.binary(min_size=kind.size, max_size=kind.size).map(lambda octets: Data(tag + octets))
    if kind.tag == Tag.BIT_STRING:
        return st.text("01", max_size=70).map(Data.bit_string)
    if kind.tag == Tag.OCTET_STRING:
        content = st.one_of(st.binary(max_size=20), st.binary(min_size=12, max_size=12), st.binary(min_size=127, max_size=129))
    elif kind.tag == Tag.VISIBLE_STRING:
        content = st.text(st.characters(max_codepoint=0x7E, min_codepoint=0x20), max_size=20).map(str.encode)
    else:
        content = st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace"))
    if not canonical and kind.tag != Tag.OCTET_STRING:
        content = st.one_of(content, st.binary(max_size=8))
    lengths = [write_length] if canonical else [write_length, write_length, _long_length]
    return st.builds(lambda octets, length: Data(tag + length(len(octets)) + octets), content, st.sampled_from(lengths))


def _long_length(length: int) -> bytes:
    """A length in more octets than it needs, as some devices write it."""
    return b"\x82" + length.to_bytes(2, "big")


def _descriptions() -> st.SearchStrategy[TypeDescription]:
    simple = st.sampled_from([kind.tag for kind in DATA_TYPES.values() if kind.tag not in _STRUCTURED]).map(
        TypeDescription.simple
    )
    return st.recursive(
        simple,
        lambda inner: st.one_of(
            st.builds(TypeDescription.array, st.integers(0, 5), inner),
            st.lists(inner, max_size=4).map(lambda members: TypeDescription.structure(*members)),
        ),
        max_leaves=6,
    )


def _compact_array(description: TypeDescription, rows: int, random: Any) -> Data:
    contents = b"".join(_contents(description, random) for _ in range(rows))
    if not contents or description.elements * rows > MOST_ELEMENTS_PER_OCTET * len(contents):
        contents = b""
    return Data(bytes((Tag.COMPACT_ARRAY,)) + description.encode() + write_length(len(contents)) + contents)


def _contents(description: TypeDescription, random: Any) -> bytes:
    if description.tag == Tag.ARRAY:
        return b"".join(_contents(description.members[0], random) for _ in range(description.number))
    if description.tag == Tag.STRUCTURE:
        return b"".join(_contents(member, random) for member in description.members)
    if description.size is not None:
        return bytes(random.randrange(256) for _ in range(description.size))
    length = random.randrange(9)
    size = (length + 7) // 8 if description.tag == Tag.BIT_STRING else length
    return write_length(length) + bytes(random.randrange(256) for _ in range(size))


# --- APDUs ----------------------------------------------------------------------------------------------------------------


def apdus() -> st.SearchStrategy[Apdu]:
    """Any declared APDU."""
    return st.one_of([apdu(declared) for declared in declared_apdus()])


def apdu(declared: type[A]) -> st.SearchStrategy[A]:
    """Values of one declared APDU that can be encoded, and decode to the same value."""
    return declared_values(declared)


def mutated(changes: int = 3) -> st.SearchStrategy[bytes]:
    """Octets of APDUs with one or more changes in them, at the borders of fields and anywhere."""
    return st.builds(
        lambda one, random, count: mutate(one.encode(), borders(one), random, count),
        apdus(),
        st.randoms(use_true_random=False),
        st.integers(1, changes),
    )


def declared_values(declared: type) -> Strategy:
    """Values of any declared class."""

    @st.composite
    def values(draw: Callable[[Strategy], Any]) -> Any:
        required = {field.name for field in msgspec.structs.fields(declared) if field.required}
        found: dict[str, Any] = {}
        for part in parts_of(declared):
            word = part.word
            if isinstance(word, wire.OnlyIf):
                found[part.field] = draw(_values(wire.wire_of(word.inner))) if found[word.field] == word.equals else None
            elif isinstance(word, Context) and part.field not in required:
                found[part.field] = draw(st.none() | _component(word))
            else:
                found[part.field] = draw(_values(word))
        return declared(**found)

    return values()


def _values(word: Any) -> Strategy:
    """Values of one wire type."""
    if isinstance(word, type):
        return declared_values(word)
    match word:
        case wire.Fixed(letter, labels):
            return _numbers(letter, [] if labels is None else [int(member) for member in labels])
        case wire.Octets(most, sizes):
            if sizes:
                return st.sampled_from(sizes).flatmap(lambda size: st.binary(min_size=size, max_size=size))
            return st.binary(max_size=min(most, 40))
        case wire.Flagged(inner):
            return st.none() | _values(wire.wire_of(inner))
        case wire.SequenceOf():
            return st.lists(_values(item_of(word).word), max_size=4).map(tuple)
        case wire.Choice(alternatives):
            return st.one_of([st.none() if one.inner is None else _values(part_of(one).word) for one in alternatives])
        case Context():
            return _component(word)
    return _PLAIN[type(word)]


_DATE_TIME = st.binary(min_size=12, max_size=12)
_PLAIN: dict[type, Strategy] = {
    wire.Boolean: st.booleans() | st.integers(2, 255),
    wire.DateTimeOctets: st.just(b"") | _DATE_TIME,
    wire.EventTime: st.none() | _DATE_TIME,
    wire.DefaultTrue: st.booleans(),
    wire.CosemData: data(),
    wire.ConformanceBlock: st.integers(0, 0xFFFFFF),
    wire.Rest: st.binary(max_size=20),
}


def _numbers(letter: str, labelled: list[int]) -> Strategy:
    size = struct.calcsize(">" + letter)
    if letter.endswith("s"):
        return st.binary(min_size=size, max_size=size)
    least = -(1 << (8 * size - 1)) if letter.islower() else 0
    numbers = st.integers(least, least + (1 << 8 * size) - 1)
    return st.sampled_from(labelled) | numbers if labelled else numbers


def _component(word: Context) -> Strategy:
    """Values of one component of BER."""
    integers = st.integers(-(1 << 63), (1 << 63) - 1)
    octets = st.binary(max_size=20)
    match word.form:
        case Form.INTEGER | Form.IMPLICIT_INTEGER:
            return st.integers(-130, 300) | integers
        case Form.IMPLICIT_BITS:
            return st.sampled_from((b"\x07\x80", b"\x07\x00", b"\x00")) | octets
        case Form.IDENTIFIER | Form.IMPLICIT_IDENTIFIER:
            return st.integers(0, 255).map(lambda last: word.prefix + bytes((last,))) | octets
        case Form.AUTHENTICATION_VALUE:
            return st.builds(AuthenticationValue, octets, st.sampled_from(sorted(AUTHENTICATION_CHOICES)))
        case Form.DIAGNOSTIC:
            return st.builds(Diagnostic, st.integers(0, 14) | integers, st.booleans())
    return octets
