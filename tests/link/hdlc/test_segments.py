"""Segmented information fields, LLC headers and the parameter list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError
from dlmskit.limits import Limits
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.control import FrameKind, information, unnumbered
from dlmskit.link.hdlc.frame import HdlcFrame, decode_frame
from dlmskit.link.hdlc.llc import add_llc, split_llc
from dlmskit.link.hdlc.parameters import HdlcParameters, decode_parameters
from dlmskit.link.hdlc.reassembly import MOST_CHAINS, Reassembler, pair_of
from tests.vectors import captures, load, parameters

UI = unnumbered(FrameKind.UI, poll_final=False)


def _ui(content: bytes, *, more: bool, source: int = 1) -> HdlcFrame:
    return HdlcFrame(client_address(103), server_address(source), UI, content, more)


def _i(content: bytes, number: int, *, more: bool) -> HdlcFrame:
    return HdlcFrame(client_address(16), server_address(1), information(number, 0, poll_final=True), content, more)


@pytest.mark.parametrize("entry", parameters(load("hdlc", "segmentation")))
def test_segments_of_the_vectors_join(entry):
    line = Reassembler()
    outcomes = [line.add(decode_frame(bytes.fromhex(frame))) for frame in entry["frames"]]
    assert [outcome.octets for outcome in outcomes[:-1]] == [None] * (len(outcomes) - 1)
    last = outcomes[-1].octets
    assert last is not None
    assert split_llc(last)[1].hex().upper() == entry["apdu"]
    assert not line.unfinished


@pytest.mark.parametrize("entry", parameters(captures("iskraemeco", kind="push")))
def test_segments_of_real_pushes_join(entry):
    octets = bytes.fromhex(entry["hex"])
    line = Reassembler()
    whole = [line.add(decode_frame(frame)).octets for frame in _split(octets)]
    assert [len(split_llc(each)[1]) for each in whole if each] == [apdu["len"] for apdu in entry["verified"]["apdus"]]
    assert line.unfinished == ("dangling_segment" in entry["verified"])


def _split(octets: bytes) -> list[bytes]:
    frames, at = [], 0
    while at < len(octets):
        size = (int.from_bytes(octets[at + 1 : at + 3], "big") & 0x7FF) + 2
        frames.append(octets[at : at + size])
        at += size
    return frames


def test_numbers_of_i_frames_must_follow_one_another():
    line = Reassembler()
    assert line.add(_i(b"a", 7, more=True)).octets is None
    assert line.add(_i(b"a", 7, more=True)).octets is None  # sent again: taken once
    assert line.add(_i(b"b", 0, more=True)).octets is None
    assert line.add(_i(b"c", 1, more=False)).octets == b"abc"
    line.add(_i(b"a", 2, more=True))
    gap = line.add(_i(b"c", 4, more=True))
    assert (gap.octets, gap.lost, bool(gap.fault)) == (None, b"a", True)
    assert line.add(_i(b"d", 5, more=False)).octets == b"cd"


def test_sources_do_not_mix():
    line = Reassembler()
    line.add(_ui(b"1", more=True, source=1))
    line.add(_ui(b"2", more=True, source=2))
    assert line.add(_ui(b"b", more=False, source=2)).octets == b"2b"
    assert line.add(_ui(b"a", more=False, source=1)).octets == b"1a"


def test_kinds_do_not_mix():
    line = Reassembler()
    line.add(_i(b"a", 0, more=True))
    other = HdlcFrame(client_address(16), server_address(1), UI, b"x")
    outcome = line.add(other)
    assert (outcome.octets, outcome.lost) == (b"x", b"a")


def test_chain_and_number_of_chains_are_bounded():
    line = Reassembler(Limits(frame_octets=250))
    outcomes = [line.add(_ui(bytes(100), more=True)) for _ in range(3)]
    assert [bool(outcome.fault) for outcome in outcomes] == [False, False, True]
    assert not line.unfinished
    for source in range(MOST_CHAINS + 20):
        line.add(_ui(b"x", more=True, source=source))
    assert line.unfinished == MOST_CHAINS


def test_chain_is_dropped_on_request():
    line = Reassembler()
    frame = _ui(b"abc", more=True)
    line.add(frame)
    assert line.holds(pair_of(frame))
    assert line.drop(pair_of(frame)) == b"abc"
    assert line.drop(pair_of(frame)) == b""
    assert line.add(_ui(b"d", more=False)).octets == b"d"


@pytest.mark.parametrize(
    ("octets", "header", "apdu"),
    [
        ("E6E600C001", "E6E600", "C001"),
        ("E6E7000F00", "E6E700", "0F00"),
        ("FFE600C101", "FFE600", "C101"),
        ("E6E700E6E70061", "E6E700", "61"),
        ("E6E600E6000122C0", "E6E600", "E6000122C0"),
        ("E6E700", "E6E700", ""),
    ],
)
def test_llc_header(octets, header, apdu):
    assert split_llc(bytes.fromhex(octets)) == (bytes.fromhex(header), bytes.fromhex(apdu))


def test_llc_header_is_added():
    assert add_llc(b"\xc0", from_client=True) == bytes.fromhex("E6E600C0")
    assert add_llc(b"\xc4", from_client=False) == bytes.fromhex("E6E700C4")
    assert add_llc(b"\xc1", from_client=True, broadcast=True) == bytes.fromhex("FFE600C1")


@pytest.mark.parametrize("octets", ["", "E6", "E6E5", "E6E500C0", "E6E601C0", "C0E6E600"])
def test_llc_header_is_refused(octets):
    with pytest.raises(DecodeError):
        split_llc(bytes.fromhex(octets))


@pytest.mark.parametrize("entry", parameters([entry for entry in load("hdlc", "negotiation") if "ua_info" in entry]))
def test_parameters_of_a_ua(entry):
    found = decode_parameters(bytes.fromhex(entry["ua_info"]))
    result = entry["result"]
    if "server" not in entry:
        expected = (result["s2c"], result["c2s"], result["w_s2c"], result["w_c2s"])
        told = (found.transmit_information, found.receive_information, found.transmit_window, found.receive_window)
        capped = (min(told[0], 128), min(told[1], 128), min(told[2], 1), min(told[3], 1)) if entry.get("real") else told
        assert capped == expected
    else:
        assert (found.transmit_information, found.receive_information) == (result["s2c"], result["c2s"])
        assert (found.transmit_window, found.receive_window) == (result["w_s2c"], result["w_c2s"])
        assert found.encode() == bytes.fromhex(entry["ua_info"])


@pytest.mark.parametrize("entry", parameters(load("hdlc", "negotiation_reject")))
def test_malformed_parameters_are_refused(entry):
    with pytest.raises(DecodeError):
        decode_parameters(bytes.fromhex(entry["info"]))


def test_no_parameters_mean_the_defaults():
    assert decode_parameters(b"") == HdlcParameters(128, 128, 1, 1)


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.integers(0, 7), st.integers(0, 7))
def test_parameters_round_trip(transmit, receive, transmit_window, receive_window):
    told = HdlcParameters(transmit, receive, transmit_window, receive_window)
    assert decode_parameters(told.encode()) == told


@given(st.binary(max_size=40))
def test_random_parameters_are_read_or_refused(octets):
    for information_field in (octets, b"\x81" + octets, b"\x81\x80" + bytes([len(octets)]) + octets):
        try:
            decode_parameters(information_field)
        except DecodeError:
            continue
