"""Finds the peers: one file each in a folder, with a `NAME` and functions named after the cases that it can do.

A function takes the material of its case and returns the work, or None where it has no way to do it; when its library is
missing, importing the file fails and the peer is said to be absent.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from dlmskit.apps.bench.model import Case, Work
from dlmskit.errors import ConfigError

FOLDER = Path("benchmarks/peers")


class Peer:
    """One other stack, or the place of one that is not installed."""

    def __init__(self, name: str, module: ModuleType | None, missing: str = "") -> None:
        self.name = name
        self._module = module
        self.missing = missing
        """Why it is absent; empty for one that is there."""

    def work_for(self, case: Case) -> Work | None:
        """Its way to do the case; None where it has none."""
        make = self._function(case)
        return None if make is None else make(case.material)

    def _function(self, case: Case) -> Callable[[Mapping[str, Any]], Work | None] | None:
        name = (case.asked or case.name.split(" [")[0]).replace(" ", "_").replace("-", "_").replace(",", "")
        return getattr(self._module, name, None)


def find_peers(folder: Path = FOLDER) -> list[Peer]:
    """The peers of a folder. Raises ConfigError when the folder is not there."""
    if not folder.is_dir():
        raise ConfigError(f"no peers to measure against: {folder} is not a folder; run this in the source tree, or give --peers")
    return [_load(path) for path in sorted(folder.glob("*.py")) if not path.name.startswith("_")]


def _load(path: Path) -> Peer:
    spec = importlib.util.spec_from_file_location(f"dlmskit_bench_peer_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        return Peer(path.stem, None, str(error))
    return Peer(module.NAME, module)
