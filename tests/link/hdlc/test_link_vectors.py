"""Both link machines against the vectors, and against what real meters and head ends said to each other."""

import pytest

from dlmskit.link.events import Received
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.client import HdlcClient
from dlmskit.link.hdlc.control import FrameKind, supervisory
from dlmskit.link.hdlc.deframer import HdlcDeframer
from dlmskit.link.hdlc.events import Connected, Ended, LinkSettings
from dlmskit.link.hdlc.frame import HdlcFrame, decode_frame
from dlmskit.link.hdlc.parameters import HdlcParameters
from dlmskit.link.hdlc.reassembly import Reassembler
from dlmskit.link.hdlc.server import HdlcServer
from dlmskit.link.hdlc.tables import LinkInput, LinkState
from tests.link.hdlc.line import split
from tests.vectors import captures, load, parameters

ALL = HdlcParameters(2030, 2030, 7, 7)
SNRM = bytes.fromhex("7EA00802232193BD647E")


def frames_of(entry, way):
    return [decode_frame(bytes.fromhex(step["hex"])) for step in entry if step["dir"] == way]


def apdus_of(frames: list[HdlcFrame]) -> list[bytes]:
    """What the I frames of one direction carry, frames that come again taken once."""
    line = Reassembler()
    found, seen = [], None
    for frame in frames:
        if frame.control.kind is FrameKind.I and (frame.control.send_number, frame.information) != seen:
            seen = frame.control.send_number, frame.information
            whole = line.add(frame).octets
            if whole is not None:
                found.append(whole[3:] if whole[3:6] != whole[:3] else whole[6:])
    return found


class Meter:
    """A server machine whose answers are known by request; each execution is counted."""

    def __init__(self, answers, uppers=None, settings=None):
        self.machine = HdlcServer(uppers, None, settings)
        self.answers = answers
        self.executed: list[bytes] = []
        self.events = []

    def hear(self, octets, now=0.0):
        """The frames said in answer."""
        for frame in HdlcDeframer().feed(octets):
            self.machine.receive(frame, now)
        for event in self.machine.take_events():
            self.events.append(event)
            if isinstance(event, Received):
                self.executed.append(event.apdu)
                for answer in self.answers.get(event.apdu, ()):
                    self.machine.send(event.client, event.server, answer)
        return split(self.machine.output())


@pytest.mark.parametrize("entry", parameters(load("hdlc", "negotiation")))
def test_negotiation(entry):
    wanted = entry["result"]
    if "server" in entry:
        own = entry["server"]
        offered = HdlcParameters(own["tx"], own["rx"], own["wtx"], own["wrx"])
        meter = Meter({}, settings=LinkSettings(offered))
        frame = decode_frame(SNRM)
        snrm = HdlcFrame(frame.destination, frame.source, frame.control, bytes.fromhex(entry["snrm"])).encode()
        (answer,) = meter.hear(snrm)
        ua = decode_frame(answer)
        assert ua.information.hex().upper() in entry.get("ua_info_allowed", [entry.get("ua_info")])
        (event,) = meter.events
        agreed = event.parameters
        assert agreed == HdlcParameters(wanted["s2c"], wanted["c2s"], wanted["w_s2c"], wanted["w_c2s"])
    if "ua_info" in entry:
        client = HdlcClient(client_address(16), server_address(1), LinkSettings(ALL))
        client.connect(0.0)
        asked = decode_frame(client.output())
        ua = decode_frame(bytes.fromhex("7EA00721037301407E"))
        client.receive(HdlcFrame(asked.source, asked.destination, ua.control, bytes.fromhex(entry["ua_info"])), 0.1)
        (event,) = client.take_events()
        assert isinstance(event, Connected)
        assert event.parameters == HdlcParameters(wanted["c2s"], wanted["s2c"], wanted["w_c2s"], wanted["w_s2c"])


@pytest.mark.parametrize("entry", parameters(load("hdlc", "negotiation_reject")))
def test_parameters_that_cannot_be_read(entry):
    snrm = decode_frame(SNRM)
    information = bytes.fromhex(entry["info"])
    meter = Meter({})
    assert not meter.hear(HdlcFrame(snrm.destination, snrm.source, snrm.control, information).encode())
    assert not meter.machine.links
    client = HdlcClient(snrm.source, snrm.destination)
    client.connect(0.0)
    client.output()
    ua = decode_frame(bytes.fromhex("7EA008210223737A437E"))
    client.receive(HdlcFrame(ua.destination, ua.source, ua.control, information), 0.1)
    (event,) = client.take_events()
    assert isinstance(event, Ended)
    assert event.cause is LinkInput.INVALID
    assert decode_frame(client.output()).control.kind is FrameKind.DISC


