"""Peers that break the rules, are busy, or are somebody else: what each machine says and does."""

import tracemalloc

import pytest

from dlmskit.link.events import Received
from dlmskit.link.hdlc import control
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.client import HdlcClient
from dlmskit.link.hdlc.control import CONTROLS, FrameKind
from dlmskit.link.hdlc.deframer import HdlcDeframer
from dlmskit.link.hdlc.events import Ended, LinkEvent, LinkSettings, LinkTimes, ReceivedUnnumbered
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.hdlc.parameters import HdlcParameters
from dlmskit.link.hdlc.server import HdlcServer
from dlmskit.link.hdlc.tables import LinkInput, LinkState
from tests.link.hdlc.line import Line, faithful

CLIENT, SERVER = client_address(16), server_address(1, 17)
WIDE = LinkSettings(HdlcParameters(128, 128, 3, 3), most_octets=4000)
REQUEST, ANSWER = b"\xe6\xe6\x00", b"\xe6\xe7\x00"


class Server:
    """A server with one link, and what it says, tells and holds."""

    def __init__(self, settings=WIDE, snrm=b""):
        self.machine = HdlcServer({1}, 17, settings)
        self.events: list[LinkEvent] = []
        self.hear(0x93, settings.parameters.encode())
        self.events.clear()

    def hear(self, octet, information=b"", *, segmented=False, source=CLIENT, destination=SERVER):
        self.machine.receive(HdlcFrame(destination, source, CONTROLS[octet], information, segmented), 0.0)
        self.events += self.machine.take_events()
        return HdlcDeframer().feed(self.machine.output())

    @property
    def causes(self):
        return [event.cause for event in self.events if isinstance(event, Ended)]

    @property
    def apdus(self):
        return [event.apdu for event in self.events if isinstance(event, Received)]


def i(send, receive, *, final=True):
    return control.information(send, receive, poll_final=final).octet


@pytest.mark.parametrize(
    ("octet", "information", "rejection"),
    [
        (0xBF, b"", "BF0001"),  # undefined control field: W
        (0x19, b"", "190001"),  # REJ does not belong to the profile: W
        (0x11, b"x", "110003"),  # information where none is permitted: W and X
        (0x10, bytes(129), "100004"),  # too long: Y
        (i(0, 4), REQUEST + b"x", "900008"),  # N(R) of what was never sent: Z
        (0x91, b"", "910008"),
    ],
)
def test_what_breaks_the_rules_is_rejected_until_the_link_is_set_up_anew(octet, information, rejection):
    server = Server()
    (frmr,) = server.hear(octet, information)
    assert (frmr.control.kind, frmr.control.poll_final) == (FrameKind.FRMR, True)
    assert frmr.information.hex().upper() == rejection
    for later in (i(0, 0), 0x11, 0x15, 0x13):
        (again,) = server.hear(later)
        assert again.information == frmr.information
        assert not server.hear(later & ~0x10)
    assert not server.events
    (ua,) = server.hear(0x93)
    assert ua.control.kind is FrameKind.UA
    assert server.causes == [LinkInput.SNRM]
    assert [frame.control.octet for frame in server.hear(i(0, 0), REQUEST + b"x")] == [0x31]
    server.hear(octet, information)
    assert [frame.control.kind for frame in server.hear(0x53)] == [FrameKind.UA]
    assert [frame.control.kind for frame in server.hear(0x53)] == [FrameKind.DM]


def test_frmr_tells_the_numbers_of_the_server():
    server = Server()
    server.machine.send(16, 1, b"pending")
    server.hear(i(0, 0), REQUEST + b"x")
    (frmr,) = server.hear(0xBF)
    assert frmr.information.hex().upper() == "BF2201"  # V(S)=1, V(R)=1


