"""6LoWPAN: every form of the compressed headers as tshark reads them, fragments in any order, hostile frames."""

import shutil
import struct
import subprocess
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.adaptation import Sdu
from dlmskit.link.ipv6 import Ipv6Udp
from dlmskit.link.lowpan import MAX_APDU_OCTETS, REASSEMBLY_SECONDS, LowpanAdaptation, Node, compress, decompress

ONE, TWO = Node(0x0001), Node(0xABCD)
GLOBAL = bytes.fromhex("20010DB8000000000000000000000007")
OTHER = bytes.fromhex("FE80000000000000") + bytes.fromhex("0102030405060708")
NEAR = Node(0x1234).address
FORMS: dict[str, tuple[dict[str, Any], int]] = {
    "smallest": ({}, 6),
    "hop limit": ({"hop_limit": 33}, 7),
    "hop limit 255": ({"hop_limit": 255}, 6),
    "traffic class": ({"traffic_class": 0b101110_01}, 7),
    "flow label": ({"traffic_class": 3, "flow_label": 0x12345}, 10),
    "global source": ({"source": GLOBAL}, 22),
    "other destination": ({"destination": OTHER}, 14),
    "near source": ({"source": NEAR}, 8),
    "port 4059 to few bits": ({"source_port": 4059}, 8),
    "few bits to port 4059": ({"destination_port": 4059}, 8),
    "other ports": ({"source_port": 1, "destination_port": 4059}, 9),
}


def packet(**fields):
    return Ipv6Udp(
        **{
            "source": ONE.address,
            "destination": TWO.address,
            "source_port": 61616,
            "destination_port": 61631,
            "payload": b"payload",
            **fields,
        }
    )


def link(own=ONE, peer=TWO, frame_octets=102):
    return LowpanAdaptation(own, peer, frame_octets=frame_octets)


@pytest.mark.parametrize("form", FORMS)
def test_headers_both_ways(form):
    fields, size = FORMS[form]
    whole = packet(**fields)
    headers = compress(whole, ONE, TWO)
    assert len(headers) == size
    assert decompress(headers + whole.payload, ONE, TWO) == whole.encode()


def pcap(frames):
    """IEEE 802.15.4 without check (link type 230), from ONE to TWO."""
    octets = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 230)
    for number, frame in enumerate(frames):
        mac = bytes.fromhex("4188") + bytes((number,)) + struct.pack("<HHH", 0x781D, TWO.short_address, ONE.short_address)
        octets += struct.pack("<IIII", number, 0, len(mac + frame), len(mac + frame)) + mac + frame
    return octets


def tshark(tmp_path, frames, *fields):
    """What tshark finds in each frame."""
    file = tmp_path / "frames.pcap"
    file.write_bytes(pcap(frames))
    assert shutil.which("tshark"), "tshark is missing: scripts/services.sh installs it"
    command = ["tshark", "-r", str(file), "-T", "fields", "-o", "udp.check_checksum:TRUE"]
    wanted = [word for field in fields for word in ("-e", field)]
    return subprocess.run([*command, *wanted], capture_output=True, text=True, check=True).stdout.split("\n")[:-1]


def test_tshark_reads_the_same(tmp_path):
    packets = [packet(**fields) for fields, _ in FORMS.values()]
    frames = [compress(one, ONE, TWO) + one.payload for one in packets]
    fields = (
        "udp.srcport",
        "udp.dstport",
        "udp.length",
        "udp.checksum.status",
        "udp.payload",
        "ipv6.hlim",
        "ipv6.tclass",
        "ipv6.flow",
    )
    for told, one in zip(tshark(tmp_path, frames, *fields), packets, strict=True):
        source, destination, length, status, payload, hops, traffic, flow = told.split("\t")
        assert (int(source), int(destination), int(length)) == (one.source_port, one.destination_port, one.udp_octets)
        assert (status, bytes.fromhex(payload), int(hops)) == ("1", one.payload, one.hop_limit)  # 1: the checksum is right
        assert (int(traffic, 16), int(flow, 16)) == (one.traffic_class, one.flow_label)


