"""The listings of CONTRIBUTING.md are true: they run as they are printed, in a process of their own."""

from __future__ import annotations

from pathlib import Path

from tests.listings import passed

CONTRIBUTING = Path(__file__).parent.parent / "CONTRIBUTING.md"


def test_the_first_interface_class(tmp_path: Path) -> None:
    assert "6 passed" in passed(CONTRIBUTING, ["valve.py", "test_valve.py"], tmp_path)
