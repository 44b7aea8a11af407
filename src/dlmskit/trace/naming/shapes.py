"""Values with their names out of the body of a push, whatever its shape; no code for any one meter.

Shapes seen in the field (see docs, "push lists"): a push object list with values; rows ``{[class], OBIS, [attribute], value,
[scaler_unit]}``; the same without the structures around them; and lists without any OBIS code, which only a known layout names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.trace.naming.layouts import PushLayout, positional_layout, scale_table
from dlmskit.trace.naming.value import NamedValue, date_time_in, obis_in, scaler_unit_in
from dlmskit.types.obis import Obis

CLOCK = Obis("0.0.1.0.0.255")
_PUSH_SETUP, _PUSH_OBJECT_LIST = 40, 2
_PUSH_SETUP_GROUPS = b"\x19\x09"
"""C and D of its logical names."""
_CONTAINERS = (Tag.ARRAY, Tag.STRUCTURE)
_TEXTS = (Tag.OCTET_STRING, Tag.VISIBLE_STRING, Tag.UTF8_STRING)


def named_values(body: Data) -> list[NamedValue]:
    """Every value of a push body, in its order; those that nothing names come without OBIS code."""
    if body.tag == Tag.COMPACT_ARRAY:
        return [value for row in body.elements() for value in named_values(row)]
    if body.tag not in _CONTAINERS:
        return [NamedValue(body)]
    elements = body.elements()
    if (listed := _object_list(elements)) is not None:
        setups = frozenset(str(value.obis) for value in listed if value.class_id == _PUSH_SETUP)
        layout = scale_table("object-list", body, elements, setups)
        return _apply_scales(_pair_scalers(listed), layout)
    if layout := positional_layout(body, elements):
        return _positional(layout, elements)
    values = list(_walk(elements))
    shapes = ("pairs", "triples") if any(value.source == "pair" for value in values) else ("rows",)
    layout = next((found for shape in shapes if (found := scale_table(shape, body, elements))), None)
    return _apply_scales(_name_outside(_pair_scalers(values), layout), layout)


# --- object list -----------------------------------------------------------------------------------------------------


def _object_list(elements: tuple[Data, ...]) -> list[NamedValue] | None:
    """Values under the rows of a push object list in the first element; None where there is no such list."""
    if not elements or elements[0].tag not in _CONTAINERS:
        return None
    rows = [_capture_row(row) for row in elements[0].elements() if row.tag == Tag.STRUCTURE]
    if not rows or None in rows or len(rows) != len(elements[0].elements()):
        return None
    # the list is normally its own first row; some meters leave that row out
    lists_itself = rows[0] is not None and rows[0][0] == _PUSH_SETUP and rows[0][2] == _PUSH_OBJECT_LIST
    values = elements if lists_itself else elements[1:]
    if len(rows) != len(values):
        return None
    return [
        NamedValue(value, row[1], row[0], row[2], source="object list")
        for row, value in zip(rows, values, strict=True)
        if row is not None and value is not elements[0]
    ]


def _capture_row(row: Data) -> tuple[int, Obis, int] | None:
    """Class, logical name and attribute of ``{class_id, logical_name, attribute_index, data_index, ...}``."""
    parts = row.elements()
    if len(parts) < 4 or [part.tag for part in parts[:4:2]] != [Tag.LONG_UNSIGNED, Tag.INTEGER]:
        return None
    code = parts[1].octets[2:] if parts[1].octets[:2] == b"\x09\x06" else None
    if code is None or parts[3].tag not in (Tag.LONG_UNSIGNED, Tag.UNSIGNED):
        return None
    return parts[0].value, Obis(code), parts[2].value


# --- rows and pairs --------------------------------------------------------------------------------------------------


def _walk(elements: tuple[Data, ...], depth: int = 0) -> Iterator[NamedValue]:
    """Rows, and the same elements without structures around them."""
    at = 0
    while at < len(elements):
        element = elements[at]
        if element.tag in _CONTAINERS:
            parts = element.elements()
            if row := _row(parts):
                yield from row
            elif _holds_names(parts):
                yield from _walk(parts, depth + 1)
            else:
                yield NamedValue(element)
            at += 1
            continue
        name = obis_in(element)
        if depth == 0 and name is not None and name.octets[2:4] == _PUSH_SETUP_GROUPS:
            yield NamedValue(element, name, _PUSH_SETUP, 1, source="logical name")  # it tells who pushes, and names nothing else
            at += 1
            continue
        found = _named_at(elements, at)
        if found is None:
            yield NamedValue(element)
            at += 1
        else:
            value, at = found
            yield msgspec.structs.replace(value, source="pair" if depth == 0 else "row")


def _holds_names(parts: tuple[Data, ...]) -> bool:
    """Whether something inside can be a row, so that looking inside is worth more than the container as one value."""
    return any(obis_in(part) or (part.tag in _CONTAINERS and _holds_names(part.elements())) for part in parts)


def _row(parts: tuple[Data, ...]) -> list[NamedValue] | None:
    """The values of one row; a third text of twelve octets is the capture time that goes with the value."""
    found = _named_at(parts, 0)
    if found is None or len(parts) < 2:
        return None
    value, at = found
    values = [msgspec.structs.replace(value, source="row")]
    for extra in parts[at:]:
        is_time = extra.octets[:2] == b"\x09\x0c" and date_time_in(extra.octets[2:])
        if obis_in(extra) or extra.tag in _CONTAINERS:
            return None
        values.append(NamedValue(extra, value.obis, value.class_id, 5 if is_time else value.attribute, source="row"))
    return values


def _named_at(elements: tuple[Data, ...], at: int) -> tuple[NamedValue, int] | None:
    """``[class_id] OBIS [attribute [data_index]] value [scaler_unit]`` from ``at``: the value and what follows it."""
    class_id: int | None = None
    attribute = 2
    if elements[at].tag == Tag.LONG_UNSIGNED and at + 3 < len(elements) and obis_in(elements[at + 1]):
        if elements[at + 2].tag != Tag.INTEGER:
            return None
        class_id, attribute = elements[at].value, elements[at + 2].value
        obis = obis_in(elements[at + 1])
        at += 3
        if elements[at].tag == Tag.LONG_UNSIGNED and elements[at].value == 0 and at + 1 < len(elements):
            at += 1
    else:
        obis = obis_in(elements[at])
        at += 1
    if obis is None or at >= len(elements):
        return None
    data = elements[at]
    at += 1
    scale = scaler_unit_in(elements[at]) if at < len(elements) else None
    if scale:
        at += 1
    elif at + 1 < len(elements) and (elements[at].tag, elements[at + 1].tag) == (Tag.INTEGER, Tag.ENUM):
        scale = scaler_unit_in(Data.structure([elements[at], elements[at + 1]]))
        at += 2
    inner = data.elements() if data.tag == Tag.STRUCTURE else ()
    if not scale and len(inner) == 2 and (scale := scaler_unit_in(inner[1])):
        data = inner[0]
    scaler, unit = scale or (None, None)
    return NamedValue(data, obis, class_id, attribute, scaler, unit), at


def _name_outside(values: list[NamedValue], layout: PushLayout | None) -> list[NamedValue]:
    """Elements before and behind the pairs: what the layout says, else a date-time is the clock's."""
    fields = {field.index % len(values): field for field in layout.fields} if layout and values else {}
    named = []
    for index, value in enumerate(values):
        field = fields.get(index)
        if value.obis is None and field and field.obis and layout:
            value = msgspec.structs.replace(value, obis=Obis(field.obis), attribute=field.attribute, source=f"layout {layout.id}")
        elif value.obis is None and value.data.octets[:2] == b"\x09\x0c" and date_time_in(value.data.octets[2:]):
            value = msgspec.structs.replace(value, obis=CLOCK, class_id=8, source="date-time")
        named.append(value)
    return named


