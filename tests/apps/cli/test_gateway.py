"""``dlmskit gateway`` as a process, between a client and a meter; and what it refuses to start with."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

import dlmskit
from tests.apps.cli.conftest import Run, run  # noqa: F401 - a fixture
from tests.client.small_meter import SmallMeter


def test_a_meter_is_read_through_it() -> None:
    meter = SmallMeter()
    with meter.listening_on_tcp() as url:
        words = ["gateway", "tcp://127.0.0.1:0", "--device", f"7/0x0102={url}", "--json"]
        command = [sys.executable, "-c", "from dlmskit.apps.cli import main; main()", *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                ready = json.loads(process.stdout.readline())
                with dlmskit.sync.connect(f"{ready['url']}?device=0x0102&network=7&client=16") as client:
                    assert client.read("0.0.43.1.0.255") == 0
                process.send_signal(signal.SIGTERM)
                assert process.wait(10) == 0
            finally:
                process.kill()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tcp://127.0.0.1:0", "--device", "1"], "write [NETWORK/]ADDRESS=URL"),
        (["tcp://127.0.0.1:0", "--device", "1="], "write [NETWORK/]ADDRESS=URL"),
        (["tcp://127.0.0.1:0", "--device", "x/1=tcp://h"], "and a number are expected"),
        (["tcp://127.0.0.1:0", "--device", "1=tcp://h", "--device", "1=tcp://i"], "given twice"),
        (["carrier://x", "--device", "1=tcp://h"], "scheme 'carrier' is not known"),
        (["tcp://127.0.0.1:0", "--device", "1=tcp://h", "--push-at", "udp://127.0.0.1:0"], "--push-at needs --push-to"),
    ],
)
def test_mistakes_are_told(run: Run, words: list[str], message: str) -> None:  # noqa: F811
    result = run("gateway", *words)
    assert result.code == 2
    assert message in " ".join(result.err.split())