@pytest.mark.parametrize("entry", parameters(load("hdlc", "segmentation")))
def test_segmentation(entry):
    """The same frames, poll by poll, with the P bit at the end of each window."""
    settings = LinkSettings(HdlcParameters(entry["info_len"], 2030, entry["window"], 7))
    first = decode_frame(bytes.fromhex(entry["frames"][0]))
    own, client = first.source, first.destination
    meter = Meter({}, settings=settings)
    offer = HdlcFrame(own, client, decode_frame(SNRM).control, ALL.encode())
    meter.hear(offer.encode())
    link = meter.machine._links[client.upper, own.upper]
    link._transfer.acknowledged, link._transfer.expected = entry["start_ns"], entry["nr"]
    meter.machine.send(client.upper, own.upper, bytes.fromhex(entry["apdu"]))
    said: list[bytes] = []
    acknowledged = entry["start_ns"]
    while len(said) < len(entry["frames"]):
        burst = meter.hear(HdlcFrame(own, client, rr(acknowledged)).encode())
        assert len(burst) == min(entry["window"], len(entry["frames"]) - len(said))
        said += burst
        acknowledged += len(burst)
    assert [octets.hex().upper() for octets in said] == entry["frames"]


def rr(number):
    return supervisory(FrameKind.RR, number, poll_final=True)


@pytest.mark.parametrize("entry", parameters(load("hdlc", "scripts")))
def test_script_as_server(entry):
    steps = entry["steps"]
    requests, answers = (apdus_of(frames_of(steps, way)) for way in ("c2s", "s2c"))
    meter = Meter({request: [answer] for request, answer in zip(requests, answers, strict=False)})
    if steps[0]["dir"] == "s2c":
        meter = Meter({}, settings=LinkSettings(HdlcParameters(64, 128, 3, 1)))
        first = decode_frame(bytes.fromhex(steps[0]["hex"]))
        meter.hear(HdlcFrame(first.source, first.destination, decode_frame(SNRM).control, ALL.encode()).encode())
        link = meter.machine._links[16, 1]
        link._transfer.expected = 1
        (apdu,) = [bytes.fromhex(one["apdu"]) for one in load("hdlc", "segmentation") if one["id"] == "seg-64-w3"]
        meter.machine.send(16, 1, apdu)
        assert [octets.hex().upper() for octets in meter.hear(rr_frame(0))] == [
            step["hex"] for step in steps if step["dir"] == "s2c"
        ][:3]
        steps = steps[3:]
    elif "when-not-connected" not in entry["id"] and steps[0]["hex"] != SNRM.hex().upper():
        meter.hear(SNRM)
    said: list[str] = []
    for step in steps:
        if step["dir"] == "c2s":
            assert not said, f"said unasked: {said}"
            if not step["note"].startswith("LOST"):
                said = [octets.hex().upper() for octets in meter.hear(bytes.fromhex(step["hex"]))]
        else:
            assert said.pop(0) == step["hex"], step
    assert len(meter.executed) == len(set(meter.executed)), "a request was executed twice"


def rr_frame(number):
    return HdlcFrame(server_address(1, 17), client_address(16), rr(number)).encode()


CLIENT_SCRIPTS = [entry for entry in load("hdlc", "scripts") if entry["id"] not in {"scr-duplicate-command", "scr-bad-control"}]
"""Without what our client does not do: repeat a command unasked, and send an undefined control field."""


@pytest.mark.parametrize("entry", parameters(CLIENT_SCRIPTS))
def test_script_as_client(entry):
    steps = entry["steps"]
    client = HdlcClient(client_address(16), server_address(1, 17), LinkSettings(HdlcParameters(128, 128, 1, 3)))
    now = 0.0
    connects = steps[0]["hex"] == SNRM.hex().upper()
    client = HdlcClient(client_address(16), server_address(1, 17)) if connects else client
    if not connects:
        client.connect(now)
        client.receive(decode_frame(bytes.fromhex("7EA008210223737A437E")), now)
        client.output()
        client._transfer.parameters = HdlcParameters(128, 128, 1, 3)
        if steps[0]["dir"] == "s2c":
            client.send(b"earlier", now)
            client.output()
    for step in steps:
        octets = bytes.fromhex(step["hex"])
        frame = decode_frame(octets)
        if step["dir"] == "s2c":
            if not step["note"].startswith("LOST"):
                client.receive(frame, now)
            continue
        said = client.output()
        if not said:
            now = act(client, frame, now)
            said = client.output()
        assert said.hex().upper() == step["hex"], step
        if frame.control.kind is FrameKind.I:
            client.expect(now)