@pytest.mark.case("R-021")
def test_endless_segments_end_at_a_server():
    """At the limit the link is reset: DM, an event, and no more than the limit is ever held."""
    server = Server()
    tracemalloc.start()
    said: list[HdlcFrame] = []
    number = 0
    for number in range(5000):
        said += server.hear(i(number & 7, 0), bytes(128), segmented=True)
        if server.causes:
            break
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert number == 4000 // 128
    assert server.causes == [LinkInput.FLOOD]
    assert said[-1].control.kind is FrameKind.DM
    assert held < 200_000
    assert not server.machine.links
    assert [frame.control.kind for frame in server.hear(i(0, 0), bytes(128), segmented=True)] == [FrameKind.DM]


@pytest.mark.case("R-021")
def test_endless_segments_end_at_a_client():
    client = connected()
    client.expect(0.0)
    number, events, said = 0, [], []
    for number in range(100):
        client.receive(
            HdlcFrame(CLIENT, SERVER, control.information(number, 0, poll_final=True), bytes(128), segmented=True), 0.0
        )
        events = client.take_events()
        said = HdlcDeframer().feed(client.output())
        if events:
            break
    assert [event.cause for event in events] == [LinkInput.FLOOD]
    assert said[-1].control.kind is FrameKind.DISC
    assert number == 4000 // 128


@pytest.mark.case("R-020")
def test_repeated_skipped_and_swapped_frames_with_a_window_of_three():
    server = Server()
    assert not server.hear(i(0, 0, final=False), REQUEST + b"a")
    assert not server.hear(i(0, 0, final=False), REQUEST + b"a")
    assert not server.hear(i(2, 0, final=False), REQUEST + b"c")
    assert [frame.control.octet for frame in server.hear(i(1, 0), REQUEST + b"b")] == [0x51]  # RR: the third must come again
    assert [frame.control.octet for frame in server.hear(i(2, 0), REQUEST + b"c")] == [0x71]
    assert server.apdus == [b"a", b"b", b"c"]


def test_a_client_that_does_not_keep_to_its_window_must_repeat():
    server = Server()
    for number in range(7):
        server.hear(i(number, 0, final=False), REQUEST + bytes([number]))
    assert server.apdus == [b"\0", b"\1", b"\2"]
    assert [frame.control.octet for frame in server.hear(0x11)] == [0x71]


def test_what_a_client_leaves_uncollected_is_bounded():
    server = Server()
    number = 0
    for _ in range(200):
        before = len(server.apdus)
        server.hear(i(number, 0), REQUEST + b"more")
        if len(server.apdus) > before:
            number += 1
            server.machine.send(16, 1, bytes(1000))
    assert 4 <= len(server.apdus) <= 6


def connected(settings=WIDE):
    client = HdlcClient(CLIENT, SERVER, settings)
    client.connect(0.0)
    client.receive(HdlcFrame(CLIENT, SERVER, CONTROLS[0x73], settings.parameters.encode()), 0.0)
    client.output()
    client.take_events()
    return client


@pytest.mark.parametrize(
    ("octet", "cause", "disc"),
    [(0x97, LinkInput.FRMR, False), (0x1F, LinkInput.DM, False), (0x91, LinkInput.INVALID, True)],
)
def test_what_ends_the_link_of_a_client(octet, cause, disc):
    client = connected()
    client.send(b"x", 0.0)
    client.output()
    client.receive(HdlcFrame(CLIENT, SERVER, CONTROLS[octet]), 0.1)
    assert [event.cause for event in client.take_events()] == [cause]
    assert (client.state is LinkState.DISCONNECTING) == disc
    assert [frame.control.kind for frame in HdlcDeframer().feed(client.output())] == [FrameKind.DISC] * disc


