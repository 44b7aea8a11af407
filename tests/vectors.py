"""Loads the vectors and captures of ``tests/data``; ``tests/data/README.md`` says where each comes from.

Entries are shared between tests: read them, never change them.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parent / "data"

CAPTURES = tuple(sorted(path.stem for path in (DATA / "captures").glob("*.json")))
"""Names of the capture files, one per meter maker, and ``sessions``."""


@cache
def document(name: str) -> Any:
    """The whole file ``tests/data/<name>.json`` as it stands; a name may hold a folder, as in ``wycheproof/aes_gcm``."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def load(name: str, section: str | None = None, /, **having: Any) -> list[dict[str, Any]]:
    """The entries of one file, or of one section where the file has sections (``hdlc``, ``wrapper``, ``push-layouts``).

    Keyword arguments keep the entries that have these values: ``load("security", kind="aes_gcm")``.
    """
    entries = document(name) if section is None else document(name)[section]
    if not isinstance(entries, list):
        raise TypeError(f"{name} has the sections {', '.join(entries)}: name one")
    return [entry for entry in entries if all(entry.get(key) == value for key, value in having.items())]


def captures(*names: str, **having: Any) -> list[dict[str, Any]]:
    """Telegrams and sessions of real meters: of the named files, or of all."""
    return [entry for name in names or CAPTURES for entry in load(f"captures/{name}", **having)]


def wycheproof(name: str) -> list[dict[str, Any]]:
    """The tests of one Wycheproof file, each with the settings of its group beside its own fields."""
    groups = document(f"wycheproof/{name}")["testGroups"]
    return [
        {**{key: value for key, value in group.items() if key != "tests"}, **test} for group in groups for test in group["tests"]
    ]


def entry_id(entry: dict[str, Any]) -> str:
    """What names the entry within its file."""
    return str(entry.get("name") or entry.get("id") or entry.get("tcId"))


def parameters(entries: list[dict[str, Any]]) -> list[Any]:
    """The entries for ``pytest.mark.parametrize``, each under its own name."""
    return [pytest.param(entry, id=entry_id(entry)) for entry in entries]
