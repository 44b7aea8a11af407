"""The layout of one row of a profile buffer: which octets are fixed (tags, counts, lengths) and where the values are.

A layout is learnt from one row. It can then say how many rows behind have the same fixed octets, by comparing strided
slices, and make their values with one `struct` call: what takes the general decoder a branch per element happens in C.
Nothing is believed: a row belongs to a layout only if every one of its fixed octets is the same.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Iterable
from typing import Any

from dlmskit.codec.compact import TypeDescription
from dlmskit.codec.data_types import DATA_TYPES, Tag
from dlmskit.codec.plain import CONVERTERS, DONT_CARE
from dlmskit.codec.reader import read_bit_length, read_length
from dlmskit.errors import DecodeError
from dlmskit.types.bits import BitString

MOST_FIELDS = 256
"""Fields of a row whose layout is learnt; longer ones are decoded the general way."""
MOST_OCTETS = 4096
"""Octets of such a row."""
_WINDOW = 64
_WORTH_WRITING = 16

Token = tuple[bytes, int]
"""Fixed octets, and how many free ones follow."""
Maker = Callable[[Iterable[tuple[Any, ...]]], list[Any]]


class Layout:
    """Where the fixed octets and the values of a row are."""

    def __init__(
        self, tokens: list[Token], letters: list[str], template: str, converters: list[Any], elements: int, depth: int
    ) -> None:
        self.tokens = tuple(tokens)
        self.elements = elements
        """COSEM data in one row, the row itself left out."""
        self.depth = depth
        """Levels of containers in one row."""
        self.structure = tokens[0][0][:1] == b"\x02"
        self.letters = tuple(letters)
        """How `struct` reads the free octets of each token."""
        steps = [f"{len(fixed)}x{letter}" for (fixed, _free), letter in zip(tokens, letters, strict=True)]
        self.struct = struct.Struct(">" + "".join(steps))
        self.size = self.struct.size
        self.template = template
        self.converters = tuple(converters)
        self.fields = sum(1 for _octets, free in tokens if free)
        self.fixed = tuple(_fixed_octets(tokens))
        self.plain = template == _flat_template(self.fields)
        self.seen = 0
        """Rows decoded by it so far."""

    def run(self, octets: bytes, at: int, most: int) -> int:
        """How many rows from ``at`` on, at most ``most``, have this layout. Windows that grow keep the work linear."""
        size = self.size
        most = min(most, (len(octets) - at) // size)
        done, window = 0, _WINDOW
        while done < most:
            rows = wanted = min(window, most - done)
            for offset, octet in self.fixed:
                column = octets[at + offset : at + rows * size : size]
                if column != octet * rows:
                    rows -= len(column.lstrip(octet))
                    if not rows:
                        return done
            done += rows
            if rows < wanted:
                break
            at += rows * size
            window <<= 4
        return done

    def make(self, octets: bytes, at: int, rows: int) -> list[Any]:
        """The values of ``rows`` rows that `run` has found."""
        unpacked = self.struct.iter_unpack(octets[at : at + rows * self.size])
        return list(unpacked) if self.plain else self.many(unpacked)

    def worth(self, rows: int) -> bool:
        """Whether its own way of making these rows pays: writing it costs as much as some rows the general way."""
        self.seen += rows
        return self.plain or self.seen >= _WORTH_WRITING

    @functools.cached_property
    def many(self) -> Maker:
        """Unpacked fields of many rows to their values."""
        return _compile(self.template, self.fields, len(self.converters), many=True)(*self.converters)

    @functools.cached_property
    def one(self) -> Callable[..., Any]:
        """The unpacked fields of one row to its value."""
        return _compile(self.template, self.fields, len(self.converters), many=False)(*self.converters)


def learn(octets: bytes, at: int, depth: int) -> Layout | None:
    """The layout of the element at ``at``, or None where it has none that is worth learning, or is not valid."""
    learner = _Learner(octets)
    try:
        template, _end = learner.walk(at, depth)
    except (IndexError, DecodeError):
        return None
    levels = max(depth - learner.shallowest, 0)
    return Layout(learner.tokens, learner.letters, template, learner.converters, learner.elements, levels)


def learn_contents(description: TypeDescription, octets: bytes, at: int) -> Layout | None:
    """The layout of the element of a compact-array at ``at``, or None where it is not worth learning."""
    learner = _Learner(octets)
    try:
        template, _end = learner.content(description, at)
    except (IndexError, DecodeError):
        return None
    return Layout(learner.tokens, learner.letters, template, learner.converters, 0, 0)


class _Learner:
    """One walk over one element; `walk` calls itself for containers, at most ``depth`` times."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.tokens: list[Token] = []
        self.letters: list[str] = []
        self.converters: list[Any] = []
        self.elements = 0
        self.fields = 0
        self.shallowest = 1 << 30
        self.room = MOST_OCTETS

    def walk(self, at: int, depth: int) -> tuple[str, int]:
        """The template of the element at ``at``, and the offset behind it."""
        tag = self.octets[at]
        if tag in {Tag.ARRAY, Tag.STRUCTURE}:
            return self.container(at, depth)
        if tag not in DATA_TYPES or tag == Tag.COMPACT_ARRAY:
            raise DecodeError("no layout", at)
        return self.simple(tag, at, at + 1)

    def content(self, description: TypeDescription, at: int) -> tuple[str, int]:
        """The same for an element of a compact-array, which has no tags."""
        tag = description.tag
        if tag not in {Tag.ARRAY, Tag.STRUCTURE}:
            return self.simple(tag, at, at)
        if description.number > MOST_FIELDS:
            raise DecodeError("no layout", at)
        members = description.members * description.number if tag == Tag.ARRAY else description.members
        parts = []
        for member in members:
            part, at = self.content(member, at)
            parts.append(part)
        return _joined(tag, parts), at

    def simple(self, tag: int, start: int, behind: int) -> tuple[str, int]:
        """The template of a simple value: its fixed octets begin at ``start``, its length or value at ``behind``."""
        octets, kind = self.octets, DATA_TYPES[tag]
        if kind.size == 0:
            self.take(octets[start:behind], 0, "")
            return ("None" if tag == Tag.NULL_DATA else self.call(DONT_CARE)), behind
        convert = CONVERTERS.get(tag)
        if kind.size is not None:
            size, letter = kind.size, kind.letter
        elif tag == Tag.BIT_STRING:
            bits, size, behind = read_bit_length(octets, behind)
            convert, letter = functools.partial(_bits, bits=bits), f"{size}s"
        else:
            size, behind = read_length(octets, behind)
            letter = f"{size}s"
        if behind + size > len(octets):
            raise DecodeError("ends early", behind)
        self.take(octets[start:behind], size, letter)
        if not size:
            return self.call(convert(b"") if convert else b""), behind
        self.fields += 1
        field = f"a{self.fields - 1}"
        return (field if convert is None else f"{self.call(convert)}({field})"), behind + size

    def container(self, at: int, depth: int) -> tuple[str, int]:
        """An array or structure: its header is fixed, its elements follow."""
        count, behind = read_length(self.octets, at + 1)
        if depth <= 0 or count > MOST_FIELDS:
            raise DecodeError("no layout", at)
        self.take(self.octets[at:behind], 0, "")
        self.elements += count
        self.shallowest = min(self.shallowest, depth - 1)
        parts = []
        for _ in range(count):
            part, behind = self.walk(behind, depth - 1)
            parts.append(part)
        return _joined(self.octets[at], parts), behind

    def take(self, fixed: bytes, free: int, letter: str) -> None:
        """Note fixed octets and the value behind them."""
        self.room -= len(fixed) + free
        if self.room < 0 or len(self.tokens) >= MOST_FIELDS:
            raise DecodeError("no layout")
        self.tokens.append((fixed, free))
        self.letters.append(letter if free else "")

    def call(self, converter: Any) -> str:
        """The name under which the template finds a converter or constant."""
        self.converters.append(converter)
        return f"c{len(self.converters) - 1}"


