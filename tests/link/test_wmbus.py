"""Wireless M-Bus frames of both formats, and DLMS in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.mbus import TransportHeader, dlms_part
from dlmskit.link.wmbus import (
    SND_NR,
    WirelessFormat,
    WirelessFrame,
    decode_wireless,
    dlms_wireless,
    frame_octets,
)
from dlmskit.trace.frames import find_frames

METER = WirelessFrame(SND_NR, "KAM", "12345678", 1, 2, 0, b"")
SHORT, LONG = TransportHeader(0x2A, 0, 0), TransportHeader(0x2A, 0, 0, "12345678", "KAM", 1, 2)


def test_the_telegram_that_is_printed_everywhere():
    """A gas meter in clear, in format A: the example of EN 13757-4 that implementations quote. Both check sequences fit."""
    octets = bytes.fromhex("0F44AE0C7856341201074447" + "780B134365871E6D")
    frame, form = decode_wireless(octets)
    assert form is WirelessFormat.A
    assert frame == WirelessFrame(SND_NR, "CEN", "12345678", 1, 7, 0x78, bytes.fromhex("0B13436587"))
    assert frame.encode() == octets
    assert dlms_part(frame) is None


@pytest.mark.parametrize("form", WirelessFormat)
@pytest.mark.parametrize("size", [0, 1, 4, 5, 15, 16, 17, 114, 115, 116, 117, 200, 240])
def test_round_trip(form, size):
    frame = WirelessFrame(0x44, "LGZ", "00000001", 0x10, 0x02, 0x7D, bytes(range(size)))
    octets = frame.encode(form)
    assert frame_octets(octets, 0, form) == len(octets)
    assert decode_wireless(octets, form) == (frame, form)
    assert decode_wireless(octets) == (frame, form)
    blocks = 1 + -(-(size + 1) // 16) if form is WirelessFormat.A else 1 if 11 + size <= 126 else 2
    assert len(octets) == 11 + size + 2 * blocks
    assert octets[0] == len(octets) - 1 - (2 * blocks if form is WirelessFormat.A else 0)


def test_too_long_a_frame_and_wrong_names():
    for form, most in ((WirelessFormat.A, 245), (WirelessFormat.B, 241)):
        frame = WirelessFrame(0x44, "LGZ", "00000001", 0x10, 0x02, 0x7D, bytes(most))
        assert len(decode_wireless(frame.encode(form))[0].data) == most
        with pytest.raises(EncodeError):
            WirelessFrame(0x44, "LGZ", "00000001", 0x10, 0x02, 0x7D, bytes(most + 1)).encode(form)
    for maker, identification in (("lgz", "00000001"), ("LG", "00000001"), ("LGZ", "1"), ("LGZ", "0000000A")):
        with pytest.raises(EncodeError):
            WirelessFrame(0x44, maker, identification, 1, 2, 0x7D, b"").encode()


@pytest.mark.parametrize("header", [SHORT, LONG])
@pytest.mark.parametrize("to_meter", [False, True])
def test_dlms_behind_a_transport_layer_header(header, to_meter):
    apdu = bytes.fromhex("0F00000001001200EA")
    frame = dlms_wireless(apdu, 1, 103, header, sender=METER, to_meter=to_meter)
    assert (
        frame.ci == {(False, False): 0x7D, (False, True): 0x7C, (True, False): 0x61, (True, True): 0x60}[to_meter, header is LONG]
    )
    part = dlms_part(frame)
    assert part is not None
    assert (part.source, part.destination, part.octets, part.header) == (1, 103, apdu, header)
    with pytest.raises(EncodeError, match="octets of APDU here"):
        dlms_wireless(bytes(250), 1, 103, header, sender=METER)


@pytest.mark.parametrize("form", WirelessFormat)
def test_every_single_bit_error_is_refused(form):
    octets = dlms_wireless(bytes(130), 1, 103, SHORT, sender=METER).encode(form)
    for bit in range(len(octets) * 8):
        changed = bytearray(octets)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DecodeError):
            decode_wireless(bytes(changed), form)


@given(st.binary(max_size=300))
def test_random_octets_are_read_or_refused(octets):
    try:
        frame, form = decode_wireless(octets)
    except DecodeError:
        return
    assert frame.encode(form) == octets


@pytest.mark.parametrize("form", WirelessFormat)
def test_decode_finds_them_and_what_they_carry(form):
    apdu = bytes.fromhex("0F00000001001200EA")
    one = dlms_wireless(apdu, 1, 103, LONG, sender=METER).encode(form)
    report = find_frames(one + one)
    assert [frame.kind for frame in report.frames] == ["wmbus", "wmbus"]
    assert report.frames[0].fields["manufacturer"] == "KAM"
    assert report.frames[0].fields["format"] == form.value
    assert [found.octets for found in report.apdus] == [apdu] * 2
    other = find_frames(WirelessFrame(0x44, "KAM", "12345678", 1, 2, 0x7A, bytes(20)).encode(form))
    assert not other.apdus
    assert any("not DLMS" in str(problem) for frame in other.frames for problem in frame.problems)
