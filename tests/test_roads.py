"""docs/reference/roads.md names tests that exist, functions that exist, and every medium."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

from dlmskit.transport.schemes import BUILT_IN

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "reference" / "roads.md").read_text(encoding="utf-8")
STATES = {
    *("built", "built, no real modem met", "simulated", "not there"),
    *("sends", "reads mails out of a folder", "reads files out of a folder"),
}


def test_every_claim_names_a_test_that_exists() -> None:
    rows = [row.split("|")[1:-1] for row in TEXT.splitlines() if row.startswith("|") and row.count("|") == 6][2:]
    assert len(rows) > 15
    for row in rows:
        medium, _, client, server, shown = (cell.strip() for cell in row)
        assert {client, server} <= STATES, medium
        tests = re.findall(r"`(tests/\S+)`", shown)
        assert bool(tests) == (client != "not there"), medium
        for test in tests:
            assert (ROOT / test).is_file(), test


def test_what_is_not_confirmed_is_where_the_page_says() -> None:
    names = re.findall(r"^\|.*\| `(dlmskit\.\S+)` \|$", TEXT, re.MULTILINE)
    assert len(names) == 10
    for name in names:
        parts = name.split(".")
        depth = next(at for at in range(len(parts), 0, -1) if (ROOT / "src" / Path(*parts[:at])).with_suffix(".py").is_file())
        found = import_module(".".join(parts[:depth]))
        for part in parts[depth:]:
            found = getattr(found, part)


def test_every_medium_is_on_the_page() -> None:
    words = {"tcp": "TCP", "memory": "Narrow media", "hdlc": "HDLC", "mbus": "M-Bus", "g3": "G3-PLC", "mesh": "Radio mesh"}
    for entry in BUILT_IN:
        medium = entry.name.split("+", maxsplit=1)[0]
        assert words.get(medium, medium).lower() in TEXT.lower().replace("s-fsk", "sfsk"), entry.name
