"""DLMS over wired M-Bus: both machines against each other, on good lines and bad ones."""

import contextlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmskit.errors import LocalProtocolError
from dlmskit.limits import Limits
from dlmskit.link.events import LinkDown, LinkUp, Received
from dlmskit.link.mbus import MBusFrame, encode_segments
from dlmskit.link.mbus_link import MBusClient, MBusTimes
from dlmskit.link.mbus_slave import MBusServer
from dlmskit.link.mbus_stream import Acknowledge, MBusReceiver, ShortFrame

TIMES = MBusTimes(repetitions=8, poll=0.1)


class Bus:
    """A client and some servers in virtual time; ``fate`` says what becomes of the octets of one turn."""

    def __init__(self, servers=None, fate=lambda octets: octets, limits=None, address=5):
        self.client = MBusClient(address, 16, 1, TIMES, limits or Limits())
        self.servers = servers or [MBusServer(5, TIMES, limits or Limits())]
        self.receivers = [MBusReceiver(0.2) for _ in self.servers]
        self.fate = fate
        self.now = 0.0
        self.served: list[bytes] = []
        self.delivered: list[bytes] = []
        self.down: list[LinkDown] = []
        self.server_down: list[LinkDown] = []
        self.up = 0

    def settle(self):
        for event in self.client.take_events():
            if isinstance(event, LinkUp):
                self.up += 1
            elif isinstance(event, LinkDown):
                self.down.append(event)
            else:
                self.delivered.append(event.apdu)

    def step(self):
        said = self.fate(self.client.output())
        for server, receiver in zip(self.servers, self.receivers, strict=True):
            for frame in receiver.feed(said, self.now) if said else receiver.tick(self.now):
                server.receive(frame, self.now)
            self.serve(server)
            answer = self.fate(server.output())
            if answer:
                self.now += 0.01
                self.client.feed(answer, self.now)
        self.settle()
        if not self.client._out and self.client.due is not None:
            self.now = max(self.now, self.client.due)
            self.client.tick(self.now)
            self.settle()

    def serve(self, server):
        for event in server.take_events():
            if isinstance(event, Received):
                self.served.append(event.apdu)
                if event.apdu != b"silence":
                    server.send(event.client, event.server, event.apdu)
            elif isinstance(event, LinkDown):
                self.server_down.append(event)

    def until(self, condition, steps=5000):
        for _ in range(steps):
            if condition():
                return
            self.step()
        raise AssertionError("it hangs")

    def open(self):
        self.client.connect(self.now)
        self.until(lambda: bool(self.up or self.down))

    def ask(self, apdu):
        had = len(self.delivered)
        self.client.send(apdu, self.now)
        self.client.expect(self.now)
        self.until(lambda: len(self.delivered) > had or bool(self.down))


@pytest.mark.parametrize("size", [1, 245, 246, 490, 3920, 4200])
def test_every_size_both_ways(size):
    bus = Bus()
    bus.open()
    request = bytes(index & 0xFF for index in range(size))
    for _ in range(3):
        bus.ask(request)
    assert bus.served == bus.delivered == [request] * 3


def test_no_answer_yet_is_asked_for_with_pauses():
    bus = Bus()
    bus.open()
    bus.client.send(b"silence", bus.now)
    bus.client.expect(bus.now)
    for _ in range(20):
        bus.step()
    assert bus.now > 0.8
    bus.client.expect(bus.now, wanted=False)
    bus.ask(b"again")
    assert bus.delivered == [b"again"]


def test_a_request_that_meets_a_question_under_way_goes_out_behind_it():
    client = MBusClient(5, 16, 1)
    client.connect(0.0)
    client.feed(b"\xe5", 0.1)
    client.expect(0.1)
    client.output()
    client.expect(0.2, wanted=False)
    client.send(b"x", 0.2)
    assert not client.output()
    client.feed(b"\xe5", 0.3)
    assert client.output()[:1] == b"\x68"


def test_nobody_and_somebody_else():
    bus = Bus(address=6)
    bus.open()
    assert bus.down[0].silent
    assert bus.now == pytest.approx(9 * 0.5)
    with pytest.raises(LocalProtocolError):
        bus.client.send(b"x", bus.now)


def test_several_meters_on_one_bus_and_the_test_address():
    servers = [MBusServer(address, TIMES) for address in (5, 6, 7)]
    for address in (5, 6, 7):
        bus = Bus(servers, address=address)
        bus.open()
        bus.ask(bytes([address]))
        assert bus.delivered == [bytes([address])]
    alone = Bus(address=254)
    alone.open()
    alone.ask(b"whoever you are")
    assert alone.delivered == [b"whoever you are"]


def test_taking_the_link_down_resets_the_meter():
    bus = Bus()
    bus.open()
    bus.ask(b"x")
    bus.client.disconnect(bus.now)
    bus.until(lambda: bool(bus.down))
    assert not bus.down[0].silent
    assert len(bus.server_down) == 1


