"""What OBIS codes mean (IEC 62056-6-1): descriptions and default interface classes, from tables kept as data.

Units and scalers are not guessed from codes: they are read from the object.
"""

from __future__ import annotations

from functools import lru_cache

from dlmskit.cosem.catalog.groups import classes_by_groups, describe_by_groups, details
from dlmskit.cosem.catalog.objects import find
from dlmskit.types.obis import Obis

__all__ = ["class_for", "classes_for", "describe"]


@lru_cache(maxsize=4096)
def describe(obis: Obis, class_id: int | None = None) -> str:
    """What a code stands for, in words for a utility engineer: ``Active energy import (+A), total``.

    A code that the tables do not name is described as far as its value groups tell.

    Args:
        obis: the code.
        class_id: the interface class of the object, where known; it decides between entries for one code.
    """
    entry = find(obis, class_id)
    if entry is None:
        return describe_by_groups(obis)
    return ", ".join((entry.render(obis), *details(obis, channel_is_named=entry.names_channel, billing=entry.has_periods)))


def classes_for(obis: Obis) -> tuple[int, ...]:
    """The interface classes that the standard allows for a code, the usual one first; empty where it is not known."""
    entry = find(obis)
    return classes_by_groups(obis) if entry is None else entry.classes


def class_for(obis: Obis) -> int | None:
    """The usual interface class of a code; None where it is not known."""
    classes = classes_for(obis)
    return classes[0] if classes else None
