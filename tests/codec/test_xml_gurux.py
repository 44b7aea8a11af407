"""Our XML beside that of an independent translator (gurux_dlms, both output types), on every vector that it understands.

A vector where the two differ is listed with the reason; one that is listed but no longer differs fails as well.
"""

from __future__ import annotations

import contextlib
import io
from functools import cache
from typing import Any

import pytest
from gurux_dlms import GXDLMSTranslator
from gurux_dlms.enums.TranslatorOutputType import TranslatorOutputType
from gurux_dlms.GXByteBuffer import GXByteBuffer
from lxml import etree

from dlmskit.apdu import decode_apdu
from dlmskit.apdu.xml import data_from_xml, data_to_xml, from_xml, to_xml
from dlmskit.codec.data import Data
from dlmskit.codec.xml import StyleName
from dlmskit.errors import DecodeError
from tests.apdu.test_vectors import VALID, octets

STYLES: tuple[StyleName, ...] = ("simple", "standard")

# Reason -> vectors. "Theirs" is the other translator.
BOTH = {
    "theirs writes quality-of-service 0 where response-allowed is FALSE": {"initiate-request-response-not-allowed"},
    "theirs leaves out the access-selection of list items": {"get-list-mixed-selection"},
    "theirs does not know this alternative, and writes nothing": {"action50-first", "read-resp-block-number"},
    "theirs takes a block-number for a result": {"write-block-ack"},
    "theirs leaves out raw-data, and writes the simple form of last-block in the standard style": {"read-data-block-access"},
    "theirs describes the method like an attribute": {"access-req-get-set-action"},
    "theirs loses that TRUE is FF, or that a length is long: Raw keeps it": {"data-bool-true-ff", "robust-octets-long-length"},
    "theirs writes the octets of UTF-8 in hexadecimal": {"data-utf8"},
    "theirs writes no description of structures; contents are decoded and lossy": {"compact-array-struct"},
    "theirs names the service-provider as the service-user": {"aare-ln-provider-version"},
    "theirs leaves out the errors of a list": {"get-resp-list-partial-error"},
}
SIMPLE_ONLY = {
    "theirs names the result of a block otherwise than any other": {"get-resp-block-error", "get-next-error"},
    "theirs writes this count with one digit": {"set-list-resp"},
    "theirs writes this number with one digit": {"gateway-resp"},
    "theirs writes decoded, lossy contents": {"compact-array-uint16", "compact-array-empty"},
}
STANDARD_ONLY = {
    "theirs leaves out quality-of-service": {"initiate-response-qos"},
    "ObjectName is Integer16, signed; theirs writes it without a sign here": {"initiate-response-sn", "method-sn-write"},
    "theirs names every service initiateError": {
        "confirmed-service-error-read",
        "confirmed-service-error-write",
        "confirmed-service-error-no-context",
    },
    "theirs has no element Get-Data-Result around the items": {"get-resp-list", "get-resp-list-compound", "getlist-resp"},
    "theirs has an element data-access-result where ASN.1 has the type": {"set-list-resp"},
    "theirs is named with-data-block, ASN.1 with-datablock": {
        "get-resp-block-error",
        "get-next-error",
        "get50-block1",
        "get50-block2",
        "getlist-block1",
        "getlist-block2",
        "set50-first",
        "set50-ack1",
        "set50-done",
        "set-resp-blockerr",
    },
    "theirs writes the simple name of the result": {"access-resp-get-get", "access-resp-get-set-action"},
    "theirs writes the simple name of the alternative": {"read-block-next"},
    "theirs puts all variable-names into one Variable-Access-Specification": {"write-list"},
    "theirs has no element CHOICE here, and success without a namespace": {"write-resp-ok", "write-resp-mixed"},
    "theirs writes the simple form of write-data-block-access": {"write-block-first", "write-block-last"},
    "theirs writes nothing": {"gateway-req"},
    "theirs writes True and False with capitals": {"data-bool-true", "data-bool-false"},
    "theirs writes the simple name of the title": {
        "aarq-ln-cipher-lls",
        "aarq-ln-hls5-ciphered-context",
        "aare-ln-system-title-hls5",
    },
    "theirs takes the reason of the response": {"rlrq-urgent"},
}
DISAGREEMENTS = {
    "simple": set().union(*BOTH.values(), *SIMPLE_ONLY.values()),
    "standard": set().union(*BOTH.values(), *STANDARD_ONLY.values()),
}
AGREEMENTS = {"simple": 180, "standard": 148}
"""Vectors whose XML is the same, so that a translator that suddenly understands nothing is noticed."""

