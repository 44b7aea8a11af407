"""BER as ACSE needs it: a second set of words for the declaration language, and the walk that serves both directions.

A declaration is a list of context-tagged components in ascending order (Green Book, ASN.1 of ACSE). Definite lengths only.
Strict decoding refuses duplicates, unknown components, another order and other spellings of a length, so that encoding gives
the same octets again; with tolerance all but duplicates are noted instead.
"""

from __future__ import annotations

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
        components = {wire_of(hint).tag: (name, wire_of(hint)) for name, hint in fields_of(cls).items()}
        required = tuple(field.name for field in msgspec.structs.fields(cls) if field.required)

        def decode(octets: bytes, at: int, deviations: Deviations, _: Any) -> tuple[Any, int]:
            found, end = _decode(cls.__name__, components, octets, at, deviations)
            for name in required:
                if name not in found:
                    raise DecodeError("missing", end, f"{cls.__name__}.{name}")
            return cls(**found), end

        def encode(value: Any) -> bytes:
            body = b"".join(
                encode_component(word, content, f"{cls.__name__}.{name}")
                for name, word in components.values()
                if (content := getattr(value, name)) is not None or name in required
            )
            return cls.head + write_length(len(body)) + body

        return Layout(decode, encode, "interpreted: BER")


def _decode(
    declared: str, components: dict[int, tuple[str, Context]], octets: bytes, at: int, deviations: Deviations
) -> tuple[dict[str, Any], int]:
    at, end = _open(octets, at + 1, len(octets), deviations, declared)
    found: dict[str, Any] = {}
    last = -1
    while at < end:
        tag, start = octets[at], at
        name, word = components.get(tag, ("", None))
        path = f"{declared}.{name}" if name else declared
        if name in found:
            raise DecodeError(f"component {tag:02X} stands twice", start, path)
        at, stop = _open(octets, at + 1, end, deviations, path)
        if word is None:
            odd(deviations, f"unknown component {tag:02X}", start, path)
        else:
            number = tag & 0x1F
            if number < last:
                odd(deviations, f"component {tag:02X} stands out of order", start, path)
            found[name], stop = _decode_content(word, octets, at, stop, deviations, path)
            last = number
        at = max(at, stop)
    return found, at


def _open(octets: bytes, at: int, end: int, deviations: Deviations, path: str) -> tuple[int, int]:
    """Read a length; return where the content starts and ends. Tolerated: a length that runs past what is there."""
    if at < end and octets[at] < 0x80 and (stop := at + 1 + octets[at]) <= end:  # nearly every length is as short as this
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


def _decode_content(word: Context, octets: bytes, at: int, stop: int, deviations: Deviations, path: str) -> tuple[Any, int]:
    """Decode the content of one component: (value, where it ends)."""
    match word.form:
        case Form.IMPLICIT_BITS | Form.IMPLICIT_IDENTIFIER:
            return octets[at:stop], stop
        case Form.IMPLICIT_INTEGER:
            return _integer(octets, at, stop, deviations, path), stop
        case Form.INTEGER:
            start, end = _inner(octets, at, stop, INTEGER, deviations, path)
            return _integer(octets, start, end, deviations, path), stop
        case Form.IDENTIFIER:
            start, end = _inner(octets, at, stop, OBJECT_IDENTIFIER, deviations, path)
            return octets[start:end], stop
        case Form.OCTETS:
            start, end = _inner(octets, at, stop, OCTET_STRING, deviations, path)
            return octets[start:end], stop
        case Form.APDU:
            return _carried_apdu(octets, at, stop, deviations, path)
        case Form.AUTHENTICATION_VALUE:
            choice = octets[at] if at < stop else 0
            if choice not in AUTHENTICATION_CHOICES:
                if deviations is None or at == stop:
                    raise DecodeError("no charstring [0] inside", at, path)
                odd(deviations, "octets without their inner tag 80", at, path)
                return AuthenticationValue(octets[at:stop]), stop
            start, end = _inner(octets, at, stop, choice, deviations, path)
            return AuthenticationValue(octets[start:end], choice), stop
        case Form.DIAGNOSTIC:
            choice = octets[at] if at < stop else 0
            if choice not in (0xA1, 0xA2):
                raise DecodeError("expected A1 or A2 inside", at, path)
            start, end = _inner(octets, at, stop, choice, deviations, path)
            start, end = _inner(octets, start, end, INTEGER, deviations, path)
            return Diagnostic(_integer(octets, start, end, deviations, path), choice == 0xA2), stop


def _carried_apdu(octets: bytes, at: int, stop: int, deviations: Deviations, path: str) -> tuple[bytes, int]:
    """The octet string of user-information. Real meters count the lengths around it wrong; it is the last component."""
    if deviations is not None and octets[at : at + 1] == bytes((OCTET_STRING,)) and stop < len(octets):
        odd(deviations, "lengths end before the message does; taken up to its end", at, path)
        start, _ = _open(octets, at + 1, len(octets), deviations, path)
        return octets[start:], len(octets)
    start, end = _inner(octets, at, stop, OCTET_STRING, deviations, path)
    return octets[start:end], stop


def _integer(octets: bytes, at: int, stop: int, deviations: Deviations, path: str) -> int:
    """An INTEGER of at most eight octets in its shortest form."""
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
    length = len(content)
    return (bytes((tag, length)) if length < 0x80 else bytes((tag,)) + write_length(length)) + content


def encode_component(word: Context, value: Any, path: str) -> bytes:
    """One component with its tag and length. Raises EncodeError when the value does not fit."""
    try:
        return _tlv(word.tag, _encode_content(word.form, value))
    except (TypeError, AttributeError, OverflowError) as error:
        raise EncodeError(f"{path}: {error}") from error


def _encode_content(form: Form, value: Any) -> bytes:
    match form:
        case Form.IMPLICIT_BITS | Form.IMPLICIT_IDENTIFIER:
            return bytes(value)
        case Form.IMPLICIT_INTEGER:
            return integer_octets(value)
        case Form.INTEGER:
            return _tlv(INTEGER, integer_octets(value))
        case Form.IDENTIFIER:
            return _tlv(OBJECT_IDENTIFIER, value)
        case Form.OCTETS | Form.APDU:
            return _tlv(OCTET_STRING, value)
        case Form.AUTHENTICATION_VALUE:
            return _tlv(value.choice, value.octets)
        case Form.DIAGNOSTIC:
            return _tlv(0xA2 if value.provider else 0xA1, _tlv(INTEGER, integer_octets(value.value)))
