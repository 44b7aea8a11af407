"""The short wrapper in one message and in many."""

import asyncio
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.adaptation import Sdu
from dlmskit.link.sms import (
    KEPT_SECONDS,
    MAX_APDU_OCTETS,
    SmsAdaptation,
    decode_message,
    decode_short_wrapper,
    encode_short_wrapper,
)
from dlmskit.testing import virtual_time
from dlmskit.transport.base import Saps
from dlmskit.transport.sms import SMS, Modem, SmsCarrier
from tests.vectors import load

(VECTOR,) = [entry for entry in load("wrapper", "sms") if "hex" in entry]
(CONCATENATED,) = [entry for entry in load("wrapper", "sms") if "udh" in entry]


def sent(size, adaptation=None):
    one = adaptation or SmsAdaptation()
    one.submit(Sdu(16, 1, bytes(index & 0xFF for index in range(size))), 0)
    frames = list(one.frames)
    one.frames.clear()
    return frames


def test_vector_both_ways():
    sdu = Sdu(VECTOR["src"], VECTOR["dst"], bytes.fromhex(VECTOR["apdu"]))
    assert encode_short_wrapper(sdu) == bytes.fromhex(VECTOR["hex"])
    assert decode_short_wrapper(bytes.fromhex(VECTOR["hex"])) == sdu


def test_header_of_the_vector():
    frames = sent(139)
    assert [frame[1:4] for frame in frames] == [bytes.fromhex(CONCATENATED["udh"])[:3]] * 2
    message = decode_message(b"\1" + bytes.fromhex(CONCATENATED["udh"]) + b"x")
    assert (message.reference, message.parts, message.part) == (0xA5, 2, 1)


@pytest.mark.parametrize(("size", "messages"), [(1, 1), (138, 1), (139, 2), (266, 2), (267, 3), (MAX_APDU_OCTETS, 255)])
def test_sizes(size, messages):
    frames = sent(size)
    assert len(frames) == messages
    assert max(map(len, frames)) <= 141
    there = SmsAdaptation()
    Random(size).shuffle(frames)
    for frame in (*frames[:5], *frames):
        there.receive(frame, 0)
    assert len(there.arrived[0].apdu) == size
    assert there.arrived[0] == Sdu(16, 1, bytes(index & 0xFF for index in range(size)))


def test_too_long_and_sap_too_wide():
    with pytest.raises(EncodeError, match="255 messages carry"):
        sent(MAX_APDU_OCTETS + 1)
    with pytest.raises(EncodeError):
        SmsAdaptation().submit(Sdu(256, 1, b"x"), 0)


def test_references_keep_two_apdus_apart():
    here, there = SmsAdaptation(), SmsAdaptation()
    one, other = sent(200, here), sent(250, here)
    for frame in (one[0], other[0], other[1], one[1]):
        there.receive(frame, 0)
    assert [len(sdu.apdu) for sdu in there.arrived] == [250, 200]


def test_unfinished_is_bounded_and_forgotten():
    here, there = SmsAdaptation(), SmsAdaptation()
    for number in range(6):
        there.receive(sent(200, here)[0], number)
    assert len(there._unfinished) == 4
    assert there.due == 2 + KEPT_SECONDS
    there.tick(10 + KEPT_SECONDS)
    assert (len(there._unfinished), there.discarded) == (0, 6)


@pytest.mark.parametrize(
    "frame", ["", "00", "000001", "02100101", "01050003A50203", "01050003A5020041", "01050003A5010141", "010B04"]
)
def test_broken_messages_are_dropped(frame):
    there = SmsAdaptation()
    there.receive(bytes.fromhex(frame), 0)
    assert (there.discarded, len(there.arrived)) == (1, 0)
    with pytest.raises(DecodeError):
        decode_short_wrapper(b"\x10\x01")


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_hostile_messages_raise_nothing(frames):
    there = SmsAdaptation()
    for frame in frames:
        there.receive(frame, 0)
        there.receive(b"\1\5\0\3" + frame, 0)
    assert len(there._unfinished) <= 4


def test_parts_that_come_minutes_apart_are_joined():
    """A network may take its time; the listener has not forgotten the first part by then."""

    async def work():
        modem, taken = _Modem("+200"), []

        class Handler:
            associated = False

            def received(self, source, destination, apdu):
                taken.append(apdu)
                return ()

            def lost(self, reason): ...

        listener = await SMS.serve(SmsCarrier(modem), lambda connection: Handler())
        sending = SmsAdaptation()
        sending.submit(Sdu(1, 1, bytes(200)), 0.0)
        for frame in sending.frames:
            modem.received("+100", frame[1:], bool(frame[0]))
            await asyncio.sleep(600)
        await listener.close()
        return taken

    assert virtual_time.run(work()) == [bytes(200)]


class _Modem(Modem):
    """Two of them hear each other."""

    def __init__(self, number):
        self.number = number
        self.other = None
        self.received: Any = None
        self.log = []

    async def start(self, received):
        self.received = received

    def send(self, number, user_data, *, header):
        self.log.append((number, len(user_data), header))
        if self.other is not None and self.other.received is not None and number == self.other.number:
            self.other.received(self.number, user_data, header)

    def stop(self):
        self.received = None


async def test_over_modems():
    head_end, meter = _Modem("+100"), _Modem("+200")
    head_end.other, meter.other = meter, head_end

    class Handler:
        associated = True

        def __init__(self, connection):
            self.peer = connection.peer

        def received(self, source, destination, apdu):
            return (self.peer.encode() + bytes((source, destination)) + apdu,)

        def lost(self, reason):
            """Not of interest."""

    listener = await SMS.serve(SmsCarrier(meter), Handler)
    async with SMS.connect(SmsCarrier(head_end), "+200", Saps(2, 17)) as client:
        await client.send(bytes(300))
        assert await client.receive() == b"+100" + bytes((2, 17)) + bytes(300)
    assert head_end.log == [("+200", 140, True), ("+200", 140, True), ("+200", 40, True)]
    await listener.close()
    assert head_end.received is meter.received is None
