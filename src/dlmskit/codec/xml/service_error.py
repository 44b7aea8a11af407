"""ConfirmedServiceError in XML: in ASN.1 a choice of services, each a choice of classes; on the wire three octets.

Numbers without a name stand in elements of their own, as the declaration has them.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from dlmskit.codec.schema import Apdu
from dlmskit.codec.xml.parse import fail, local_name
from dlmskit.codec.xml.style import Style, label, parse_label
from dlmskit.types.enums import ERRORS_OF_CLASS, CodedEnum, ConfirmedService, ErrorClass, member_named, member_or_int

SERVICE_NAME = "confirmedServiceError"


def is_named(apdu: Apdu) -> bool:
    """Whether this is a ConfirmedServiceError whose service and class have names."""
    if apdu.service_name != SERVICE_NAME:
        return False
    one: Any = apdu
    return isinstance(member_or_int(ConfirmedService, one.service), CodedEnum) and isinstance(
        member_or_int(ErrorClass, one.error_class), CodedEnum
    )


def write(style: Style, element: etree._Element, apdu: Any) -> None:
    """Append service, class and error."""
    service, error_class = ConfirmedService(apdu.service), ErrorClass(apdu.error_class)
    errors = ERRORS_OF_CLASS.get(error_class)
    if style.simple:
        style.put(style.child(element, "Service"), style.number(service, 1))
        inner = style.child(element, "ServiceError")
    else:
        inner = style.child(element, service.label)
    text = label(style, errors, apdu.value, 1) if errors else style.number(apdu.value, 1)
    style.put(style.child(inner, style.label_name(error_class)), text)


def read(style: Style, element: etree._Element) -> tuple[int, int, int] | None:
    """The three numbers; None where the elements are those of the declaration. Raises DecodeError."""
    names = [local_name(child) for child in element]
    if style.simple:
        if names != ["Service", "ServiceError"]:
            return None
        service = parse_label(style, ConfirmedService, element[0], (style.get(element[0]) or "").strip(), 1)
        inner = element[1]
    else:
        member = member_named(ConfirmedService, names[0]) if len(names) == 1 else None
        if member is None:
            return None
        service, inner = int(member), element[0]
    if len(inner) != 1:
        fail(inner, "holds one class of errors")
    error_class = member_named(ErrorClass, local_name(inner[0]))
    if error_class is None:
        fail(inner[0], "no class of errors has this name")
    errors = ERRORS_OF_CLASS.get(error_class)
    text = (style.get(inner[0]) or "").strip()
    value = parse_label(style, errors, inner[0], text, 1) if errors else style.parse_number(inner[0], text, 1, signed=False)
    return service, int(error_class), value
