"""APDUs and COSEM data as XML, in the standard and in the simple style, both ways (Green Book, XML encoding).

XML is the message itself: it holds what the octets hold, dedicated keys and passwords included. Do not log it;
`dlmskit.codec.text` is for logs. Octets to XML to octets is the identity for everything that strict decoding accepts.
The declarations are passed in as a `Translator`; `dlmskit.apdu.xml` has one for all declared APDUs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from lxml import etree

from dlmskit.codec.data import Data
from dlmskit.codec.schema import Apdu
from dlmskit.codec.skip import skip_data
from dlmskit.codec.xml.data import kind_of, read_data, write_data
from dlmskit.codec.xml.names import Registry
from dlmskit.codec.xml.parse import fail, local_name, parse
from dlmskit.codec.xml.reader import Reader
from dlmskit.codec.xml.style import NAMESPACE, SIMPLE, STANDARD, Style
from dlmskit.codec.xml.writer import Writer
from dlmskit.errors import EncodeError
from dlmskit.limits import DEFAULT, Limits

__all__ = ["NAMESPACE", "StyleName", "Translator", "data_from_xml", "data_to_xml"]

StyleName = Literal["simple", "standard"]

_SEVERAL = "APDUs"
"""The root of a document with several APDUs; ours, the standard has none."""
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
_ROOTS = {"xDLMS-APDU", "aCSE-APDU", "Pdu"}
_ACSE_TAGS = range(0x60, 0x64)


class Translator:
    """XML of a set of declared APDUs."""

    def __init__(self, apdus: Iterable[type[Apdu]], decode: Callable[..., Apdu]) -> None:
        """``decode`` is the decoder of whole APDUs: for those inside others, and for the last check of what was read."""
        self._registry = Registry.of(apdus, decode)

    def to_xml(self, apdu: Apdu, style: StyleName = "simple", *, limits: Limits = DEFAULT) -> str:
        """The XML of an APDU, indented. Raises DecodeError for COSEM data in it that goes past the limits."""
        writer = Writer(_style(style), self._registry, limits)
        if style == "simple":
            root = SIMPLE.root("Pdu")
            writer.apdu(root, apdu)
            return _text(root[0], style)
        root = STANDARD.root("aCSE-APDU" if apdu.head[0] in _ACSE_TAGS else "xDLMS-APDU")
        writer.apdu(root, apdu)
        return _text(root, style)

    def from_xml(self, text: str | bytes, *, limits: Limits = DEFAULT) -> Apdu:
        """The APDU of an XML text of either style. Raises DecodeError for anything else."""
        return self._apdu(parse(text, limits), limits)

    def to_document(self, apdus: Iterable[Apdu], style: StyleName = "simple", *, limits: Limits = DEFAULT) -> str:
        """The XML of an APDU, or of several inside one element ``APDUs``. Raises as `to_xml`."""
        texts = [self.to_xml(apdu, style, limits=limits) for apdu in apdus]
        if len(texts) == 1:
            return texts[0]
        lines = [f"  {line}" for text in texts for line in text.removeprefix(_DECLARATION).splitlines()]
        return "\n".join([*([_DECLARATION.strip()] if style == "standard" else []), f"<{_SEVERAL}>", *lines, f"</{_SEVERAL}>"])

    def from_document(self, text: str | bytes, *, limits: Limits = DEFAULT) -> list[Apdu]:
        """The APDUs of a document: one, or several inside ``APDUs``, of either style. Raises DecodeError for anything else."""
        root = parse(text, limits)
        return [self._apdu(element, limits) for element in (root if root.tag == _SEVERAL else [root])]

    def _apdu(self, root: etree._Element, limits: Limits) -> Apdu:
        style = _style_of(root)
        element = root
        if local_name(root) in _ROOTS:
            if len(root) != 1:
                fail(root, f"holds one APDU, not {len(root)}")
            element = root[0]
        octets = Reader(style, self._registry, limits).apdu(element)
        return self._registry.decode(octets, limits=limits)


def data_to_xml(data: Data, style: StyleName = "simple", *, limits: Limits = DEFAULT) -> str:
    """The XML of one COSEM data, indented. Raises DecodeError for data past the limits."""
    skip_data(data.octets, 0, limits)
    root = _style(style).root("Data")
    write_data(_style(style), root, data.octets)
    return _text(root[0], style)


def data_from_xml(text: str | bytes, *, limits: Limits = DEFAULT) -> Data:
    """The COSEM data of an XML text of either style, alone or in an element ``Data``. Raises DecodeError for anything else."""
    root = parse(text, limits)
    style = _style_of(root)
    if kind_of(style, root) is None and local_name(root).lower() == "data" and len(root) == 1:
        root = root[0]
    return Data.decode(read_data(style, root, limits), limits)


def _style(name: str) -> Style:
    if name not in {"simple", "standard"}:
        raise EncodeError(f"{name!r} is no XML style: simple or standard")
    return SIMPLE if name == "simple" else STANDARD


def _style_of(root: etree._Element) -> Style:
    namespace = str(root.tag).rpartition("}")[0].lstrip("{")
    if namespace not in {"", NAMESPACE}:
        fail(root, f"unknown namespace {namespace}")
    return STANDARD if namespace else SIMPLE


def _text(root: etree._Element, style: StyleName) -> str:
    """Indented text; elements of the standard style have their prefix declared where they begin."""
    etree.indent(root)
    text = etree.tostring(root, encoding="unicode", with_tail=False)
    return text if style == "simple" else f"{_DECLARATION}{text}"
