"""The wrapper against the vectors, in every way of delivery."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.limits import Limits
from dlmskit.link.wrapper import WrapperDeframer, WrapperPdu, decode_datagram, encode_wrapper
from tests.vectors import load, parameters

TCP = load("wrapper", "tcp")
GET = bytes.fromhex("000100100001000DC001C100080000010000FF0200")


def _octets(entry: dict) -> bytes:
    return bytes.fromhex(entry["hex"]) if "hex" in entry else bytes.fromhex(entry["header"]) + bytes(entry["apdu_len"])


def _expected(entry: dict) -> WrapperPdu:
    return WrapperPdu(entry["src"], entry["dst"], bytes.fromhex(entry["apdu"]) if "apdu" in entry else _octets(entry)[8:])


@pytest.mark.parametrize("entry", parameters(TCP))
def test_pdu_in_both_directions(entry):
    expected = _expected(entry)
    assert expected.encode() == _octets(entry)
    assert WrapperDeframer().feed(_octets(entry)) == [expected]


@pytest.mark.parametrize("entry", parameters([entry for entry in TCP if "hex" in entry]))
def test_datagram_in_both_directions(entry):
    assert decode_datagram(_octets(entry)) == _expected(entry)


@pytest.mark.parametrize("entry", parameters(load("wrapper", "streams")))
@pytest.mark.parametrize("way", ["as given", "whole", "octet by octet"])
def test_stream(entry, way):
    octets = bytes.fromhex("".join(entry["chunks"]))
    chunks = [bytes.fromhex(chunk) for chunk in entry["chunks"]]
    pieces = {"as given": chunks, "whole": [octets], "octet by octet": [octets[at : at + 1] for at in range(len(octets))]}[way]
    deframer = WrapperDeframer()
    pdus = [pdu for piece in pieces for pdu in deframer.feed(piece)]
    assert [[pdu.source, pdu.destination, pdu.apdu.hex().upper()] for pdu in pdus] == entry["apdus"]
    assert bool(deframer.pending) is bool(entry.get("close"))
    assert deframer.broken is None


@pytest.mark.parametrize("entry", parameters(load("wrapper", "udp")))
def test_datagram(entry):
    octets = bytes.fromhex(entry["datagram"])
    if entry.get("result") == "drop":
        with pytest.raises(DecodeError):
            decode_datagram(octets)
    else:
        assert decode_datagram(octets).apdu == octets[8:]


@pytest.mark.case("R-016")
@pytest.mark.parametrize("entry", parameters([entry for entry in load("wrapper", "must_reject") if "unknown" not in entry["id"]]))
@pytest.mark.parametrize("step", [1, 3, 8, 1000])
def test_stream_is_closed_or_pdu_discarded(entry, step):
    """An unknown destination is for the server to discard: it knows its logical devices."""
    octets = bytes.fromhex(entry.get("hex") or entry["header"])
    deframer = WrapperDeframer(Limits(frame_octets=entry.get("limit", 65536)))
    pdus = []
    for at in range(0, len(octets), step):
        if deframer.broken is None:
            pdus += deframer.feed(octets[at : at + step])
    assert not pdus
    if entry["tcp"] == "close":
        assert deframer.broken is not None
        assert not deframer.pending
        with pytest.raises(DecodeError):
            deframer.feed(GET)
    else:
        assert (deframer.broken, deframer.discarded) == (None, 1)
        assert deframer.feed(GET) == [WrapperPdu(16, 1, GET[8:])]


@pytest.mark.case("R-016")
@pytest.mark.parametrize("entry", parameters([entry for entry in load("wrapper", "must_reject") if "unknown" not in entry["id"]]))
def test_datagram_is_dropped(entry):
    octets = bytes.fromhex(entry["hex"]) if "hex" in entry else bytes.fromhex(entry["header"]) + bytes(0xFFFF)
    with pytest.raises(DecodeError):
        decode_datagram(octets, Limits(frame_octets=entry.get("limit", 65536)))


@pytest.mark.case("R-015")
def test_length_that_is_never_delivered_holds_only_what_came():
    deframer = WrapperDeframer()
    assert deframer.feed(bytes.fromhex("000100100001FFFF") + bytes(10)) == []
    assert deframer.pending == 18


def test_pdus_before_a_broken_header_are_still_delivered():
    deframer = WrapperDeframer()
    assert deframer.feed(GET + b"\x00\x02" + bytes(6)) == [WrapperPdu(16, 1, GET[8:])]
    assert deframer.broken is not None


@pytest.mark.case("R-017")
@given(st.lists(st.binary(min_size=1, max_size=300), max_size=8), st.data())
def test_any_split_gives_the_same_pdus(apdus, data):
    octets = b"".join(encode_wrapper(16, 1, apdu) for apdu in apdus)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=20)))
    deframer = WrapperDeframer()
    pdus = []
    for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True):
        pdus += deframer.feed(octets[start:end])
    assert [pdu.apdu for pdu in pdus] == apdus
    assert not deframer.pending


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_random_octets_never_raise(pieces):
    deframer = WrapperDeframer()
    for piece in pieces:
        if deframer.broken is None:
            deframer.feed(piece)


@given(st.binary(max_size=60))
def test_random_datagrams_raise_nothing_but_decode_errors(octets):
    with contextlib.suppress(DecodeError):
        decode_datagram(octets)


@pytest.mark.parametrize(("source", "destination", "size"), [(16, 1, 0), (16, 1, 65536), (-1, 1, 4), (16, 65536, 4)])
def test_what_the_header_cannot_say_is_refused(source, destination, size):
    with pytest.raises(EncodeError):
        encode_wrapper(source, destination, bytes(size))
