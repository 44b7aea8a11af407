"""SCHC (RFC 8724): rules both ways, fragments, bitmaps, loss of each message, hostile frames."""

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import ConfigError, DecodeError, EncodeError
from dlmskit.link.adaptation import Sdu
from dlmskit.link.ipv6 import Ipv6Udp, decode_packet
from dlmskit.link.schc.bits import BitReader, BitWriter
from dlmskit.link.schc.compression import Ends, compress, decompress, dlms_rules, fields_of
from dlmskit.link.schc.fragments import LORAWAN_UPLINK, Ack, Fragment, FragmentationRule, decode_ack, decode_fragment
from dlmskit.link.schc.link import MAX_APDU_OCTETS, UNCOMPRESSED, SchcAdaptation
from dlmskit.link.schc.receiving import FragmentReceiver
from dlmskit.link.schc.rules import BITS, Computed, Field, Known, OneOf, Rule, Sent
from dlmskit.link.schc.sending import FragmentSender

ENDS = Ends(bytes.fromhex("FE80") + bytes(13) + b"\1", bytes.fromhex("20010DB8") + bytes(11) + b"\2", 4059, 61616)
RULES = dlms_rules(ENDS)
SMALL = FragmentationRule(1, window_bits=5, fcn_bits=3, window_tiles=7, tile_octets=6)
"""Windows of seven tiles, as the examples of RFC 8724, appendix B have them."""
NO_ACK = FragmentationRule(30, window_bits=0, fcn_bits=8, window_tiles=1, tile_octets=10)


@pytest.mark.parametrize("from_device", [True, False])
@pytest.mark.parametrize(("client", "server", "octets"), [(16, 1, 2), (3, 1, 2), (102, 1, 3), (16, 17, 3)])
def test_headers_of_56_octets_shrink_to_two_or_three(client, server, octets, from_device):
    sdu = Sdu(server, client, b"apdu") if from_device else Sdu(client, server, b"apdu")
    packet = ENDS.packet(sdu, from_device=from_device)
    compressed = compress(packet, RULES, UNCOMPRESSED, from_device=from_device)
    assert len(compressed) == octets + 4
    assert decompress(compressed, RULES[compressed[0] - 1], from_device=from_device) == packet


def test_what_no_rule_knows_goes_as_it_is():
    packet = Ipv6Udp(ENDS.device, ENDS.application, 1, 2, b"something else")
    compressed = compress(packet, RULES, UNCOMPRESSED, from_device=True)
    assert compressed[0] == UNCOMPRESSED
    assert decode_packet(compressed[1:]) == packet


def test_every_action():
    everything = Rule(9, tuple(Sent(field) for field in Field))
    packet = ENDS.packet(Sdu(1, 16, b"apdu"), from_device=True)
    sent = compress(packet, (everything,), UNCOMPRESSED, from_device=True)
    assert len(sent) == 1 + sum(BITS.values()) // 8 + 4
    assert decompress(sent, everything, from_device=True) == packet
    values, _ = fields_of(packet, from_device=True)
    wrong = bytearray(sent)
    wrong[5] ^= 1  # the payload length, which was sent although it can be computed
    with pytest.raises(DecodeError, match="a length or the checksum is wrong"):
        decompress(bytes(wrong), everything, from_device=True)
    three = OneOf(Field.HOP_LIMIT, (values[Field.HOP_LIMIT], 1, 255))
    assert three.bits == 2
    with pytest.raises(DecodeError, match="place 3 of a list of 3"):
        three.read(BitReader(b"\xc0"))


@pytest.mark.parametrize(
    "fields",
    [
        tuple(Known(field, 0) for field in list(Field)[1:]),
        tuple(Known(field, 0) for field in [*Field, Field.VERSION]),
        tuple(Computed(field) for field in Field),
    ],
    ids=["missing", "doubled", "not computable"],
)
def test_rule_that_cannot_work_is_refused(fields):
    with pytest.raises(ConfigError):
        Rule(1, fields)


@given(st.lists(st.tuples(st.integers(0, 2**20 - 1), st.integers(1, 20)), max_size=20), st.binary(max_size=9))
def test_bits(fields, octets):
    writer = BitWriter()
    for value, bits in fields:
        writer.write(value, bits)
    writer.write_octets(octets)
    reader = BitReader(writer.finish())
    assert [reader.read(bits) for _, bits in fields] == [value & (1 << bits) - 1 for value, bits in fields]
    assert reader.read_octets() == octets
    assert reader.left < 8


def exchanged(packet, rule, lost, frame_octets=15, most=200):
    """Send a packet over a line that loses the frames of these numbers; what arrived, and every message in words."""
    sender, receiver = FragmentSender(packet, rule, frame_octets), FragmentReceiver(rule)
    numbers, arrived = itertools.count(), []
    told: list[object] = []
    frames = sender.start()
    while frames:
        answers = []
        for frame in frames:
            number = next(numbers)
            assert number < most
            fragment = decode_fragment(frame, rule)
            told.append((fragment.window, fragment.fcn))
            if number in lost:
                continue
            packet, answer = receiver.take(fragment)
            arrived += [packet] if packet is not None else []
            answers += [answer] if answer is not None else []
        frames = []
        for answer in answers:
            ack = decode_ack(answer, rule)
            told.append(ack)
            assert ack is not None
            if next(numbers) not in lost:
                frames += sender.acknowledged(ack)
        if not frames and not sender.done and not sender.failure:
            frames = sender.expired()
    return arrived, told, sender


