"""watch, record and replay as they are typed: real sockets, a pseudo-terminal, a simulated meter behind."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dlmskit.client.counters import STATE_VARIABLE
from dlmskit.link.hdlc.frame import decode_frame
from dlmskit.trace.exchange import read_exchange
from dlmskit.trace.intake import read_input
from tests.apps.cli.conftest import Run
from tests.client.small_meter import GAK, GUEK, PASSWORD
from tests.vectors import load

ENERGY, COUNTER = "1.0.1.8.0.255", "0.0.43.1.0.255"


@contextmanager
def running(tmp_path: Path, *words: object) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A command with ``--json`` in a process of its own, and its first line."""
    command = [sys.executable, "-c", "from dlmskit.apps.cli import main; main()", *map(str, words), "--json"]
    environment = {**os.environ, STATE_VARIABLE: str(tmp_path / "other")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def stopped(process: subprocess.Popen[str]) -> list[Any]:
    """Stop it as Ctrl-C does; the rest of its lines."""
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    lines = [json.loads(line) for line in process.stdout.read().splitlines()]
    process.wait(20)
    return lines


def test_a_ciphered_exchange_is_explained_as_it_passes(run: Run, url: str, keys: Path, tmp_path: Path) -> None:
    with running(tmp_path, "watch", "tcp://127.0.0.1:0", "--to", url, "--keys", keys) as (process, ready):
        assert run("read", f"{ready['watching']}?client=1", ENERGY, "--keys", keys).code == 0
        lines = stopped(process)
    assert lines[0]["name"] == "aarq"
    assert {line["direction"] for line in lines} == {"c2s", "s2c"}
    answers = [line for line in lines if line["name"] == "get-response-normal" and line["values"]]
    assert any(value["obis"] == ENERGY for line in answers for value in line["values"])
    assert {layer["verdict"] for line in answers for layer in line["security"]} == {"verified"}


def test_a_serial_line_is_explained(tmp_path: Path) -> None:
    frame = next(
        bytes.fromhex(vector["hex"])
        for vector in load("hdlc", "frames")
        if decode_frame(bytes.fromhex(vector["hex"])).information[3:5] == b"\xc0\x01"
    )
    controller, device = pty.openpty()
    try:
        with running(tmp_path, "watch", os.ttyname(device), "--baud", 9600, "--count", 1) as (process, ready):
            assert ready["watching"] == os.ttyname(device)
            os.write(controller, b"\x00\xff" + frame[:9])
            os.write(controller, frame[9:])
            assert process.stdout is not None
            line = json.loads(process.stdout.readline())
            assert process.wait(20) == 0
    finally:
        os.close(controller)
        os.close(device)
    assert line["name"] == "get-request-normal"
    assert line["direction"] == "c2s"


def test_record_as_a_relay_and_replay_both_ways(run: Run, url: str, tmp_path: Path) -> None:
    log, capture = tmp_path / "exchange.jsonl", tmp_path / "exchange.pcapng"
    with running(tmp_path, "record", log, "tcp://127.0.0.1:0", "--to", url, "--pcap", capture) as (process, ready):
        first = run("read", f"{ready['listening']}?client=16", COUNTER, "--json")
        assert first.code == 0, first
        (ended,) = stopped(process)
    assert ended["apdus"] == len(read_exchange(log).events) > 3
    assert b"".join(chunk.octets for chunk in read_input(capture))
    first_line = run("decode", capture, "--json").out.splitlines()[0]
    assert json.loads(first_line)["apdu"]["name"] == "aarq"
    with running(tmp_path, "replay", log, "--listen", "tcp://127.0.0.1:0") as (process, ready):
        again = run("read", f"{ready['listening']}?client=16", COUNTER, "--json")
        assert again.json == first.json
        assert stopped(process) == [{"differences": []}]
        assert process.returncode == 0
    against = run("replay", log, url)
    assert (against.code, against.out.strip()) == (0, "no difference")


def test_differences_are_shown(run: Run, url: str, tmp_path: Path) -> None:
    log = tmp_path / "exchange.jsonl"
    assert run("read", f"{url}?client=16", COUNTER, "--record", log).code == 0
    lines = log.read_text().splitlines()
    event = next(index for index, line in enumerate(lines) if '"apdu": "C401' in line)
    changed = json.loads(lines[event])
    changed["apdu"] = changed["apdu"][:-2] + "55"
    log.write_text("\n".join([*lines[:event], json.dumps(changed), *lines[event + 1 :]]))
    result = run("replay", log, url, "--json")
    assert result.code == 1
    (difference,) = result.json["differences"]
    assert difference["what"] == "answer"
    assert difference["fields"]


@pytest.mark.case("R-112")
def test_a_record_of_a_client_call_holds_no_password_and_no_key(run: Run, url: str, keys: Path, tmp_path: Path) -> None:
    log, capture = tmp_path / "exchange.jsonl", tmp_path / "exchange.pcap"
    words = (f"{url}?client=32&mechanism=lls&allow_weak=yes", ENERGY, "--keys", keys)
    assert run("read", *words, "--record", log, "--pcap", capture).code in {0, 1}
    written = log.read_text() + capture.read_bytes().hex().upper()
    for secret in (PASSWORD.encode().hex().upper(), GUEK.upper(), GAK.upper()):
        assert secret not in written


def test_a_ciphered_record_cannot_be_played_again(run: Run, url: str, keys: Path, tmp_path: Path) -> None:
    log = tmp_path / "exchange.jsonl"
    assert run("read", f"{url}?client=1", ENERGY, "--keys", keys, "--record", log).code == 0
    assert run("replay", log, f"{url}?timeout=1").code in {1, 2}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("watch", "tcp://127.0.0.1:0"), "--to tcp://host:port"),
        (("watch", "/dev/nothing-there"), "cannot be opened"),
        (("replay", "nothing.jsonl", "tcp://127.0.0.1:1"), "cannot be read"),
        (("replay", __file__, "tcp://127.0.0.1:1"), "no record of an exchange"),
        (("replay", __file__), "--listen"),
        (("record", __file__, "tcp://127.0.0.1:0", "--to", "tcp://127.0.0.1:1"), "never written over"),
    ],
)
def test_what_cannot_be_done_says_why(run: Run, words: tuple[str, ...], says: str) -> None:
    result = run(*words)
    assert result.code in {2, 3}
    assert says in result.err