def test_a_busy_server_is_asked_again_until_it_is_not():
    client = connected()
    client.send(b"x" * 300, 0.0)
    client.output()
    now = 0.1
    client.receive(HdlcFrame(CLIENT, SERVER, CONTROLS[0x35]), now)  # RNR, N(R)=1, F=1
    for _ in range(3):
        assert client.output() == b""
        assert client.due == pytest.approx(now + 1.0)
        now = client.due
        client.tick(now)
        (poll,) = HdlcDeframer().feed(client.output())
        assert (poll.control.kind, poll.control.poll_final) == (FrameKind.RR, True)
        client.receive(HdlcFrame(CLIENT, SERVER, CONTROLS[0x35]), now)
    now = client.due
    client.tick(now)
    client.output()
    client.receive(HdlcFrame(CLIENT, SERVER, CONTROLS[0x31]), now)
    assert [frame.control.send_number for frame in HdlcDeframer().feed(client.output())] == [1, 2]


def test_a_server_that_is_busy_for_ever_is_given_up():
    client = connected()
    client.send(b"x", 0.0)
    now = 0.0
    for _ in range(40):
        client.receive(HdlcFrame(CLIENT, SERVER, CONTROLS[0x15]), now)
        if client.state is not LinkState.CONNECTED:
            break
        client.output()
        now = client.due
        client.tick(now)
    assert [event.cause for event in client.take_events()] == [LinkInput.EXHAUSTED]
    assert now <= 31


def test_a_busy_client_is_sent_nothing_until_it_is_ready():
    server = Server()
    server.machine.send(16, 1, b"answer")
    assert [frame.control.octet for frame in server.hear(0x15)] == [0x11]
    assert [frame.control.kind for frame in server.hear(0x11)] == [FrameKind.I]


def test_an_own_frame_heard_back_is_no_answer():
    """Client 1 and server 1 have the same address: only the frame itself tells an echo."""
    same = client_address(1)
    client = HdlcClient(same, server_address(1))
    server = HdlcServer({1})
    client.connect(0.0)
    for _ in range(3):
        octets = client.output()
        for frame in HdlcDeframer().feed(octets):
            client.receive(frame, 0.0)
            server.receive(frame, 0.0)
            for event in server.take_events():
                if isinstance(event, Received):
                    server.send(1, 1, b"answer")
        client.feed(server.output(), 0.0)
        if client.state is LinkState.CONNECTED and not client.sending and client._transfer.next_number == 0:
            client.send(b"request", 0.0)
    assert [event.apdu for event in client.take_events() if isinstance(event, Received)] == [b"answer"]


def test_a_doubled_llc_header_and_a_wrong_one():
    client = connected()
    client.expect(0.0)
    for number, (header, arrives) in enumerate(((ANSWER * 2, True), (REQUEST, False), (b"", False))):
        frame = HdlcFrame(CLIENT, SERVER, control.information(number, 0, poll_final=False), header + b"\x61")
        client.receive(frame, 0.0)
        assert [event.apdu for event in client.take_events() if isinstance(event, Received)] == [b"\x61"] * arrives
    assert client._transfer.expected == 3


def test_segmented_pushes_and_a_pause_inside():
    client = HdlcClient(CLIENT, SERVER)
    for pause, whole in ((0.5, True), (2.5, False)):
        client.receive(HdlcFrame(CLIENT, SERVER, CONTROLS[0x03], ANSWER + b"\x0f", segmented=True), 10.0)
        client.receive(HdlcFrame(CLIENT, SERVER, CONTROLS[0x13], b"rest"), 10.0 + pause)
        pushed = [event.apdu for event in client.take_events() if isinstance(event, ReceivedUnnumbered)]
        assert pushed == ([b"\x0frest"] if whole else [])


def test_a_request_without_a_link_may_be_answered_one_to_all_never():
    server = HdlcServer({1}, 17)
    heard: list[ReceivedUnnumbered] = []
    everybody = server_address(0x7F, 0x7F)
    for octet, destination in ((0x13, SERVER), (0x03, SERVER), (0x03, everybody), (0x13, everybody)):
        server.receive(HdlcFrame(destination, CLIENT, CONTROLS[octet], REQUEST + b"\xc0"), 0.0)
        heard += [event for event in server.take_events() if isinstance(event, ReceivedUnnumbered)]
    assert [event.may_answer for event in heard] == [True, False, False]
    assert server.output() == b""


