"""The reference pages say what the declarations say; `make docs` writes them anew."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scripts import class_pages


def test_the_reference_pages_are_those_of_the_declarations() -> None:
    command = [sys.executable, "-m", "scripts.reference", "--check"]
    run = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_class_is_in_one_chapter() -> None:
    for declared in class_pages.ours():
        assert sum(declared.class_id in chapter.class_ids for chapter in class_pages.CHAPTERS) == 1, declared