# --- layouts ---------------------------------------------------------------------------------------------------------


def _positional(layout: PushLayout, elements: tuple[Data, ...]) -> list[NamedValue]:
    fields = {field.index: field for field in layout.fields}
    values = []
    for index, element in enumerate(elements):
        field = fields.get(index)
        if field is None:
            values.append(NamedValue(element))
            continue
        expected = not field.types or element.type.name in field.types
        values.append(
            NamedValue(
                element,
                Obis(field.obis) if field.obis else None,
                attribute=field.attribute,
                scaler=field.scaler if expected else None,
                unit=field.unit if expected else None,
                source=f"layout {layout.id}",
            )
        )
    return values


def _pair_scalers(values: list[NamedValue]) -> list[NamedValue]:
    """Where scaler_unit (attribute 3 of a register) was pushed as a value of its own, it belongs to the value beside it."""
    scales = {
        value.obis: scale
        for value in values
        if value.attribute == 3 and value.class_id in (3, 4, None) and (scale := scaler_unit_in(value.data))
    }
    if not scales:
        return values
    return [
        msgspec.structs.replace(value, scaler=scales[value.obis][0], unit=scales[value.obis][1])
        if value.obis in scales and value.attribute == 2 and value.scaler is None
        else value
        for value in values
    ]


def _apply_scales(values: list[NamedValue], layout: PushLayout | None) -> list[NamedValue]:
    """Scalers of the layout for numbers that came without one."""
    if layout is None:
        return values
    scales = layout.scales()
    scaled = []
    for value in values:
        scale = scales.get(value.obis) if value.obis else None
        if scale and value.scaler is None and value.attribute == 2 and isinstance(value.data.value, int):
            for override in layout.overrides:
                changed = next((one for one in override.set if Obis(one.obis) == value.obis), None)
                if changed and _holds(override.when, value, values):
                    scale = changed
            value = msgspec.structs.replace(
                value, scaler=scale.scaler, unit=scale.unit, source=f"{value.source}, layout {layout.id}"
            )
        scaled.append(value)
    return scaled


def _holds(when: dict[str, object], value: NamedValue, values: Iterable[NamedValue]) -> bool:
    match when:
        case {"raw_above": int(bound)}:
            return bool(value.data.value > bound)
        case {"type": str(name)}:
            return value.data.type.name == name
        case {"obis": str(code), "prefix": str(prefix)}:
            return any(str(other.value).startswith(prefix) for other in values if other.obis == Obis(code))
    return False
