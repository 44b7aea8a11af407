"""Files that a page of the docs prints under their names: tested as they are printed, in a process of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def passed(page: Path, names: list[str], folder: Path) -> str:
    """Write the files into the folder, run the last one with pytest, and return what that printed; it must have passed."""
    listings = re.findall(r"```python\n# (\S+\.py)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert [name for name, _ in listings] == names
    for name, text in listings:
        (folder / name).write_text(text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
        "-W",
        "error",
        "--rootdir",
        ".",
    ]
    run = subprocess.run([*command, names[-1]], cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
