"""Three parties with key pairs in every suite, for the tests of general-ciphering and signatures: client, server, third party."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import cache
from typing import Any

from dlmskit.crypto.curves import Curve, curve_of
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.suites import SUITE_1, SecuritySuite
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection
from dlmskit.security.conventions import Conventions
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.layers import KeyChoice, Layer
from dlmskit.security.parties import Correspondence, Identity, KnownParty, directory_of
from dlmskit.security.policy import ProtectionRules
from dlmskit.security.verified import Verified
from dlmskit.security.windows import ReceivedCounters
from dlmskit.types.system_title import SystemTitle
from tests.security.parties import CLIENT, SERVER

THIRD = SystemTitle("4D4D4D0000ABCDEF")
TITLES = (CLIENT, SERVER, THIRD)
ANYTHING = ProtectionRules(
    incoming=Protection.NONE, outgoing=Protection.NONE, accept_broadcast=True, third_parties=frozenset({THIRD})
)
"""Demands nothing, and takes whatever verifies."""
FRESH = [KeyChoice.WRAPPED, KeyChoice.ONE_PASS, KeyChoice.STATIC]
IDENTIFIED = [KeyChoice.GUEK, KeyChoice.GBEK]
"""How general-ciphering names its key."""


@cache
def signing_key(title: SystemTitle, curve: Curve) -> SigningKey:
    return SigningKey.generate(curve)


@cache
def agreement_key(title: SystemTitle, curve: Curve) -> AgreementKey:
    return AgreementKey.generate(curve)


def keys_of(suite: SecuritySuite, first: int = 0) -> KeySet:
    """Four different keys."""

    def made(role: KeyRole, start: int) -> Key:
        return Key(bytes((first + start + at) & 0xFF for at in range(suite.key_octets)), role)

    return KeySet(guek=made(KeyRole.GUEK, 0), gak=made(KeyRole.GAK, 50), gbek=made(KeyRole.GBEK, 100), kek=made(KeyRole.KEK, 150))


def known(title: SystemTitle, suite: SecuritySuite) -> KnownParty:
    if suite.curve is None:
        return KnownParty(title=title, keys=keys_of(suite, 7))
    curve = curve_of(suite)
    return KnownParty(
        title=title,
        verification=signing_key(title, curve).public,
        agreement=agreement_key(title, curve).public,
        keys=keys_of(suite, 7),
    )


def correspondence(own: SystemTitle, suite: SecuritySuite) -> Correspondence:
    identity = Identity()
    if suite.curve is not None:
        curve = curve_of(suite)
        identity = Identity(signing=signing_key(own, curve), agreement=agreement_key(own, curve))
    return Correspondence(
        identity=identity,
        directory=directory_of(*(known(title, suite) for title in TITLES)),
        random=secrets.token_bytes,
        ephemeral=AgreementKey.generate,
    )


def person(
    own: SystemTitle,
    peer: SystemTitle | None,
    *,
    suite: SecuritySuite = SUITE_1,
    rules: ProtectionRules = ANYTHING,
    conventions: Conventions | None = None,
    keys: KeySet | None = None,
    **more: Any,
) -> SecurityContext:
    more.setdefault("transmit", TransmitCounters(MemoryCounterStore()))
    more.setdefault("received", ReceivedCounters())
    more.setdefault("correspondence", correspondence(own, suite))
    third = own == THIRD or peer == THIRD
    return SecurityContext(
        own_title=own,
        peer_title=peer,
        keys=keys or keys_of(suite, 7 if third else 0),
        suite=suite,
        rules=rules,
        conventions=conventions or Conventions(),
        **more,
    )


def people(**more: Any) -> tuple[SecurityContext, SecurityContext]:
    """A client and its server."""
    return person(CLIENT, SERVER, **more), person(SERVER, CLIENT, **more)


def with_rules(context: SecurityContext, **changes: Any) -> SecurityContext:
    """The same party, its counters and windows included, under other rules."""
    return person(
        context.own_title,
        context.peer_title,
        suite=context.suite,
        rules=replace(context.rules, **changes),
        conventions=context.conventions,
        keys=context.keys,
        transmit=context.transmit,
        received=context.received,
    )


def general(verified: Verified) -> Layer:
    """The outermost layer, which has a header of five fields."""
    layer = verified.layers[0]
    assert layer.general is not None
    return layer
