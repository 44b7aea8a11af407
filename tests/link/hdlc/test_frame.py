"""HDLC frames, addresses and control fields against the vectors and real traffic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.fcs import fcs16
from dlmskit.link.hdlc.addresses import HdlcAddress, client_address, decode_address, server_address
from dlmskit.link.hdlc.control import CONTROLS, FrameKind, information, supervisory, unnumbered
from dlmskit.link.hdlc.frame import MAX_LENGTH, HdlcFrame, decode_body, decode_body_unchecked, decode_frame
from dlmskit.link.hdlc.llc import split_llc
from dlmskit.link.hdlc.station import command_fault
from tests.vectors import captures, load, parameters

FRAMES = load("hdlc", "frames")
ON_THE_LINE = [bytes.fromhex(frame["hex"]) for entry in captures("sessions", medium="HDLC") for frame in entry["frames"]]
REFUSED_BY_STATION = {"rej-broadcast-p1", "rej-i-broadcast", "rej-no-station", "rej-client-0"}


@pytest.mark.parametrize("entry", parameters(load("hdlc", "addresses")))
def test_address_in_both_directions(entry):
    octets = bytes.fromhex(entry["wire"])
    upper, lower = entry.get("upper", entry.get("client")), entry.get("lower")
    assert decode_address(octets) == HdlcAddress(upper, lower, octets)
    assert server_address(upper, lower, entry["length"]).octets == octets
    if "client" in entry:
        assert client_address(entry["client"]).octets == octets


@pytest.mark.parametrize("wire", ["", "02", "0202", "020203", "02020203 03", "0303", "01030203", "0202020202"])
def test_address_is_refused(wire):
    with pytest.raises(DecodeError):
        decode_address(bytes.fromhex(wire))


@pytest.mark.parametrize(
    ("upper", "lower", "length"),
    [(128, None, 1), (-1, None, None), (1, 128, 2), (0x4000, 1, 4), (1, 0x4000, None), (1, 1, 3), (1, None, 2), (1, 1, 1)],
)
def test_address_that_does_not_fit_is_refused(upper, lower, length):
    with pytest.raises(EncodeError):
        server_address(upper, lower, length)


@pytest.mark.parametrize(
    ("wire", "upper", "lower", "matches"),
    [
        ("03", 1, 17, True),
        ("FF", 1, 17, True),
        ("05", 1, 17, False),
        ("0223", 1, 17, True),
        ("0225", 1, 17, False),
        ("02FF", 1, 17, True),
        ("FE23", 1, 17, True),
        ("FEFF", 1, 17, True),
        ("00020023", 1, 17, True),
        ("0002A0AD", 1, 10326, True),
        ("0002FEFF", 1, 10326, True),
        ("0004FEFF", 1, 10326, False),
    ],
)
def test_address_matches_station(wire, upper, lower, matches):
    assert decode_address(bytes.fromhex(wire)).matches(upper, lower) is matches


@pytest.mark.parametrize("entry", parameters(load("hdlc", "control")))
def test_control_in_both_directions(entry):
    control = CONTROLS[int(entry["octet"], 16)]
    assert control.kind.value == entry["type"]
    if entry["type"] == "undefined":
        return
    assert (control.poll_final, control.send_number, control.receive_number) == (bool(entry["pf"]), entry["ns"], entry["nr"])
    if control.kind is FrameKind.I:
        assert information(entry["ns"], entry["nr"], poll_final=control.poll_final) is control
    elif control.kind in {FrameKind.RR, FrameKind.RNR}:
        assert supervisory(control.kind, entry["nr"], poll_final=control.poll_final) is control
    else:
        assert unnumbered(control.kind, poll_final=control.poll_final) is control


def test_control_of_another_kind_is_refused():
    with pytest.raises(EncodeError):
        supervisory(FrameKind.I, 0, poll_final=True)
    with pytest.raises(EncodeError):
        unnumbered(FrameKind.RR, poll_final=True)


@pytest.mark.parametrize("entry", parameters(FRAMES))
def test_frame_in_both_directions(entry):
    octets = bytes.fromhex(entry["hex"])
    frame = decode_frame(octets)
    assert frame.destination.octets.hex().upper() == entry["dst"]
    assert frame.source.octets.hex().upper() == entry["src"]
    assert f"{frame.control.octet:02X}" == entry["control"]
    assert frame.information.hex().upper() == entry["info"]
    assert frame.segmented is entry["segment"]
    assert len(octets) == entry["length"] + 2
    assert frame.encode() == octets


def test_frames_of_real_sessions_come_back_as_they_were():
    assert len(ON_THE_LINE) > 300
    for octets in ON_THE_LINE:
        assert decode_frame(octets).encode() == octets


@pytest.mark.parametrize("entry", parameters(load("hdlc", "must_reject")))
def test_frame_is_refused(entry):
    octets = bytes.fromhex(entry["hex"])
    if entry["id"] in REFUSED_BY_STATION:
        assert command_fault(decode_frame(octets))
    elif entry["id"] == "rej-llc":
        with pytest.raises(DecodeError):
            split_llc(decode_frame(octets).information)
    else:
        with pytest.raises(DecodeError):
            decode_frame(octets)


@pytest.mark.parametrize("entry", parameters([entry for entry in FRAMES if entry["control"] not in {"73", "1F", "97"}]))
def test_station_takes_sound_commands(entry):
    frame = decode_frame(bytes.fromhex(entry["hex"]))
    if len(frame.source.octets) == 1:
        assert not command_fault(frame)


@pytest.mark.case("R-018")
@pytest.mark.parametrize(
    "entry", parameters([entry for entry in FRAMES if entry["id"] in {"snrm-plain", "get-clock", "ui-push"}])
)
def test_every_single_bit_error_is_refused(entry):
    octets = bytes.fromhex(entry["hex"])
    decode_frame(octets)  # its header is known from here on: that must not help the changed ones
    for index in range(len(octets)):
        for bit in range(8):
            changed = bytearray(octets)
            changed[index] ^= 1 << bit
            with pytest.raises(DecodeError):
                decode_frame(bytes(changed))


def test_largest_frame():
    frame = HdlcFrame(client_address(16), server_address(1, 17), information(0, 0, poll_final=True), bytes(MAX_LENGTH - 10))
    octets = frame.encode()
    assert len(octets) == MAX_LENGTH + 2
    assert decode_frame(octets) == frame
    with pytest.raises(EncodeError):
        HdlcFrame(frame.destination, frame.source, frame.control, bytes(MAX_LENGTH - 9)).encode()


def test_header_check_sequence_without_information_is_refused():
    """Behind a header check sequence at least one octet of information and the frame check sequence must stand."""
    head = b"\xa0\x09\x03\x21\x93"
    head += fcs16(head)
    with pytest.raises(DecodeError):
        decode_body(head + fcs16(head))


@pytest.mark.case("R-019")
@pytest.mark.parametrize("said", [0, 6, 15, 17, 2047])
def test_length_that_lies_is_refused_even_when_all_checks_fit(said):
    head = bytes([0xA0 | said >> 8, said & 0xFF]) + b"\x03\x21\x13"
    head += fcs16(head)
    body = head + bytes(7)
    body += fcs16(body)
    with pytest.raises(DecodeError, match="length field"):
        decode_body(body)


addresses = st.one_of(
    st.builds(client_address, st.integers(0, 127)),
    st.builds(server_address, st.integers(0, 127), st.integers(0, 127), st.just(2)),
    st.builds(server_address, st.integers(0, 0x3FFF), st.integers(0, 0x3FFF), st.just(4)),
)
frames = st.builds(HdlcFrame, addresses, addresses, st.sampled_from(CONTROLS), st.binary(max_size=200), st.booleans())


@given(frames)
def test_any_frame_round_trip(frame):
    octets = frame.encode()
    assert decode_frame(octets) == frame
    unchecked = decode_body_unchecked(octets[1:-1])
    assert (unchecked.frame, unchecked.header_ok, unchecked.frame_ok) == (frame, True, True)


@given(st.binary(max_size=60))
def test_random_octets_raise_nothing_but_decode_errors(octets):
    for read in (decode_frame, decode_body, decode_body_unchecked):
        for octets_read in (octets, b"\xa0" + octets, b"\xa0" + bytes([len(octets) + 2]) + octets):
            try:
                read(octets_read)
            except DecodeError:
                continue


@given(frames, st.data())
def test_remembered_header_never_lets_a_wrong_frame_pass(frame, data):
    octets = bytearray(frame.encode())
    decode_frame(bytes(octets))
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(1, len(octets) - 2))] = data.draw(st.integers(0, 255))
    try:
        changed = decode_frame(bytes(octets))
    except DecodeError:
        return
    assert changed.encode() == bytes(octets)
