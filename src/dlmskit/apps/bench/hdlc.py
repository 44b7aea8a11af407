"""A client's share of the HDLC work: a GET response of 4 kB in segments of 128 octets, window 1, each acknowledged by RR."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dlmskit.apps.bench import material
from dlmskit.apps.bench.model import Case
from dlmskit.link.events import Received
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.client import HdlcClient
from dlmskit.link.hdlc.deframer import HdlcDeframer
from dlmskit.link.hdlc.server import HdlcServer

_REQUEST = bytes.fromhex("C001C100070100630100FF0200")
_RESPONSE = bytes.fromhex("C401C100") + material.regular_profile(96)


def hdlc_cases() -> Iterator[Case]:
    """The frames of the meter are recorded: what is measured is the client."""
    frames = _recorded()
    yield Case(
        f"receive APDU over HDLC [{len(_RESPONSE)} octets in {len(frames) - 1} frames]",
        partial(_receive, frames),
        {"frames": frames, "octets": len(_RESPONSE)},
        bars={"gurux_dlms": 10},
    )


def _receive(frames: list[bytes]) -> bytes:
    client = HdlcClient(client_address(16), server_address(1))
    client.connect(0.0)
    client.output()
    client.feed(frames[0], 0.0)
    client.send(_REQUEST, 0.0)
    client.expect(0.0)
    client.output()
    for frame in frames[1:]:
        client.feed(frame, 0.0)
        client.output()
    (apdu,) = [event.apdu for event in client.take_events() if isinstance(event, Received)]
    return apdu


def _recorded() -> list[bytes]:
    """What the meter says: UA, then the segments."""
    client, server = HdlcClient(client_address(16), server_address(1)), HdlcServer({1})
    client.connect(0.0)
    frames: list[bytes] = []
    while said := client.output():
        for frame in HdlcDeframer().feed(said):
            server.receive(frame, 0.0)
        for event in server.take_events():
            if isinstance(event, Received):
                server.send(event.client, event.server, _RESPONSE)
        frames.append(server.output())
        client.feed(frames[-1], 0.0)
        if len(frames) == 1:
            client.send(_REQUEST, 0.0)
            client.expect(0.0)
    if not any(isinstance(event, Received) for event in client.take_events()):
        raise AssertionError("the meter of the benchmark did not answer")
    return frames
