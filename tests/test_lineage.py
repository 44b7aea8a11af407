"""A copy of a counter file is told from the file itself, in every way that people restore one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dlmskit.errors import ConfigError
from dlmskit.lineage import Lineage


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "counters"
    path.write_bytes(b"content")
    return path


def test_the_file_itself(file: Path) -> None:
    lineage = Lineage(file)
    assert not lineage.is_broken(None, 0), "a new one"
    lineage.mark(7)
    assert not lineage.is_broken(lineage.home, 7)
    assert not lineage.is_broken(lineage.home, 8), "killed before it was marked"
    assert lineage.marked == 7


def test_copied_over_the_file(file: Path) -> None:
    """As `cp` does it: the same file for the file system, with older content."""
    lineage = Lineage(file)
    lineage.mark(7)
    assert lineage.is_broken(lineage.home, 6)


@pytest.mark.parametrize("left_out", ["", "counters.mark", "counters.home"])
@pytest.mark.parametrize("copy", [shutil.copy, shutil.copy2])
def test_a_folder_that_was_restored(file: Path, tmp_path: Path, left_out: str, copy: Callable[[Path, Path], Path]) -> None:
    """With everything in it, times included, and files that may get the numbers of those before."""
    lineage = Lineage(file)
    lineage.mark(7)
    said = lineage.home
    assert lineage.home == said
    backup = tmp_path / "backup"
    backup.mkdir()
    for one in (file, tmp_path / "counters.mark", tmp_path / "counters.home"):
        if one.name != left_out:
            copy(one, backup / one.name)
        one.unlink()
    for one in backup.iterdir():
        copy(one, tmp_path / one.name)
    assert lineage.is_broken(said, 7)


def test_lost(file: Path) -> None:
    Lineage(file).mark(1)
    assert Lineage(file).is_broken(None, 0)


@pytest.mark.parametrize("spoil", [lambda mark: mark.write_bytes(b"no number"), lambda mark: mark.unlink()])
def test_a_mark_that_says_nothing(file: Path, spoil: Callable[[Path], None]) -> None:
    lineage = Lineage(file)
    lineage.mark(7)
    spoil(file.with_name("counters.mark"))
    assert lineage.marked == 0
    assert not lineage.is_broken(lineage.home, 1)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    lineage = Lineage(tmp_path / "no" / "file")
    for attempt in (lambda: lineage.mark(1), lambda: lineage.home):
        with pytest.raises(ConfigError, match=str(tmp_path)):
            attempt()
