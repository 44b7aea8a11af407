"""XML of every declared APDU, both styles, both ways: the door to `dlmskit.codec.xml`.

XML is the message itself, dedicated keys and passwords included: do not log it.
"""

from __future__ import annotations

from collections.abc import Iterable

from dlmskit.apdu import declared_apdus, decode_apdu
from dlmskit.codec.schema import Apdu
from dlmskit.codec.xml import StyleName, Translator, data_from_xml, data_to_xml
from dlmskit.limits import DEFAULT, Limits

__all__ = [
    "data_from_xml",
    "data_to_xml",
    "from_document",
    "from_xml",
    "is_xml",
    "octets_from_xml",
    "octets_to_xml",
    "to_document",
    "to_xml",
]

_TRANSLATOR = Translator(declared_apdus(), decode_apdu)


def to_xml(apdu: Apdu, style: StyleName = "simple", *, limits: Limits = DEFAULT) -> str:
    """The XML of an APDU, indented. Raises DecodeError for COSEM data in it that goes past the limits."""
    return _TRANSLATOR.to_xml(apdu, style, limits=limits)


def from_xml(text: str | bytes, *, limits: Limits = DEFAULT) -> Apdu:
    """The APDU of an XML text; the style is recognised. Raises DecodeError for anything that is not exactly one APDU."""
    return _TRANSLATOR.from_xml(text, limits=limits)


def to_document(apdus: Iterable[Apdu], style: StyleName = "simple", *, limits: Limits = DEFAULT) -> str:
    """The XML of an APDU, or of several inside one element ``APDUs``. Raises as `to_xml`."""
    return _TRANSLATOR.to_document(apdus, style, limits=limits)


def from_document(text: str | bytes, *, limits: Limits = DEFAULT) -> list[Apdu]:
    """The APDUs of a document: one, or several inside ``APDUs``. Raises as `from_xml`."""
    return _TRANSLATOR.from_document(text, limits=limits)


def is_xml(octets: bytes) -> bool:
    """Whether a message can be XML, and no APDU: none begins with ``<``."""
    return octets[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


def octets_to_xml(octets: bytes, *, limits: Limits = DEFAULT) -> bytes:
    """A whole APDU as a message in XML: the standard style in UTF-8. Raises DecodeError."""
    return to_xml(decode_apdu(octets, limits=limits), "standard", limits=limits).encode()


def octets_from_xml(text: bytes, *, limits: Limits = DEFAULT) -> bytes:
    """The APDU of a message in XML, in octets. Raises DecodeError."""
    return from_xml(text, limits=limits).encode()
