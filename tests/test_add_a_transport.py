"""The listings of docs/how-to/add-a-transport.md are true: the suite runs, and the package is found by its entry point."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.listings import passed

PAGE = Path(__file__).parent.parent / "docs" / "how-to" / "add-a-transport.md"
READS = """
import asyncio
from dlmskit.testing.transport_suite import Obedient
from dlmskit.transport.url import listen_at, transport_from_url

async def main():
    listener = await listen_at("unixgram://{path}", lambda connection: Obedient(connection, []))
    async with transport_from_url("unixgram://{path}?client=2") as client:
        await client.send(b"saps")
        print((await client.receive()).hex())
    await listener.close()

asyncio.run(main())
"""


def test_a_transport_made_from_scratch(tmp_path: Path) -> None:
    assert "16 passed" in passed(PAGE, ["unix_datagrams.py", "test_unix_datagrams.py"], tmp_path)

    # What `pip install` makes of the table of the page.
    (table,) = re.findall(r'```toml\n\[project.entry-points."(\S+)"\]\n(.*?)```', PAGE.read_text(encoding="utf-8"), re.DOTALL)
    installed = tmp_path / "unix_datagrams-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: unix-datagrams\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(f"[{table[0]}]\n{table[1].replace(chr(34), '')}")
    script = READS.format(path=tmp_path / "meter")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "0201\n"), run.stderr
