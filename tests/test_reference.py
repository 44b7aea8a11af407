"""The reference pages say what the declarations say; `make docs` writes them anew."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_reference_pages_are_those_of_the_declarations() -> None:
    command = [sys.executable, "scripts/reference.py", "--check"]
    run = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
