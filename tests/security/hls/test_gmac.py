"""Mechanism 5 against the Green Book's example, and against everybody who does not hold the keys."""

from __future__ import annotations

import pytest

from dlmskit.crypto.suites import suite_of
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.hls import hls_mechanism
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.protection import protect, unprotect
from dlmskit.types.system_title import SystemTitle
from tests.security.parties import CLIENT, DEDICATED, GAK, GET_REQUEST, GUEK, SERVER, pair, party
from tests.security.test_keys import whole_traceback
from tests.vectors import load, parameters

GMAC = hls_mechanism(5)
CTOS, STOC = bytes.fromhex("4B35366956616759"), bytes.fromhex("503677524A323146")


@pytest.mark.parametrize("entry", parameters(load("security", kind="hls5", verified=True)))
def test_vectors(entry) -> None:
    """One party makes the published answer, the other one verifies it."""
    inputs, outputs = entry["inputs"], entry["outputs"]
    answered = "stoc" if "stoc" in inputs else "ctos"
    title = SystemTitle(inputs["client_system_title" if answered == "stoc" else "server_system_title"])
    other = SERVER if title == CLIENT else CLIENT
    suite = suite_of(int(inputs["sc"], 16) & 15)
    keys = KeySet.from_hex(guek=inputs["ek"], gak=inputs["ak"])
    challenge, own, expected = bytes.fromhex(inputs[answered]), b"another one", bytes.fromhex(outputs[f"f_{answered}"])
    answers = party(title, other, keys=keys, suite=suite, first=int(inputs["invocation_counter"], 16))
    assert GMAC.answer(answers, own, challenge) == expected
    verifies = party(other, title, keys=keys, suite=suite)
    GMAC.verify(verifies, challenge, own, expected)
    assert verifies.window(KeyRole.GUEK).lowest_acceptable == int(inputs["invocation_counter"], 16) + 1


def test_all_vectors_are_there() -> None:
    assert len(load("security", kind="hls5")) == len(load("security", kind="hls5", verified=True)) == 3


def refused(reason: SecurityReason, context, own: bytes, peer: bytes, answer: bytes) -> None:
    before = context.window(KeyRole.GUEK).lowest_acceptable
    with pytest.raises(SecurityError) as caught:
        GMAC.verify(context, own, peer, answer)
    assert caught.value.reason is reason
    assert context.window(KeyRole.GUEK).lowest_acceptable == before


def test_both_ways_and_the_counter_goes_on() -> None:
    client, server = pair(dedicated=DEDICATED)
    GMAC.verify(server, STOC, CTOS, GMAC.answer(client, CTOS, STOC))
    GMAC.verify(client, CTOS, STOC, GMAC.answer(server, STOC, CTOS))
    assert unprotect(protect(GET_REQUEST, client), server).invocation_counter == 1


def test_every_bit_of_the_answer_counts() -> None:
    client, server = pair()
    answer = GMAC.answer(client, CTOS, STOC)
    for bit in range(8 * len(answer)):
        changed = (int.from_bytes(answer) ^ 1 << bit).to_bytes(len(answer))
        refused(SecurityReason.AUTHENTICATION_FAILED, server, STOC, CTOS, changed)
    for wrong in (b"", answer[:-1], answer + b"\x00", answer[:5], bytes(17)):
        refused(SecurityReason.AUTHENTICATION_FAILED, server, STOC, CTOS, wrong)
    GMAC.verify(server, STOC, CTOS, answer)


@pytest.mark.case("R-035")
def test_an_old_answer() -> None:
    client, server = pair()
    answer = GMAC.answer(client, CTOS, STOC)
    GMAC.verify(server, STOC, CTOS, answer)
    refused(SecurityReason.COUNTER_REPEATED, server, STOC, CTOS, answer)
    refused(SecurityReason.COUNTER_REPEATED, server, b"a new challenge", CTOS, answer)


@pytest.mark.case("R-033", "R-035")
def test_an_answer_to_another_challenge() -> None:
    client, server = pair()
    refused(SecurityReason.AUTHENTICATION_FAILED, server, b"a new challenge", CTOS, GMAC.answer(client, CTOS, STOC))


