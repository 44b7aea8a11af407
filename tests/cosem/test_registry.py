"""Classes are found by number, ours and those of other packages; a number is taken once."""

from __future__ import annotations

import sys
import textwrap
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from dlmskit.cosem import registry
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ConfigError


def test_every_file_of_the_room_is_found() -> None:
    files = {path.stem for path in Path(registry.__file__).with_name("classes").glob("*.py")} - {"__init__"}
    modules = {found.__module__.rpartition(".")[2] for found in registry.interface_classes().values()}
    assert files <= modules


def test_a_class_by_number() -> None:
    assert registry.interface_class(3, 0) is Register
    with pytest.raises(ConfigError, match="versions known: 0, 1, 2, 3"):
        registry.interface_class(15, 9)
    with pytest.raises(ConfigError, match="no interface class with class_id 4711"):
        registry.interface_class(4711, 0)


def test_a_number_is_taken_once() -> None:
    with pytest.raises(ConfigError, match="declared twice"):
        type("Other", (InterfaceClass,), {}, class_id=3, version=0)
    assert registry.interface_class(3, 0) is Register


def test_a_class_of_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "somebodys_valve.py").write_text(
        textwrap.dedent("""
            from dlmskit.cosem import InterfaceClass, attribute

            class Valve(InterfaceClass, class_id=9002, version=0, name="Valve"):
                position = attribute(2, "unsigned")
        """)
    )
    monkeypatch.syspath_prepend(tmp_path)
    entry = EntryPoint("valve", "somebodys_valve", registry.ENTRY_POINT_GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry] if group == registry.ENTRY_POINT_GROUP else [])
    registry._load.cache_clear()
    try:
        assert registry.interface_class(9002, 0).attributes[2].name == "position"
    finally:
        sys.modules.pop("somebodys_valve", None)
        registry._registry.pop((9002, 0), None)
        registry._load.cache_clear()