def test_example_of_the_standard():
    """RFC 8724, appendix B: six tiles, three lost, bitmap 1100001; ours asks with All-1 after the retransmission."""
    arrived, told, _ = exchanged(bytes(range(36)), SMALL, {2, 3, 4}, frame_octets=12)
    assert told[:6] == [(0, 6), (0, 5), (0, 4), (0, 3), (0, 2), (0, 7)]
    assert told[6] == Ack(0, complete=False, received=(True, True, False, False, False, False, True))
    assert told[7:11] == [(0, 4), (0, 3), (0, 2), (0, 7)]
    assert told[11] == Ack(0, complete=True)
    assert arrived == [bytes(range(36))]


@pytest.mark.parametrize("size", [7, 42, 43, 84, 85, 300])
@pytest.mark.parametrize("frame_octets", [12, 26])
def test_loss_of_any_one_message_is_survived(size, frame_octets):
    """Fragments and acknowledgements alike; the packet is delivered once."""
    packet = bytes(index * 7 & 0xFF for index in range(size))
    _, told, _ = exchanged(packet, SMALL, set(), frame_octets)
    for number in range(len(told) + 1):
        arrived, _, sender = exchanged(packet, SMALL, {number}, frame_octets)
        assert arrived == [packet]
        assert sender.done


@pytest.mark.parametrize("seed", range(30))
def test_heavy_loss_ends_in_the_packet_or_in_a_failure(seed):
    random = Random(seed)
    packet = random.randbytes(random.randrange(30, 400))
    arrived, _, sender = exchanged(packet, LORAWAN_UPLINK, {n for n in range(500) if random.random() < 0.3}, 51, 500)
    assert arrived in ([packet], [])
    assert sender.done or sender.failure
    assert arrived or not sender.done


@given(st.lists(st.booleans(), min_size=63, max_size=63))
def test_bitmap_both_ways(received):
    ack = Ack(2, complete=False, received=tuple(received))
    octets = ack.encode(LORAWAN_UPLINK)
    assert decode_ack(octets, LORAWAN_UPLINK) == ack
    if all(received[20:]):
        assert len(octets) <= 5  # the ones at the end are not sent


def test_no_ack():
    packet = bytes(range(95))
    sender, receiver = FragmentSender(packet, NO_ACK, 22), FragmentReceiver(NO_ACK)
    frames = sender.start()
    assert sender.done
    assert [receiver.take(decode_fragment(frame, NO_ACK))[0] for frame in frames] == [None] * (len(frames) - 1) + [packet]
    for frame in (*frames[:1], *frames[2:]):
        assert receiver.take(decode_fragment(frame, NO_ACK)) == (None, None)
    assert receiver.discarded == 1
    for _ in range(1000):
        receiver.take(Fragment(0, 0, bytes(20)))
    assert not receiver.waiting or len(receiver._in_order) <= NO_ACK.most_octets


def link(device):
    return SchcAdaptation(ENDS, device=device)


def test_link_carries_the_longest_apdu_and_refuses_a_longer_one():
    meter, head_end = link(True), link(False)
    with pytest.raises(EncodeError):
        meter.submit(Sdu(1, 16, bytes(MAX_APDU_OCTETS + 1)), 0)
    meter.submit(Sdu(1, 16, bytes(MAX_APDU_OCTETS)), 0)
    while meter.frames or head_end.frames:
        for here, there in ((meter, head_end), (head_end, meter)):
            while here.frames:
                frame = here.frames.popleft()
                assert len(frame) <= 51
                there.receive(frame, 0)
    assert list(head_end.arrived) == [Sdu(1, 16, bytes(MAX_APDU_OCTETS))]
    assert (meter.due, head_end.due) == (None, None)


def test_peer_that_never_answers_is_a_failure_and_the_next_packet_goes_on():
    meter = link(True)
    for _ in range(2):
        meter.submit(Sdu(1, 16, bytes(100)), 0)
    for _ in range(100):
        if meter.due is None:
            break
        meter.tick(meter.due)
    assert list(meter.failures) == ["SCHC: not acknowledged after 8 attempts"] * 2


def test_unfinished_packet_is_given_up_and_the_sender_told():
    meter, head_end = link(True), link(False)
    meter.submit(Sdu(1, 16, bytes(100)), 0)
    head_end.receive(meter.frames[0], 0)
    assert head_end.due == 300
    head_end.tick(300)
    assert (head_end.due, head_end.discarded) == (None, 1)
    meter.receive(head_end.frames.popleft(), 300)
    assert list(meter.failures) == ["SCHC: the receiver gave up"]


def test_waiting_packets_are_bounded():
    meter = link(True)
    with pytest.raises(EncodeError, match="16 packets wait"):
        for _ in range(20):
            meter.submit(Sdu(1, 16, bytes(100)), 0)


@given(st.lists(st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(lambda octets: b"\x14" + octets)), max_size=30))
def test_hostile_frames_raise_nothing(frames):
    head_end = link(False)
    for frame in frames:
        head_end.receive(frame, 0)
    assert len(head_end._receiver._tiles) <= 4 * 63
