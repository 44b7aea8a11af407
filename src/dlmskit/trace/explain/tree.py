"""An APDU as a tree of names, octets and meanings, from the walk over its declaration; and the same as an object for JSON.

Names are the standard's. Secrets that an APDU carries (password, challenge, dedicated key) are counted, not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec

from dlmskit.apdu import (
    Apdu,
    ConfirmedServiceError,
    CosemAttributeDescriptor,
    CosemMethodDescriptor,
    last_arc,
)
from dlmskit.codec.ber import AUTHENTICATION_CHOICES, AuthenticationValue, Diagnostic
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.codec.tree import to_tree
from dlmskit.codec.wire import fields_of, wire_of
from dlmskit.cosem.catalog import describe
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.registry import interface_classes
from dlmskit.errors import DlmsError
from dlmskit.trace.explain.model import Node
from dlmskit.trace.naming.value import friendly, unit_symbol
from dlmskit.types.conformance import Conformance
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import ApplicationContext, Mechanism, confirmed_service_error_label, label_of
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

SECRET_FIELDS = frozenset({"dedicated_key"})
SECRET_NAMES = frozenset({"dedicated-key", *AUTHENTICATION_CHOICES.values()})
_TITLES = frozenset(
    {
        "system_title",
        "called_ap_title",
        "calling_ap_title",
        "responding_ap_title",
        "originator_system_title",
        "recipient_system_title",
    }
)
_LIST_SHOWN = 4096
"""Most elements of one list that the tree holds; the JSON form has them all."""


def standard_name(field: str) -> str:
    """``block_number_ack`` as ``block-number-ack``."""
    return field.replace("_", "-")


def apdu_name(apdu: Apdu) -> str:
    """The standard name of an APDU: of the alternative where there is one."""
    return apdu.alternative_name or apdu.service_name


def tree_of(apdu: Apdu, inner: Mapping[str, Node] | None = None) -> Node:
    """The tree of an APDU. ``inner`` holds trees for fields that carry an APDU of their own (user-information, ...)."""
    meaning = ""
    if isinstance(apdu, ConfirmedServiceError):
        meaning = confirmed_service_error_label(apdu.service, apdu.error_class, apdu.value)
    return Node(apdu_name(apdu), "", meaning, _children(apdu, inner or {}))


def _children(value: Any, inner: Mapping[str, Node]) -> tuple[Node, ...]:
    if isinstance(value, CosemAttributeDescriptor | CosemMethodDescriptor):
        return _descriptor(value)
    nodes = []
    for field, hint in fields_of(type(value)).items():
        content = getattr(value, field)
        if content is None:
            continue
        name, carried = standard_name(field), inner.get(field)
        if carried is not None and carried.name == name:
            nodes.append(carried)
            continue
        node = _node(name, field, wire_of(hint), content, inner)
        nodes.append(node if carried is None else Node(node.name, "", node.meaning, (carried,)))
    return tuple(nodes)


def _node(name: str, field: str, word: Any, value: Any, inner: Mapping[str, Node]) -> Node:
    if isinstance(value, Data):
        return data_node(value, name)
    if isinstance(value, AuthenticationValue):
        return Node(name, f"<{len(value.octets)} octets>", "not shown: a password or a challenge")
    if isinstance(value, Diagnostic):
        source = "acse-service-provider" if value.provider else "acse-service-user"
        return Node(name, str(value.value), f"{source}: {value}")
    if isinstance(value, tuple):
        shown = tuple(_node(_kind(item), "", _inner_word(word), item, {}) for item in value[:_LIST_SHOWN])
        return Node(name, "", f"{len(value)} elements", shown)
    if isinstance(value, msgspec.Struct):
        return Node(name, "", "", _children(value, inner))
    return Node(name, _shown(field, value), _meaning(field, word, value))


def _kind(item: Any) -> str:
    if isinstance(item, Data):
        return "data"
    if isinstance(item, msgspec.Struct):
        return "-".join(_words(type(item).__name__)).lower()
    return "result"


def _words(name: str) -> list[str]:
    starts = [index for index, letter in enumerate(name) if letter.isupper()] + [len(name)]
    return [name[a:b] for a, b in pairwise(starts)]


def _inner_word(word: Any) -> Any:
    inner = getattr(word, "inner", None)
    return wire_of(inner) if inner is not None else word


def shown_octets(octets: bytes) -> str:
    """Octets for one line of the tree: long ones are cut."""
    return octets.hex().upper() if len(octets) <= 64 else f"{octets[:64].hex().upper()}... ({len(octets)} octets)"


def _shown(field: str, value: Any) -> str:
    if isinstance(value, bytes):
        if field in SECRET_FIELDS:
            return f"<{len(value)} octets>"
        return shown_octets(value)
    if isinstance(value, bool):
        return str(value).lower()
    if field in ("proposed_conformance", "negotiated_conformance"):
        return f"{value:06X}"
    return str(value)


def _meaning(field: str, word: Any, value: Any) -> str:
    if isinstance(value, bytes) and (known := _acse_meaning(field, value)):
        return known
    labels = getattr(word, "labels", None)
    if labels is Conformance:
        return ", ".join(Conformance(value).labels)
    if labels is not None and isinstance(value, int):
        return label_of(labels, value)
    if field == "invoke_id_and_priority":
        return f"invoke-id {value & 0x0F}, {_class_and_priority(value, 6)}"
    if field == "long_invoke_id_and_priority":
        return f"invoke-id {value & 0xFFFFFF}, {_class_and_priority(value, 30)}"
    if field in _TITLES and len(value) == 8:
        flag = SystemTitle(value).manufacturer
        return f"manufacturer {flag}" if flag else ""
    if field in ("date_time", "time") and len(value) in {0, 12}:
        return str(CosemDateTime(value)) if value else "not given"
    return _block_meaning(field, value)


def _acse_meaning(field: str, value: bytes) -> str:
    if field == "application_context_name" and (number := last_arc(value, 1)) is not None:
        return label_of(ApplicationContext, number)
    if field == "mechanism_name" and (number := last_arc(value, 2)) is not None:
        return label_of(Mechanism, number)
    return ""


def _block_meaning(field: str, value: Any) -> str:
    if field == "block_control":
        words = [f"window {value & 0x3F}" if value & 0x3F else "unconfirmed"]
        words += ["last block"] * bool(value & 0x80) + ["streaming"] * bool(value & 0x40)
        return ", ".join(words)
    return ""


def _class_and_priority(value: int, bit: int) -> str:
    confirmed = "confirmed" if value >> bit & 1 else "unconfirmed"
    return f"{confirmed}, {'high' if value >> bit + 1 & 1 else 'normal'} priority"


# --- descriptors -----------------------------------------------------------------------------------------------------


@cache
def _newest() -> dict[int, type[InterfaceClass]]:
    """The newest declared version of each interface class; the registry is in order of versions."""
    return {class_id: declared for (class_id, _), declared in interface_classes().items()}


def class_name(class_id: int) -> str:
    """Blue Book name of an interface class; empty where it is not declared."""
    declared = _newest().get(class_id)
    return declared.name if declared else ""


def member_name(class_id: int, number: int, *, method: bool = False) -> str:
    """Blue Book name of an attribute or method; empty where it is not declared."""
    if number == 0 and not method:
        return "all attributes"
    declared = _newest().get(class_id)
    try:
        return "" if declared is None else (declared.method(number) if method else declared.attribute(number)).name
    except DlmsError:
        return ""


def _descriptor(value: CosemAttributeDescriptor | CosemMethodDescriptor) -> tuple[Node, ...]:
    obis = Obis(value.instance_id)
    is_method = isinstance(value, CosemMethodDescriptor)
    number = value.method_id if isinstance(value, CosemMethodDescriptor) else value.attribute_id
    return (
        Node("class-id", str(value.class_id), class_name(value.class_id)),
        Node("instance-id", str(obis), describe(obis, value.class_id)),
        Node("method-id" if is_method else "attribute-id", str(number), member_name(value.class_id, number, method=is_method)),
    )


# --- COSEM data ------------------------------------------------------------------------------------------------------


def data_node(data: Data, name: str = "data") -> Node:
    """The tree of a COSEM data: types by name, octet strings by what they most likely hold."""
    kind = data.type.name
    if data.tag in (Tag.ARRAY, Tag.STRUCTURE, Tag.COMPACT_ARRAY):
        parts = data.elements()
        children = tuple(data_node(part, "") for part in parts[:_LIST_SHOWN])
        meaning = f"{len(parts)} elements" + (f", {_LIST_SHOWN} shown" if len(parts) > _LIST_SHOWN else "")
        if data.tag == Tag.STRUCTURE and len(parts) == 2 and (parts[0].tag, parts[1].tag) == (Tag.INTEGER, Tag.ENUM):
            meaning = f"scaler {parts[0].value}, unit {unit_symbol(parts[1].value) or 'none'}"
        return Node(f"{name} {kind}".strip(), "", meaning, children)
    raw = data.value
    meant = friendly(raw)
    value = raw.hex().upper() if isinstance(raw, bytes) else str(raw)
    meaning = ""
    if isinstance(meant, Obis):
        meaning = f"{meant} {describe(meant)}"
    elif meant is not raw:
        meaning = str(meant)
    return Node(f"{name} {kind}".strip(), value, meaning)


# --- JSON ------------------------------------------------------------------------------------------------------------


def json_of(apdu: Apdu) -> Any:
    """The APDU under its standard names, as `dlmskit.codec.tree` has it, without the secrets it carries."""
    return _without_secrets(to_tree(apdu))


def _without_secrets(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: f"<{len(content) // 2} octets>" if name in SECRET_NAMES and isinstance(content, str) else _without_secrets(content)
        for name, content in value.items()
    }
