"""Mechanisms 3, 4 and 6, and the plug-in for 2: vectors, a foreign implementation, and who does not hold the secret."""

from __future__ import annotations

import secrets
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from gurux_dlms.enums import Authentication
from gurux_dlms.GXSecure import GXSecure

from dlmskit.crypto.suites import SUITE_2
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.hls import HlsMechanism, hls_mechanism
from dlmskit.security.hls.aes_ecb import AesEcb
from dlmskit.security.keys import KeySet, Secret
from dlmskit.types.system_title import SystemTitle
from tests.security.hls import cases
from tests.security.hls.cases import CTOS, STOC, refused
from tests.security.parties import CLIENT, LENIENT, SERVER, party
from tests.security.people import people
from tests.vectors import load

SECRET = bytes.fromhex("484C535F5345435245545F31365F6279")
MECHANISMS: dict[str, HlsMechanism] = {
    "2": AesEcb(), "3": hls_mechanism(3), "4": hls_mechanism(4), "6": hls_mechanism(6)
}  # fmt: skip
every = pytest.mark.parametrize("mechanism", MECHANISMS.values(), ids=MECHANISMS.keys())


def holders(secret: bytes = SECRET, **more: Any) -> tuple[SecurityContext, SecurityContext]:
    keys = KeySet(hls_secret=Secret(secret))
    return party(CLIENT, SERVER, keys=keys, **more), party(SERVER, CLIENT, keys=keys, **more)


@pytest.mark.parametrize("number", [3, 4, 6])
def test_vectors(number: int) -> None:
    (entry,) = load("security", kind=f"hls{number}", verified=True)
    inputs, outputs = entry["inputs"], entry["outputs"]
    ctos, stoc = bytes.fromhex(inputs["ctos"]), bytes.fromhex(inputs["stoc"])
    client_title = SystemTitle(inputs.get("client_system_title", str(CLIENT)))
    server_title = SystemTitle(inputs.get("server_system_title", str(SERVER)))
    keys = KeySet(hls_secret=Secret.from_hex(inputs["hls_secret"]))
    client, server = party(client_title, server_title, keys=keys), party(server_title, client_title, keys=keys)
    mechanism = hls_mechanism(number)
    assert mechanism.answer(client, ctos, stoc).hex().upper() == outputs["f_stoc"]
    assert mechanism.answer(server, stoc, ctos).hex().upper() == outputs["f_ctos"]
    mechanism.verify(server, stoc, ctos, bytes.fromhex(outputs["f_stoc"]))
    mechanism.verify(client, ctos, stoc, bytes.fromhex(outputs["f_ctos"]))


def test_the_vector_of_the_plug_in_is_no_proof_but_agrees() -> None:
    (entry,) = load("security", kind="hls2")
    assert not entry["verified"]
    client, _ = holders(bytes.fromhex(entry["inputs"]["hls_secret"]))
    stoc = bytes.fromhex(entry["inputs"]["stoc_padded"])[:8]
    assert AesEcb().answer(client, CTOS, stoc).hex().upper() == entry["outputs"]["f_stoc"]


@pytest.mark.parametrize(
    ("number", "authentication"),
    [("2", Authentication.HIGH), ("3", Authentication.HIGH_MD5), ("4", Authentication.HIGH_SHA1)],
)
@pytest.mark.parametrize("size", [8, 16, 17, 32, 64])
def test_a_foreign_implementation_answers_the_same(number: str, authentication: Any, size: int) -> None:
    client, _ = holders()
    ctos, stoc = secrets.token_bytes(size), secrets.token_bytes(size)
    settings = SimpleNamespace(authentication=authentication)
    expected = bytes(GXSecure.secure(settings, None, 0, bytearray(stoc), bytearray(SECRET)))
    assert MECHANISMS[number].answer(client, ctos, stoc) == expected


@every
def test_both_ways(mechanism: HlsMechanism) -> None:
    cases.both_ways(mechanism, *holders())


@every
def test_every_bit_counts(mechanism: HlsMechanism) -> None:
    cases.every_bit_counts(mechanism, *holders())


