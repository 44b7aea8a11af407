"""The mutator: its borders are those of the octets, its changes are reproducible and reach every kind of field."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from dlmskit.apdu import decode_apdu
from dlmskit.testing.mutate import CHANGES, borders, mutate
from tests.apdu.test_vectors import APDUS, octets
from tests.vectors import parameters


@pytest.mark.parametrize("vector", parameters(APDUS))
def test_borders_lie_in_the_octets_and_nest(vector: dict[str, Any]) -> None:
    whole = octets(vector)
    spans = borders(decode_apdu(whole))
    assert (spans[0].start, spans[0].end) == (0, len(whole))
    assert all(0 <= span.start < span.end <= len(whole) for span in spans)
    for one in spans:
        crossing = [other for other in spans if one.start < other.start < one.end < other.end]
        assert crossing == []


def test_borders_are_named_after_the_fields() -> None:
    spans = {span.path: span for span in borders(decode_apdu(bytes.fromhex("C401C1000203110509020102 0A0141".replace(" ", ""))))}
    assert (spans["GetResponseNormal.invoke_id_and_priority"].start, spans["GetResponseNormal.result.choice"].start) == (2, 3)
    data = spans["GetResponseNormal.result.data"]
    assert (data.start, data.end) == (4, 15)
    content = spans["GetResponseNormal.result.data[1].content"]
    assert (content.start, content.end) == (10, 12)


def test_borders_of_ber_are_tags_lengths_and_contents() -> None:
    spans = {span.path: span for span in borders(decode_apdu(bytes.fromhex("6203800101")))}
    assert [(spans[f"Rlrq.reason.{part}"].start, spans[f"Rlrq.reason.{part}"].end) for part in ("tag", "length", "content")] == [
        (2, 3),
        (3, 4),
        (4, 5),
    ]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_every_change_changes_something(change: Any) -> None:
    whole = bytes.fromhex("C001C1000100002B0100FF0200")
    spans = borders(decode_apdu(whole))
    assert len({change(whole, spans, Random(seed)) for seed in range(50)}) > 5


def test_a_seed_is_a_case() -> None:
    whole = bytes.fromhex("C001C1000100002B0100FF0200")
    spans = borders(decode_apdu(whole))
    assert mutate(whole, spans, Random(7), 5) == mutate(whole, spans, Random(7), 5)
    assert mutate(b"", (), Random(1), 5) is not None
