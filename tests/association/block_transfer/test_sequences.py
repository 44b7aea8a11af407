"""Every message sequence of ``gbt.json``, octet for octet (application layer, 6 and 10.1)."""

from __future__ import annotations

from typing import Any

import pytest

from dlmskit.apdu import GeneralBlockTransfer
from dlmskit.association.block_transfer import UnconfirmedStream, is_abort, unconfirmed_blocks
from dlmskit.limits import Limits
from tests.association.block_transfer.replay import Replay
from tests.vectors import load, parameters

ODD = {
    "lb-and-str": "server",
    "ack-bn-constant": "client",
    "empty-last-block": "server",
    "response-restarts-numbering": "server",
    "stale-ack": "client",
    "ack-of-unsent-block": "client",
    "block-beyond-window": "server",
    "length-beyond-apdu": "client",
    "no-final-ack": "client",
    "set-ack-lb0": "server",
    "abort-by-client": "client",
    "abort-by-server": "server",
}
"""Sequences in which one party does what the machine never does: its messages are those of the sequence."""

OF_ASSOCIATIONS = {"exception-in-transfer", "new-request-in-transfer", "not-negotiated"}
"""These are about what an association does with other APDUs; see ``test_blocks`` of client and server."""

SEQUENCES = load("gbt")
CONFIRMED = [one for one in SEQUENCES if one["kind"] != "unconfirmed" and one["name"] not in OF_ASSOCIATIONS]
UNCONFIRMED = load("gbt", kind="unconfirmed")


def test_all_sequences_are_here() -> None:
    assert len(CONFIRMED) + len(UNCONFIRMED) + len(OF_ASSOCIATIONS) == len(SEQUENCES) == 72


@pytest.mark.case("R-067")
@pytest.mark.parametrize("sequence", parameters(CONFIRMED))
def test_confirmed(sequence: dict[str, Any]) -> None:
    replay = Replay(sequence, frozenset({ODD[sequence["name"]]}) if sequence["name"] in ODD else frozenset())
    replay.run()
    whole = [replay.answer] if sequence["delivered"] else []
    if not replay.client.scripted:
        assert replay.client.given == whole
    requests = [replay.request] if sequence["messages"][0]["hex"].startswith("E0") and sequence.get("request") else []
    if not replay.server.scripted:
        assert replay.server.given == requests


@pytest.mark.parametrize("party", ["client", "server"])
def test_an_abort_ends_it(party: str) -> None:
    (sequence,) = load("gbt", name=f"abort-by-{party}")
    replay = Replay(sequence, frozenset({party}))
    replay.run()
    other = replay.server if party == "client" else replay.client
    assert other.machine.aborted
    assert is_abort(GeneralBlockTransfer.decode(bytes.fromhex(sequence["messages"][-1]["hex"])))


@pytest.mark.parametrize("sequence", parameters(UNCONFIRMED))
def test_unconfirmed(sequence: dict[str, Any]) -> None:
    stream = UnconfirmedStream()
    arriving = [bytes.fromhex(message["hex"]) for message in sequence["messages"] if message.get("fate") != "lost"]
    given = [stream.receive(GeneralBlockTransfer.decode(octets)) for octets in arriving]
    assert [one.hex().upper() for one in given if one] == ([sequence["delivered"]] if sequence["delivered"] else [])


@pytest.mark.parametrize("name", ["push-real-40-40-C0", "push-single-block"])
def test_pushes_are_sent_as_meters_send_them(name: str) -> None:
    (sequence,) = load("gbt", name=name)
    messages = [bytes.fromhex(message["hex"]) for message in sequence["messages"]]
    blocks = unconfirmed_blocks(bytes.fromhex(sequence["delivered"]), max(map(len, messages)))
    assert [block[:2] for block in blocks] == [message[:2] for message in messages]
    stream = UnconfirmedStream()
    whole = [stream.receive(GeneralBlockTransfer.decode(block)) for block in blocks]
    assert whole[:-1] == [None] * (len(blocks) - 1)
    assert whole[-1] == bytes.fromhex(sequence["delivered"])


@pytest.mark.parametrize(("octets", "whole"), [(300, bytes(900)), (600, None)], ids=["little", "much"])
def test_blocks_that_come_early_count_as_what_is_held(octets: int, whole: bytes | None) -> None:
    stream = UnconfirmedStream(Limits(apdu_octets=1000), reorder=8)
    blocks = [GeneralBlockTransfer(0xC0 if number == 3 else 0x40, number, 0, bytes(octets)) for number in (1, 3, 2)]
    joined = None
    for block in blocks:
        joined = stream.receive(block)
        assert len(stream._octets) + sum(len(early.block_data) for early in stream._early.values()) <= 1000
    assert joined == whole
