"""Enumerations whose members serve as keys of tables on the path of every message."""

from __future__ import annotations

from enum import Enum


class IdentityEnum(Enum):
    """An enumeration hashed like any object. `Enum` hashes the name of the member in Python, which takes four times as long."""

    __hash__ = object.__hash__
