"""Any interleaving of blocks, whole requests, aborts and time at client and server: nothing foreign is raised, sizes hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmskit.apdu import ActionRequestNormal, GeneralBlockTransfer, GetRequestNormal, GetResponseNormal, SetRequestNormal
from dlmskit.association.block_transfer import ABORT, unconfirmed_blocks
from dlmskit.codec.data import Data
from dlmskit.errors import DlmsError, TransportTimeout
from tests.association.peers import ECHO, PLAIN, VALUE, Meter, Pair

LONG = Data.octet_string(bytes(200))
REQUESTS = [
    GetRequestNormal(0xC1, VALUE, None).encode(),
    GetRequestNormal(0xC2, VALUE, None).encode(),
    SetRequestNormal(0xC3, VALUE, None, LONG).encode(),
    ActionRequestNormal(0xC4, ECHO, LONG).encode(),
]
SETTINGS = replace(PLAIN, block_window=3, max_pdu_size=64)
SIZE = 40

BLOCK = st.builds(
    lambda request, number, control, acknowledged: GeneralBlockTransfer(
        control, number, acknowledged, request[(number - 1) * SIZE : number * SIZE] if number else b""
    ).encode(),
    st.sampled_from(REQUESTS),
    st.integers(0, 8),
    st.sampled_from([0x01, 0x03, 0x41, 0x43, 0x81, 0x83, 0xC3, 0x3F, 0x00, 0x40, 0x80, 0xC0]),
    st.integers(0, 9),
)
WHOLE = st.sampled_from(REQUESTS[:2])
PUSHED = st.sampled_from([block for request in REQUESTS for block in unconfirmed_blocks(request, SIZE)])
EVENT = st.one_of(BLOCK, BLOCK, WHOLE, PUSHED, st.just(ABORT), st.just(b"\xe0\x81"), st.floats(0.0, 40.0))


def opened(reliable: bool) -> Pair:
    pair = Pair(SETTINGS, meter=Meter(LONG), reliable=reliable)
    pair.run(pair.client.associate())
    return pair


@pytest.mark.case("R-067")
@settings(max_examples=60, deadline=None)
@given(st.lists(EVENT, max_size=30), st.booleans())
def test_the_server_takes_anything(events: list[Any], reliable: bool) -> None:
    pair = opened(reliable)
    for event in events:
        if isinstance(event, float):
            pair.clock.now += event
            pair.server.expire()
            continue
        answers = pair.server.receive(event)
        assert all(len(answer) <= 64 for answer in answers)
    pair.clock.now += 31
    answers = pair.server.receive(REQUESTS[1])
    assert pair.server.associated is None or answers[0][0] == 0xE0, "the next honest request is served"


@pytest.mark.case("R-067")
@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(EVENT, st.just(None)), max_size=40), st.booleans(), st.booleans())
def test_the_client_takes_anything(events: list[Any], reliable: bool, writes: bool) -> None:
    """It ends with the result, a typed error, or still waits; nothing else leaves it."""
    pair = opened(reliable)
    exchange: Any = pair.client.set(VALUE, LONG) if writes else pair.client.get(VALUE)
    next(exchange)
    for event in events:
        try:
            octets = event if isinstance(event, bytes) else None
            sent = exchange.throw(TransportTimeout("nothing came")) if octets is None else exchange.send(octets)
        except (DlmsError, StopIteration):
            break
        assert all(len(apdu) <= 64 for apdu in sent)
    exchange.close()
    pair.still_works()


def test_what_comes_unconfirmed_is_served_and_not_answered() -> None:
    """And an answer that is under way is not disturbed by it."""
    pair = opened(reliable=True)
    blocks = [GeneralBlockTransfer.decode(octets) for octets in pair.server.receive(REQUESTS[0])]
    for block in unconfirmed_blocks(REQUESTS[2], SIZE):
        assert pair.server.receive(block) == ()
    assert pair.meter.effects == 1
    while not blocks[-1].last_block:
        acknowledgement = GeneralBlockTransfer(0x81, len(blocks), blocks[-1].block_number)
        blocks += map(GeneralBlockTransfer.decode, pair.server.receive(acknowledgement.encode()))
    assert b"".join(block.block_data for block in blocks) == GetResponseNormal(0xC1, LONG).encode()
