"""The strategies reach what they are for: every declared APDU, every data type, other spellings, both ends of options."""

from __future__ import annotations

import builtins
import importlib
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from dlmskit.apdu import declared_apdus
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import DATA_TYPES
from dlmskit.testing import strategies


def drawn(strategy: Any, count: int, key: Callable[[Any], Any]) -> Counter[Any]:
    found: Counter[Any] = Counter()

    @settings(max_examples=count, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def draw(value: Any) -> None:
        found[key(value)] += 1

    draw()
    return found


def test_every_data_type_is_drawn_and_can_be_decoded() -> None:
    tags = drawn(strategies.data(elements=1), 600, lambda data: Data.decode(data.octets).tag)
    assert set(tags) == set(DATA_TYPES)


def test_other_spellings_are_drawn_unless_they_are_not_wanted() -> None:
    def true_as_ff(data: Data) -> bool:
        return data.octets[0] == 3 and data.octets[1] > 1

    assert drawn(strategies.data(elements=1), 600, true_as_ff)[True]
    assert not drawn(strategies.data(elements=1, canonical=True), 600, true_as_ff)[True]


def test_apdus_of_all_kinds_are_drawn() -> None:
    found = set(drawn(strategies.apdus(), 300, type))
    assert found <= set(declared_apdus())
    assert len(found) > len(list(declared_apdus())) / 2


@pytest.mark.parametrize("declared", list(declared_apdus()), ids=lambda declared: declared.__name__)
def test_an_apdu_is_of_its_class(declared: type) -> None:
    assert set(drawn(strategies.apdu(declared), 3, type)) == {declared}


def test_without_hypothesis_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **more: Any) -> Any:
        if name.startswith("hypothesis"):
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "dlmskit.testing.strategies")
    with pytest.raises(ImportError, match="pip install hypothesis"):
        importlib.import_module("dlmskit.testing.strategies")
