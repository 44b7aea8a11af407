"""``dlmskit push listen`` as scripts run it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from dlmskit.client.counters import STATE_VARIABLE
from dlmskit.codec.data import Data
from dlmskit.link.wrapper import encode_wrapper
from tests.apps.cli.conftest import Run
from tests.trace.listening.test_listener import Meter, secrets, title


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def key_file(folder: Path) -> Path:
    file = folder / "meters.keys"
    words = "\n".join(f'{name} = "{value}"' for name, value in secrets(1).items())
    file.write_text(f'storage = "plain"\n[keys.{title(1)}]\n{words}\n')
    file.chmod(0o600)
    return file


def test_one_json_line_for_each_push(tmp_path: Path) -> None:
    port = free_port()
    words = ["push", "listen", f"udp://127.0.0.1:{port}", "--keys", str(key_file(tmp_path)), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from dlmskit.apps.cli import main; main()", *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, STATE_VARIABLE: str(tmp_path / "state")},
    )
    assert process.stdout is not None
    try:
        meter, stranger = Meter(1), Meter(9)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0.2)
            line = ""
            os.set_blocking(process.stdout.fileno(), False)
            while not line:  # until it listens
                sender.sendto(encode_wrapper(1, 1, meter.push()), ("127.0.0.1", port))
                try:
                    sender.recv(1)
                except OSError:
                    line = process.stdout.readline()
            os.set_blocking(process.stdout.fileno(), True)
            sender.sendto(encode_wrapper(1, 1, stranger.push()), ("127.0.0.1", port))
            first, marked = json.loads(line), json.loads(process.stdout.readline())
            while marked["trusted"]:
                marked = json.loads(process.stdout.readline())
        assert (first["trusted"], first["system_title"], first["values"][1]["value"]) == (True, str(title(1)), 55)
        assert (marked["trusted"], marked["reason"]) == (False, "missing-key")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_where_nobody_can_listen(run: Run) -> None:
    result = run("push", "listen", "mqtt://127.0.0.1:1")
    assert result.code == 2
    assert "tcp://host:4059" in result.err


def test_a_file_name_is_no_markup_and_nothing_that_a_terminal_obeys(run: Run, tmp_path: Path) -> None:
    """Whoever may put files there names them: a name neither paints nor writes to the terminal."""
    (tmp_path / "a[red]\x1b[2J").write_bytes(Meter(1).plain(body=Data.visible_string("\x1b[2J")))
    result = run("push", "listen", f"folder://{tmp_path}", "--count", "1")
    assert result.code == 0
    assert "from a[red]\\x1b[2J," in result.out
    assert "\x1b" not in result.out
