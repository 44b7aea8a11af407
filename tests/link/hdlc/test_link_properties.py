"""Whatever comes in whatever order: both machines keep to their tables, speak only in turn, hold a bounded amount, and end."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dlmskit.errors import LocalProtocolError
from dlmskit.link.events import Received
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.client import HdlcClient
from dlmskit.link.hdlc.control import CONTROLS
from dlmskit.link.hdlc.deframer import HdlcDeframer
from dlmskit.link.hdlc.events import Connected, Ended, LinkSettings, LinkTimes
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.hdlc.parameters import HdlcParameters
from dlmskit.link.hdlc.server import HdlcServer
from dlmskit.link.hdlc.tables import LINK_TABLES, LinkState, Role

MOST = 600
SETTINGS = LinkSettings(HdlcParameters(128, 128, 3, 3), LinkTimes(repetitions=2), most_octets=MOST, links=2)
CLIENT, SERVER = client_address(16), server_address(1, 17)
NEXT = {
    role: {(before, after) for (before, _), (_, after) in table.items()} | {(state, state) for state in LinkState}
    for role, table in LINK_TABLES.items()
}
"""Pairs of states that a role may go through in one step."""

likely = st.sampled_from([0x93, 0x73, 0x53, 0x10, 0x11, 0x31, 0x32, 0x13, 0x03, 0x1F, 0x97, 0x15, 0x54, 0x30, 0x00, 0x02])
controls = st.one_of(likely, likely, st.integers(0, 255)).map(lambda octet: CONTROLS[octet])
contents = st.one_of(
    st.just(b""), st.binary(max_size=20), st.sampled_from([b"\xe6\xe6\x00\xc0", b"\xe6\xe7\x00\xc4", bytes(126), bytes(140)])
)
sources = st.sampled_from([client_address(16), client_address(17), client_address(18), client_address(0)])
targets = st.sampled_from(
    [SERVER, server_address(1), server_address(1, 18), server_address(0x7F, 0x7F), server_address(0x3FFF, 17)]
)
commands = st.builds(HdlcFrame, targets, sources, controls, contents, st.booleans())
answers = st.builds(HdlcFrame, st.just(CLIENT), st.just(SERVER), controls, contents, st.booleans())


def everybody(frame):
    return frame.destination.is_all_stations or frame.destination.lower_is_all_stations


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(commands, commands, commands, st.just("answer"), st.floats(0.1, 200.0)), max_size=60))
def test_server(steps):
    machine, now, polls = HdlcServer({1}, 17, SETTINGS), 0.0, 0
    requests: list[Received] = []
    up: set[tuple[int, int]] = set()
    for step in steps:
        before = {key: link._machine.state for key, link in machine._links.items()}
        if step == "answer":
            for request in requests[-3:]:
                machine.send(request.client, request.server, bytes(200))
        elif isinstance(step, float):
            now += step
            machine.tick(now)
        else:
            polls += step.control.poll_final and not everybody(step)
            machine.receive(step, now)
        for event in machine.take_events():
            if isinstance(event, Connected):
                assert (event.client, event.server) not in up
                up.add((event.client, event.server))
            elif isinstance(event, Ended):
                up.remove((event.client, event.server))
            elif isinstance(event, Received):
                assert (event.client, event.server) in up
                requests.append(event)
        said = HdlcDeframer().feed(machine.output())
        finals = sum(frame.control.poll_final for frame in said)
        assert finals <= 1
        assert not said or said[-1].control.poll_final
        polls -= finals
        assert polls >= 0, "it spoke without a poll"
        if isinstance(step, HdlcFrame) and everybody(step):
            assert not said
        for frame in said:
            assert frame.destination.octets == step.source.octets if isinstance(step, HdlcFrame) else True
        assert machine.links <= 2
        for key, link in machine._links.items():
            state = before.get(key, LinkState.DISCONNECTED)
            assert (state, link._machine.state) in NEXT[Role.SECONDARY]
            assert len(link._transfer._joined or b"") <= MOST
            assert link._transfer._queued_octets <= 2 * MOST
            assert link._transfer.in_flight <= 3


actions = st.sampled_from(["connect", "disconnect", "send", "expect", "forget", "due", "lost"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(answers, answers, actions, st.just("connected")), max_size=60))
def test_client(steps):
    machine, now = HdlcClient(CLIENT, SERVER, SETTINGS), 0.0
    up = False
    for step in ["connect", "connected", *steps]:
        before = machine.state
        try:
            now = act(machine, step, now)
        except LocalProtocolError:
            assert machine.state is before
        assert (before, machine.state) in NEXT[Role.PRIMARY]
        for event in machine.take_events():
            if isinstance(event, Connected):
                assert not up
                up = True
            elif isinstance(event, Ended):
                up = False
            elif isinstance(event, Received):
                assert up
        said = HdlcDeframer().feed(machine.output())
        assert sum(frame.control.poll_final for frame in said) == bool(said), "each turn ends with one P=1"
        assert machine._transfer.in_flight <= 3
        assert len(machine._transfer._joined or b"") <= MOST
    rest(machine, now)


def act(machine, step, now):
    if isinstance(step, HdlcFrame):
        machine.receive(step, now)
    elif step == "connect":
        machine.connect(now)
    elif step == "connected":
        machine.receive(HdlcFrame(CLIENT, SERVER, CONTROLS[0x73], SETTINGS.parameters.encode()), now)
    elif step == "disconnect":
        machine.disconnect(now)
    elif step == "send":
        machine.send(bytes(300), now)
    elif step in {"expect", "forget"}:
        machine.expect(now, wanted=step == "expect")
    elif step == "lost":
        machine.lost("cut")
    elif machine.due is not None:
        now = max(now, machine.due)
        machine.tick(now)
    return now


def rest(machine, now):
    """A peer that says nothing any more leaves no client waiting: in a bounded number of steps there is nothing to wait for."""
    for _ in range(2 * (SETTINGS.times.repetitions + 2)):
        if machine.due is None:
            assert not machine.sending
            return
        assert machine.due <= now + 3.0
        now = max(now, machine.due)
        machine.tick(now)
        machine.output()
    raise AssertionError("still waiting for somebody who says nothing")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(1, 50))
def test_noise_on_the_line_raises_nothing(octets, step):
    client, server = HdlcClient(CLIENT, SERVER, SETTINGS), HdlcServer({1}, 17, SETTINGS)
    client.connect(0.0)
    receiver = HdlcDeframer()
    for at in range(0, len(octets), step):
        client.feed(octets[at : at + step], at * 0.01)
        client.tick(at * 0.01)
        for frame in receiver.feed(octets[at : at + step]):
            server.receive(frame, at * 0.01)
    assert not server.links or len(octets) > 8
