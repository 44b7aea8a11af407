"""Packet captures, made here with the faults of real ones: doubles, disorder, overlaps, gaps, other traffic."""

import io
import random
from itertools import pairwise

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError
from dlmskit.link.wrapper import encode_wrapper
from dlmskit.trace.frames import find_frames
from dlmskit.trace.intake import read_input, read_octets
from tests.vectors import captures

CLIENT, SERVER = b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x07"
ISN = 0xFFFFFFF0
"""So that sequence numbers wrap."""
GET = bytes.fromhex("C001C100080000010000FF0200")
RESPONSE = bytes.fromhex("C401C1000908") + bytes(8)


def _ethernet(ip) -> bytes:
    kind = dpkt.ethernet.ETH_TYPE_IP6 if isinstance(ip, dpkt.ip6.IP6) else dpkt.ethernet.ETH_TYPE_IP
    return bytes(dpkt.ethernet.Ethernet(src=b"\x02" * 6, dst=b"\x04" * 6, type=kind, data=ip))


def _ip(source: bytes, destination: bytes, inner) -> dpkt.ip.IP:
    number = dpkt.ip.IP_PROTO_TCP if isinstance(inner, dpkt.tcp.TCP) else dpkt.ip.IP_PROTO_UDP
    return dpkt.ip.IP(src=source, dst=destination, p=number, data=inner)


def tcp(octets: bytes, offset: int, *, from_client: bool = True, flags: int = dpkt.tcp.TH_ACK, port: int = 4059) -> bytes:
    ports = (50000, port) if from_client else (port, 50000)
    segment = dpkt.tcp.TCP(sport=ports[0], dport=ports[1], seq=(ISN + 1 + offset) % (1 << 32), flags=flags, data=octets)
    return _ethernet(_ip(CLIENT, SERVER, segment) if from_client else _ip(SERVER, CLIENT, segment))


def udp(octets: bytes, *, from_client: bool = True, port: int = 4059) -> bytes:
    ports = (50000, port) if from_client else (port, 50000)
    datagram = dpkt.udp.UDP(sport=ports[0], dport=ports[1], data=octets, ulen=8 + len(octets))
    return _ethernet(_ip(CLIENT, SERVER, datagram) if from_client else _ip(SERVER, CLIENT, datagram))


def capture(packets: list[bytes], link: int = 1, *, ng: bool = False) -> bytes:
    file = io.BytesIO()
    writer = (dpkt.pcapng.Writer if ng else dpkt.pcap.Writer)(file, linktype=link)
    for number, packet in enumerate(packets):
        writer.writepkt(packet, ts=1_700_000_000 + number)
    return file.getvalue()


def _octets(packets: list[bytes], **settings) -> list[bytes]:
    return [chunk.octets for chunk in read_octets(capture(packets, **settings), "test.pcap")]


REQUEST, ANSWER = encode_wrapper(16, 1, GET), encode_wrapper(1, 16, RESPONSE)


@pytest.mark.parametrize("ng", [False, True], ids=["pcap", "pcapng"])
def test_exchange_turn_by_turn(ng, tmp_path):
    packets = [
        tcp(b"", -1, flags=dpkt.tcp.TH_SYN),
        tcp(b"", -1, from_client=False, flags=dpkt.tcp.TH_SYN | dpkt.tcp.TH_ACK),
        tcp(REQUEST, 0),
        tcp(ANSWER[:10], 0, from_client=False),
        tcp(b"", len(REQUEST)),
        tcp(ANSWER[10:], 10, from_client=False),
        tcp(REQUEST, len(REQUEST)),
    ]
    path = tmp_path / "session.pcap"
    path.write_bytes(capture(packets, ng=ng))
    chunks = read_input(path)
    assert [(chunk.octets, chunk.direction) for chunk in chunks] == [(REQUEST, "c2s"), (ANSWER, "s2c"), (REQUEST, "c2s")]
    assert chunks[0].timestamp == 1_700_000_002
    assert chunks[0].label == "session.pcap tcp 192.0.2.1:50000 > 192.0.2.7:4059"


@pytest.mark.parametrize("seed", range(20))
def test_doubles_disorder_and_overlaps(seed):
    source = random.Random(seed)
    stream = b"".join(encode_wrapper(16, 1, source.randbytes(source.randint(1, 60))) for _ in range(20))
    cuts = sorted({0, len(stream), *(source.randrange(len(stream)) for _ in range(15))})
    segments = [(start, end) for start, end in pairwise(cuts)]
    segments += [(start, min(end + 7, len(stream))) for start, end in source.sample(segments, 4)]  # repeated, and longer
    first = segments.pop(0)
    source.shuffle(segments)
    packets = [tcp(b"", -1, flags=dpkt.tcp.TH_SYN)] + [tcp(stream[start:end], start) for start, end in [first, *segments]]
    assert _octets(packets) == [stream]


