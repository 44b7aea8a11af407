"""Damages APDUs where it hurts: knows the borders of the fields, from the same declarations that encode and decode.

Changes are field-wise (leave out, repeat, exchange, lie about a length) and octet-wise (flip, set, cut, insert). All chance
comes from the `random.Random` that is passed in, so that a failing case is one seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from dlmskit.codec import wire
from dlmskit.codec.ber import Context, encode_component
from dlmskit.codec.compiler import layout_of
from dlmskit.codec.data_types import Tag
from dlmskit.codec.reader import length_size, read_length
from dlmskit.codec.schema import Apdu
from dlmskit.codec.skip import skip_data
from dlmskit.codec.walk import Part, chosen, item_of, part_of, values_of


@dataclass(frozen=True, slots=True)
class Span:
    """Where a field lies in the octets."""

    path: str
    start: int
    end: int


def borders(apdu: Apdu) -> tuple[Span, ...]:
    """Every field of an APDU, its flags, lengths and contents, nested ones behind the one that they lie in."""
    octets = apdu.encode()
    spans = [Span("apdu", 0, len(octets)), Span("head", 0, len(apdu.head))]
    name = type(apdu).__name__
    size = sum(len(encoded) for _, _, encoded in _encoded(apdu))
    spans += _fields(apdu, len(octets) - size, name)
    return tuple(span for span in spans if span.start < span.end)


def _encoded(value: Any) -> Iterator[tuple[Part, Any, bytes]]:
    """Each part of a declared value that is there, with its octets."""
    for part, content in values_of(value):
        word = part.word
        if isinstance(word, wire.OnlyIf):
            if getattr(value, word.field) != word.equals:
                continue
            part = part.holding(word.inner)
            word = part.word
        if isinstance(word, Context):
            if content is not None:
                yield part, content, encode_component(word, content, part.field)
        else:
            yield part, content, layout_of(word).encode(content)


def _fields(value: Any, at: int, path: str) -> Iterator[Span]:
    for part, content, encoded in _encoded(value):
        yield from _inside(part, content, encoded, at, f"{path}.{part.field}")
        at += len(encoded)


def _inside(part: Part, value: Any, encoded: bytes, at: int, path: str) -> Iterator[Span]:
    """The span of one part, and those of what it consists of."""
    word, end = part.word, at + len(encoded)
    yield Span(path, at, end)
    if isinstance(word, type):
        yield from _fields(value, at, path)
    elif isinstance(word, wire.CosemData):
        yield from data_borders(encoded, at, path)
    elif isinstance(word, wire.Flagged):
        yield Span(f"{path}.flag", at, at + 1)
        if value is not None:
            yield from _inside(part.holding(word.inner), value, encoded[1:], at + 1, path)
    elif isinstance(word, wire.Choice):
        yield Span(f"{path}.choice", at, at + 1)
        inner = part_of(chosen(word, value))
        if inner.word is not None:
            yield from _inside(inner, value, encoded[1:], at + 1, f"{path}.{inner.field}")
    elif isinstance(word, wire.SequenceOf):
        start = at + length_size(len(value))
        yield Span(f"{path}.count", at, start)
        item = item_of(word)
        for index, one in enumerate(value):
            octets = layout_of(item.word).encode(one)
            yield from _inside(item, one, octets, start, f"{path}[{index}]")
            start += len(octets)
    elif isinstance(word, wire.Octets | wire.DateTimeOctets):
        yield Span(f"{path}.length", at, at + length_size(len(value)))
    elif isinstance(word, Context):
        _, start = read_length(encoded, 1)
        yield Span(f"{path}.tag", at, at + 1)
        yield Span(f"{path}.length", at + 1, at + start)
        yield Span(f"{path}.content", at + start, end)


def data_borders(octets: bytes, at: int = 0, path: str = "data") -> Iterator[Span]:
    """Tags, lengths and elements of one COSEM data; ``at`` is where it lies in the whole."""
    yield Span(f"{path}.tag", at, at + 1)
    tag = octets[0]
    if tag not in {Tag.ARRAY, Tag.STRUCTURE, Tag.OCTET_STRING, Tag.VISIBLE_STRING, Tag.UTF8_STRING}:
        yield Span(f"{path}.content", at + 1, at + len(octets))
        return
    count, start = read_length(octets, 1)
    yield Span(f"{path}.length", at + 1, at + start)
    if tag not in {Tag.ARRAY, Tag.STRUCTURE}:
        yield Span(f"{path}.content", at + start, at + len(octets))
        return
    for index in range(count):
        end = skip_data(octets, start)
        yield Span(f"{path}[{index}]", at + start, at + end)
        yield from data_borders(octets[start:end], at + start, f"{path}[{index}]")
        start = end


# --- Changes ------------------------------------------------------------------------------------------------------------

_NASTY = tuple(map(bytes.fromhex, ("00", "01", "7F", "80", "8100", "82FFFF", "84FFFFFFFF", "88FFFFFFFFFFFFFFFF", "FF")))
"""Octets at the edges of lengths, counts, flags, tags and numbers."""

Change = Callable[[bytes, tuple[Span, ...], Random], bytes]


def mutate(octets: bytes, spans: tuple[Span, ...], random: Random, changes: int = 1) -> bytes:
    """The octets after some changes. Spans belong to ``octets``; after the first change they are only roughly right."""
    for _ in range(changes):
        usable = tuple(span for span in spans if span.end <= len(octets))
        change = random.choice(CHANGES if usable else OCTET_CHANGES)
        octets = change(octets, usable, random)
    return octets


def _leave_out(octets: bytes, spans: tuple[Span, ...], random: Random) -> bytes:
    span = random.choice(spans)
    return octets[: span.start] + octets[span.end :]


def _repeat(octets: bytes, spans: tuple[Span, ...], random: Random) -> bytes:
    span = random.choice(spans)
    return octets[: span.end] + octets[span.start :]


def _exchange(octets: bytes, spans: tuple[Span, ...], random: Random) -> bytes:
    one, other = sorted((random.choice(spans), random.choice(spans)), key=lambda span: span.start)
    if one.end > other.start:
        return _replace(octets, spans, random)
    between = octets[one.end : other.start]
    return b"".join(
        (
            octets[: one.start],
            octets[other.start : other.end],
            between,
            octets[one.start : one.end],
            octets[other.end :],
        )
    )


def _replace(octets: bytes, spans: tuple[Span, ...], random: Random) -> bytes:
    span = random.choice(spans)
    return octets[: span.start] + random.choice(_NASTY) + octets[span.end :]


def _move_in(octets: bytes, spans: tuple[Span, ...], random: Random) -> bytes:
    one, other = random.choice(spans), random.choice(spans)
    return octets[: one.start] + octets[other.start : other.end] + octets[one.end :]


def _cut_at_border(octets: bytes, spans: tuple[Span, ...], random: Random) -> bytes:
    span = random.choice(spans)
    return octets[: random.choice((span.start, span.end))]


def _flip(octets: bytes, _: tuple[Span, ...], random: Random) -> bytes:
    return _set_one(octets, random, lambda octet: octet ^ 1 << random.randrange(8))


def _set(octets: bytes, _: tuple[Span, ...], random: Random) -> bytes:
    return _set_one(octets, random, lambda _: random.randrange(256))


def _set_one(octets: bytes, random: Random, change: Callable[[int], int]) -> bytes:
    if not octets:
        return bytes((random.randrange(256),))
    at = random.randrange(len(octets))
    return octets[:at] + bytes((change(octets[at]),)) + octets[at + 1 :]


def _insert(octets: bytes, _: tuple[Span, ...], random: Random) -> bytes:
    at = random.randrange(len(octets) + 1)
    return octets[:at] + random.choice((random.choice(_NASTY), random.randbytes(random.randrange(1, 9)))) + octets[at:]


def _cut(octets: bytes, _: tuple[Span, ...], random: Random) -> bytes:
    return octets[: random.randrange(len(octets) + 1)]


OCTET_CHANGES: tuple[Change, ...] = (_flip, _set, _insert, _cut)
"""Changes that need no borders."""
CHANGES: tuple[Change, ...] = (*OCTET_CHANGES, _leave_out, _repeat, _exchange, _replace, _move_in, _cut_at_border)
"""All changes."""
