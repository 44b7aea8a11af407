"""The conformance block, compared with blocks of published APDUs and with a foreign implementation."""

from __future__ import annotations

import pytest
from gurux_dlms.enums import Conformance as ForeignConformance
from gurux_dlms.TranslatorSimpleTags import TranslatorSimpleTags
from gurux_dlms.TranslatorStandardTags import TranslatorStandardTags
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError
from dlmskit.types.conformance import BOTH_REFERENCINGS, LOGICAL_NAME_REFERENCING, SHORT_NAME_REFERENCING
from dlmskit.types.enums import Conformance


def foreign(bit: Conformance) -> ForeignConformance:
    """The foreign enumeration counts its bits from the other end of the block."""
    return ForeignConformance(1 << (23 - (int(bit).bit_length() - 1)))


@pytest.mark.parametrize("bit", Conformance)
def test_bits_are_named_as_the_foreign_translator_names_them(bit):
    assert bit.labels == (TranslatorStandardTags.conformancetoString(foreign(bit)),)
    assert bit.simple_names == (TranslatorSimpleTags.conformancetoString(foreign(bit)),)


def test_there_are_24_bits_from_the_most_significant_one():
    assert [int(bit) for bit in Conformance] == [1 << (23 - at) for at in range(24)]


@pytest.mark.parametrize(
    ("octets", "labels"),
    [
        ("1C0320", "read write unconfirmed-write multiple-references information-report parameterized-access"),
        (
            "007E1F",
            (
                "priority-mgmt-supported attribute0-supported-with-get block-transfer-with-get-or-read "
                "block-transfer-with-set-or-write block-transfer-with-action multiple-references get set selective-access "
                "event-notification action"
            ),
        ),
        ("000000", ""),
    ],
)
def test_the_blocks_of_the_green_book_examples(octets, labels):
    block = Conformance.from_octets(bytes.fromhex(octets))
    assert block.labels == tuple(labels.split())
    assert block.octets.hex().upper() == octets


@pytest.mark.parametrize("octets", [b"", bytes(2), bytes(4)])
def test_other_than_three_octets_are_refused(octets):
    with pytest.raises(DecodeError, match="3 octets"):
        Conformance.from_octets(octets)


@given(st.binary(min_size=3, max_size=3))
def test_every_block_comes_back_and_its_names_rebuild_it(octets):
    block = Conformance.from_octets(octets)
    assert block.octets == octets
    for names in (block.labels, block.simple_names):
        rebuilt = Conformance(0)
        for name in names:
            bit = Conformance.named(name.upper())
            assert bit is not None
            rebuilt |= bit
        assert rebuilt == block


def test_names_of_other_tools_are_read():
    assert Conformance.named("Reserved0") is Conformance.RESERVED_ZERO
    assert Conformance.named("Reserved7") is Conformance.RESERVED_SEVEN
    assert Conformance.named("nothing") is None


def test_referencings_share_what_has_a_meaning_in_both():
    assert LOGICAL_NAME_REFERENCING & SHORT_NAME_REFERENCING == BOTH_REFERENCINGS
    assert int(LOGICAL_NAME_REFERENCING | SHORT_NAME_REFERENCING) == 0x7EFFFF
    assert (Conformance.GET.usable_with_logical_names, Conformance.GET.usable_with_short_names) == (True, False)
    assert (Conformance.READ.usable_with_logical_names, Conformance.READ.usable_with_short_names) == (False, True)
    assert not Conformance.SELECTIVE_ACCESS.usable_with_logical_names
