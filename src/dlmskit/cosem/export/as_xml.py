"""Objects as XML: elements ``Object``, ``Attribute`` and ``Method`` of our own around COSEM data in the simple style."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from lxml import etree

from dlmskit.codec.data import Data
from dlmskit.codec.xml.data import read_data, write_data
from dlmskit.codec.xml.parse import fail, local_name, parse
from dlmskit.codec.xml.style import SIMPLE
from dlmskit.cosem.access import AccessMode, ObjectRights
from dlmskit.cosem.export.record import ObjectRecord
from dlmskit.errors import ConfigError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.types.obis import Obis


def to_xml(records: Iterable[ObjectRecord]) -> str:
    """The text of these objects. ``Access`` is the access mode of Association LN version 3."""
    root = etree.Element("Objects")
    for record in records:
        root.append(_element(record))
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


def from_xml(text: str | bytes, *, limits: Limits = DEFAULT) -> list[ObjectRecord]:
    """The objects of a text. Raises DecodeError for anything else, ConfigError for a secret in it."""
    root = parse(text, limits)
    if local_name(root) != "Objects":
        fail(root, "Objects is expected")
    return [_record(one, limits) for one in root]


def _element(record: ObjectRecord) -> etree._Element:
    one = etree.Element("Object", ClassId=str(record.class_id), Version=str(record.version))
    one.set("LogicalName", str(record.logical_name))
    if record.declaration is not None:
        one.set("Class", record.declaration.name)
    rights = record.rights
    one.set("Rights", "no" if rights is None else "yes")
    modes = {} if rights is None else rights.attributes
    for number in sorted({*record.values, *modes}):
        placed = _word(one, "Attribute", number, record.attribute_name, modes)
        if number in record.values:
            write_data(SIMPLE, placed, record.values[number].octets)
    for number in rights.methods if rights is not None else ():
        _word(one, "Method", number, record.method_name, rights.methods if rights is not None else {})
    return one


def _word(
    parent: etree._Element, kind: str, number: int, name: Callable[[int], str | None], modes: Mapping[int, AccessMode]
) -> etree._Element:
    word = etree.SubElement(parent, kind, Id=str(number))
    called = name(number)
    if called is not None:
        word.set("Name", called)
    if number in modes:
        word.set("Access", f"{int(modes[number]):02X}")
    return word


def _record(one: etree._Element, limits: Limits) -> ObjectRecord:
    if local_name(one) != "Object":
        fail(one, "Object is expected")
    values: dict[int, Data] = {}
    modes: dict[str, dict[int, AccessMode]] = {"Attribute": {}, "Method": {}}
    for word in one:
        kind = local_name(word)
        if kind not in modes or len(word) > (kind == "Attribute"):
            fail(word, "an Attribute with one value at most, or an empty Method, is expected")
        number = _number(word, "Id", -128, 127)
        if len(word):
            values[number] = Data.decode(read_data(SIMPLE, word[0], limits), limits)
        if word.get("Access") is not None:
            modes[kind][number] = AccessMode(_number(word, "Access", 0, 0xFF, base=16))
    try:
        name = Obis(one.get("LogicalName", ""))
    except ConfigError as error:
        fail(one, str(error))
    rights = ObjectRights(modes["Attribute"], modes["Method"]) if one.get("Rights") == "yes" else None
    return ObjectRecord(_number(one, "ClassId", 0, 0xFFFF), _number(one, "Version", 0, 0xFF), name, values, rights)


def _number(element: etree._Element, name: str, least: int, most: int, base: int = 10) -> int:
    try:
        number = int(element.get(name, ""), base)
    except ValueError:
        number = most + 1
    if not least <= number <= most:
        fail(element, f"{name} is a number {least} to {most}")
    return number
