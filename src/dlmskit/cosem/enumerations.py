"""Numbers of enumerations that have no meaning in a class, wherever they stand in a value.

A type takes every number of an enum, since a reader must; a class has those that its table names (Blue Book, class tables).
"""

from __future__ import annotations

from collections.abc import Iterator

from dlmskit.codec.containers import Array, Choice, Structure
from dlmskit.codec.data import Data
from dlmskit.codec.kinds import Enumeration, Kind


def is_labelled(kind: Kind) -> bool:
    """Whether a type has an enumeration with labels in it."""
    if isinstance(kind, Enumeration):
        return bool(kind.labels)
    if isinstance(kind, Array):
        return is_labelled(kind.member)
    if isinstance(kind, Structure | Choice):
        return any(map(is_labelled, kind.members.values() if isinstance(kind, Structure) else kind.alternatives))
    return False


def unlabelled(kind: Kind, data: Data, name: str = "") -> Iterator[tuple[str, int]]:
    """Each number without a label, with the member of the structure that it stands in. The type of ``data`` was checked."""
    if isinstance(kind, Enumeration):
        if kind.labels and data.value not in kind.labels:
            yield name, data.value
    elif isinstance(kind, Array):
        for element in data.elements() if is_labelled(kind.member) else ():
            yield from unlabelled(kind.member, element, name)
    elif isinstance(kind, Structure):
        for (member_name, member), element in zip(kind.members.items(), data.elements(), strict=True):
            yield from unlabelled(member, element, member_name)
    elif isinstance(kind, Choice):
        # Several alternatives may be of this type: the one with the fewest strangers is meant.
        found = [list(unlabelled(one, data, name)) for one in kind.alternatives if one.matches(data)]
        yield from min(found, key=len, default=[])
