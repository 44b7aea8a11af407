"""The two styles of XML: how names are chosen, where a value stands, how numbers and truth are spelt.

Standard: the schema of the DLMS UA, namespace ``http://www.dlms.com/COSEMpdu``, ASN.1 names, values as text in decimal.
Simple: that of the Gurux translator, CamelCase names, values in an attribute ``Value`` in hexadecimal, counts in ``Qty``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from dlmskit.codec.data_types import DataType
from dlmskit.codec.walk import Part, Path, camel
from dlmskit.codec.xml.parse import fail
from dlmskit.types.enums import CodedEnum, member_named, member_or_int

NAMESPACE = "http://www.dlms.com/COSEMpdu"

_HEX = re.compile(r"[0-9A-Fa-f]*")
_DECIMAL = re.compile(r"-?[0-9]{1,20}")
_TRUTH = {"true": True, "1": True, "01": True, "false": False, "0": False, "00": False}


@dataclass(frozen=True, slots=True)
class Style:
    """What differs between the styles."""

    name: str
    simple: bool

    def path(self, part: Part) -> Path:
        """The elements that a part stands in; empty for none of its own."""
        return part.simple if self.simple else part.standard

    def own_name(self, field: str) -> str:
        """The element of a field that normally has none."""
        name = field.replace("_", "-")
        return camel(name) if self.simple else name

    def data_name(self, kind: DataType) -> str:
        """The element of a COSEM data type."""
        return kind.simple if self.simple else kind.name

    def label_name(self, member: CodedEnum) -> str:
        """How a member of an enumeration is called."""
        return member.simple if self.simple else member.label

    def root(self, name: str) -> etree._Element:
        """A new element with nothing around it."""
        return etree.Element(name) if self.simple else etree.Element(f"{{{NAMESPACE}}}{name}", nsmap={"x": NAMESPACE})

    def child(self, parent: etree._Element, name: str) -> etree._Element:
        """A new element inside another."""
        return etree.SubElement(parent, name if self.simple else f"{{{NAMESPACE}}}{name}")

    def put(self, element: etree._Element, text: str) -> None:
        """Write the value of an element."""
        if self.simple:
            element.set("Value", text)
        else:
            element.text = text

    def get(self, element: etree._Element) -> str | None:
        """The value of an element; None where there is none."""
        value = element.get("Value") if self.simple else None
        return own_text(element) if value is None else value

    def count(self, element: etree._Element, number: int) -> None:
        """Say how many elements follow, where the style does so."""
        if self.simple:
            element.set("Qty", f"{number:02X}")

    def number(self, value: int, size: int) -> str:
        """Spell an integer of ``size`` octets."""
        return f"{value & ((1 << 8 * size) - 1):0{2 * size}X}" if self.simple else str(value)

    def parse_number(self, element: etree._Element, text: str, size: int, *, signed: bool) -> int:
        """Read an integer of ``size`` octets. Raises DecodeError."""
        least = -(1 << (8 * size - 1)) if signed else 0
        if self.simple:
            if not text or len(text) > 2 * size or not _HEX.fullmatch(text):
                fail(element, f"{text!r:.40} is no hexadecimal number of {size} octets")
            number = int(text, 16)
            return number + 2 * least if number >= least + (1 << 8 * size) else number
        if not _DECIMAL.fullmatch(text):
            fail(element, f"{text!r:.40} is no number")
        number = int(text)
        if not least <= number < least + (1 << 8 * size):
            fail(element, f"{number} does not fit {size} octets")
        return number

    def truth(self, value: bool) -> str:
        """Spell a truth value."""
        return str(value) if self.simple else str(value).lower()


SIMPLE = Style("simple", simple=True)
STANDARD = Style("standard", simple=False)


def own_text(element: etree._Element) -> str | None:
    """The text of an element without children; None where it has children and blanks between them."""
    text = element.text or ""
    if len(element):
        text += "".join(child.tail or "" for child in element)
        return text if text.strip() else None
    return element.text


def parse_truth(element: etree._Element, text: str) -> bool:
    """Read a truth value in any spelling that is seen. Raises DecodeError."""
    value = _TRUTH.get(text.lower())
    if value is None:
        fail(element, f"{text!r:.40} is neither true nor false")
    return value


def parse_hex(element: etree._Element, text: str) -> bytes:
    """Read octets in hexadecimal, blanks between them allowed. Raises DecodeError."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        fail(element, f"{text!r:.40} is not octets in hexadecimal")


def label(style: Style, labels: type[CodedEnum], number: int, size: int) -> str:
    """The name of a number; the number itself where the standard has no name for it."""
    member = member_or_int(labels, number)
    return style.label_name(member) if isinstance(member, CodedEnum) else style.number(number, size)


def parse_label(style: Style, labels: type[CodedEnum], element: etree._Element, text: str, size: int) -> int:
    """The number of a name, or of a number. Raises DecodeError."""
    member = member_named(labels, text)
    return int(member) if member is not None else style.parse_number(element, text, size, signed=False)