@pytest.mark.case("R-022")
def test_a_meter_forgets_a_silent_master():
    server = MBusServer(5, MBusTimes(inactivity=60))
    server.receive(ShortFrame(0x40, 5), 0.0)
    server.receive(ShortFrame(0x7B, 5), 0.0)
    server.send(16, 1, b"never fetched")
    assert server.due == 60
    server.tick(60.0)
    assert [type(event) for event in server.take_events()] == [LinkUp, LinkDown]
    server.output()
    server.receive(ShortFrame(0x5B, 5), 61.0)
    assert not server.output()


@pytest.mark.case("R-020")
def test_a_repeated_command_is_answered_and_not_executed_again():
    server = MBusServer(5)
    server.receive(ShortFrame(0x40, 5), 0.0)
    (octets,) = encode_segments(b"x", 16, 1, address=5)
    once = MBusFrame(0x73, 5, octets[6], octets[7:-2])
    for _ in range(3):
        server.receive(once, 0.0)
    assert [event.apdu for event in server.take_events() if isinstance(event, Received)] == [b"x"]
    assert server.output() == bytes([0xE5]) * 4
    server.send(16, 1, b"y")
    for _ in range(2):
        server.receive(ShortFrame(0x5B, 5), 0.0)
    first = server.output()
    assert first[: len(first) // 2] == first[len(first) // 2 :]


@pytest.mark.case("R-021")
def test_segments_without_end_are_bounded():
    server = MBusServer(5, limits=Limits(frame_octets=1000))
    server.receive(ShortFrame(0x40, 5), 0.0)
    for number in range(100):
        control = 0x53 if number & 1 else 0x73
        server.receive(MBusFrame(control, 5, number & 0x0F, b"\x10\x01" + bytes(200)), 0.0)
        assert server._reassembler.pending <= 1000
    assert not [event for event in server.take_events() if isinstance(event, Received)]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), loss=st.sampled_from([0.0, 0.1, 0.2]), damage=st.sampled_from([0.0, 0.05]))
def test_a_bad_bus_neither_loses_nor_doubles(seed, loss, damage):
    chosen = random.Random(seed)

    def fate(octets):
        if octets and chosen.random() < loss:
            return b""
        if octets and octets != b"\xe5" and chosen.random() < damage:  # an E5 has no check: a damaged one is lost or noise
            at = chosen.randrange(len(octets))
            return octets[:at] + bytes([octets[at] ^ 1 << chosen.randrange(8)]) + octets[at + 1 :]
        return octets

    bus = Bus(fate=fate)
    bus.open()
    requests = [bytes([number]) * (number * 97 % 800 + 1) for number in range(10)]
    for request in requests:
        if bus.down:
            break
        bus.ask(request)
    assert bus.delivered == requests[: len(bus.delivered)]
    assert bus.served == requests[: len(bus.served)]
    assert bus.down or len(bus.delivered) == len(requests)


@given(st.binary(max_size=300), st.integers(1, 40))
def test_noise_is_passed_over(octets, step):
    receiver, whole = MBusReceiver(0.2), MBusFrame(0x53, 1, 0x10, b"\x01\x10x")
    for at in range(0, len(octets), step):
        receiver.feed(octets[at : at + step], 0.0)
        assert len(receiver._buffer) <= 261
    found = receiver.feed(ShortFrame(0x40, 1).encode() + whole.encode(), 10.0)
    assert found[-2:] == [ShortFrame(0x40, 1), whole]
    assert receiver.feed(b"\xe5", 10.0) == [Acknowledge()]


ACTIONS = st.sampled_from(["connect", "disconnect", "send", "expect", "forget", "due", "lost"])
ANSWER = bytes.fromhex("6805056808051001102E16")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(ACTIONS, st.just(b"\xe5"), st.binary(max_size=12), st.just(ANSWER)), max_size=40))
def test_a_client_keeps_its_promises_whatever_comes(steps):
    client, now = MBusClient(5, 16, 1, MBusTimes(repetitions=1)), 0.0
    for step in steps:
        with contextlib.suppress(LocalProtocolError):
            now = act(client, step, now)
        client.take_events()
        client.output()
    for _ in range(8):
        if client.due is None:
            assert not client.sending
            return
        now = max(now, client.due)
        client.tick(now)
    raise AssertionError("still waiting for somebody who says nothing")


def act(client, step, now):
    if isinstance(step, bytes):
        client.feed(step, now)
    elif step == "send":
        client.send(bytes(300), now)
    elif step in {"expect", "forget"}:
        client.expect(now, wanted=step == "expect")
    elif step == "lost":
        client.lost("cut")
    elif step != "due":
        getattr(client, step)(now)
    elif client.due is not None:
        now = max(now, client.due)
        client.tick(now)
    return now


@pytest.mark.parametrize("heard", [0.0, 22643.40798291816, 26459.111428383265])
def test_a_frame_is_given_up_when_it_was_told_to_be_due(heard):
    """Where (heard + 0.3) - heard is less than 0.3 as well."""
    receiver = MBusReceiver(0.3)
    receiver.feed(b"\x68", heard)
    due = receiver.due
    assert due is not None
    receiver.tick(due)
    assert not receiver.unfinished
    assert receiver.due is None
