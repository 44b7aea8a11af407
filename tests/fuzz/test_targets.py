"""The fuzz targets over seeds with random damage: a share of it in every run, many times as much in the soak."""

from __future__ import annotations

from random import Random

import pytest

from dlmskit.testing.mutate import mutate
from tests.fuzz.targets import TARGETS, seeds_of

SHARE = {"v44": 4000, "unprotect": 1500}


def damaged(name: str, count: int, seed: int) -> None:
    target, dice = TARGETS[name], Random(seed)
    seeds = seeds_of(target)
    for octets in seeds:
        target.hold(octets)
    for _ in range(count):
        target.hold(mutate(dice.choice(seeds), (), dice, dice.randint(1, 4)))


@pytest.mark.case("R-059")
@pytest.mark.parametrize("name", TARGETS)
def test_damaged_seeds(name: str) -> None:
    damaged(name, SHARE[name], 1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 12))
@pytest.mark.parametrize("name", TARGETS)
def test_many_damaged_seeds(name: str, seed: int) -> None:
    damaged(name, 25 * SHARE[name], seed)