@pytest.mark.case("R-033", "R-035")
@every
def test_an_answer_to_another_challenge(mechanism: HlsMechanism) -> None:
    cases.another_challenge(mechanism, *holders())


@pytest.mark.case("R-031", "R-036")
@every
def test_challenges_are_checked_first(mechanism: HlsMechanism) -> None:
    cases.challenges_are_checked_first(mechanism, *holders())


@pytest.mark.case("R-112")
@every
def test_no_traceback_shows_the_secret(mechanism: HlsMechanism) -> None:
    cases.no_traceback_shows(mechanism, *holders(), SECRET)


@every
def test_only_with_the_same_secret(mechanism: HlsMechanism) -> None:
    answer = mechanism.answer(holders()[0], CTOS, STOC)
    refused(mechanism, SecurityReason.AUTHENTICATION_FAILED, holders(SECRET[::-1])[1], STOC, CTOS, answer)
    for keys in (KeySet(), KeySet(hls_secret=Secret(b""))):
        with pytest.raises(SecurityError) as caught:
            mechanism.answer(party(keys=keys), CTOS, STOC)
        assert caught.value.reason is SecurityReason.MISSING_KEY


@pytest.mark.case("R-032")
def test_mechanism_6_is_bound_to_titles_and_3_and_4_are_not() -> None:
    """The relay between two clients that share a secret with one meter: why 3 and 4 are weak."""
    second = SystemTitle("4D4D4D0000000002")
    keys = KeySet(hls_secret=Secret(SECRET))
    other_client = party(second, SERVER, keys=keys)
    client = party(CLIENT, SERVER, keys=keys)
    for number in (3, 4, 6):
        mechanism = hls_mechanism(number)
        answer = mechanism.answer(other_client, STOC, CTOS)  # made for somebody else, handed to our client
        if mechanism.weak:
            mechanism.verify(client, CTOS, STOC, answer)
        else:
            refused(mechanism, SecurityReason.AUTHENTICATION_FAILED, client, CTOS, STOC, answer)


@pytest.mark.case("R-032")
def test_mechanism_6_sent_back_to_its_maker() -> None:
    client, _ = holders()
    mechanism = hls_mechanism(6)
    refused(mechanism, SecurityReason.AUTHENTICATION_FAILED, client, STOC, CTOS, mechanism.answer(client, CTOS, STOC))


def test_mechanism_6_needs_a_secret_as_long_as_a_key() -> None:
    mechanism = hls_mechanism(6)
    client, server = holders(b"12345678")
    with pytest.raises(SecurityError) as caught:
        mechanism.answer(client, CTOS, STOC)
    assert caught.value.reason is SecurityReason.WRONG_KEY_LENGTH
    refused(mechanism, SecurityReason.WRONG_KEY_LENGTH, server, STOC, CTOS, bytes(32))
    tolerant = holders(b"12345678", rules=replace(LENIENT, accept_short_secret=True))
    cases.both_ways(mechanism, *tolerant)
    for size, suits in ((16, False), (32, True)):
        pair = people(suite=SUITE_2, keys=KeySet(hls_secret=Secret(bytes(range(size)))))
        if suits:
            cases.both_ways(mechanism, *pair)
        else:
            with pytest.raises(SecurityError):
                mechanism.answer(pair[0], CTOS, STOC)


@pytest.mark.case("R-037")
def test_mechanism_6_needs_both_titles() -> None:
    with pytest.raises(SecurityError) as caught:
        hls_mechanism(6).answer(party(CLIENT, None, keys=KeySet(hls_secret=Secret(SECRET))), CTOS, STOC)
    assert caught.value.reason is SecurityReason.SYSTEM_TITLE_MISSING


def test_the_plug_in_takes_no_longer_secret() -> None:
    with pytest.raises(SecurityError) as caught:
        AesEcb().answer(holders(bytes(17))[0], CTOS, STOC)
    assert caught.value.reason is SecurityReason.WRONG_KEY_LENGTH
