"""SoftHSM as a real part of tests: empty tokens of this process alone. A missing one fails the tests, it does not skip them.

The library reads its configuration once per process, so all modules share one folder, and each has a token of its own in it:
a process logs in to a token once.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

from dlmskit.security.keys import Secret

LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")
PIN = Secret.from_text("482915")
TOKENS = ("dlmskit", "associations", "key files", "meters")


@cache
def softhsm() -> str:
    """The library of SoftHSM, with all tokens made."""
    folder = Path(tempfile.mkdtemp(prefix="softhsm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    pins = ["--pin", PIN.reveal().decode(), "--so-pin", "918273"]
    for label in TOKENS:
        try:
            subprocess.run(
                ["softhsm2-util", "--init-token", "--free", "--label", label, *pins], check=True, capture_output=True
            )  # fmt: skip
        except FileNotFoundError:
            pytest.fail("SoftHSM is not installed: apt-get install softhsm2")
    found = [path for path in LIBRARIES if Path(path).exists()]
    assert found, f"softhsm2-util is there, its library is in none of {LIBRARIES}"
    return found[0]