_LOST = {
    "initiate-request-response-not-allowed",
    "get-list-mixed-selection",
    "get-resp-list-partial-error",
    "action50-first",
    "read-data-block-access",
    "read-resp-block-number",
    "write-block-ack",
    "data-bool-true-ff",
    "data-utf8",
    "compact-array-struct",
    "aare-ln-provider-version",
    "robust-octets-long-length",
}
LOST = {
    "simple": _LOST | {"compact-array-uint16"},
    "standard": _LOST
    | STANDARD_ONLY["theirs leaves out quality-of-service"]
    | STANDARD_ONLY["theirs names every service initiateError"]
    | {"write-block-first", "write-block-last", "gateway-req", "rlrq-urgent"},
}
"""Vectors whose octets cannot be had back from their XML, for the reasons above."""


def _translate(vector: dict[str, Any], style: StyleName) -> str | None:
    translator = GXDLMSTranslator(getattr(TranslatorOutputType, f"{style.upper()}_XML"))
    translator.comments = False
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            if vector["kind"] == "apdu":
                return str(translator.pduToXml(octets(vector)))
            return str(translator.dataToXml(GXByteBuffer(octets(vector))))
    except Exception:  # noqa: BLE001 -- whatever it raises for what it does not know
        return None


@cache
def theirs(style: StyleName) -> dict[str, tuple[bytes, etree._Element]]:
    """Vector -> its octets and the other translator's XML, where there is any and it is well-formed."""
    found = {}
    for vector in VALID:
        text = (_translate(vector, style) or "").replace('<?xml version="1.0" encoding="utf-8"?>', "")
        with contextlib.suppress(etree.XMLSyntaxError, IndexError):
            root = etree.fromstring(f"<root xmlns:x='http://www.dlms.com/COSEMpdu'>{text}</root>")
            found[vector["name"]] = (octets(vector), root[0])
    return found


def normal(element: etree._Element) -> Any:
    """An element without indentation and prefixes."""
    children = tuple(map(normal, element))
    return etree.QName(element).localname, sorted(element.attrib.items()), (element.text or "").strip(), children


def is_apdu(name: str) -> bool:
    return not name.startswith(("data-", "compact-")) or name.startswith("data-notification")


def ours(name: str, whole: bytes, style: StyleName) -> etree._Element:
    text = to_xml(decode_apdu(whole), style) if is_apdu(name) else data_to_xml(Data.decode(whole), style)
    return etree.fromstring(text.encode())


@pytest.mark.parametrize("style", STYLES)
def test_our_xml_is_theirs_but_for_listed_reasons(style: StyleName) -> None:
    different = {name for name, (whole, element) in theirs(style).items() if normal(element) != normal(ours(name, whole, style))}
    assert different == DISAGREEMENTS[style]
    assert len(theirs(style)) - len(different) >= AGREEMENTS[style]


@pytest.mark.parametrize("style", STYLES)
def test_their_xml_is_read_back_to_the_octets(style: StyleName) -> None:
    lost = set()
    for name, (whole, element) in theirs(style).items():
        text = etree.tostring(element, encoding="unicode")
        try:
            found = from_xml(text).encode() if is_apdu(name) else data_from_xml(text).octets
        except DecodeError:
            found = b""
        if found != whole:
            lost.add(name)
    assert lost == LOST[style]
