"""The packet below 6LoWPAN and SCHC; its checksum as tshark computes it (tests/link/test_lowpan.py)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.ipv6 import Ipv6Udp, decode_packet

PACKET = Ipv6Udp(bytes(15) + b"\1", bytes(15) + b"\2", 4059, 61616, b"odd", hop_limit=1, traffic_class=5, flow_label=0xABCDE)


def test_both_directions():
    assert decode_packet(PACKET.encode()) == PACKET
    assert PACKET.encode()[:8].hex() == "605abcde000b1101"


def test_checksum_of_an_example():
    """RFC 768 by hand: the sum of all words and the checksum is FFFF."""
    octets = PACKET.encode()
    words = PACKET.source + PACKET.destination + bytes((0, 0, 0, 11, 0, 0, 0, 17)) + octets[40:] + b"\0"
    total = sum(int.from_bytes(words[at : at + 2]) for at in range(0, len(words), 2))
    assert total % 0xFFFF == 0


@pytest.mark.parametrize(("at", "octet"), [(0, 0x45), (5, 12), (6, 6), (41, 0), (45, 12), (47, 0), (48, 0)], ids=str)
def test_one_wrong_octet_is_found(at, octet):
    octets = bytearray(PACKET.encode())
    octets[at] = octet
    with pytest.raises(DecodeError):
        decode_packet(bytes(octets))


def test_too_long():
    with pytest.raises(EncodeError):
        Ipv6Udp(bytes(16), bytes(16), 1, 1, bytes(65528)).encode()


@given(st.binary(max_size=80))
def test_random_octets_are_refused(octets):
    with pytest.raises(DecodeError):
        decode_packet(octets)