@pytest.mark.case("R-032", "R-057")
def test_an_answer_sent_back_to_its_maker_or_passed_on() -> None:
    """The IV holds the title of the party that answers: neither reflection nor relay between two clients verifies."""
    client, _ = pair()
    refused(SecurityReason.AUTHENTICATION_FAILED, client, STOC, CTOS, GMAC.answer(client, CTOS, STOC))
    second_client = party(SystemTitle(b"MMM\x00\x00\x00\x00\x02"), SERVER)
    refused(SecurityReason.AUTHENTICATION_FAILED, client, CTOS, STOC, GMAC.answer(second_client, STOC, CTOS))


@pytest.mark.case("R-031", "R-036")
def test_challenges_are_checked_before_anything_is_computed() -> None:
    client, server = pair()
    answer = GMAC.answer(client, CTOS, STOC)
    for own, peer, reason in (
        (CTOS, CTOS, SecurityReason.CHALLENGE_REFLECTED),
        (CTOS, b"short", SecurityReason.CHALLENGE_INVALID),
        (CTOS, bytes(65), SecurityReason.CHALLENGE_INVALID),
    ):
        with pytest.raises(SecurityError) as caught:
            GMAC.answer(client, own, peer)
        assert caught.value.reason is reason
        refused(reason, server, own, peer, answer)
    assert client.counter(KeyRole.GUEK).take() == 1


def test_only_with_the_same_keys() -> None:
    client, _ = pair()
    answer = GMAC.answer(client, CTOS, STOC)
    for keys in (KeySet.from_hex(guek=GUEK[::-1], gak=GAK), KeySet.from_hex(guek=GUEK, gak=GAK[::-1])):
        refused(SecurityReason.AUTHENTICATION_FAILED, party(SERVER, CLIENT, keys=keys), STOC, CTOS, answer)
    for keys in (KeySet.from_hex(guek=GUEK), KeySet.from_hex(gak=GAK)):
        with pytest.raises(SecurityError) as caught:
            GMAC.answer(party(keys=keys), CTOS, STOC)
        assert caught.value.reason is SecurityReason.MISSING_KEY


def test_the_dedicated_key_is_never_used() -> None:
    answer = GMAC.answer(party(dedicated=DEDICATED), CTOS, STOC)
    under_dedicated = party(SERVER, CLIENT, keys=KeySet(guek=Key(DEDICATED.reveal()), gak=Key.from_hex(GAK, KeyRole.GAK)))
    refused(SecurityReason.AUTHENTICATION_FAILED, under_dedicated, STOC, CTOS, answer)
    GMAC.verify(party(SERVER, CLIENT), STOC, CTOS, answer)


@pytest.mark.case("R-112")
def test_no_traceback_shows_a_key() -> None:
    client, server = pair()
    answer = GMAC.answer(client, CTOS, STOC)
    for act in (lambda: GMAC.verify(server, STOC, CTOS, answer[:-1] + b"\x00"), lambda: GMAC.answer(client, CTOS, CTOS)):
        text = whole_traceback(act)
        for secret in (bytes.fromhex(GUEK), bytes.fromhex(GAK)):
            assert repr(secret)[2:-1] not in text
            assert secret.hex() not in text.lower()


def test_an_answer_inside_a_ciphered_apdu() -> None:
    """It is made before the APDU that carries it, so its counter is the lower one; an older one is refused all the same."""
    client, server = pair()
    old = GMAC.answer(client, CTOS, STOC)
    unprotect(protect(GET_REQUEST, client), server)
    answer = GMAC.answer(client, CTOS, STOC)
    before = server.window(KeyRole.GUEK).lowest_acceptable
    carrier = unprotect(protect(b"\xc3" + answer, client), server)
    refused(SecurityReason.COUNTER_REPEATED, server, STOC, CTOS, carrier.plain[1:])
    GMAC.verify(server, STOC, CTOS, carrier.plain[1:], lowest=before)
    with pytest.raises(SecurityError) as caught:
        GMAC.verify(server, STOC, CTOS, old, lowest=before)
    assert caught.value.reason is SecurityReason.COUNTER_REPEATED
    assert server.window(KeyRole.GUEK).lowest_acceptable == carrier.invocation_counter + 1