ADDRESSES = [(1, None), (1, 17), (1, 126), (1, 300), (200, 5000)]


def test_five_servers_with_addresses_of_every_length_on_one_line():
    """Each in its turn; the others hear it and keep silent, and their links stay."""
    servers = [HdlcServer({upper}, lower if lower is not None else 99) for upper, lower in ADDRESSES]
    spread = [HdlcServer({number}, number + 20) for number in range(2, 7)]
    assert all(servers)
    for number, server in enumerate(spread, 2):
        for length in (2, 4):
            line = Line(client=HdlcClient(CLIENT, server_address(number, number + 20, length)), servers=spread)
            line.open()
            line.ask(bytes([number]) * 300)
            assert line.delivered == [bytes([number]) * 300]
        assert server.links == 1
    assert [server.links for server in spread] == [1] * 5
    nobody = Line(client=HdlcClient(CLIENT, server_address(2, 99)), servers=spread)
    nobody.open()
    assert nobody.ended[0].cause is LinkInput.EXHAUSTED


@pytest.mark.parametrize(("upper", "lower"), ADDRESSES)
def test_addresses_of_one_two_and_four_octets(upper, lower):
    line = Line(client=HdlcClient(CLIENT, server_address(upper, lower)), servers=[HdlcServer({upper}, lower or 17)])
    line.open()
    line.ask(b"x")
    assert line.delivered == [b"x"]
    assert {len(frame) for way, frame in line.frames if way == "down"}


@pytest.mark.case("R-022")
def test_half_a_frame_is_given_up_and_the_next_one_understood():
    """A transmission that stops inside a frame; the repetition behind the pause comes through."""
    cuts = iter([10, 5])

    def cut(octets):
        return [(0.01, octets[: next(cuts, len(octets))])]

    line = Line(up=cut, down=faithful, settings=LinkSettings(times=LinkTimes(inter_octet=0.5)))
    line._receivers[0]._seconds = 0.5
    line.open()
    line.ask(b"after the noise")
    assert line.delivered == [b"after the noise"]


@pytest.mark.case("R-022")
def test_a_client_waits_while_its_answer_is_still_arriving():
    """At 300 baud a frame takes longer than the response time; octets that come move it."""
    client = connected(LinkSettings(times=LinkTimes(response=0.5, octet=1 / 30)))
    client.send(b"x", 0.0)
    request = client.output()
    assert client.due == pytest.approx(len(request) / 30 + 0.5)
    answer = HdlcFrame(CLIENT, SERVER, control.information(0, 1, poll_final=True), ANSWER + bytes(100)).encode()
    now = 0.8
    for octet in answer:
        now += 1 / 30
        client.tick(now)
        client.feed(bytes([octet]), now)
    assert client.repetitions == 0
    assert [event.apdu for event in client.take_events() if isinstance(event, Received)] == [bytes(100)]


@pytest.mark.case("R-020")
def test_late_copies_of_what_was_said_before_set_nothing_in_motion():
    """On both sides: a copy that arrives after its sender has gone on is neither answered nor taken for an answer."""
    client = connected()
    answer = HdlcFrame(CLIENT, SERVER, control.information(0, 1, poll_final=True), ANSWER + b"a")
    client.send(b"one", 0.0)
    client.output()
    client.receive(answer, 0.1)
    client.send(b"two", 0.1)
    client.output()
    client.receive(answer, 0.2)
    assert not client.output()
    assert client.ignored == 1
    assert client.due == pytest.approx(0.1 + client.settings.times.response)

    server = Server()
    server.machine.send(16, 1, b"a")
    assert [frame.control.kind for frame in server.hear(i(0, 0), REQUEST + b"x")] == [FrameKind.I]
    assert [frame.control.octet for frame in server.hear(0x31)] == [0x31]
    assert not server.hear(0x11)  # RR N(R)=0, from before the acknowledgement
    assert not server.hear(i(0, 0), REQUEST + b"x")
    assert server.apdus == [b"x"]