def _joined(tag: int, parts: list[str]) -> str:
    text = "".join(f"{part}," for part in parts)
    return f"({text})" if tag == Tag.STRUCTURE else f"[{text}]"


def _bits(octets: bytes, bits: int) -> BitString:
    return BitString.from_octets(octets, bits)


def _fixed_octets(tokens: list[Token]) -> Iterable[tuple[int, bytes]]:
    offset = 0
    for fixed, free in tokens:
        for index in range(len(fixed)):
            yield offset + index, fixed[index : index + 1]
        offset += len(fixed) + free


def _flat_template(fields: int) -> str:
    return "(" + "".join(f"a{index}," for index in range(fields)) + ")"


@functools.lru_cache(maxsize=1024)
def _compile(template: str, fields: int, converters: int, *, many: bool) -> Callable[..., Callable[..., Any]]:
    """Write the source that puts unpacked fields into their template; made of our own names only, never of input."""
    names = "".join(f"a{index}," for index in range(fields))
    head = f"lambda {','.join(f'c{index}' for index in range(converters))}: "
    body = f"lambda rows: [{template} for ({names}) in rows]" if many else f"lambda {names}: {template}"
    made: Callable[..., Callable[..., Any]] = eval(head + body, {"__builtins__": {}})  # noqa: S307 -- see the docstring
    return made