def act(client, frame, now):
    """What the layer above, or the time, has to do so that this frame is said."""
    kind = frame.control.kind
    if kind is FrameKind.SNRM:
        client.connect(now)
    elif kind is FrameKind.DISC:
        client.disconnect(now)
    elif kind is FrameKind.I:
        client.send(frame.information[3:], now)
    else:
        now = client.due
        client.tick(now)
    return now


@pytest.mark.parametrize("entry", parameters(load("hdlc", "must_reject")))
def test_what_must_be_rejected_is_not_answered_and_changes_nothing(entry):
    get = bytes.fromhex("7EA01A02232110E670E6E600C001C100080000010000FF0200601A7E")
    meter = Meter({})
    meter.hear(SNRM)
    before = len(meter.events)
    said = meter.hear(bytes.fromhex(entry["hex"]))
    assert len(meter.events) == before
    if entry["id"] == "rej-llc":
        assert [decode_frame(octets).control.octet for octets in said] == [
            0x31
        ]  # RR N(R)=1: the number counts, the APDU does not
        return
    assert not said
    assert [decode_frame(octets).control.octet for octets in meter.hear(get)] == [0x31]
    assert len(meter.executed) == 1


SESSIONS = [entry for entry in captures("sessions", medium="HDLC") if entry["frames"][0]["dir"] == "c2s"]


def replayable(entry):
    """The frames up to where the recording leaves some out."""
    numbers: dict[str, int] = {}
    frames = []
    for step in entry["frames"]:
        received = decode_frame(bytes.fromhex(step["hex"])).control
        number = received.send_number
        if number is not None and numbers.get(step["dir"], number) != number:
            break
        if number is not None:
            numbers[step["dir"]] = (number + 1) & 7
        frames.append(step)
    return frames


@pytest.mark.parametrize("entry", parameters(SESSIONS))
def test_our_client_in_a_recorded_session(entry):
    """Given the answers of the meter, it says to the octet what the recorded head end said."""
    steps = replayable(entry)
    first = decode_frame(bytes.fromhex(steps[0]["hex"]))
    client = HdlcClient(first.source, first.destination)
    if first.control.kind is not FrameKind.SNRM:
        client.connect(0.0)
        ua = decode_frame(bytes.fromhex("7EA008210223737A437E"))
        client.receive(HdlcFrame(first.source, first.destination, ua.control), 0.0)
        client.output()
        client._transfer.acknowledged = first.control.send_number or 0
        client._transfer.expected = first.control.receive_number or 0
    delivered = []
    for step in steps:
        octets = bytes.fromhex(step["hex"])
        if step["dir"] == "s2c":
            client.receive(decode_frame(octets), 0.0)
            delivered += [event.apdu for event in client.take_events() if isinstance(event, Received)]
            continue
        said = client.output()
        if not said:
            act(client, decode_frame(octets), 0.0)
            said = client.output()
        assert said == octets
    assert delivered == apdus_of(frames_of(steps, "s2c"))
    assert client.state in {LinkState.CONNECTED, LinkState.DISCONNECTING}


@pytest.mark.parametrize("entry", parameters(SESSIONS))
def test_our_server_in_a_recorded_session(entry):
    """Given the requests of the head end, it says what the recorded meter said.

    The frames are the same to the octet, but for what a meter may choose: how it writes the parameters in UA, a second LLC
    header, and how long it makes its segments.
    """
    steps = replayable(entry)
    first = decode_frame(bytes.fromhex(steps[0]["hex"]))
    requests, answers = (apdus_of(frames_of(steps, way)) for way in ("c2s", "s2c"))
    meter = Meter({request: [answer] for request, answer in zip(requests, answers, strict=False)})
    if first.control.kind is not FrameKind.SNRM:
        meter.hear(HdlcFrame(first.destination, first.source, decode_frame(SNRM).control).encode())
        link = meter.machine._links[first.source.upper, first.destination.upper]
        link._transfer.acknowledged = first.control.receive_number or 0
        link._transfer.expected = first.control.send_number or 0
    said: list[HdlcFrame] = []
    for step in steps:
        if step["dir"] == "c2s":
            said += [decode_frame(octets) for octets in meter.hear(bytes.fromhex(step["hex"]))]
    recorded = frames_of(steps, "s2c")
    assert apdus_of(said) == answers
    cut = any(frame.segmented for frame in recorded)
    for ours, theirs in zip(said, recorded, strict=False):
        assert (ours.source, ours.destination) == (theirs.source, theirs.destination)
        if not cut:
            assert ours.control == theirs.control
            free = ours.control.kind is FrameKind.UA or theirs.information[:6] == b"\xe6\xe7\x00" * 2
            assert free or ours.encode() == theirs.encode()
    assert meter.executed == requests
