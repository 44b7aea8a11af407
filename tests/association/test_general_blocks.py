"""General block transfer between our client and our server: every service, both directions, clear and ciphered (6.1 to 6.8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dlmskit.apdu import ActionRequestWithFirstPblock, DataBlockSA, GeneralBlockTransfer, GetRequestNormal
from dlmskit.association import AssociationSettings, BlockTransferAborted, EventCode, ExceptionReceived
from dlmskit.association.block_transfer import ABORT, BlockOptions, BlockTransfer, unconfirmed_blocks
from dlmskit.codec.data import Data
from dlmskit.errors import ConfigError, OutcomeUnknown, SecurityError
from dlmskit.limits import Limits
from dlmskit.security.envelope import Form
from dlmskit.security.protection import protect
from dlmskit.types.conformance import Conformance
from tests.association.peers import CIPHERED, DEDICATED, ECHO, GENERAL, PLAIN, VALUE, Meter, Pair, drive, listed
from tests.vectors import load

LONG = Data.octet_string(bytes(range(256)) * 4)
KINDS = [PLAIN, CIPHERED, GENERAL, DEDICATED]
KIND = pytest.mark.parametrize("settings", KINDS, ids=["clear", "glo", "general-glo", "ded"])


def with_blocks(settings: AssociationSettings, window: int = 5, pdu: int = 120) -> AssociationSettings:
    return replace(settings, block_window=window, max_pdu_size=pdu)


def opened(settings: AssociationSettings, **given: Any) -> Pair:
    pair = Pair(settings, **given)
    pair.run(pair.client.associate())
    pair.sent.clear()
    pair.received.clear()
    return pair


def carried(octets: list[bytes]) -> list[GeneralBlockTransfer]:
    return [GeneralBlockTransfer.decode(one) for one in octets if one[0] == 0xE0]


@KIND
@pytest.mark.parametrize("window", [1, 2, 16, 63])
def test_both_directions(settings: AssociationSettings, window: int) -> None:
    pair = opened(with_blocks(settings, window))
    answer = pair.run(pair.client.action(ECHO, LONG))
    assert answer.return_parameters == LONG
    blocks, back = carried(pair.sent), carried(pair.received)
    assert len(blocks) > 9
    assert max(map(len, pair.sent + pair.received)) <= 120
    assert {block.window for block in blocks + back} == {window}
    assert any(block.streaming for block in back) == (window > 1)
    assert not blocks[-1].block_data
    assert blocks[-1].block_number_ack == back[-1].block_number
    assert pair.meter.effects == 1


@KIND
def test_a_long_answer_to_a_short_request(settings: AssociationSettings) -> None:
    pair = opened(with_blocks(settings), meter=Meter(LONG))
    assert pair.run(pair.client.get(VALUE)) == LONG
    assert pair.sent[0][0] != 0xE0
    assert not any(block.streaming for block in carried(pair.received[:1])), "the window of the client is not known yet"
    assert pair.run(pair.client.get_list([listed(VALUE)] * 3)) == [LONG] * 3


@KIND
def test_a_long_write(settings: AssociationSettings) -> None:
    pair = opened(with_blocks(settings))
    assert pair.run(pair.client.set(VALUE, LONG)) == 0
    assert pair.run(pair.client.set_list([listed(VALUE)] * 2, [LONG, LONG])) == [0, 0]
    assert pair.meter.value == LONG
    assert pair.meter.effects == 3


def test_without_the_bit_there_are_no_blocks() -> None:
    with pytest.raises(ConfigError, match="window"):
        replace(PLAIN, block_window=64)
    pair = Pair(with_blocks(PLAIN), replace(PLAIN, max_pdu_size=120), meter=Meter(LONG))
    context = pair.run(pair.client.associate())
    assert Conformance.GENERAL_BLOCK_TRANSFER not in context.conformance
    assert pair.run(pair.client.get(VALUE)) == LONG
    assert not carried(pair.sent + pair.received)


def test_not_negotiated() -> None:
    (sequence,) = load("gbt", name="not-negotiated")
    request, answer = (bytes.fromhex(message["hex"]) for message in sequence["messages"])
    assert opened(PLAIN).server.receive(request) == (answer,)


@pytest.mark.parametrize("name", ["new-request-in-transfer", "exception-in-transfer"])
def test_what_is_not_block_transfer_ends_it(name: str) -> None:
    (sequence,) = load("gbt", name=name)
    pair = opened(with_blocks(PLAIN, 3, 40), meter=Meter(LONG))
    get = GetRequestNormal(0xC1, VALUE, None).encode()
    assert carried(list(pair.server.receive(get)))
    if name == "new-request-in-transfer":
        pair.meter.value = Data.unsigned(7)
        (answer,) = pair.server.receive(GetRequestNormal(0xC2, VALUE, None).encode())
        assert answer == bytes.fromhex("C401C2001107")
        assert pair.server_log[-1].code == EventCode.TRANSFER_DROPPED
        return
    exception = bytes.fromhex(sequence["messages"][-1]["hex"])
    first = GeneralBlockTransfer(0x01, 1, 0, bytes.fromhex("C401C10009820400")).encode()
    with pytest.raises(ExceptionReceived, match="other-reason"):
        drive(pair.client.get(VALUE), lambda out: [first] if out[0] != 0xE0 else [exception])
    pair.still_works()


def test_an_abort_of_the_server_is_an_error() -> None:
    pair = opened(with_blocks(PLAIN, 3, 40), meter=Meter(LONG))
    with pytest.raises(BlockTransferAborted):
        drive(pair.client.get(VALUE), lambda out: [*pair.serve(out), ABORT][-1:] if out[0] == 0xE0 else pair.serve(out))


def test_blocks_of_services_are_not_carried() -> None:
    pair = opened(with_blocks(PLAIN))
    inner = ActionRequestWithFirstPblock(0xC1, ECHO, DataBlockSA(False, 1, b"\x09\x10")).encode()
    (answer,) = pair.server.receive(GeneralBlockTransfer(0x83, 1, 0, inner).encode())
    assert GeneralBlockTransfer.decode(answer).block_data == bytes.fromhex("D80102")
    nested = GeneralBlockTransfer(0x83, 1, 0, GetRequestNormal(0xC1, VALUE, None).encode()).encode()
    (answer,) = pair.server.receive(GeneralBlockTransfer(0x83, 1, 0, nested).encode())
    assert GeneralBlockTransfer.decode(answer).block_data == bytes.fromhex("D80102")
    assert not pair.meter.log


def test_what_is_in_blocks_is_judged_like_any_apdu() -> None:
    """GBT takes no protection away and gives none: in clear it is refused, and blocks that are ciphered do not help."""
    pair = opened(with_blocks(CIPHERED))
    clear = GeneralBlockTransfer(0x83, 1, 0, GetRequestNormal(0xC1, VALUE, None).encode()).encode()
    (answer,) = pair.server.receive(clear)
    assert GeneralBlockTransfer.decode(answer).block_data == bytes.fromhex("D80101")
    security = pair.client.security
    assert security is not None
    pair.server.receive(GetRequestNormal(0xC1, VALUE, None).encode())
    (answer,) = pair.server.receive(protect(clear, security, Form.GENERAL_GLO))
    assert GeneralBlockTransfer.decode(answer).block_data == bytes.fromhex("D80101")
    assert not pair.meter.log


def test_ciphered_blocks_of_a_ciphered_apdu_are_taken() -> None:
    """Under another key than what they carry: the counter of the content is older than those of its blocks."""
    pair = opened(replace(with_blocks(DEDICATED, pdu=200), largest_sent=120), meter=Meter(LONG))
    security = pair.client.security
    assert security is not None

    def over_ciphered(octets: bytes) -> list[bytes]:
        wrapped = protect(octets, security, Form.GENERAL_GLO) if octets[0] == 0xE0 else octets
        other = pair.server.security
        assert other is not None
        return [protect(one, other, Form.GENERAL_GLO) if one[0] == 0xE0 else one for one in pair.serve(wrapped)]

    assert drive(pair.client.action(ECHO, LONG), over_ciphered).return_parameters == LONG


def test_a_changed_block_fails_as_a_whole() -> None:
    pair = opened(with_blocks(CIPHERED))

    def changed(octets: bytes) -> list[bytes]:
        block = GeneralBlockTransfer.decode(octets)
        if block.block_number == 2:
            octets = octets[:-1] + bytes([octets[-1] ^ 1])
        return pair.serve(octets)

    with pytest.raises(ExceptionReceived, match="deciphering"):
        drive(pair.client.set(VALUE, LONG), changed)
    assert not pair.meter.effects
    with pytest.raises(SecurityError):
        drive(
            pair.client.action(ECHO, LONG),
            lambda out: [one[:-1] + bytes([one[-1] ^ 1]) if len(one) > 100 else one for one in pair.serve(out)],
        )


@pytest.mark.case("R-068")
def test_endless_blocks_are_cut_off() -> None:
    """No last block ever: the transfer ends at the limit of octets, and nothing is held (in both roles)."""
    limits = Limits(apdu_octets=4096)
    pair = opened(with_blocks(PLAIN, 63), limits=limits)
    answers: list[bytes] = []
    for number in range(1, 200):
        answers += pair.server.receive(GeneralBlockTransfer(0x3F, number, 0, bytes(100)).encode())
    assert ABORT in answers
    assert pair.server_log[-1].code == EventCode.TRANSFER_DROPPED
    assert answers.index(ABORT) == 40
    pair.still_works()
    numbers = iter(range(1, 200))
    with pytest.raises(BlockTransferAborted):
        drive(pair.client.get(VALUE), lambda _: [GeneralBlockTransfer(0x3F, next(numbers), 0, bytes(100)).encode()])


def test_a_write_whose_answer_is_lost_is_in_doubt() -> None:
    pair = opened(PLAIN)
    with pytest.raises(OutcomeUnknown):
        drive(pair.client.set(VALUE, Data.unsigned(3)), lambda out: pair.serve(out) and [])
    assert pair.meter.effects == 1
    pair.still_works()


def test_long_pushes_reach_the_client() -> None:
    """Unconfirmed ones between a request and its answer, confirmed ones while nothing is asked."""
    push = bytes.fromhex(load("gbt", name="push-confirmed-blocks")[0]["delivered"])
    pair = opened(with_blocks(PLAIN), meter=Meter(LONG))
    blocks = list(unconfirmed_blocks(push, 18))

    def line(out: bytes) -> list[bytes]:
        pushed, blocks[:] = blocks[:], []
        return pushed + pair.serve(out)

    assert pair.run(pair.client.get(VALUE), line) == LONG
    assert pair.client.notifications.popleft().octets == push
    server = BlockTransfer(BlockOptions(block_octets=11, most_octets=1000))
    waiting = list(server.send(push))
    while waiting:
        for answer in pair.client.receive(waiting.pop(0)):
            waiting += server.receive(answer, GeneralBlockTransfer.decode(answer)).send
    assert pair.client.notifications.popleft().octets == push
    assert server.done
    assert not pair.client.notifications
    pair.still_works()


def test_a_read_begins_anew_after_an_abort() -> None:
    """Over a medium that brings blocks late, in clear: the first block is the same, and is not taken for a late copy."""
    pair = opened(replace(with_blocks(PLAIN, 3, 60), retries=2), meter=Meter(LONG), reliable=False)
    aborted: list[bytes] = []

    def aborting(octets: bytes) -> list[bytes]:
        pair.clock.now += 1
        answers = pair.serve(octets)
        if octets[0] == 0xE0 and not aborted and len(pair.sent) > 2:
            aborted.append(octets)
            pair.server.receive(ABORT)
            return [ABORT]
        return answers

    assert drive(pair.client.get(VALUE), aborting) == LONG
    assert aborted


@pytest.mark.parametrize("settings", [PLAIN, CIPHERED], ids=["clear", "ciphered"])
def test_a_late_first_block_executes_nothing(settings: AssociationSettings) -> None:
    pair = opened(with_blocks(settings, 3, 120), reliable=False)
    assert pair.run(pair.client.set(VALUE, Data.unsigned(3))) == 0
    first = pair.sent[0]
    assert first[0] == 0xE0, "over such a medium every request goes in blocks"
    assert pair.run(pair.client.set(VALUE, Data.unsigned(4))) == 0
    assert [pair.server.receive(first) for _ in range(3)] == [()] * 3
    assert pair.meter.effects == 2
    assert pair.meter.value == Data.unsigned(4)
    pair.still_works()