def test_tshark_joins_our_fragments(tmp_path):
    here = link()
    here.submit(Sdu(16, 1, bytes(range(250))), 0)
    frames = list(here.frames)
    assert len(frames) == 3
    assert all(len(frame) <= 102 for frame in frames)
    last = tshark(tmp_path, frames, "udp.checksum.status", "udp.payload")[-1]
    assert last == "1\t" + (bytes.fromhex("00010010000100FA") + bytes(range(250))).hex()


def test_g3_addresses_have_the_pan_id():
    assert Node(0x0001, 0x781D).address.hex() == "fe80000000000000781d00fffe000001"
    here, there = link(Node(1, 0x781D), Node(2, 0x781D), 400), link(Node(2, 0x781D), Node(1, 0x781D), 400)
    here.submit(Sdu(16, 1, b"apdu"), 0)
    assert len(here.frames[0]) == 6 + 8 + 4
    there.receive(here.frames[0], 0)
    assert list(there.arrived) == [Sdu(16, 1, b"apdu")]


@pytest.mark.parametrize("frame_octets", [60, 102, 400])
@pytest.mark.parametrize("seed", range(5))
def test_fragments_in_any_order_and_twice(frame_octets, seed):
    random, here, there = Random(seed), link(frame_octets=frame_octets), link(TWO, ONE)
    sdus = [Sdu(16, 1, random.randbytes(random.randrange(300, MAX_APDU_OCTETS + 1))) for _ in range(3)]
    for sdu in sdus:
        here.submit(sdu, 0)
        frames = [*here.frames, *(frame for frame in here.frames if random.random() < 0.2)]
        here.frames.clear()
        random.shuffle(frames)
        for frame in frames:
            assert len(frame) <= frame_octets
            there.receive(frame, 0)
    assert list(dict.fromkeys(there.arrived)) == sdus  # a packet all of whose fragments come twice comes twice


def test_what_is_never_completed_is_given_up():
    here, there = link(), link(TWO, ONE)
    for number in range(6):
        here.submit(Sdu(16, 1, bytes(300)), 0)
        there.receive(here.frames[0], number)
        here.frames.clear()
    assert len(there._unfinished) == 4
    assert there.due == 2 + REASSEMBLY_SECONDS
    there.tick(5 + REASSEMBLY_SECONDS)
    assert (there.due, there.discarded) == (None, 6)


def test_parts_that_overlap_end_the_packet():
    here, there = link(), link(TWO, ONE)
    here.submit(Sdu(16, 1, bytes(300)), 0)
    first, second, *_ = here.frames
    there.receive(first, 0)
    there.receive(second[:4] + b"\x01" + second[5:], 0)
    assert (there.due, there.discarded) == (None, 1)


BROKEN = "7A 7A33 7B33F3 7EB3F3B0B0 7E3BF3 7833F3 7E33F700 7E33F30012 AA C00100 C7FF0001 E10000FFFF"


@pytest.mark.parametrize("octets", ["", *BROKEN.split()])
def test_broken_frames_are_dropped(octets):
    there = link(TWO, ONE)
    there.receive(bytes.fromhex(octets), 0)
    assert (there.discarded, len(there.arrived)) == (1, 0)


def test_too_long():
    with pytest.raises(EncodeError):
        link().submit(Sdu(16, 1, bytes(MAX_APDU_OCTETS + 1)), 0)


@given(st.lists(st.one_of(st.binary(max_size=40), st.binary(max_size=40).map(lambda octets: b"\xc1" + octets)), max_size=20))
def test_hostile_frames_raise_nothing(frames):
    there = link(TWO, ONE)
    for frame in frames:
        there.receive(frame, 0)
    assert len(there._unfinished) <= 4


@given(st.binary(max_size=60))
def test_hostile_headers_are_read_or_refused(octets):
    try:
        decompress(octets, ONE, TWO)
    except DecodeError:
        return
