"""CoAP exchanges without a socket: blocks, lost messages, late answers, doubles, refusals."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import EncodeError
from dlmskit.limits import Limits
from dlmskit.link.adaptation import Sdu
from dlmskit.link.coap.link import EXCHANGE_SECONDS, MAX_APDU_OCTETS, CoapAdaptation
from dlmskit.link.coap.message import Code, Message, Option, Type, decode_message
from tests.vectors import load

ASK, ANSWER = Sdu(16, 1, b"\xc0ask"), Sdu(1, 16, b"\xc4answer")


class Pair:
    """A client and a server with a line between them; ``serve`` answers what arrives at the server."""

    def __init__(self, serve=lambda sdu: [Sdu(sdu.destination, sdu.source, sdu.apdu)], **words):
        self.client = CoapAdaptation(Random(1).random, server=False, **words)
        self.server = CoapAdaptation(Random(2).random, server=True, **words)
        self.serve = serve
        self.now = 0.0
        self.log = []
        self.lose = lambda message: False

    def settle(self):
        """Carry messages until none is left."""
        while self.client.frames or self.server.frames:
            for name, here, there in (("client", self.client, self.server), ("server", self.server, self.client)):
                while here.frames:
                    frame = here.frames.popleft()
                    message = decode_message(frame)
                    self.log.append((name, message))
                    if not self.lose(message):
                        there.receive(frame, self.now)
                    self.answer()

    def answer(self):
        while self.server.arrived:
            for sdu in self.serve(self.server.arrived.popleft()):
                self.server.submit(sdu, self.now)

    def wait(self, seconds):
        """Let the time pass."""
        end = self.now + seconds
        self.settle()
        while True:
            due = min((time for time in (self.client.due, self.server.due) if time is not None), default=None)
            if due is None or due > end:
                self.now = end
                return
            self.now = due
            for one in (self.client, self.server):
                if one.due is not None and one.due <= self.now:
                    one.tick(self.now)
            self.answer()
            self.settle()

    def told(self):
        return [(who, message.type.name, int(message.code)) for who, message in self.log]


def test_request_of_the_vector_is_served():
    (entry,) = [entry for entry in load("wrapper", "coap") if entry["id"] == "coap-post"]
    (answer,) = [entry for entry in load("wrapper", "coap") if entry["id"] == "coap-ack"]
    server = CoapAdaptation(Random(1).random, server=True)
    server.receive(bytes.fromhex(entry["hex"]), 0)
    assert list(server.arrived) == [Sdu(16, 1, bytes.fromhex(entry["payload"]))]
    server.submit(Sdu(1, 16, bytes.fromhex(answer["payload"])), 0)
    reply, expected = decode_message(server.frames[0]), decode_message(bytes.fromhex(answer["hex"]))
    assert (reply.type, reply.code, reply.message_id, reply.token, reply.payload) == (
        expected.type,
        expected.code,
        expected.message_id,
        expected.token,
        expected.payload,
    )


def test_answer_in_the_acknowledgement():
    pair = Pair(lambda _: [ANSWER])
    pair.client.submit(ASK, 0)
    pair.settle()
    assert pair.told() == [("client", "CON", Code.POST), ("server", "ACK", Code.CHANGED)]
    assert list(pair.client.arrived) == [ANSWER]
    assert (pair.client.due, pair.server.due) == (None, None)


def test_late_answer_in_a_message_of_its_own():
    pair = Pair(lambda _: [])
    pair.client.submit(ASK, 0)
    pair.wait(1.5)
    assert pair.told()[-1] == ("server", "ACK", Code.EMPTY)
    pair.server.submit(ANSWER, pair.now)
    pair.settle()
    assert pair.told()[-2:] == [("server", "CON", Code.CHANGED), ("client", "ACK", Code.EMPTY)]
    assert list(pair.client.arrived) == [ANSWER]


def test_no_answer_ends_the_exchange_and_holds_nobody_up():
    pair = Pair(lambda sdu: [] if sdu == ASK else [ANSWER])
    pair.client.submit(ASK, 0)
    pair.client.submit(Sdu(16, 1, b"\xc0 other"), 0)
    pair.wait(1.1)
    assert list(pair.client.arrived) == [ANSWER]
    pair.wait(EXCHANGE_SECONDS)
    assert not pair.client.failures
    assert not pair.client._open
    assert not pair.server._asked


def test_push_and_second_answer_are_posts_of_the_server():
    pair = Pair(lambda _: [ANSWER, ANSWER])
    pair.client.submit(ASK, 0)
    pair.settle()
    assert list(pair.client.arrived) == [ANSWER, ANSWER]
    assert pair.told()[2:] == [("server", "CON", Code.POST)]
    pair.wait(2)
    assert pair.told()[3:] == [("client", "ACK", Code.EMPTY)]


@pytest.mark.parametrize("size", [1, 64, 65, 128, 1000, MAX_APDU_OCTETS])
@pytest.mark.parametrize("exponent", [2, 6])
def test_blocks_both_ways(size, exponent):
    pair = Pair(size_exponent=exponent)
    apdu = bytes(index * 7 & 0xFF for index in range(size))
    if size == MAX_APDU_OCTETS and exponent == 2:
        pair = Pair(size_exponent=5)
    pair.client.submit(Sdu(16, 1, apdu), 0)
    pair.settle()
    assert list(pair.client.arrived) == [Sdu(1, 16, apdu)]
    assert max(len(message.payload) for _, message in pair.log) <= 16 << pair.client._size_exponent


def test_server_wants_smaller_blocks():
    pair = Pair()
    pair.server = CoapAdaptation(Random(2).random, server=True, size_exponent=2)
    pair.client.submit(Sdu(16, 1, bytes(3000)), 0)
    pair.settle()
    assert list(pair.client.arrived) == [Sdu(1, 16, bytes(3000))]


@pytest.mark.parametrize("seed", range(20))
def test_loss_of_a_third_is_survived(seed):
    """Every APDU arrives once, in order, and its answer too."""
    pair, random, served = Pair(size_exponent=2), Random(seed), []

    def serve(sdu):
        served.append(sdu)
        return [Sdu(sdu.destination, sdu.source, sdu.apdu)]

    pair.serve = serve
    pair.lose = lambda message: random.random() < 0.33
    asked = [Sdu(16, 1, bytes((number,)) * random.randrange(1, 300)) for number in range(5)]
    for sdu in asked:
        pair.client.submit(sdu, pair.now)
        pair.wait(400)
    failures = len(pair.client.failures)
    assert len(served) == len(set(served)) >= 5 - failures
    assert [sdu.apdu for sdu in pair.client.arrived] == [sdu.apdu for sdu in asked if Sdu(1, 16, sdu.apdu) in pair.client.arrived]
    assert len(pair.client.arrived) >= 5 - failures
    assert failures <= 2


def test_doubles_are_answered_from_memory():
    pair = Pair(lambda _: [ANSWER])
    pair.client.submit(ASK, 0)
    frame = pair.client.frames[0]
    pair.settle()
    for _ in range(3):
        pair.server.receive(frame, 1)
    assert len(pair.server.frames) == 3
    assert len(set(pair.server.frames)) == 1
    assert not pair.server.arrived
    pair.server.receive(frame, 2 * EXCHANGE_SECONDS)
    assert list(pair.server.arrived) == [ASK]  # as old as that it is another one


def test_repetitions_and_their_end():
    pair = Pair()
    pair.lose = lambda message: True
    pair.client.submit(ASK, 0)
    pair.wait(200)
    assert pair.told() == [("client", "CON", Code.POST)] * 5
    assert list(pair.client.failures) == ["CoAP: not acknowledged, sent 5 times"]
    assert pair.client.due is None


def test_reset():
    pair = Pair()
    pair.client.submit(ASK, 0)
    message = decode_message(pair.client.frames.popleft())
    pair.client.receive(Message(Type.RST, Code.EMPTY, message.message_id).encode(), 0)
    assert list(pair.client.failures) == ["CoAP: the peer knows nothing of it (reset)"]


def test_ping_is_answered_by_reset():
    server = CoapAdaptation(Random(1).random, server=True)
    server.receive(Message(Type.CON, Code.EMPTY, 7).encode(), 0)
    assert decode_message(server.frames[0]) == Message(Type.RST, Code.EMPTY, 7)


def test_not_confirmable():
    pair = Pair(lambda _: [ANSWER], confirmable=False)
    pair.client.submit(ASK, 0)
    pair.settle()
    assert pair.told() == [("client", "NON", Code.POST), ("server", "NON", Code.CHANGED)]
    assert list(pair.client.arrived) == [ANSWER]


PATH = ((int(Option.URI_PATH), b"1"),)


@pytest.mark.parametrize(
    ("code", "options", "payload", "refusal"),
    [
        (1, PATH, b"x", Code.METHOD_NOT_ALLOWED),
        (2, (), b"x", Code.NOT_FOUND),
        (2, ((11, b"meter"),), b"x", Code.NOT_FOUND),
        (2, (*PATH, (15, b"client=-1")), b"x", Code.NOT_FOUND),
        (2, ((9, b""), *PATH), b"x", Code.BAD_OPTION),
        (2, PATH, b"", Code.BAD_OPTION),
        (2, (*PATH, (27, b"\x07")), b"x", Code.BAD_OPTION),
        (2, (*PATH, (27, b"\x18")), bytes(16), Code.REQUEST_ENTITY_INCOMPLETE),
        (2, (*PATH, (27, b"\x08")), bytes(15), Code.REQUEST_ENTITY_INCOMPLETE),
        (2, (*PATH, (23, b"\x10")), b"", Code.REQUEST_ENTITY_INCOMPLETE),
    ],
)
def test_refusals(code, options, payload, refusal):
    server = CoapAdaptation(Random(1).random, server=True)
    server.receive(Message(Type.CON, code, 1, b"t", options, payload).encode(), 0)
    assert decode_message(server.frames[0]).code == refusal
    assert not server.arrived


def test_refusal_is_a_failure_of_the_client():
    pair = Pair(path="dlms")
    pair.server = CoapAdaptation(Random(2).random, server=True, path="elsewhere")
    pair.client.submit(ASK, 0)
    pair.settle()
    assert list(pair.client.failures) == ["CoAP: refused with 4.04"]


def test_too_much_is_refused():
    pair = Pair(limits=Limits(frame_octets=2000), size_exponent=6)
    pair.client.submit(Sdu(16, 1, bytes(3000)), 0)
    pair.settle()
    assert list(pair.client.failures) == ["CoAP: refused with 4.13"]
    with pytest.raises(EncodeError):
        pair.client.submit(Sdu(16, 1, bytes(MAX_APDU_OCTETS + 1)), 0)
    with pytest.raises(EncodeError, match="wait to be posted"):
        for _ in range(40):
            pair.client.submit(ASK, 0)


@given(st.lists(st.binary(max_size=30).map(lambda tail: bytes((0x40 | tail[0] & 0x3F if tail else 0x40, 2)) + tail), max_size=40))
def test_hostile_messages_raise_nothing(frames):
    for server in (True, False):
        one = CoapAdaptation(Random(1).random, server=server)
        for number, frame in enumerate(frames):
            one.receive(frame, number)
            one.tick(number)
        assert len(one._replies) <= 65
        assert len(one._asked) <= 16
