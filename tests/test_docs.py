"""What the docs show is what happens: every command of a ``console`` block is run, every Python block, every meter in TOML.

A simulated meter stands behind ``tcp://127.0.0.1:4059`` of the pages. In what a command prints, ``...`` stands for anything
within a line, and alone on a line for any lines. Runs of spaces count as one: tables are as wide as their values.
"""

from __future__ import annotations

import os
import re
import runpy
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dlmskit.apps.cli import commands
from dlmskit.apps.simulator.description import parse_description
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.apps.simulator.serving import Served
from dlmskit.client.counters import STATE_VARIABLE
from dlmskit.client.key_file import PASSPHRASE
from dlmskit.client.tokens import LIBRARY, PIN
from tests.apps.cli.conftest import Run, run  # noqa: F401 - a fixture
from tests.apps.served import served_in_a_thread
from tests.softhsm import PIN as OPENS
from tests.softhsm import softhsm

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
METER = "tcp://127.0.0.1:4059"
COMMANDS = {path.stem.replace("_", "-") for path in Path(commands.__path__[0]).glob("[a-z]*")}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, *kinds: str) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(page, text[: one.start()].count("\n") + 1, one[1], one[2]) for one in found if one[1] in kinds]


def pages(*kinds: str) -> list[object]:
    """The pages that have such blocks, as parameters."""
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES if blocks(page, *kinds)]


@pytest.fixture(scope="module")
def meter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The household meter of the examples, served for the pages of this module."""
    with served_in_a_thread(ROOT / "examples" / "household.toml", tmp_path_factory.mktemp("meter")) as running:
        yield running


@pytest.fixture
def folder(meter: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples and the keys of the meter, as the pages have it."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    assert meter.key_file is not None
    shutil.copy2(meter.key_file, tmp_path / "meter.keys")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    monkeypatch.setenv(PASSPHRASE, "of the docs")
    monkeypatch.setenv(LIBRARY, softhsm())
    monkeypatch.setenv(PIN, OPENS.reveal().decode())
    return tmp_path


def pattern_of(lines: list[str]) -> re.Pattern[str]:
    """What a command must print, as an expression."""
    parts = []
    for line in lines:
        if line == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            words = [re.escape(" ".join(part.split())) for part in line.split("...")]
            parts.append(".*".join(words).replace(r"\ ", " +").replace(".* +", ".*").replace(" +.*", ".*") + r"\n")
    return re.compile("".join(parts))


@pytest.mark.parametrize("page", pages("console", "python"))
def test_what_a_page_shows_happens(page: Path, run: Run, folder: Path, meter: Served) -> None:  # noqa: F811
    """Commands and Python in the order of the page, in one folder."""
    for block in blocks(page, "console", "python"):
        if re.match(r"# \w+\.py\n", block.text):
            continue  # a file that is printed under its name: a test of its own runs it
        if block.kind == "python":
            run_python(block, folder, meter.url)
            continue
        assert block.text.startswith("$ dlmskit "), block
        for part in block.text.split("$ ")[1:]:
            command, *shown = part.rstrip("\n").split("\n")
            exit_code = int(shown.pop().removeprefix("exit code ")) if shown and shown[-1].startswith("exit code ") else 0
            result = run(*shlex.split(command.replace(METER, meter.url))[1:])
            printed = "".join(f"{' '.join(line.split())}\n" for line in (result.err + result.out).splitlines())
            assert pattern_of([line.strip() for line in shown]).fullmatch(printed), f"{block}: {command}\n{printed}"
            assert result.code == exit_code, f"{block}: {command}"


def run_python(block: Block, folder: Path, url: str) -> None:
    """As printed but for the port."""
    script = folder / "snippet.py"
    script.write_text(block.text.replace(METER, url))
    runpy.run_path(str(script), run_name="__main__")


def test_the_readme_reads_a_register_in_six_lines(folder: Path, meter: Served, capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = blocks(ROOT / "README.md", "python")
    assert len([line for line in block.text.splitlines() if line]) <= 6
    run_python(block, folder, meter.url)
    assert re.fullmatch(r"\d{5}\.\d+ kWh\n", capsys.readouterr().out)


def test_meters_of_the_docs_can_be_simulated() -> None:
    texts = [block.text for page in PAGES for block in blocks(page, "toml") if "[meter]" in block.text]
    assert texts
    for text in texts:
        meter = SimulatedMeter(parse_description(text))
        try:
            assert len(meter.device[1].tree) > 8
        finally:
            meter.close()


def test_commands_of_the_docs_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for line in [line for page in PAGES for block in blocks(page, "sh") for line in block.text.splitlines()]:
        if match := re.search(r"(?:^|\| )(dlmskit|make) ([a-z-]+)", line):
            assert match[2] in (COMMANDS if match[1] == "dlmskit" else targets), line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        assert os.fspath(page.relative_to(ROOT / "docs")) in navigation
