"""``dlmskit simulate --web``: the URL on the screen, the words that are needed, and an end without remains."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from dlmskit.apps.simulator.page_address import PageAddress
from dlmskit.apps.simulator.serving import Serving, served
from dlmskit.errors import ConfigError, TransportError
from tests.apps.simulator.test_command import command, simulating
from tests.apps.simulator.web.visitor import Visitor

NAME = Path("electricity-1p")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
async def test_it_is_served_and_ends_with_the_meter(end: signal.Signals) -> None:
    with simulating("--web", "0") as (process, ready):
        visitor = Visitor(ready["web"])
        assert visitor.host == "127.0.0.1"
        assert (await visitor.api("GET", "/api/meters")).json["total"] == 1
        with closing(socket.create_connection((visitor.host, visitor.port))):  # somebody holds a connection open
            process.send_signal(end)
            assert process.wait(60) == 0
    with pytest.raises(OSError), closing(socket.create_connection((visitor.host, visitor.port))):
        pass


def test_without_the_word_nobody_else_reaches_it() -> None:
    ended = subprocess.run(command(NAME, "--port", 0, "--web", "0.0.0.0:0"), capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "--web-elsewhere" in ended.stderr


async def test_with_the_word_others_do() -> None:
    with simulating("--web", "0.0.0.0:0", "--web-elsewhere") as (_, ready):
        assert ready["web"].startswith("http://0.0.0.0:")
        visitor = Visitor(ready["web"].replace("0.0.0.0", "127.0.0.1"))
        assert (await visitor.ask("GET", "/")).status == 403
        assert (await visitor.enter()).status == 303


async def test_a_port_that_is_taken() -> None:
    async with served(NAME, Serving(port=0, page=PageAddress("127.0.0.1", 0))) as first:
        assert first.page is not None
        assert first.page.partition("?token=")[2] not in repr(first)
        port = Visitor(first.page).port
        with pytest.raises(TransportError, match=str(port)):
            async with served(NAME, Serving(port=0, page=PageAddress("127.0.0.1", port))):
                pass


async def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "granian.server.embed", None)
    with pytest.raises(ConfigError, match=r"dlmskit\[web\]"):
        async with served(NAME, Serving(port=0, page=PageAddress("127.0.0.1", 0))):
            pass


def test_the_command_line_does_not_wait_for_it() -> None:
    script = (
        "import sys, dlmskit.apps.cli.commands.simulate; print([m for m in ('fastapi', 'granian', 'jinja2') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
