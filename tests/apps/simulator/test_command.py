"""``dlmskit simulate`` as people and scripts run it: a process that says when it is ready, and stops when it is told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import dlmskit

HOUSEHOLD = Path(__file__).parents[3] / "examples" / "household.toml"
KEYS = dlmskit.KeySet.from_hex(guek=bytes(range(16)).hex(), gak=bytes(range(0xD0, 0xE0)).hex())
ENERGY = "1.0.1.8.0.255"


def command(*words: object) -> list[str]:
    return [sys.executable, "-c", "from dlmskit.apps.cli import main; main()", "simulate", *map(str, words)]


@contextmanager
def simulating(*words: object) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The command with ``--json`` on a free port; its ready line."""
    process = subprocess.Popen(command(HOUSEHOLD, "--port", 0, "--json", *words), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


async def test_ready_line_read_and_stop() -> None:
    with simulating() as (process, ready):
        assert ready["ready"] is True
        assert [client["name"] for client in ready["clients"]] == ["public", "reader", "management"]
        async with dlmskit.connect(f"{ready['url']}?client=1", keys=ready["key_file"], counters="memory") as meter:
            assert await meter.read(ENERGY) > 1_000_000
            assert len(await meter.objects()) > 20
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert not os.path.exists(ready["key_file"])  # noqa: ASYNC240, PTH110 - nothing waits for it


async def test_at_another_address() -> None:
    with simulating("--listen", "udp://127.0.0.1:0") as (_, ready):
        assert ready["url"] == f"udp://127.0.0.1:{ready['port']}"
        async with dlmskit.connect(f"{ready['url']}?client=16") as meter:
            assert await meter.read("0.0.42.0.0.255") == b"LAB0000000000001"


async def test_over_udp() -> None:
    with simulating("--udp") as (_, ready):
        assert ready["url"].startswith("udp://")
        async with dlmskit.connect(f"{ready['url']}?client=16") as meter:
            assert await meter.read("0.0.42.0.0.255") == b"LAB0000000000001"


@pytest.mark.case("R-118")
async def test_sigterm_in_the_middle_of_work_ends_well(tmp_path: Path) -> None:
    """What was answered is kept, the counters are exact, and the next start goes on where this one ended."""
    written = ""
    for number in range(3):
        with simulating("--state", tmp_path) as (process, ready):
            url = f"{ready['url']}?client=1"
            async with dlmskit.connect(url, keys=KEYS, counters="memory") as meter:
                if written:
                    assert await meter.read("0.0.96.1.1.255") == written.encode()
            stopping = asyncio.get_running_loop().call_later(0.3, process.send_signal, signal.SIGTERM)
            with pytest.raises((dlmskit.TransportError, dlmskit.ProtocolError)):
                async with dlmskit.connect(url, keys=KEYS, counters="memory") as meter:
                    while True:
                        attempt = f"{number} {written}"[:16]
                        await meter.write("0.0.96.1.1.255", "value", dlmskit.Data.octet_string(attempt.encode()))
                        written = attempt
            stopping.cancel()
            assert await asyncio.to_thread(process.wait, 10) == 0


@pytest.mark.case("R-117")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nowhere.toml"], 2, "nowhere.toml cannot be read"),
        ([HOUSEHOLD, "--port", "99999"], 2, "--port"),
        ([HOUSEHOLD, "--state", "/dev/null/state", "--port", 0], 2, "cannot be made"),
    ],
)
def test_what_cannot_start_says_why(words: list[object], code: int, said: str) -> None:
    done = subprocess.run(command(*words), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.case("R-117")
def test_a_port_in_use_is_a_transport_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(command(HOUSEHOLD, "--port", port), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 3
    assert f"cannot listen at 127.0.0.1:{port}" in done.stderr


def test_the_screen_says_how_to_read_it(tmp_path: Path) -> None:
    words = command(HOUSEHOLD, "--port", 0, "--state", tmp_path)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        screen = ""
        while "Ctrl-C" not in screen:
            screen += process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        screen += process.stdout.read()
        assert process.wait(10) == 0
    assert "LAB0000000000001 is ready at tcp://127.0.0.1:" in screen
    assert f"--keys {tmp_path / 'meter.keys'}" in screen.replace("\n", " ")
    assert "Stopped; the counters are put away." in screen
    assert "D0D1D2" not in screen
