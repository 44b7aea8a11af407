"""The listings of CONTRIBUTING.md are true: they run as they are printed, in a process of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

CONTRIBUTING = Path(__file__).parent.parent / "CONTRIBUTING.md"


def test_the_first_interface_class(tmp_path: Path) -> None:
    listings = re.findall(r"```python\n# (\S+\.py)\n(.*?)```", CONTRIBUTING.read_text(encoding="utf-8"), re.DOTALL)
    assert [name for name, _ in listings] == ["valve.py", "test_valve.py"]
    for name, text in listings:
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
        "--rootdir",
        ".",
        "test_valve.py",
    ]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "6 passed" in run.stdout
