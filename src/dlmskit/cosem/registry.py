"""Every interface class by (class_id, version): our own, found in `dlmskit.cosem.classes`, and those of other packages.

Another package offers its classes under the entry point group ``dlmskit.interface_classes``: each entry names a module
or a class, and importing it is enough, since declaring a class registers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING

from dlmskit.errors import ConfigError

if TYPE_CHECKING:
    from dlmskit.cosem.model import InterfaceClass

ENTRY_POINT_GROUP = "dlmskit.interface_classes"

_registry: dict[tuple[int, int], type[InterfaceClass]] = {}


def register(declared: type[InterfaceClass]) -> None:
    """Enter a class; ConfigError when another one has its class_id and version."""
    key = declared.class_id, declared.version
    present = _registry.setdefault(key, declared)
    if present is not declared and (present.__module__, present.__qualname__) != (declared.__module__, declared.__qualname__):
        raise ConfigError(
            f"class_id {key[0]} version {key[1]} is declared twice: "
            f"{present.__module__}.{present.__qualname__} and {declared.__module__}.{declared.__qualname__}"
        )
    _registry[key] = declared


@cache
def _load() -> None:
    classes = import_module("dlmskit.cosem.classes")
    for module in iter_modules(classes.__path__):
        import_module(f"{classes.__name__}.{module.name}")
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        entry.load()


def interface_classes() -> Mapping[tuple[int, int], type[InterfaceClass]]:
    """Every class that is known, in order of class_id and version."""
    _load()
    return MappingProxyType(dict(sorted(_registry.items())))


def interface_class(class_id: int, version: int) -> type[InterfaceClass]:
    """The class that is declared for ``class_id`` and ``version``; ConfigError where there is none."""
    _load()
    try:
        return _registry[class_id, version]
    except KeyError:
        versions = sorted(known for number, known in _registry if number == class_id)
        hint = f"; versions known: {', '.join(map(str, versions))}" if versions else ""
        raise ConfigError(f"no interface class with class_id {class_id} version {version}{hint}") from None
