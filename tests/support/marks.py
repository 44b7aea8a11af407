"""The marker ``supports``: which cells of the support table a test shows.

``@pytest.mark.supports(feature, ..., suite=0, side="client")``. Without ``side`` it is
both. Suite and side may be several. In a parametrised test the words may come from its parameters: ``"{form} {protection}"``,
``suite="{way.security_suite}"``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from tests.support.features import CELLS, SIDES, Cell

MARKER = "supports(*features, suite, side): the cells of the support table that this test shows; see tests/support"
_KNOWN = frozenset(CELLS)


def cells_of(item: pytest.Item) -> list[Cell]:
    """The cells that the markers of a test name. Raises pytest.UsageError for one that the table does not have."""
    parameters: Mapping[str, Any] = (
        item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    )
    found: dict[Cell, None] = {}
    for marker in item.iter_markers("supports"):
        try:
            named = list(_named(marker, parameters))
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise pytest.UsageError(f"{item.nodeid}: supports{marker.args}{marker.kwargs} cannot be read: {error}") from None
        for cell in named:
            if cell not in _KNOWN:
                raise pytest.UsageError(
                    f"{item.nodeid}: {tuple(cell)} is no cell of the support table (tests/support/features.py)"
                )
            found[cell] = None
    return list(found)


def _named(marker: pytest.Mark, parameters: Mapping[str, Any]) -> Iterable[Cell]:
    words = dict(marker.kwargs)
    suites, sides = _several(words.pop("suite", None)), _several(words.pop("side", SIDES))
    if words or not marker.args or not suites or not sides:
        raise ValueError("one feature at least, and suite and side")
    for feature in marker.args:
        for suite in suites:
            for side in sides:
                yield Cell(_filled(feature, parameters), _number(_filled(suite, parameters)), _filled(side, parameters))


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple | list) else [value]


def _filled(word: Any, parameters: Mapping[str, Any]) -> Any:
    return word.format_map(parameters) if isinstance(word, str) else word


def _number(suite: Any) -> int | None:
    return int(suite) if isinstance(suite, str) else suite
