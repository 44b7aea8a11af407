"""Values as people type them: text fitted to a declared type, or to one that is named."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from dlmskit.codec.containers import Array, Structure
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.codec.kinds import Kind, MomentKind, Simple
from dlmskit.errors import EncodeError

NOW = "now"

_OCTETS = frozenset((Tag.OCTET_STRING,))


def value_from_text(text: str, kind: Kind | None, type_name: str | None = None) -> Any:
    """A value for ``Meter.write`` and ``Meter.call``. Raises EncodeError for text that does not fit.

    JSON is read as such, everything else is text; octets are hexadecimal, times ISO 8601 or ``now``.
    """
    try:
        typed = json.loads(text)
    except ValueError:
        typed = text
    if type_name is not None:
        return Data.of(type_name, _octets(text) if type_name == "octet-string" else typed)
    if isinstance(kind, Simple) and kind.tag in TEXTS:
        typed = text
    return fitted(typed, kind)


def fitted(value: Any, kind: Kind | None) -> Any:
    """The Python value that a kind wants in place of what JSON can say."""
    if isinstance(kind, Structure):
        members = list(kind.members.values())
        if isinstance(value, Mapping):
            return {name: fitted(item, kind.members.get(name)) for name, item in value.items()}
        if isinstance(value, list) and len(value) == len(members):
            return tuple(fitted(item, member) for item, member in zip(value, members, strict=True))
    elif isinstance(kind, Array) and isinstance(value, list):
        return [fitted(item, kind.member) for item in value]
    elif isinstance(value, str) and isinstance(kind, MomentKind):
        return _moment(value, kind)
    elif isinstance(value, str) and type(kind) is Simple and kind.tag in _OCTETS:
        return _octets(value)
    return value


TEXTS = frozenset((Tag.OCTET_STRING, Tag.VISIBLE_STRING, Tag.UTF8_STRING, Tag.BIT_STRING))
"""Types whose values are written as they are typed, without a look at JSON."""


def _octets(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise EncodeError(f"octets are written as hexadecimal digits, not {text!r:.40}") from None


def _moment(text: str, kind: MomentKind) -> Any:
    now = dt.datetime.now().astimezone()
    present: dt.datetime | dt.date | dt.time = now
    if kind.own_tag != Tag.DATE_TIME:
        present = now.date() if kind.own_tag == Tag.DATE else now.timetz().replace(tzinfo=None)
    if text == NOW:
        return present
    try:
        return type(present).fromisoformat(text)
    except ValueError:
        raise EncodeError(f"{text!r:.40} is no time; write it as {present.isoformat()[:19]}, or now") from None
