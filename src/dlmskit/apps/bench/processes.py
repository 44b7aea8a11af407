"""Simulated meters in a process of their own, and what that process costs. Linux tells it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlmskit.errors import ConfigError

TICK = 1 / os.sysconf("SC_CLK_TCK")
"""Seconds that the processor time of another process is counted in."""
_SIMULATE = "from dlmskit.apps.cli import main; main()"


@contextmanager
def simulated(*words: str) -> Iterator[tuple[dict[str, Any], int]]:
    """``dlmskit simulate`` with these words: what it says when it is ready, and its process id. Raises ConfigError."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own command
        [sys.executable, "-c", _SIMULATE, "simulate", *words, "--port", "0", "--json"], stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise ConfigError("the meters of the benchmark did not start: see above")
            yield json.loads(line), process.pid
        finally:
            process.terminate()


def processor_seconds(process: int) -> float:
    """User and system time that a process has taken (proc(5))."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


def resident_octets(process: int) -> int:
    """Memory of a process that is in RAM (proc(5))."""
    return int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
