"""The gateway prefix against the vectors."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.gateway import GatewayPdu, decode_gateway
from dlmskit.link.hdlc.frame import decode_frame
from dlmskit.link.hdlc.llc import split_llc
from dlmskit.link.wrapper import WrapperDeframer
from tests.vectors import load, parameters

ENTRIES = load("wrapper", "gateway")


@pytest.mark.parametrize("entry", parameters([entry for entry in ENTRIES if "address" in entry]))
def test_prefix_in_both_directions(entry):
    octets = bytes.fromhex(entry["hex"])
    pdu = decode_gateway(octets)
    assert pdu == GatewayPdu(octets[0] == 0xE6, entry["network"], bytes.fromhex(entry["address"]), bytes.fromhex(entry["apdu"]))
    assert pdu.encode() == octets


@pytest.mark.parametrize("entry", parameters([entry for entry in ENTRIES if entry.get("result") == "drop"]))
def test_prefix_is_dropped(entry):
    with pytest.raises(DecodeError):
        decode_gateway(bytes.fromhex(entry["hex"]))


def test_prefix_inside_wrapper_and_hdlc():
    by_id = {entry["id"]: bytes.fromhex(entry["hex"]) for entry in ENTRIES}
    (wrapped,) = WrapperDeframer().feed(by_id["gw-in-wrapper"])
    _, framed = split_llc(decode_frame(by_id["gw-in-hdlc"]).information)
    assert decode_gateway(wrapped.apdu) == decode_gateway(framed)
    assert decode_gateway(framed).address == b"\x22"


@pytest.mark.parametrize(("network", "address"), [(0, b""), (0, bytes(256)), (256, b"1"), (-1, b"1")])
def test_what_the_prefix_cannot_say_is_refused(network, address):
    with pytest.raises(EncodeError):
        GatewayPdu(request=True, network_id=network, address=address, apdu=b"\xc0").encode()


@given(st.binary(max_size=40))
def test_random_octets_are_read_or_refused(octets):
    with contextlib.suppress(DecodeError):
        assert decode_gateway(octets).encode() == octets
