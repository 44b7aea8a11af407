"""The interface classes of this package, without those that tests declare for themselves."""

from __future__ import annotations

from dlmskit.cosem.registry import interface_classes

STANDARD = {key: found for key, found in interface_classes().items() if found.__module__.startswith("dlmskit.cosem.classes.")}
