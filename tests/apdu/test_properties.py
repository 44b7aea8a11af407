"""Properties of all declared APDUs at once, from the strategies that the declarations give."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmskit.apdu import declared_apdus, decode_apdu
from dlmskit.apdu.xml import from_xml, to_xml
from dlmskit.codec.schema import Apdu
from dlmskit.codec.text import one_line
from dlmskit.codec.tree import to_tree
from dlmskit.errors import DecodeError
from dlmskit.testing.strategies import apdu, apdus, mutated


@pytest.mark.parametrize("declared", list(declared_apdus()), ids=lambda declared: declared.__name__)
@settings(max_examples=15)
@given(draw=st.data())
def test_encoding_and_decoding_is_the_identity(declared: type[Apdu], draw: st.DataObject) -> None:
    one = draw.draw(apdu(declared))
    assert decode_apdu(one.encode()) == one


@pytest.mark.parametrize("declared", list(declared_apdus()), ids=lambda declared: declared.__name__)
@settings(max_examples=6)
@given(draw=st.data())
def test_xml_both_ways_is_the_identity(declared: type[Apdu], draw: st.DataObject) -> None:
    one = draw.draw(apdu(declared))
    assert from_xml(to_xml(one, "simple")) == one
    assert from_xml(to_xml(one, "standard")) == one


@settings(max_examples=600)
@given(mutated())
def test_damaged_octets_are_refused_or_kept(octets: bytes) -> None:
    refusal: DecodeError | None = None
    try:
        assert decode_apdu(octets).encode() == octets
    except DecodeError as error:
        refusal = error
    if refusal:
        assert 0 <= refusal.offset <= len(octets)
        assert refusal.path


@settings(max_examples=300)
@given(mutated())
def test_tolerance_raises_nothing_else_and_notes_what_it_takes(octets: bytes) -> None:
    deviations: list[str] = []
    try:
        one = decode_apdu(octets, deviations=deviations)
    except DecodeError:
        return
    assert deviations or one.encode() == octets


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_any_octets_raise_nothing_else(octets: bytes) -> None:
    with suppress(DecodeError):
        assert decode_apdu(octets).encode() == octets


@settings(max_examples=200)
@given(apdus(), st.integers(10, 300))
def test_text_and_tree_show_everything(one: Apdu, width: int) -> None:
    line = one_line(one, decode=decode_apdu, width=width)
    assert len(line) <= width
    assert "\n" not in line
    assert "cannot be shown" not in line
    assert to_tree(one, decode_apdu)
