"""Commands as they are typed, against a small meter on a real socket."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dlmskit.apps.cli import main
from dlmskit.client.counters import STATE_VARIABLE
from tests.client.small_meter import GAK, GUEK, PASSWORD, SmallMeter


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run ``dlmskit`` with these words; nothing of the user's own state is touched."""
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "140")

    def command(*words: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["dlmskit", *map(str, words)])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
        out, err = capfd.readouterr()
        return Result(code, out, err)

    return command


@pytest.fixture
def small_meter() -> SmallMeter:
    return SmallMeter()


@pytest.fixture
def url(small_meter: SmallMeter) -> Iterator[str]:
    with small_meter.listening_on_tcp() as url:
        yield url


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A plain key file of the small meter."""
    file = tmp_path / "meter.keys"
    secrets = f'guek = "{GUEK}"\ngak = "{GAK}"\nlls_password = "{PASSWORD}"\n'
    file.write_text(f'storage = "plain"\n[keys.default]\n{secrets}')
    file.chmod(0o600)
    return file
