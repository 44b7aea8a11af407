"""BER as ACSE needs it: a second set of words for the declaration language, and the walk that serves both directions.

A declaration is a list of context-tagged components in ascending order (Green Book, ASN.1 of ACSE). Definite lengths only.
Strict decoding refuses duplicates, unknown components, another order and other spellings of a length, so that encoding gives
the same octets again; with tolerance all but duplicates are noted instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec

from dlmskit.codec.compiler import Layout
from dlmskit.codec.reader import write_length
from dlmskit.codec.runtime import Deviations, odd, take_length
from dlmskit.codec.schema import Apdu
from dlmskit.codec.wire import fields_of, wire_of
from dlmskit.errors import DecodeError, EncodeError
from dlmskit.types.enums import AcseServiceProvider, AcseServiceUser, CodedEnum

INTEGER, OCTET_STRING, OBJECT_IDENTIFIER = 0x02, 0x04, 0x06

AUTHENTICATION_CHOICES = {0x80: "charstring", 0x81: "bitstring", 0xA2: "external"}
"""Alternatives of an authentication value by their tag octet."""


class Form(Enum):
    """What stands inside a component: an IMPLICIT content as it is, or a universal type with its own tag."""

    IMPLICIT_BITS = "implicit bit string: the number of unused bits, then the bits"
    IMPLICIT_IDENTIFIER = "implicit object identifier"
    IMPLICIT_INTEGER = "implicit integer"
    INTEGER = "explicit integer"
    OCTETS = "explicit octet string"
    APDU = "explicit octet string that holds an xDLMS APDU"
    IDENTIFIER = "explicit object identifier"
    AUTHENTICATION_VALUE = "choice of charstring [0], bitstring [1], external [2]"
    DIAGNOSTIC = "choice of acse-service-user [1], acse-service-provider [2], each an integer"


@dataclass(frozen=True, slots=True)
class Context:
    """A component with its context tag octet."""

    tag: int
    form: Form
    labels: type[CodedEnum] | None = None
    """What the numbers, or the last octets of the object identifiers, are called."""
    prefix: bytes = b""
    """The octets of an object identifier in front of the number that has a label."""


class AuthenticationValue(msgspec.Struct, frozen=True, gc=False):
    """A password or a challenge. It is never shown: a password is a secret."""

    octets: bytes
    choice: int = 0x80
    """Tag octet of the alternative: 80 charstring, 81 bitstring."""

    def __repr__(self) -> str:
        return f"AuthenticationValue(<{len(self.octets)} octets>)"


class Diagnostic(msgspec.Struct, frozen=True, gc=False):
    """Why an association was refused, or that authentication goes on."""

    value: int
    provider: bool = False
    """True for acse-service-provider, False for acse-service-user."""

    def __str__(self) -> str:
        names: type[AcseServiceProvider | AcseServiceUser] = AcseServiceProvider if self.provider else AcseServiceUser
        try:
            return names(self.value).label
        except ValueError:
            return f"unknown({self.value})"


class BerApdu(Apdu, frozen=True, gc=False, kw_only=True):
    """Base of the ACSE APDUs: one tag octet, a length, context-tagged components."""

    @classmethod
    def own_layout(cls) -> Layout:
        """Both directions, from the same list of components."""
        required = tuple(field.name for field in msgspec.structs.fields(cls) if field.required)
        components = [Component.of(name, wire_of(hint), f"{cls.__name__}.{name}") for name, hint in fields_of(cls).items()]
        by_tag = {component.word.tag: component for component in components}

        def decode(octets: bytes, at: int, deviations: Deviations, _: Any) -> tuple[Any, int]:
            found, end = _decode(cls.__name__, by_tag, octets, at, deviations)
            for name in required:
                if name not in found:
                    raise DecodeError("missing", end, f"{cls.__name__}.{name}")
            return cls(**found), end

        def encode(value: Any) -> bytes:
            parts = [
                component.encode(content)
                for component in components
                if (content := getattr(value, component.name)) is not None or component.name in required
            ]
            return _tlv(cls.head[0], b"".join(parts))

        return Layout(decode, encode, "interpreted: BER")


ContentDecoder = Callable[[bytes, int, int, Deviations, str], tuple[Any, int]]
"""(octets, start, end, deviations, path) -> (value, where it ends)."""


@dataclass(frozen=True, slots=True)
class Component:
    """A component of one declaration, with all that its place in the walk needs."""

    name: str
    word: Context
    path: str
    number: int
    """Of its context tag; the order on the wire."""
    decode: ContentDecoder
    content: Callable[[Any], bytes]

    @classmethod
    def of(cls, name: str, word: Context, path: str) -> Component:
        """From a field and its word."""
        decode, content = _FORMS[word.form]
        return cls(name, word, path, word.tag & 0x1F, decode, content)

    def encode(self, value: Any) -> bytes:
        """With tag and length. Raises EncodeError when the value does not fit."""
        try:
            return _tlv(self.word.tag, self.content(value))
        except (TypeError, AttributeError, OverflowError) as error:
            raise EncodeError(f"{self.path}: {error}") from error


def encode_component(word: Context, value: Any, path: str) -> bytes:
    """One component with its tag and length. Raises EncodeError when the value does not fit."""
    return Component.of("", word, path).encode(value)


def _decode(
    declared: str, components: dict[int, Component], octets: bytes, at: int, deviations: Deviations
) -> tuple[dict[str, Any], int]:
    at, end = _open(octets, at + 1, len(octets), deviations, declared)
    found: dict[str, Any] = {}
    last = -1
    while at < end:
        tag, start = octets[at], at
        component = components.get(tag)
        if component is None:
            at, stop = _open(octets, at + 1, end, deviations, declared)
            odd(deviations, f"unknown component {tag:02X}", start, declared)
        else:
            path = component.path
            if component.name in found:
                raise DecodeError(f"component {tag:02X} stands twice", start, path)
            at, stop = _open(octets, at + 1, end, deviations, path)
            if component.number < last:
                odd(deviations, f"component {tag:02X} stands out of order", start, path)
            found[component.name], stop = component.decode(octets, at, stop, deviations, path)
            last = component.number
        at = max(at, stop)
    return found, at


def _open(octets: bytes, at: int, end: int, deviations: Deviations, path: str) -> tuple[int, int]:
    """Read a length; return where the content starts and ends. Tolerated: a length that runs past what is there."""
    if at < end and (stop := at + 1 + octets[at]) <= end and octets[at] < 0x80:  # the usual length, for speed
        return at + 1, stop
    try:
        length, at = take_length(octets, at, deviations, path)
    except DecodeError:
        if deviations is None or at >= len(octets) or octets[at] & 0x80:
            raise
        odd(deviations, "length runs past the end", at, path)
        return at + 1, end
    if at + length > end:
        odd(deviations, f"says {length}, {end - at} octets are left", at, path)
        return at, end
    return at, at + length


def _inner(octets: bytes, at: int, stop: int, tag: int, deviations: Deviations, path: str) -> tuple[int, int]:
    """Open the universal type inside an explicit component; it must fill the component."""
    if at >= stop or octets[at] != tag:
        raise DecodeError(f"expected {tag:02X} inside", at, path)
    start, end = _open(octets, at + 1, stop, deviations, path)
    if end != stop:
        odd(deviations, f"{stop - end} octets behind the value", end, path)
    return start, end


# --- What stands in a component, one function for each form ------------------------------------------------------------


def _implicit(octets: bytes, at: int, stop: int, deviations: Deviations, path: str) -> tuple[bytes, int]:
    return octets[at:stop], stop


def _implicit_integer(octets: bytes, at: int, stop: int, deviations: Deviations, path: str) -> tuple[int, int]:
    return _integer(octets, at, stop, deviations, path), stop


def _explicit_integer(octets: bytes, at: int, stop: int, deviations: Deviations, path: str) -> tuple[int, int]:
    start, end = _inner(octets, at, stop, INTEGER, deviations, path)
    return _integer(octets, start, end, deviations, path), stop


def _explicit_identifier(octets: bytes, at: int, stop: int, deviations: Deviations, path: str) -> tuple[bytes, int]:
    start, end = _inner(octets, at, stop, OBJECT_IDENTIFIER, deviations, path)
    return octets[start:end], stop


def _explicit_octets(octets: bytes, at: int, stop: int, deviations: Deviations, path: str) -> tuple[bytes, int]:
    start, end = _inner(octets, at, stop, OCTET_STRING, deviations, path)
    return octets[start:end], stop


def _carried_apdu(octets: bytes, at: int, stop: int, deviations: Deviations, path: str) -> tuple[bytes, int]:
    """The octet string of user-information. Real meters count the lengths around it wrong; it is the last component."""
    if deviations is not None and stop < len(octets) and octets[at : at + 1] == bytes((OCTET_STRING,)):
        odd(deviations, "lengths end before the message does; taken up to its end", at, path)
        start, _ = _open(octets, at + 1, len(octets), deviations, path)
        return octets[start:], len(octets)
    return _explicit_octets(octets, at, stop, deviations, path)


def _authentication_value(
    octets: bytes, at: int, stop: int, deviations: Deviations, path: str
) -> tuple[AuthenticationValue, int]:
    choice = octets[at] if at < stop else 0
    if choice not in AUTHENTICATION_CHOICES:
        if deviations is None or at == stop:
            raise DecodeError("no charstring [0] inside", at, path)
        odd(deviations, "octets without their inner tag 80", at, path)
        return AuthenticationValue(octets[at:stop]), stop
    start, end = _inner(octets, at, stop, choice, deviations, path)
    return AuthenticationValue(octets[start:end], choice), stop


def _diagnostic(octets: bytes, at: int, stop: int, deviations: Deviations, path: str) -> tuple[Diagnostic, int]:
    choice = octets[at] if at < stop else 0
    if choice not in (0xA1, 0xA2):
        raise DecodeError("expected A1 or A2 inside", at, path)
    start, end = _inner(octets, at, stop, choice, deviations, path)
    start, end = _inner(octets, start, end, INTEGER, deviations, path)
    return Diagnostic(_integer(octets, start, end, deviations, path), choice == 0xA2), stop


def _integer(octets: bytes, at: int, stop: int, deviations: Deviations, path: str) -> int:
    """An INTEGER of at most eight octets in its shortest form."""
    if stop - at == 1:
        return (octets[at] ^ 0x80) - 0x80
    content = octets[at:stop]
    if not 1 <= len(content) <= 8:
        raise DecodeError(f"integer of {len(content)} octets", at, path)
    value = int.from_bytes(content, "big", signed=True)
    if integer_octets(value) != content:
        odd(deviations, "integer not in its shortest form", at, path)
    return value


def integer_octets(value: int) -> bytes:
    """The content of an INTEGER in its shortest form."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return value.to_bytes(size, "big", signed=True)


