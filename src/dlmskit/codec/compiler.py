"""Compiles a declaration into the source of its A-XDR `decode` and `encode`, once per class, on first use.

Runs of fixed-size fields, nested ones included, are fused into one precompiled `struct.Struct`; flags and choice octets
join the run in front of them. The source reads like what one would write by hand: ``layout_of(X).source``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dlmskit.codec import runtime, wire
from dlmskit.codec.data import Data, skip_data
from dlmskit.codec.reader import write_length
from dlmskit.errors import DecodeError, EncodeError

Decoder = Callable[[bytes, int, "list[str] | None", Any], tuple[Any, int]]
Encoder = Callable[[Any], bytes]


@dataclass(frozen=True, slots=True)
class Layout:
    """Both directions of one declaration."""

    decode: Decoder
    encode: Encoder
    source: str


@dataclass(slots=True)
class _Slot:
    """A fixed-size field that waits in the current run."""

    variable: str
    letter: str
    source: str
    path: str


_CHOICES_OF_TYPE = {wire.Fixed: int, wire.Octets: bytes, wire.CosemData: Data, wire.Boolean: bool}


def layout_of(declared: Any) -> Layout:
    """The compiled directions of a declared class, or of a bare wire type used as a list element.

    A family of declarations with other encoding rules (BER) brings its own as a class method `own_layout`.
    """
    return LAYOUTS[declared]


class _Layouts(dict[Any, Layout]):
    """What was asked for before; the rest is compiled when it is looked up."""

    def __missing__(self, declared: Any) -> Layout:
        own = getattr(declared, "own_layout", None)
        found = self[declared] = own() if own else _Compiler(declared).compile()
        return found


LAYOUTS = _Layouts()
"""Layouts by declaration, for those who look one up for every message."""


class _Compiler:
    """Writes the source of one declaration. Fields are visited in order; each adds its lines to both directions."""

    def __init__(self, declared: Any) -> None:
        self.declared = declared
        self.names: dict[str, Any] = {
            "DecodeError": DecodeError,
            "EncodeError": EncodeError,
            "Data": Data,
            "skip_data": skip_data,
            "write_length": write_length,
            **{name: getattr(runtime, name) for name in dir(runtime) if name.startswith(("take_", "put_", "odd", "ends_"))},
        }
        self.decode: list[str] = []
        self.encode: list[str] = []
        self.parts: list[str] = []
        self.run: list[_Slot] = []
        self.pads = 0
        self.count = 0

    def compile(self) -> Layout:
        head: bytes = getattr(self.declared, "head", b"")
        self.pads = len(head)
        if isinstance(self.declared, type):
            built = self.sequence(self.declared, "value", self.declared.__name__ if head else "")
        else:
            built = self.field(self.declared, "value", "")
        self.flush()
        joined = " + ".join(self.parts) or "b''"
        if head and not self.parts:
            joined = repr(head)
        source = (
            "def decode(octets, at, deviations, limits):\n"
            + "".join(f"    {line}\n" for line in self.decode)
            + f"    return {built}, at\n\n"
            + "def encode(value):\n"
            + "".join(f"    {line}\n" for line in self.encode)
            + f"    return {joined}\n"
        )
        exec(source, self.names)
        return Layout(self.names["decode"], self.names["encode"], source)

    # --- helpers -------------------------------------------------------------------------------------------------

    def bind(self, value: Any) -> str:
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name

    def variable(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def fixed(self, letter: str, source: str, path: str) -> str:
        name = self.variable()
        self.run.append(_Slot(name, letter, source, path))
        return name

    def flush(self) -> None:
        """Turn the run gathered so far into one unpack and one pack."""
        head: bytes = getattr(self.declared, "head", b"")
        if not self.run:
            if self.pads:
                self.decode.append(f"at += {self.pads}")
                self.parts.append(repr(head))
                self.pads = 0
            return
        letters = "".join(slot.letter for slot in self.run)
        reader = struct.Struct(">" + "x" * self.pads + letters)
        sizes = tuple((slot.path, struct.calcsize(">" + slot.letter)) for slot in self.run)
        check = self.bind(((getattr(self.declared, "__name__", ""), self.pads), *sizes) if self.pads else sizes)
        unpack = self.bind(reader.unpack_from)
        self.decode += [
            f"if len(octets) - at < {reader.size}: ends_early(octets, at, {check})",
            f"{', '.join(slot.variable for slot in self.run)}, = {unpack}(octets, at)",
            f"at += {reader.size}",
        ]
        sources = ", ".join(slot.source for slot in self.run)
        if self.pads:
            pack = self.bind(struct.Struct(f">{len(head)}s{letters}").pack)
            self.parts.append(f"{pack}({head!r}, {sources})")
        else:
            self.parts.append(f"{self.bind(struct.Struct('>' + letters).pack)}({sources})")
        self.pads = 0
        self.run.clear()

    # --- one method per word of the language ---------------------------------------------------------------------

    def sequence(self, declared: type, source: str, path: str) -> str:
        """The fields of a declared class, inlined; returns the expression that builds it."""
        built: dict[str, str] = {}
        for name, hint in wire.fields_of(declared).items():
            where = f"{path}.{name}" if path else name
            word = wire.wire_of(hint)
            if isinstance(word, wire.OnlyIf):
                built[name] = self.only_if(word, f"{source}.{name}", where, built[word.field])
            else:
                built[name] = self.field(hint, f"{source}.{name}", where)
        return f"{self.bind(declared)}({', '.join(built.values())})"

    def field(self, hint: Any, source: str, path: str) -> str:
        """Emit one field; return the expression that holds its decoded value."""
        word = wire.wire_of(hint)
        if isinstance(word, type):
            return self.sequence(word, source, path)
        writer: Callable[[Any, str, str], str] = getattr(self, _method_of(type(word)))
        return writer(word, source, path)

    def write_fixed(self, word: wire.Fixed, source: str, path: str) -> str:
        if word.letter.endswith("s"):  # struct would cut or fill up octets of another size
            size = struct.calcsize(word.letter)
            wrong = f"{path!r} + ': %d octets, it takes {size}' % len({source})"
            self.encode.append(f"if len({source}) != {size}: raise EncodeError({wrong})")
        return self.fixed(word.letter, source, path)

    def write_boolean(self, _: wire.Boolean, source: str, path: str) -> str:
        name = self.fixed("B", source, path)
        return f"({name} if {name} > 1 else {name} == 1)"

    def write_octets(self, word: wire.Octets, source: str, path: str) -> str:
        self.flush()
        name = self.variable()
        limits = f"{path!r}, {word.most}, {word.sizes!r}"
        self.decode.append(f"{name}, at = take_octets(octets, at, deviations, {limits})")
        self.parts.append(f"put_octets({source}, {limits})")
        return name

    def write_date_time_octets(self, _: wire.DateTimeOctets, source: str, path: str) -> str:
        self.flush()
        name = self.variable()
        self.decode.append(f"{name}, at = take_date_time(octets, at, deviations, {path!r})")
        self.parts.append(f"put_octets({source}, {path!r}, 12, (0, 12))")
        return name

    def write_event_time(self, _: wire.EventTime, source: str, path: str) -> str:
        self.flush()
        name = self.variable()
        self.decode.append(f"{name}, at = take_event_time(octets, at, deviations, {path!r})")
        self.parts.append(f"(b'\\0' if {source} is None else b'\\1' + put_octets({source}, {path!r}, 12, (12,)))")
        return name

    def write_cosem_data(self, _: wire.CosemData, source: str, path: str) -> str:
        self.flush()
        name, end = self.variable(), self.variable()
        self.decode += [
            f"{end} = skip_data(octets, at, limits, {path!r})",
            f"{name} = Data(octets[at:{end}])",
            f"at = {end}",
        ]
        self.parts.append(f"{source}.octets")
        return name

    def write_flagged(self, word: wire.Flagged, source: str, path: str) -> str:
        inner = layout_of(word.inner)
        decode, encode = self.bind(inner.decode), self.bind(inner.encode)
        name = self.variable()
        body = [
            f"{name} = None",
            "if {flag}:",
            "    if {flag} != 1: odd(deviations, 'flag is %02X, not 01' % {flag}, at - 1, " + repr(path) + ")",
            f"    try: {name}, at = {decode}(octets, at, deviations, limits)",
            f"    except DecodeError as error: raise error.within({path!r}) from None",
        ]
        if word.may_end:
            self.flush()
            flag = self.variable()
            self.decode += [
                f"if at < len(octets): {flag} = octets[at]; at += 1",
                f"else: odd(deviations, 'ends before the flag', at, {path!r}); {flag} = 0",
            ]
            self.parts.append(f"(b'\\0' if {source} is None else b'\\1' + {encode}({source}))")
        else:
            flag = self.fixed("B", f"{source} is not None", path)
            self.flush()
            self.parts.append(f"(b'' if {source} is None else {encode}({source}))")
        self.decode += [line.format(flag=flag) if "{flag}" in line else line for line in body]
        return name

    def write_default_true(self, _: wire.DefaultTrue, source: str, path: str) -> str:
        flag = self.fixed("B", f"not {source}", path)
        self.flush()
        name = self.variable()
        self.decode += [
            f"{name} = True",
            f"if {flag}:",
            f"    if {flag} != 1: odd(deviations, 'flag is %02X, not 01' % {flag}, at - 1, {path!r})",
            f"    if at >= len(octets): raise DecodeError('ends early', at, {path!r})",
            f"    {name} = octets[at] != 0",
            f"    if octets[at]: odd(deviations, 'the default value is written out', at, {path!r})",
            "    at += 1",
        ]
        self.parts.append(f"(b'' if {source} else b'\\0')")
        return name

    def write_sequence_of(self, word: wire.SequenceOf, source: str, path: str) -> str:
        self.flush()
        inner = layout_of(word.inner)
        decode, encode = self.bind(inner.decode), self.bind(inner.encode)
        name = self.variable()
        self.decode.append(f"{name}, at = take_list(octets, at, deviations, limits, {decode}, {word.most}, {path!r})")
        self.parts.append(f"write_length(len({source})) + b''.join(map({encode}, {source}))")
        return name

    def write_conformance_block(self, _: wire.ConformanceBlock, source: str, path: str) -> str:
        prefix = self.fixed("4s", "b'\\x5f\\x1f\\x04\\0'", path)
        bits = self.fixed("3s", f"int({source}).to_bytes(3, 'big')", path)
        self.flush()
        self.decode.append(
            f"if {prefix} != b'\\x5f\\x1f\\x04\\0': raise DecodeError('not a conformance block (5F 1F 04 00)', at - 7, {path!r})"
        )
        return f"int.from_bytes({bits}, 'big')"

    def write_rest(self, _: wire.Rest, source: str, path: str) -> str:
        self.flush()
        name = self.variable()
        self.decode += [f"{name} = octets[at:]", "at = len(octets)"]
        self.parts.append(source)
        return name

    def write_choice(self, word: wire.Choice, source: str, path: str) -> str:
        tag = self.variable()
        made_tag, made_body = self.variable(), self.variable()
        self.run.append(_Slot(tag, "B", made_tag, path))
        self.flush()
        name = self.variable()
        self.parts.append(made_body)
        for index, one in enumerate(word.alternatives):
            opening, test = ("if", f"{tag} == {one.tag}")
            if index:
                opening = "elif"
            python = python_type(one.inner)
            matches = f"{source} is None" if python is None else f"isinstance({source}, {self.bind(python)})"
            if one.inner is None:
                self.decode.append(f"{opening} {test}: {name} = None")
                self.encode.append(f"{opening} {matches}: {made_tag}, {made_body} = {one.tag}, b''")
                continue
            inner = layout_of(one.inner)
            decode, encode = self.bind(inner.decode), self.bind(inner.encode)
            within = f"{path}.{one.name.replace('-', '_')}"
            self.decode += [
                f"{opening} {test}:",
                f"    try: {name}, at = {decode}(octets, at, deviations, limits)",
                f"    except DecodeError as error: raise error.within({within!r}) from None",
            ]
            self.encode.append(f"{opening} {matches}: {made_tag}, {made_body} = {one.tag}, {encode}({source})")
        self.decode.append(f"else: raise DecodeError('unknown choice %02X' % {tag}, at - 1, {path!r})")
        self.encode.append(f"else: raise EncodeError('{path}: no alternative holds a ' + type({source}).__name__)")
        return name

    def only_if(self, word: wire.OnlyIf, source: str, path: str, condition: str) -> str:
        self.flush()
        inner = layout_of(word.inner)
        decode, encode = self.bind(inner.decode), self.bind(inner.encode)
        name = self.variable()
        self.decode += [
            f"{name} = None",
            f"if {condition} == {word.equals}:",
            f"    try: {name}, at = {decode}(octets, at, deviations, limits)",
            f"    except DecodeError as error: raise error.within({path!r}) from None",
        ]
        owner = source.rsplit(".", 1)[0]
        self.parts.append(f"({encode}({source}) if {owner}.{word.field} == {word.equals} else b'')")
        return name


def _method_of(word: type) -> str:
    """``SequenceOf`` is written by ``write_sequence_of``."""
    return "write" + re.sub(r"(?=[A-Z])", "_", word.__name__).lower()


def python_type(inner: Any) -> type | None:
    """The Python type that tells an alternative apart when a choice is encoded."""
    if inner is None:
        return None
    word = wire.wire_of(inner)
    if isinstance(word, type):
        return word
    return _CHOICES_OF_TYPE[type(word)]
