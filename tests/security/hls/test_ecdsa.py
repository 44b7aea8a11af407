"""Mechanism 7: the vector, suites 1 and 2, challenge lengths, and everybody who does not hold the private key."""

from __future__ import annotations

import secrets

import pytest

from dlmskit.crypto.curves import P_256
from dlmskit.crypto.ecdsa import SigningKey, to_der
from dlmskit.crypto.suites import SUITE_0, SUITE_2, suite_of
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.hls import hls_mechanism, make_challenge
from dlmskit.security.parties import Correspondence, Identity, KnownParty, directory_of
from dlmskit.types.system_title import SystemTitle
from tests.security.hls import cases
from tests.security.hls.cases import CTOS, STOC, refused
from tests.security.parties import CLIENT, SERVER, party
from tests.security.people import THIRD, correspondence, people, person
from tests.vectors import load

ECDSA = hls_mechanism(7)


def vector_parties() -> tuple[SecurityContext, SecurityContext, bytes, bytes]:
    inputs = load("security", kind="hls7", verified=True)[0]["inputs"]
    titles = [SystemTitle(inputs[f"{name}_system_title"]) for name in ("client", "server")]
    keys = [SigningKey(P_256, bytes.fromhex(inputs[f"{name}_private"])) for name in ("client", "server")]
    known = directory_of(*(KnownParty(title=title, verification=key.public) for title, key in zip(titles, keys, strict=True)))
    client, server = (
        person(own, peer, correspondence=Correspondence(identity=Identity(signing=key), directory=known))
        for own, peer, key in ((titles[0], titles[1], keys[0]), (titles[1], titles[0], keys[1]))
    )
    return client, server, bytes.fromhex(inputs["ctos"]), bytes.fromhex(inputs["stoc"])


def test_vector() -> None:
    outputs = load("security", kind="hls7", verified=True)[0]["outputs"]
    client, server, ctos, stoc = vector_parties()
    f_stoc, f_ctos = bytes.fromhex(outputs["f_stoc"]), bytes.fromhex(outputs["f_ctos"])
    assert (ECDSA.answer(client, ctos, stoc), ECDSA.answer(server, stoc, ctos)) == (f_stoc, f_ctos)
    ECDSA.verify(server, stoc, ctos, f_stoc)
    ECDSA.verify(client, ctos, stoc, f_ctos)
    refused(ECDSA, SecurityReason.AUTHENTICATION_FAILED, client, ctos, stoc, f_stoc)


@pytest.mark.parametrize("suite_id", [1, 2])
def test_both_ways(suite_id: int) -> None:
    client, server = people(suite=suite_of(suite_id))
    cases.both_ways(ECDSA, client, server)
    assert len(ECDSA.answer(client, CTOS, STOC)) == suite_of(suite_id).signature_octets


def test_every_bit_counts() -> None:
    cases.every_bit_counts(ECDSA, *people())


@pytest.mark.case("R-033", "R-035")
def test_an_answer_to_another_challenge() -> None:
    cases.another_challenge(ECDSA, *people())


@pytest.mark.case("R-031", "R-036")
def test_challenges_are_checked_first() -> None:
    cases.challenges_are_checked_first(ECDSA, *people())
    assert (ECDSA.shortest_challenge, ECDSA.longest_challenge) == (32, 64)
    assert [len(make_challenge(secrets.token_bytes, ECDSA, asked)) for asked in (8, 32, 64, 100)] == [32, 32, 64, 64]


@pytest.mark.case("R-060")
def test_only_r_and_s_in_fixed_length() -> None:
    client, server = people()
    answer = ECDSA.answer(client, CTOS, STOC)
    for other in (to_der(answer), bytes(64), answer[:32] + bytes(32), answer[:32] + P_256.order.to_bytes(32)):
        refused(ECDSA, SecurityReason.AUTHENTICATION_FAILED, server, STOC, CTOS, other)


@pytest.mark.case("R-032", "R-057")
def test_a_relay_between_two_clients() -> None:
    """Nobody can answer for another: the attack that works on 3 and 4, and on 5 and 6 with careless titles."""
    client, server = people()
    second = person(THIRD, SERVER)
    refused(ECDSA, SecurityReason.AUTHENTICATION_FAILED, client, CTOS, STOC, ECDSA.answer(second, STOC, CTOS))
    refused(ECDSA, SecurityReason.AUTHENTICATION_FAILED, client, STOC, CTOS, ECDSA.answer(client, CTOS, STOC))
    with_same_title = person(SERVER, CLIENT, correspondence=correspondence(THIRD, client.suite))
    refused(ECDSA, SecurityReason.AUTHENTICATION_FAILED, client, CTOS, STOC, ECDSA.answer(with_same_title, STOC, CTOS))
    for_the_second = person(SERVER, THIRD, correspondence=server.parties.correspondence)
    refused(ECDSA, SecurityReason.AUTHENTICATION_FAILED, client, CTOS, STOC, ECDSA.answer(for_the_second, STOC, CTOS))
    ECDSA.verify(client, CTOS, STOC, ECDSA.answer(server, STOC, CTOS))


def test_what_is_missing_is_said() -> None:
    client, server = people()
    answer = ECDSA.answer(client, CTOS, STOC)
    bare = person(SERVER, CLIENT, correspondence=Correspondence())
    refused(ECDSA, SecurityReason.MISSING_KEY, bare, STOC, CTOS, answer)
    with pytest.raises(SecurityError) as caught:
        ECDSA.answer(bare, STOC, CTOS)
    assert caught.value.reason is SecurityReason.MISSING_KEY
    bare.parties.introduce(KnownParty(title=CLIENT, verification=client.parties.signing_key().public))
    ECDSA.verify(bare, STOC, CTOS, answer)
    for context, reason in (
        (party(CLIENT, SERVER, suite=SUITE_0), SecurityReason.UNSUPPORTED),
        (person(CLIENT, SERVER, suite=SUITE_2, correspondence=client.parties.correspondence), SecurityReason.PUBLIC_KEY_INVALID),
        (party(CLIENT, None), SecurityReason.SYSTEM_TITLE_MISSING),
    ):
        with pytest.raises(SecurityError) as caught:
            ECDSA.answer(context, CTOS, STOC)
        assert caught.value.reason is reason
    assert server.own_title == SERVER


@pytest.mark.case("R-112")
def test_no_traceback_shows_the_private_key() -> None:
    client, server = people()
    signer = client.parties.signing_key()
    assert isinstance(signer, SigningKey)
    cases.no_traceback_shows(ECDSA, client, server, signer.reveal())
