"""Answers are protected like their requests, with the parties changed about: as much as required, never less."""

from __future__ import annotations

from typing import Any

import pytest

from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.control import Protection
from dlmskit.security.envelope import Form
from dlmskit.security.keys import Key, KeyRole
from dlmskit.security.layers import Ciphered, GeneralCiphered, KeyChoice, Signed, Step
from dlmskit.security.mirror import answer_steps, protect_answer
from dlmskit.security.protection import protect_layers, unprotect
from tests.security.parties import CLIENT, GET_REQUEST, SERVER
from tests.security.people import THIRD, people, person, with_rules

A, E, S = Protection.AUTHENTICATED, Protection.ENCRYPTED, Protection.SIGNED
AE = A | E
ANSWER = b"\xc4\x01\xc1\x00\x12\x00\x01"


def exchange(steps: list[Step], **more: Any) -> tuple[Any, Any]:
    """What the server took, and what the client takes as the answer."""
    client, server = people(**more)
    for context in (client, server):
        context.use_dedicated_key(Key(bytes(range(3, 19)), KeyRole.DEDICATED))
    request = unprotect(protect_layers(GET_REQUEST, client, steps), server)
    answer = unprotect(protect_answer(ANSWER, request, server), client)
    assert answer.plain == ANSWER
    return request, answer


@pytest.mark.parametrize(
    "steps",
    [
        [Ciphered()],
        [Ciphered(form=Form.DED)],
        [Ciphered(form=Form.GENERAL_GLO, protection=A)],
        [Ciphered(form=Form.GENERAL_DED)],
        [GeneralCiphered()],
        [GeneralCiphered(key=KeyChoice.WRAPPED)],
        [GeneralCiphered(key=KeyChoice.ONE_PASS)],
        [GeneralCiphered(key=KeyChoice.STATIC)],
        [Signed()],
        [Ciphered(), Signed()],
        [Signed(), GeneralCiphered(key=KeyChoice.WRAPPED)],
        [Signed(), Ciphered(form=Form.GENERAL_GLO), Signed()],
    ],
    ids=lambda steps: "+".join(type(step).__name__ for step in steps),
)
def test_the_same_layers_the_other_way_round(steps: list[Step]) -> None:
    request, answer = exchange(steps)
    assert [layer.form for layer in answer.layers] == [layer.form for layer in request.layers]
    assert [layer.protection for layer in answer.layers] == [layer.protection for layer in request.layers]
    assert [layer.key for layer in answer.layers] == [layer.key for layer in request.layers]
    for asked, answered in zip(request.layers, answer.layers, strict=True):
        assert (asked.originator, answered.originator) == (CLIENT, SERVER)
        if asked.general is not None:
            assert answered.general.transaction_id == asked.general.transaction_id
            assert (answered.general.originator, answered.general.recipient) == (SERVER, CLIENT)


def test_an_established_key_is_answered_under_one_of_our_own() -> None:
    """Named the first time, and not again."""
    client, server = people()
    unprotect(protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED)]), server)
    for expected in (KeyChoice.WRAPPED, KeyChoice.ESTABLISHED, KeyChoice.ESTABLISHED):
        request = unprotect(protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.ESTABLISHED)]), server)
        answer = unprotect(protect_answer(ANSWER, request, server), client)
        assert answer.layers[0].key is expected


@pytest.mark.parametrize(
    ("steps", "required", "expected"),
    [
        ([Ciphered(protection=A)], AE, [Ciphered(protection=AE)]),
        ([Ciphered()], AE | S, [Ciphered(), Signed()]),
        ([Ciphered()], A, [Ciphered()]),
    ],
)
def test_more_where_more_is_required(steps: list[Step], required: Protection, expected: list[Step]) -> None:
    client, server = people()
    request = unprotect(protect_layers(GET_REQUEST, client, steps), server)
    assert answer_steps(request, server, required) == tuple(expected)
    assert answer_steps(request, with_rules(server, outgoing=required)) == tuple(expected)
    assert unprotect(protect_answer(ANSWER, request, server, required), client).protection & required == required


def test_a_signed_request_whose_answer_must_be_ciphered() -> None:
    client, server = people()
    request = unprotect(protect_layers(GET_REQUEST, client, [Signed()]), server)
    answer = unprotect(protect_answer(ANSWER, request, server, AE), client)
    assert [layer.form for layer in answer.layers] == [Form.GENERAL_GLO, Form.GENERAL_SIGNING]
    assert answer.protection == AE | S


def test_through_a_broker_each_layer_goes_back_to_its_own_originator() -> None:
    client, server = people()
    third = person(THIRD, SERVER)
    inner = protect_layers(GET_REQUEST, third, [GeneralCiphered(key=KeyChoice.ONE_PASS), Signed()])
    request = unprotect(protect_layers(inner, client, [Ciphered(form=Form.GENERAL_GLO)]), server)
    answer = protect_answer(ANSWER, request, server)
    hop = answer_steps(request, server)
    assert [getattr(step, "recipient", None) for step in hop] == [THIRD, THIRD, None]
    passed_on = unprotect(answer, client)  # the client takes its own layer off, the third party the rest
    assert ([layer.originator for layer in passed_on.layers], passed_on.plain[0]) == ([SERVER], 0xDF)
    assert unprotect(passed_on.plain, third).plain == ANSWER


def test_a_broadcast_is_not_answered() -> None:
    client, server = people()
    for step in (Ciphered(broadcast=True), GeneralCiphered(key=KeyChoice.GBEK)):
        request = unprotect(protect_layers(GET_REQUEST, client, [step]), server)
        with pytest.raises(SecurityError) as caught:
            protect_answer(ANSWER, request, server)
        assert caught.value.reason is SecurityReason.UNSUPPORTED


def test_compression_is_mirrored() -> None:
    client, server = people()
    plain = b"\xc0" + bytes(300)
    request = unprotect(protect_layers(plain, client, [Ciphered(form=Form.GENERAL_GLO, compress=True)]), server)
    assert answer_steps(request, server) == (Ciphered(form=Form.GENERAL_GLO, compress=True),)
