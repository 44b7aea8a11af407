"""SET of attribute 0 at the server: the rights of all that is written, and what was negotiated (application layer, 5.7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.apdu import CosemAttributeDescriptor, SelectiveAccessDescriptor, SetRequestNormal
from dlmskit.codec.data import Data
from dlmskit.types.conformance import Conformance
from tests.association.peers import ABSENT, PLAIN, REGISTER, Pair

ALL = CosemAttributeDescriptor(3, REGISTER.octets, 0)
NOTHING, SOMETHING = Data.null(), Data.unsigned(1)
ROWS = SelectiveAccessDescriptor(2, Data.structure([]))
CASES = {
    "what may be written": (SetRequestNormal(0xC1, ALL, None, Data.structure([NOTHING, SOMETHING])), "c501c100", 1),
    "nothing": (SetRequestNormal(0xC1, ALL, None, Data.structure([NOTHING] * 9)), "c501c100", 1),
    "one that may not": (SetRequestNormal(0xC1, ALL, None, Data.structure([NOTHING, SOMETHING, SOMETHING])), "c501c103", 0),
    "the logical name": (SetRequestNormal(0xC1, ALL, None, Data.structure([SOMETHING])), "c501c103", 0),
    "no structure": (SetRequestNormal(0xC1, ALL, None, SOMETHING), "c501c10c", 0),
    "a selection": (SetRequestNormal(0xC1, ALL, ROWS, Data.structure([])), "c501c10d", 0),
    "no such object": (
        SetRequestNormal(0xC1, CosemAttributeDescriptor(3, ABSENT.octets, 0), None, Data.structure([SOMETHING])),
        "c501c104",
        0,
    ),
}


@pytest.mark.case("R-041")
@pytest.mark.parametrize(("request_", "answer", "effects"), CASES.values(), ids=CASES)
def test_all_or_nothing(request_: SetRequestNormal, answer: str, effects: int) -> None:
    pair = Pair(PLAIN).associate()
    assert pair.one(request_.encode()).hex() == answer
    assert pair.meter.effects == effects


def test_not_negotiated() -> None:
    pair = Pair(replace(PLAIN, conformance=PLAIN.conformance & ~Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET)).associate()
    assert pair.one(CASES["what may be written"][0].encode()).hex() == "c501c10d"
    assert not pair.meter.effects
