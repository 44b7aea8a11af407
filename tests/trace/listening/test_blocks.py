"""The listener's side of confirmed blocks: the published scenario, octet by octet, and what an end that cannot answer does."""

from __future__ import annotations

from typing import Any

import pytest

from dlmskit.apdu import GeneralBlockTransfer
from dlmskit.limits import DEFAULT
from dlmskit.trace.listening.blocks import PushBlocks
from tests.vectors import load

SCENARIO: dict[str, Any] = load("gbt", name="push-confirmed-blocks")[0]


def given(blocks: PushBlocks, message: dict[str, Any], now: float = 0.0) -> Any:
    octets = bytes.fromhex(message["hex"])
    return blocks.receive(octets, GeneralBlockTransfer.decode(octets), now)


def test_the_scenario_of_confirmed_blocks() -> None:
    blocks = PushBlocks(DEFAULT, 3, answers=True, reliable=False)
    sent: list[bytes] = []
    delivered: list[bytes] = []
    for message in SCENARIO["messages"]:
        if message["from"] == "server":
            reaction = given(blocks, message)
            sent += reaction.send
            delivered += [] if reaction.apdu is None else [reaction.apdu]
    assert sent == [bytes.fromhex(message["hex"]) for message in SCENARIO["messages"] if message["from"] == "client"]
    assert delivered == [bytes.fromhex(SCENARIO["delivered"])]


def test_who_cannot_answer_joins_them_and_says_nothing() -> None:
    blocks = PushBlocks(DEFAULT, answers=False, reliable=True)
    reactions = [given(blocks, message) for message in SCENARIO["messages"] if message["from"] == "server"]
    assert [reaction.send for reaction in reactions] == [()] * 3
    assert [reaction.apdu for reaction in reactions] == [None, None, bytes.fromhex(SCENARIO["delivered"])]


@pytest.mark.parametrize("seconds", [0.0, DEFAULT.message_seconds + 1])
def test_an_exchange_that_was_left_is_begun_anew_after_a_time(seconds: float) -> None:
    """The same first block is a repetition of this exchange, or the first one of the next attempt of a plain push."""
    blocks = PushBlocks(DEFAULT, 3, answers=True, reliable=True)
    first, second, _ = (message for message in SCENARIO["messages"] if message["from"] == "server")
    given(blocks, first)
    given(blocks, second)
    exchange = blocks.exchange
    given(blocks, first, seconds)
    assert (blocks.exchange is exchange) == (not seconds)


def test_a_slow_medium_has_its_time() -> None:
    """Between two short messages there may be minutes: the exchange goes on, and a first block that comes again is known."""
    blocks = PushBlocks(DEFAULT, 3, answers=True, reliable=False, round_trip_seconds=600)
    sent = [message for message in SCENARIO["messages"] if message["from"] == "server"]
    *_, last = [given(blocks, message, 600.0 * number) for number, message in enumerate(sent)]
    assert last.apdu == bytes.fromhex(SCENARIO["delivered"])
    exchange = blocks.exchange
    given(blocks, sent[0], 600.0 * len(sent))
    assert blocks.exchange is exchange


def test_a_confirmation_of_an_exchange_that_is_over_is_not_sent() -> None:
    blocks = PushBlocks(DEFAULT, 3, answers=True, reliable=True)
    for message in SCENARIO["messages"]:
        if message["from"] == "server":
            given(blocks, message)
    exchange = blocks.exchange
    assert exchange is not None
    other = GeneralBlockTransfer(1, 1, 0, b"\x0f\x00")
    blocks.receive(other.encode(), other, 0.0)
    assert blocks.answer(exchange, b"\x10\x00\x00\x01\xdb\x00") == ()
