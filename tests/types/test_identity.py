"""Enumerations as keys of tables."""

from __future__ import annotations

import copy
import pickle

from dlmskit.types.identity import IdentityEnum


class Colour(IdentityEnum):
    RED = "red"
    CRIMSON = "red"
    BLUE = "blue"


def test_members_are_keys() -> None:
    table = {Colour.RED: 1, Colour.BLUE: 2}
    assert (table[Colour.RED], table[Colour.BLUE]) == (1, 2)


def test_every_way_to_a_member_leads_to_the_same_key() -> None:
    ways = {Colour.RED, Colour("red"), Colour["RED"], Colour.CRIMSON, copy.deepcopy(Colour.RED)}
    assert ways | {pickle.loads(pickle.dumps(Colour.RED))} == {Colour.RED}