def dotted(identifier: bytes) -> str | None:
    """The content of an OBJECT IDENTIFIER as in ``2.16.756.5.8.1.1``; None where it is not well-formed."""
    if not identifier or identifier[-1] & 0x80:
        return None
    arcs, arc = [], 0
    for octet in identifier:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    return bytes((tag,)) + write_length(size) + content


_FORMS: dict[Form, tuple[ContentDecoder, Callable[[Any], bytes]]] = {
    Form.IMPLICIT_BITS: (_implicit, bytes),
    Form.IMPLICIT_IDENTIFIER: (_implicit, bytes),
    Form.IMPLICIT_INTEGER: (_implicit_integer, integer_octets),
    Form.INTEGER: (_explicit_integer, lambda value: _tlv(INTEGER, integer_octets(value))),
    Form.IDENTIFIER: (_explicit_identifier, lambda value: _tlv(OBJECT_IDENTIFIER, value)),
    Form.OCTETS: (_explicit_octets, lambda value: _tlv(OCTET_STRING, value)),
    Form.APDU: (_carried_apdu, lambda value: _tlv(OCTET_STRING, value)),
    Form.AUTHENTICATION_VALUE: (_authentication_value, lambda value: _tlv(value.choice, value.octets)),
    Form.DIAGNOSTIC: (
        _diagnostic,
        lambda value: _tlv(0xA2 if value.provider else 0xA1, _tlv(INTEGER, integer_octets(value.value))),
    ),
}
"""What stands inside a component, both ways."""
