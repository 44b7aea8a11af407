"""Associations whose keys are in SoftHSM: octet for octet what software says, on both sides, and no key leaves the token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from dlmskit.association import Credentials, EventCode
from dlmskit.client.pkcs11 import open_token
from dlmskit.client.pkcs11.provider import TokenProvider
from dlmskit.crypto.curves import curve_of
from dlmskit.crypto.suites import SUITES
from dlmskit.errors import ConfigError, SecurityError, SecurityReason, TransportTimeout
from dlmskit.security.held_keys import HOLDABLE, HeldKey
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.parties import Identity
from dlmskit.types.enums import Mechanism
from tests.association.correspondents import FORMS, agreement_key, agrees, keys_of, known, side, signing_key, way_of
from tests.association.peers import CLIENT_TITLE, SERVER_TITLE, VALUE, Dice, Pair, drive
from tests.softhsm import PIN, softhsm


@pytest.fixture(scope="module")
def token() -> Iterator[TokenProvider]:
    with open_token(softhsm(), "associations", PIN) as provider:
        yield provider


@cache
def in_token(token: TokenProvider, suite: int, role: KeyRole) -> HeldKey:
    """A key of the suite, brought in."""
    octets = getattr(keys_of(suite), role.value).reveal()
    return HeldKey(token.wrapping_key(octets) if role is KeyRole.KEK else token.cipher_key(octets), role)


def keys_in(token: TokenProvider, suite: int) -> KeySet:
    return replace(
        keys_of(suite, 32 if suite == 2 else 16),
        guek=in_token(token, suite, KeyRole.GUEK),
        kek=in_token(token, suite, KeyRole.KEK),
    )


def credentials(suite: int, own: Any, token: TokenProvider | None) -> Credentials:
    """Random keys and pairs of one run are those of the next."""
    others = [known(suite, title) for title in (CLIENT_TITLE, SERVER_TITLE)] if SUITES[suite].curve else []
    found = side(suite, own, *others, secret=32 if suite == 2 else 16)
    correspondence = replace(found.correspondence, random=Dice(7))
    if SUITES[suite].curve is not None:
        ephemeral = agreement_key(suite, CLIENT_TITLE)  # the same in both runs
        correspondence = replace(correspondence, ephemeral=lambda _curve: ephemeral)
    if token is None:
        return replace(found, correspondence=correspondence)
    if SUITES[suite].curve is not None:
        curve = curve_of(SUITES[suite])
        identity = Identity(
            signing=token.signing_key(curve, signing_key(suite, own).reveal()),
            agreement=token.agreement_key(curve, agreement_key(suite, own).reveal()),
        )
        correspondence = replace(correspondence, identity=identity)
    return replace(found, keys=keys_in(token, suite), correspondence=correspondence)


def conversation(way: Any, client: TokenProvider | None, server: TokenProvider | None) -> Pair:
    suite = way.security_suite
    pair = Pair(
        way,
        client_credentials=credentials(suite, CLIENT_TITLE, client),
        server_credentials=credentials(suite, SERVER_TITLE, server),
    ).associate()
    pair.still_works()
    pair.still_works()
    pair.run(pair.client.release())
    return pair


CASES = [(suite, form) for suite in SUITES for form in FORMS if SUITES[suite].curve or not agrees(form)]


@pytest.mark.parametrize(("suite", "form"), CASES, ids=str)
def test_a_whole_association_is_the_same_as_in_software(token: TokenProvider, suite: int, form: str) -> None:
    """ECDSA draws a number, so what it signs is compared by being taken; everything else octet for octet."""
    way = way_of(suite, form=form)
    software, held = conversation(way, None, None), conversation(way, token, token)
    if "one-pass" not in form:
        assert (held.sent, held.received) == (software.sent, software.received)
    assert [len(octets) for octets in held.sent] == [len(octets) for octets in software.sent]


@pytest.mark.parametrize("side_in_token", ["client", "server"])
@pytest.mark.parametrize("suite", [1, 2])
def test_one_side_signs_in_a_token(token: TokenProvider, suite: int, side_in_token: str) -> None:
    way = way_of(suite, Mechanism.HLS_ECDSA, "general-ciphering one-pass key")
    pair = conversation(
        way, token if side_in_token == "client" else None, token if side_in_token == "server" else None
    )  # fmt: skip
    assert EventCode.ASSOCIATED in pair.server_log.codes()


@pytest.mark.parametrize("mechanism", [Mechanism.LLS, Mechanism.HLS_MD5, Mechanism.HLS_SHA1, Mechanism.HLS_SHA256])
def test_mechanisms_with_a_secret_keep_it_outside(token: TokenProvider, mechanism: Mechanism) -> None:
    conversation(way_of(0, mechanism), token, token)


def test_a_changed_octet_is_refused(token: TokenProvider) -> None:
    """What the token says to a wrong tag is a refusal without effect, and the message itself is taken after all of them."""
    sides = [credentials(0, title, token) for title in (CLIENT_TITLE, SERVER_TITLE)]
    pair = Pair(way_of(0), client_credentials=sides[0], server_credentials=sides[1]).associate()
    held_back: list[bytes] = []

    def keep(octets: bytes) -> list[bytes]:
        held_back.append(octets)
        return []

    with pytest.raises(TransportTimeout):
        drive(pair.client.get(VALUE), keep)
    (honest,) = held_back
    for at in range(len(honest)):
        forged = bytearray(honest)
        forged[at] ^= 1
        pair.one(bytes(forged))
    assert pair.meter.log == []
    assert pair.one(honest)[:1] == b"\xcc"
    assert len(pair.meter.log) == 1


@pytest.mark.parametrize("role", HOLDABLE)
@pytest.mark.parametrize("suite", [0, 2])
def test_a_held_key_is_its_like_in_software(token: TokenProvider, suite: int, role: KeyRole) -> None:
    octets = bytes(range(SUITES[suite].key_octets))
    software = Key(octets, role)
    held = HeldKey(token.wrapping_key(octets) if role is KeyRole.KEK else token.cipher_key(octets), role)
    assert held.fingerprint == software.fingerprint, "so it goes on with its counter"
    assert held == software
    assert software == held
    assert held.matches(octets)
    assert not held.matches(octets[::-1])
    assert held != Key(octets[::-1], role)
    assert len(held) == len(software)
    held.check_length(SUITES[suite])
    with pytest.raises(SecurityError, match="does not leave it") as caught:
        held.reveal()
    assert caught.value.reason is SecurityReason.UNSUPPORTED


def test_what_cannot_be_held_says_so(token: TokenProvider) -> None:
    with pytest.raises(ConfigError, match="needed in clear"):
        HeldKey(token.cipher_key(bytes(16)), KeyRole.GAK)
    kek, guek = in_token(token, 0, KeyRole.KEK), in_token(token, 0, KeyRole.GUEK)
    for attempt in (lambda: kek.gcm, lambda: guek.master):
        with pytest.raises(SecurityError) as caught:
            attempt()
        assert caught.value.reason is SecurityReason.UNSUPPORTED