def test_octets_that_were_not_captured_split_the_stream():
    packets = [tcp(REQUEST, 0), tcp(REQUEST, 2 * len(REQUEST)), tcp(REQUEST, 3 * len(REQUEST))]
    assert _octets(packets) == [REQUEST, REQUEST * 2]


def test_capture_that_begins_in_the_middle_knows_the_server_by_its_port():
    (chunk,) = read_octets(capture([tcp(ANSWER, 0, from_client=False)]), "x")
    assert (chunk.octets, chunk.direction) == (ANSWER, "s2c")


def test_second_connection_between_the_same_ports():
    packets = [tcp(b"", -1, flags=dpkt.tcp.TH_SYN), tcp(REQUEST, 0)] * 2
    assert _octets(packets) == [REQUEST, REQUEST]


def test_hdlc_over_tcp_on_any_port_comes_in_the_order_of_the_line():
    (entry,) = captures("sessions", id="ses-mercury-sn-seg")
    offsets = {"c2s": 0, "s2c": 0}
    packets = []
    for frame in entry["frames"]:
        octets = bytes.fromhex(frame["hex"])
        for piece in (octets[:5], octets[5:]):
            packets.append(tcp(piece, offsets[frame["dir"]], from_client=frame["dir"] == "c2s", port=10001))
            offsets[frame["dir"]] += len(piece)
    (octets,) = _octets(packets)
    assert octets.hex().upper() == "".join(frame["hex"] for frame in entry["frames"])
    assert len(find_frames(octets).frames) == len(entry["frames"])


def test_datagrams():
    chunks = read_octets(capture([udp(REQUEST), udp(ANSWER, from_client=False), udp(REQUEST, port=61616)]), "x")
    assert [(chunk.octets, chunk.direction) for chunk in chunks] == [(REQUEST, "c2s"), (ANSWER, "s2c"), (REQUEST, None)]


def test_other_traffic_is_passed_over():
    packets = [udp(b"\x12\x34 a name query", port=53), tcp(b"GET / HTTP/1.1\r\n\r\n", 0, port=80), b"\xff" * 9, _ethernet(b"")]
    with pytest.raises(DecodeError, match="no DLMS traffic in 4 packets"):
        _octets(packets)
    assert _octets([*packets, udp(REQUEST)]) == [REQUEST]


def test_raw_ip_of_both_versions():
    four = bytes(_ip(CLIENT, SERVER, dpkt.udp.UDP(sport=1, dport=4059, data=REQUEST, ulen=8 + len(REQUEST))))
    inner = dpkt.udp.UDP(sport=1, dport=4059, data=REQUEST, ulen=8 + len(REQUEST))
    six = dpkt.ip6.IP6(src=b"\x20\x01" + bytes(14), dst=b"\x20\x01" + bytes(13) + b"\x07", nxt=17, plen=len(inner), data=inner)
    assert _octets([four, bytes(six)], link=101) == [REQUEST, REQUEST]


def test_serial_octets_under_a_user_link_type():
    push = bytes.fromhex(captures("aidon")[0]["hex"])
    assert _octets([push[:100], push[100:]], link=147) == [push]


def test_unknown_link_type_is_refused():
    with pytest.raises(DecodeError, match="link type 105"):
        _octets([b""], link=105)


def test_cut_capture_gives_what_is_whole():
    octets = capture([udp(REQUEST), udp(ANSWER)])
    chunks = read_octets(octets[: len(octets) - len(udp(ANSWER)) - 5], "x")
    assert [chunk.octets for chunk in chunks] == [REQUEST]
    with pytest.raises(DecodeError):
        read_octets(octets[:20], "x")


@given(st.data())
def test_damaged_captures_are_read_or_refused(data):
    octets = bytearray(capture([tcp(REQUEST, 0), udp(ANSWER), tcp(ANSWER, 0, from_client=False)], ng=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 8))):
        octets[data.draw(st.integers(4, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_octets(bytes(octets), "x")
    except DecodeError:
        return


@given(st.sampled_from([b"\xd4\xc3\xb2\xa1", b"\x0a\x0d\x0d\x0a", b"\xa1\xb2\x3c\x4d"]), st.binary(max_size=100))
def test_random_captures_are_read_or_refused(magic, octets):
    try:
        read_octets(magic + octets, "x")
    except DecodeError:
        return
