"""Reads XML text without trusting it: no DOCTYPE, no entities, no network, bounded size; libxml2 bounds the depth (256).

Anything that is refused is a `DecodeError`. What the elements mean is the business of `dlmskit.codec.xml.reader`.
"""

from __future__ import annotations

import re
from typing import NoReturn

from lxml import etree

from dlmskit.errors import DecodeError
from dlmskit.limits import Limits

CHARACTERS_PER_OCTET = 64
"""Most characters of XML for one octet of an APDU: an element of one octet, deep inside, with its indentation."""

_DECLARATION = re.compile(r"<!(?!--|\[CDATA\[)")


def parse(text: str | bytes, limits: Limits) -> etree._Element:
    """The root element of ``text`` (octets are UTF-8). Raises DecodeError for anything that is not plain, small XML."""
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DecodeError("XML is not UTF-8", error.start, "xml") from None
    most = limits.apdu_octets * CHARACTERS_PER_OCTET
    if len(text) > most:
        raise DecodeError(f"XML of {len(text)} characters, at most {most} are allowed", most, "xml")
    declared = _DECLARATION.search(text)
    if declared:
        raise DecodeError("a DOCTYPE or entity is not allowed in XML", declared.start(), "xml")
    try:
        octets = text.lstrip("\ufeff").encode("utf-8")
    except UnicodeEncodeError as error:
        raise DecodeError("XML holds half a surrogate pair", error.start, "xml") from None
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        return etree.fromstring(octets, parser)
    except etree.XMLSyntaxError as error:
        raise DecodeError(f"not well-formed XML: {error.msg}", 0, "xml") from None


def local_name(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def fail(element: etree._Element, reason: str) -> NoReturn:
    """Raise DecodeError with the line and the path of an element."""
    names = [local_name(element)]
    names += [local_name(outer) for outer in element.iterancestors()]
    raise DecodeError(f"line {element.sourceline}: {reason}", 0, "/".join(reversed(names)))
