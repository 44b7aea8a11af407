"""A figure of this machine: what was measured without anybody to compare with."""

from __future__ import annotations

from typing import Any

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One thing that was measured."""

    name: str
    value: float
    unit: str

    def to_json(self) -> dict[str, Any]:
        """As a line of ``dlmskit bench --json``: nobody is compared with, and the note is the unit."""
        return {
            **dict.fromkeys(("name", "peer", "ours", "theirs", "ratio", "bar")),
            "name": self.name,
            "ours": self.value,
            "note": self.unit,
        }
