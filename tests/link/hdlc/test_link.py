"""Both machines against each other: set-up, segments, windows, loss, silence, and who may speak when."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmskit.errors import LocalProtocolError
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.client import HdlcClient
from dlmskit.link.hdlc.events import LinkSettings, LinkTimes
from dlmskit.link.hdlc.frame import decode_frame
from dlmskit.link.hdlc.parameters import HdlcParameters
from dlmskit.link.hdlc.server import HdlcServer
from dlmskit.link.hdlc.tables import LinkInput, LinkState
from tests.link.hdlc.line import Line, faithful


def link_settings(information=128, window=1, **more):
    times = more.pop("times", LinkTimes())
    return LinkSettings(HdlcParameters(information, information, window, window), times, **more)


@pytest.mark.parametrize("window", range(1, 8))
@pytest.mark.parametrize("size", [0, 1, 124, 125, 126, 400, 3000])
def test_every_size_in_every_window_both_ways(window, size):
    line = Line(settings=link_settings(window=window))
    line.open()
    request = bytes(index & 0xFF for index in range(size)) or b"\xc0"
    for _ in range(3):
        line.ask(request)
    assert line.served == line.delivered == [request] * 3
    assert line.client.repetitions == 0


def test_the_smaller_wish_holds_in_both_directions():
    client = HdlcClient(client_address(16), server_address(1), link_settings(300, 7))
    server = HdlcServer({1}, None, LinkSettings(HdlcParameters(200, 250, 3, 2)))
    line = Line(client=client, servers=[server])
    line.open()
    assert line.connected[0].parameters == HdlcParameters(250, 200, 2, 3)
    line.ask(bytes(2000))
    sizes = {(way, len(decode_frame(octets).information)) for way, octets in line.frames}
    assert max(size for way, size in sizes if way == "up") == 250
    assert max(size for way, size in sizes if way == "down") == 200
    bursts = "".join("P" if decode_frame(octets).control.poll_final else "-" for way, octets in line.frames if way == "down")
    assert "--P" in bursts
    assert "---" not in bursts


def test_a_request_without_answer_leaves_the_link_usable():
    line = Line(answer=lambda apdu: [] if apdu == b"silence" else [apdu, apdu])
    line.open()
    line.client.send(b"silence", line.now)
    line.client.expect(line.now)
    for _ in range(40):
        line.step()
    assert not line.delivered
    assert 0.2 < line.now < 10  # asked again and again, with pauses
    line.client.expect(line.now, wanted=False)
    line.ask(b"twice")
    line.client.expect(line.now)
    line.until(lambda: len(line.delivered) == 2)
    assert line.delivered == [b"twice"] * 2


def test_nobody_answers():
    line = Line(up=lambda octets: [])
    line.client.connect(0.0)
    line.until(lambda: bool(line.ended))
    assert line.ended[0].cause is LinkInput.EXHAUSTED
    assert len(line.frames) == 4
    assert line.now == pytest.approx(8.0)
    assert line.client.due is None


@pytest.mark.case("R-022")
def test_the_line_goes_dead_under_an_open_link():
    dead = False
    line = Line(up=lambda octets: [] if dead else faithful(octets))
    line.open()
    line.ask(b"first")
    dead = True
    line.ask(b"second")
    assert [(end.cause, end.client, end.server) for end in line.ended] == [(LinkInput.EXHAUSTED, 16, 1)]
    line.until(lambda: bool(line.server_ended))
    assert line.server_ended[0].cause is LinkInput.INACTIVE
    assert 120 <= line.now < 131
    assert line.servers[0].links == 0


@pytest.mark.case("R-022")
@pytest.mark.parametrize("heard", [0.0, 4002.353689016469, 32756.445238821198])
def test_what_was_told_to_be_due_is_done_then(heard):
    """Where (heard + 120) - heard is less than 120: else the timer would be told the same moment for ever."""
    server = HdlcServer({1}, None, LinkSettings())
    client = HdlcClient(client_address(16), server_address(1))
    client.connect(heard)
    server.receive(decode_frame(client.output()), heard)
    assert server.links == 1
    due = server.due
    assert due is not None
    server.tick(due)
    assert server.links == 0
    assert server.due is None


@pytest.mark.case("R-025")
def test_a_thousand_half_open_clients_leave_nothing_behind():
    server = HdlcServer({1}, None, LinkSettings(links=4))
    now = 0.0
    for number in range(1000):
        client = HdlcClient(client_address(1 + number % 100), server_address(1))
        client.connect(now)
        server.receive(decode_frame(client.output()), now)
        now += 200.0
        server.tick(now)
        assert server.links == 0
        assert server.output()
        server.take_events()


def test_a_full_table_answers_dm_and_keeps_its_links():
    servers = [HdlcServer({1}, None, LinkSettings(links=2))]
    lines = [Line(client=HdlcClient(client_address(sap), server_address(1)), servers=servers) for sap in (16, 17, 18)]
    for line in lines:
        line.open()
    assert [line.client.state is LinkState.CONNECTED for line in lines] == [True, True, False]
    assert lines[2].ended[0].cause is LinkInput.DM
    lines[0].ask(b"still here")
    assert lines[0].delivered == [b"still here"]


def test_disconnecting_and_connecting_again():
    line = Line()
    line.open()
    line.client.disconnect(line.now)
    line.until(lambda: bool(line.ended))
    line.until(lambda: bool(line.server_ended))
    assert line.ended[0].cause is LinkInput.DISCONNECT
    assert line.server_ended[0].cause is LinkInput.DISC
    with pytest.raises(LocalProtocolError):
        line.client.disconnect(line.now)
    with pytest.raises(LocalProtocolError):
        line.client.send(b"x", line.now)
    line.ended.clear()
    line.open()
    with pytest.raises(LocalProtocolError):
        line.client.connect(line.now)
    line.ask(b"again")
    assert line.delivered == [b"again"]


def test_a_server_that_drops_the_link_is_found_out():
    line = Line()
    line.open()
    line.servers[0].disconnect(16, 1, "as ordered")
    line.ask(b"anybody")
    assert line.ended[0].cause is LinkInput.DM
    assert not line.served


def test_a_second_snrm_ends_the_associations_of_the_first():
    line = Line()
    line.open()
    line.ask(b"one")
    line.client.lost("cut")
    line.settle()
    line.ended.clear()
    line.open()
    assert [end.cause for end in line.server_ended] == [LinkInput.SNRM]
    line.ask(b"two")
    assert line.delivered == [b"one", b"two"]


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize("window", [1, 3, 7])
def test_each_single_frame_of_an_exchange_may_be_lost(way, window):
    """Whatever frame is lost, everything is delivered once: go back N, RR poll, stored answers."""
    request = bytes(900)
    total = 40
    for lost in range(total):
        count = iter(range(10_000))

        def fate(octets, count=count, lost=lost):
            return [] if next(count) == lost else faithful(octets)

        line = Line(settings=link_settings(window=window), **{way: fate})
        line.open()
        line.ask(request)
        line.ask(b"next")
        assert line.served == line.delivered == [request, b"next"], lost
        assert not line.ended


def doubled(octets):
    return [*faithful(octets), *faithful(octets)]


@pytest.mark.case("R-020")
@pytest.mark.parametrize("window", [1, 7])
def test_doubled_frames_are_executed_once(window):
    line = Line(settings=link_settings(window=window), up=doubled, down=doubled)
    line.open()
    for number in range(20):
        line.ask(bytes([number]) * 500)
    assert line.served == line.delivered == [bytes([number]) * 500 for number in range(20)]


def _lossy(chance, seed, loss, double, corrupt=0.0, noise=0.0):
    chosen = random.Random(seed)

    def fate(octets):
        copies = []
        if chosen.random() >= loss:
            copies.append(octets)
            if chosen.random() < double:
                copies.append(octets)
        copies = [_damaged(copy, chosen) if chosen.random() < corrupt else copy for copy in copies]
        if chosen.random() < noise:
            copies.insert(0, chosen.randbytes(chosen.randrange(1, 40)))
        return [(0.01, copy) for copy in copies]

    return fate


def _damaged(octets, chosen):
    damaged = bytearray(octets)
    damaged[chosen.randrange(len(damaged))] ^= 1 << chosen.randrange(8)
    return bytes(damaged)


@pytest.mark.case("R-020")
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), window=st.integers(1, 7), loss=st.sampled_from([0.0, 0.1, 0.25]), noise=st.booleans())
def test_a_bad_line_neither_loses_nor_doubles(seed, window, loss, noise):
    """Loss, doubles, damage and noise: every APDU arrives once, in order, or the link ends and says so. Never a hang."""
    times = LinkTimes(repetitions=9)
    rough = {"loss": loss, "double": 0.1, "corrupt": 0.05, "noise": 0.1 if noise else 0.0}
    line = Line(
        settings=link_settings(window=window, times=times), up=_lossy("up", seed, **rough), down=_lossy("down", seed + 1, **rough)
    )
    line.open()
    requests = [bytes([number]) * (number * 67 % 700 + 1) for number in range(12)]
    for request in requests:
        if line.ended:
            break
        line.ask(request)
    assert line.delivered == requests[: len(line.delivered)]
    assert line.served == requests[: len(line.served)]
    assert len(line.delivered) == len(requests) or line.ended


def test_push_needs_no_turn_and_is_cut_by_no_limit():
    line = Line()
    line.open()
    source_destination = line.servers[0].address_for(16, 1)
    assert source_destination is not None
    client, server = source_destination
    assert line.servers[0].send_unnumbered(server, client, b"pushed")
    assert not line.servers[0].send_unnumbered(server, client, bytes(126))
    line.until(lambda: bool(line.pushed))
    assert line.pushed == [b"pushed"]
    line.ask(b"and on")
    assert line.delivered == [b"and on"]
