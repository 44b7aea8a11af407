"""``dlmskit demo`` from the outside: it shows what it promises, without a terminal too."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from dlmskit.apps.demo.meters import real_telegram

CAPTURES = Path(__file__).parents[2] / "data" / "captures" / "landisgyr.json"


def test_it_runs_to_its_end_without_a_terminal() -> None:
    command = [sys.executable, "-c", "from dlmskit.apps.cli import main; main()", "demo"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for part in (
        "mechanism 5",
        "authenticated and encrypted",
        "LAB0000000000002",
        "Active energy import (+A), total",
        "given by the roof to the grid",
        "verdict verified",
        "4408736",
        "simulate examples/household.toml",
    ):
        assert part in done.stdout, part
    assert "█" in done.stdout
    assert "problem" not in done.stdout


def test_the_telegram_is_the_capture() -> None:
    captures = json.loads(CAPTURES.read_text(encoding="utf-8"))
    telegram = real_telegram()
    capture = next(one for one in captures if one["id"] == telegram["id"])
    assert telegram["hex"] == capture["hex"]
    assert telegram["source"] == capture["source"]
    assert (telegram["guek"], telegram["gak"]) == (capture["guek"], capture["ak"])
