"""Captures that we write are read back by our reader, and by tshark (see `tests.trace.wireshark`)."""

from __future__ import annotations

import io

import pytest

from dlmskit.errors import ConfigError
from dlmskit.link.wrapper import encode_wrapper
from dlmskit.trace.capture_writer import CaptureWriter, Ends
from dlmskit.trace.intake import read_octets

GET = bytes.fromhex("C001C100030100010800FF0200")
ANSWER = bytes.fromhex("C401C100060000BEEF")


@pytest.mark.parametrize("ng", [False, True])
@pytest.mark.parametrize("ends", [Ends(), Ends("2001:db8::1", 50001, "2001:db8::7", 4059)], ids=["IPv4", "IPv6"])
def test_an_exchange_there_and_back(ng: bool, ends: Ends) -> None:
    file = io.BytesIO()
    writer = CaptureWriter(file, ng=ng)
    long = bytes.fromhex("C401C1000982") + (5000).to_bytes(2) + bytes(5000)
    request, answer = encode_wrapper(16, 1, GET), encode_wrapper(1, 16, long)
    writer.stream(request, 1.7e9, from_client=True, ends=ends)
    writer.stream(answer, 1.7e9 + 1, from_client=False, ends=ends)
    writer.datagram(request, 1.7e9 + 2, from_client=True, ends=ends)
    chunks = read_octets(file.getvalue(), "x.pcap")
    assert [(chunk.octets, chunk.direction) for chunk in chunks] == [(request, "c2s"), (answer, "s2c"), (request, "c2s")]


def test_frames_of_a_line() -> None:
    file = io.BytesIO()
    writer = CaptureWriter(file, line=True)
    writer.frame(bytes.fromhex("7EA0070321930F017E"), 1.7e9)
    assert read_octets(file.getvalue(), "x.pcap")[0].octets == bytes.fromhex("7EA0070321930F017E")
    with pytest.raises(ConfigError):
        CaptureWriter(io.BytesIO()).frame(b"\x7e", 0.0)
