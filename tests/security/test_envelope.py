"""The outside of protected APDUs: every service has its tags, and only whole ones are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError
from dlmskit.limits import Limits
from dlmskit.security.envelope import FORM_OF_TAG, PLAIN_TAG, Form, is_protected, read_envelope
from dlmskit.types.system_title import SystemTitle

# The table of the Green Book, written out: plain, glo, ded.
TAGS = """
01 21 41  05 25 45  06 26 46  08 28 48  0C 2C 4C  0D 2D 4D  0E 2E 4E  16 36 56  18 38 58
C0 C8 D0  C1 C9 D1  C2 CA D2  C3 CB D3  C4 CC D4  C5 CD D5  C7 CF D7
"""
HEADER = bytes.fromhex("3001234567")
GLO = bytes.fromhex("C805") + HEADER
GENERAL = bytes.fromhex("DB084D4D4D0000BC614E05") + HEADER


def test_tags_are_those_of_the_standard() -> None:
    octets = bytes.fromhex(TAGS)
    for plain, glo, ded in zip(octets[::3], octets[1::3], octets[2::3], strict=True):
        assert (PLAIN_TAG[glo], PLAIN_TAG[ded]) == (plain, plain)
        assert (FORM_OF_TAG[glo], FORM_OF_TAG[ded]) == (Form.GLO, Form.DED)
    assert (FORM_OF_TAG[0xDB], FORM_OF_TAG[0xDC]) == (Form.GENERAL_GLO, Form.GENERAL_DED)
    assert len(FORM_OF_TAG) == 2 * 16 + 2
    assert [form.label for form in Form] == ["glo", "ded", "general-glo", "general-ded", "general-ciphering", "general-signing"]


@pytest.mark.parametrize(
    ("octets", "form", "title", "content"),
    [
        (GLO, Form.GLO, None, b""),
        (bytes.fromhex("D007") + HEADER + b"ab", Form.DED, None, b"ab"),
        (GENERAL, Form.GENERAL_GLO, SystemTitle("4D4D4D0000BC614E"), b""),
        (bytes.fromhex("DC0006") + HEADER + b"x", Form.GENERAL_DED, None, b"x"),
        (bytes.fromhex("C88105") + HEADER, Form.GLO, None, b""),
        (bytes.fromhex("C8820105") + HEADER + bytes(256), Form.GLO, None, bytes(256)),
        (bytes.fromhex("C883000105") + HEADER + bytes(256), Form.GLO, None, bytes(256)),
    ],
)
def test_reads(octets: bytes, form: Form, title: SystemTitle | None, content: bytes) -> None:
    assert is_protected(octets)
    envelope = read_envelope(octets)
    assert (envelope.tag, envelope.form, envelope.title, envelope.content) == (octets[0], form, title, content)
    assert (envelope.header.control, envelope.header.invocation_counter) == (0x30, 0x01234567)


@pytest.mark.case("R-004", "R-005")
@pytest.mark.parametrize("whole", [GLO + b"", GENERAL, bytes.fromhex("C8820105") + HEADER + bytes(256)])
def test_cut_or_extended_anywhere(whole: bytes) -> None:
    for size in range(len(whole)):
        with pytest.raises(DecodeError):
            read_envelope(whole[:size])
    for extra in range(1, 17):
        with pytest.raises(DecodeError):
            read_envelope(whole + bytes(extra))


@pytest.mark.case("R-001", "R-037")
@pytest.mark.parametrize(
    "octets",
    [
        "",
        "C00100",
        "DD00",
        "C8",
        "C880",
        "C884FFFFFFFF30",
        "C885010101010130",
        "C80430012345",
        "DB07" + "4D" * 7 + "053001234567",
        "DB09" + "4D" * 9 + "053001234567",
        "DB01" + "4D" + "053001234567",
        "DB84FFFFFFFF00",
        "DB08" + "00" * 8,
        "DB81084D4D4D0000BC614E053001234567",
    ],
)
def test_refuses(octets: str) -> None:
    with pytest.raises(DecodeError):
        read_envelope(bytes.fromhex(octets))


def test_limit_on_size() -> None:
    limits = Limits(apdu_octets=len(GLO))
    read_envelope(GLO, limits)
    with pytest.raises(DecodeError, match="at most 7"):
        read_envelope(GENERAL, limits)


@given(st.one_of(st.binary(max_size=40), st.builds(lambda tag, rest: tag + rest, st.sampled_from([GLO, GENERAL]), st.binary())))
def test_any_octets_give_an_envelope_or_a_decode_error(octets: bytes) -> None:
    try:
        envelope = read_envelope(octets)
    except DecodeError:
        return
    assert octets.endswith(envelope.header.encode() + envelope.content)
