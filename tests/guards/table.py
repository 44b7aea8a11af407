"""The guards of the robustness cases: which few lines of the source make each, and what is put in their place to take it out.

The tables are the TOML files beside this one, one for each group of cases. ``python -m scripts.guards`` takes the guards out,
one at a time, and looks whether the tests of their cases turn red; ``tests/test_guards.py`` holds that the tables are whole.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "dlmskit"
TABLES = Path(__file__).parent

_MARKER = re.compile(r"mark\.case\(([^)]*)\)")
_CASE = re.compile(r"R-\d{3}")
_WORDS = {"id", "cases", "protects", "file", "text", "instead", "also"}


class GuardTableError(Exception):
    """A table that cannot be used: what is wrong, in which file, at which guard."""


@dataclass(frozen=True, slots=True)
class Patch:
    """One place in the source, and what stands there without the guard."""

    file: str
    """Below ``src/dlmskit``."""
    text: str
    instead: str

    def applied(self, source: Path = SOURCE) -> str:
        """The file without the guard. Raises `GuardTableError` where the text does not stand there exactly once."""
        try:
            content = (source / self.file).read_text(encoding="utf-8")
        except OSError as error:
            raise GuardTableError(f"{self.file}: {error.strerror}") from error
        found = content.count(self.text)
        if found != 1:
            first = self.text.strip().partition("\n")[0]
            raise GuardTableError(f"{self.file}: the text of the guard stands there {found} times, not once: {first}")
        return content.replace(self.text, self.instead)


@dataclass(frozen=True, slots=True)
class Guard:
    """What protects, and how it is taken out."""

    id: str
    cases: tuple[str, ...]
    """Each of these has a test that turns red without the guard."""
    protects: str
    patches: tuple[Patch, ...]
    """Several where one stands behind the other: only without all of them the case is open."""

    def take_out(self, source: Path) -> None:
        """Take it out of the copy at ``source``, one place after the other. Raises `GuardTableError`."""
        for patch in self.patches:
            (source / patch.file).write_text(patch.applied(source), encoding="utf-8")

    def check(self) -> None:
        """That it can be taken out. Raises `GuardTableError`."""
        for patch in self.patches:
            patch.applied()


@dataclass(frozen=True, slots=True)
class Guards:
    """All tables together."""

    guards: tuple[Guard, ...]
    without: Mapping[str, str]
    """Cases that have tests and no guard in the tables, each with the reason."""

    def of(self, cases: set[str]) -> list[Guard]:
        """The guards of these cases; of all where none is named."""
        return [guard for guard in self.guards if not cases or cases.intersection(guard.cases)]


def load_guards(folder: Path = TABLES) -> Guards:
    """Read the tables. Raises `GuardTableError`: a word that is none, one missing, an id that stands twice."""
    guards: dict[str, Guard] = {}
    without: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        without.update(document.get("without", {}))
        for entry in document.get("guard", []):
            guard = _guard(path.name, entry)
            if guard.id in guards:
                raise GuardTableError(f"{path.name}: the guard {guard.id} stands twice")
            guards[guard.id] = guard
    return Guards(tuple(guards.values()), without)


def _guard(file: str, entry: dict[str, Any]) -> Guard:
    name = f"{file}: the guard {entry.get('id', 'without an id')}"
    unknown = sorted(entry.keys() - _WORDS)
    if unknown:
        raise GuardTableError(f"{name} has words that are none: {', '.join(unknown)}")
    try:
        patches = tuple(Patch(one["file"], one["text"], one["instead"]) for one in (entry, *entry.get("also", [])))
        return Guard(entry["id"], tuple(entry["cases"]), entry["protects"], patches)
    except KeyError as error:
        raise GuardTableError(f"{name} has no {error.args[0]!r}") from error


def cases_with_tests() -> set[str]:
    """The cases that tests name in a marker, by the text of the tests: it takes a moment, collecting them takes many."""
    return {case for text in _tests().values() for marker in _MARKER.finditer(text) for case in _CASE.findall(marker[1])}


def files_of(cases: set[str]) -> list[str]:
    """The files of tests in which one of these cases is named: the tests that hold it are in them."""
    return [file for file, text in _tests().items() if cases.intersection(_CASE.findall(text))]


@cache
def _tests() -> dict[str, str]:
    paths = sorted((ROOT / "tests").rglob("test_*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}
