"""Wired M-Bus against the vectors and real pushes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.limits import Limits
from dlmskit.link.mbus import DlmsPart, MBusFrame, MBusReassembler, decode_mbus, dlms_part, encode_segments, frame_size
from tests.vectors import captures, load, parameters

ENTRIES = load("wrapper", "mbus")
SOUND = [entry for entry in ENTRIES if "apdu" in entry]


def _parts(frames: list[bytes], **settings) -> list[DlmsPart]:
    parts = [dlms_part(decode_mbus(frame, **settings)) for frame in frames]
    assert None not in parts
    return [part for part in parts if part is not None]


@pytest.mark.parametrize("entry", parameters(SOUND))
def test_segments_in_both_directions(entry):
    frames = [bytes.fromhex(frame) for frame in entry["frames"]]
    apdu = bytes.fromhex(entry["apdu"])
    parts = _parts(frames)
    assert {(part.source, part.destination) for part in parts} == {(entry["stsap"], entry["dtsap"])}
    line = MBusReassembler()
    joined = [line.add(part) for part in parts]
    assert [outcome.octets for outcome in joined] == [None] * (len(parts) - 1) + [apdu]
    size = len(parts[0].octets) if len(parts) > 1 else 245
    assert encode_segments(apdu, entry["stsap"], entry["dtsap"], size=size) == frames


@pytest.mark.parametrize("entry", parameters([entry for entry in ENTRIES if entry.get("result") == "drop"]))
def test_nothing_is_delivered(entry):
    line = MBusReassembler()
    delivered = []
    for frame in entry["frames"]:
        try:
            part = dlms_part(decode_mbus(bytes.fromhex(frame)))
        except DecodeError:
            continue
        assert part is not None
        delivered.append(line.add(part).octets)
    assert not any(delivered)
    assert not line.pending


@pytest.mark.parametrize("capture", ["sag-at-noe-keyed", "sag-t210d-at-mbus-longL"])
def test_overflowing_length_needs_the_flag(capture):
    (entry,) = captures("sagemcom", id=capture)
    octets = bytes.fromhex(entry["hex"])
    frame = octets[: frame_size(octets, overflow=True)]
    assert len(frame) == 263
    assert decode_mbus(frame, tolerate_overflow=True).overflow
    with pytest.raises(DecodeError):
        decode_mbus(frame)
    with pytest.raises(EncodeError):
        decode_mbus(frame, tolerate_overflow=True).encode()


@pytest.mark.parametrize(
    ("numbers", "delivered"),
    [
        pytest.param([(0, False), (1, True)], [None, 2], id="in order"),
        pytest.param([(0, False), (0, False), (1, True)], [None, None, 2], id="first doubled: begins anew"),
        pytest.param([(0, False), (1, False), (1, True)], [None, None, None], id="double"),
        pytest.param([(0, False), (2, True)], [None, None], id="gap"),
        pytest.param([(1, True)], [None], id="no beginning"),
        pytest.param([(0, False), (0, True)], [None, 1], id="whole one instead of the rest"),
        pytest.param([(number % 16, number == 17) for number in range(18)], [None] * 17 + [18], id="number wraps"),
    ],
)
def test_order_of_segments(numbers, delivered):
    line = MBusReassembler()
    outcomes = [line.add(DlmsPart(1, 103, b"x", number, final)) for number, final in numbers]
    assert [outcome.octets and len(outcome.octets) for outcome in outcomes] == delivered


def test_segments_from_two_sources_do_not_mix():
    line = MBusReassembler()
    line.add(DlmsPart(1, 103, b"a", 0, final=False))
    outcome = line.add(DlmsPart(2, 103, b"b", 1, final=True))
    assert outcome.octets is None
    assert outcome.fault


def test_segments_are_bounded():
    line = MBusReassembler(Limits(frame_octets=1000))
    faults = [line.add(DlmsPart(1, 103, bytes(245), number % 16, final=False)).fault for number in range(5)]
    assert [bool(fault) for fault in faults] == [False] * 4 + [True]
    assert not line.pending


@pytest.mark.parametrize(
    ("ci", "header", "identification", "manufacturer"),
    [
        (0x7D, "2A000000", "", ""),
        (0x61, "2A000000", "", ""),
        (0x7C, "785634122D2C01022A000000", "12345678", "KAM"),
        (0x60, "785634122D2C01022A000000", "12345678", "KAM"),
    ],
)
def test_transport_layer_header(ci, header, identification, manufacturer):
    frame = MBusFrame(0x08, 1, ci, bytes.fromhex(header) + b"\x01\x67\x0f\x00")
    part = dlms_part(decode_mbus(frame.encode()))
    assert part is not None
    assert part.header is not None
    assert (part.source, part.destination, part.octets, part.final) == (1, 0x67, b"\x0f\x00", True)
    assert (part.header.identification, part.header.manufacturer) == (identification, manufacturer)
    assert part.header.access_number == 0x2A


@pytest.mark.parametrize("ci", [0x72, 0x7A, 0x5B, 0x8C, 0x90])
def test_other_ci_is_not_dlms(ci):
    assert dlms_part(MBusFrame(0x08, 1, ci, bytes(20))) is None


@given(st.binary(max_size=300), st.booleans())
def test_random_octets_are_read_or_refused(octets, tolerate):
    try:
        frame = decode_mbus(octets, tolerate_overflow=tolerate)
        dlms_part(frame)
    except DecodeError:
        return
    if not frame.overflow:
        assert frame.encode() == octets


@pytest.mark.parametrize("bit", range(8))
def test_every_single_bit_error_is_refused(bit):
    octets = bytes.fromhex(SOUND[0]["frames"][0])
    for index in range(len(octets)):
        changed = bytearray(octets)
        changed[index] ^= 1 << bit
        with pytest.raises(DecodeError):
            decode_mbus(bytes(changed), tolerate_overflow=True)
