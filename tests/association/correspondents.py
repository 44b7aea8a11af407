"""A client and a server that share all the security concept knows: keys of every suite, secrets, key pairs, certificates."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from dlmskit.association import AssociationSettings, Credentials, Signing, Wrapping
from dlmskit.crypto.certificates import Certificate, CertificateAuthority, Role, Trust, Validity
from dlmskit.crypto.curves import curve_of
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.suites import SUITES
from dlmskit.security.introduction import CertificateCheck
from dlmskit.security.keys import Key, KeyRole, KeySet, Secret
from dlmskit.security.layers import KeyChoice
from dlmskit.security.parties import Correspondence, Identity, KnownParty, directory_of
from dlmskit.security.policy import (
    AUTHENTICATED_BOTH_WAYS,
    ENCRYPTED_BOTH_WAYS,
    STRONGEST_SYMMETRIC,
    SecurityPolicy,
)
from dlmskit.types.enums import Mechanism
from dlmskit.types.system_title import SystemTitle
from tests.association.peers import CLIENT_TITLE, LN_CIPHERED, PASSWORD, SERVER_TITLE, Pair, credentials, settings

POLICIES = {
    "authenticated": AUTHENTICATED_BOTH_WAYS,
    "encrypted": ENCRYPTED_BOTH_WAYS,
    "authenticated+encrypted": STRONGEST_SYMMETRIC,
}
FORMS: dict[str, dict[str, Any]] = {
    "glo": {},
    "ded": {"dedicated_key": True},
    "general-glo": {"wrapping": Wrapping.GENERAL},
    "general-ded": {"wrapping": Wrapping.GENERAL, "dedicated_key": True},
    "general-ciphering identified key": {"wrapping": Wrapping.GENERAL_CIPHERING},
    "general-ciphering wrapped key": {"wrapping": Wrapping.GENERAL_CIPHERING, "general_key": KeyChoice.WRAPPED},
    "general-ciphering one-pass key": {"wrapping": Wrapping.GENERAL_CIPHERING, "general_key": KeyChoice.ONE_PASS},
    "general-ciphering static-unified key": {"wrapping": Wrapping.GENERAL_CIPHERING, "general_key": KeyChoice.STATIC},
}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
VALIDITY = Validity(datetime(2020, 1, 1, tzinfo=UTC))


def agrees(form: str) -> bool:
    """Whether the form needs key pairs."""
    return "one-pass" in form or "static" in form


def keys_of(suite: int, secret: int = 16) -> KeySet:
    """Keys of the length of this suite, and every secret."""

    def made(role: KeyRole, first: int) -> Key:
        return Key(bytes((first + at) & 0xFF for at in range(SUITES[suite].key_octets)), role)

    return KeySet(
        guek=made(KeyRole.GUEK, 0),
        gak=made(KeyRole.GAK, 0xD0),
        kek=made(KeyRole.KEK, 0x90),
        lls_password=PASSWORD,
        hls_secret=Secret(bytes(range(secret))),
    )


@cache
def signing_key(suite: int, title: SystemTitle) -> SigningKey:
    return SigningKey.generate(curve_of(SUITES[suite]))


@cache
def agreement_key(suite: int, title: SystemTitle) -> AgreementKey:
    return AgreementKey.generate(curve_of(SUITES[suite]))


def known(suite: int, title: SystemTitle) -> KnownParty:
    """Everything public about a party."""
    return KnownParty(title=title, verification=signing_key(suite, title).public, agreement=agreement_key(suite, title).public)


def side(suite: int, own: SystemTitle, *others: KnownParty, secret: int = 16, **changes: Any) -> Credentials:
    """What one side brings along; it knows the ``others``."""
    found = replace(credentials(keys_of(suite, secret)), **changes)
    if SUITES[suite].curve is None:
        return replace(found, correspondence=Correspondence(random=secrets.token_bytes))
    identity = Identity(signing=signing_key(suite, own), agreement=agreement_key(suite, own))
    correspondence = Correspondence(
        identity=identity, directory=directory_of(*others), random=secrets.token_bytes, ephemeral=AgreementKey.generate
    )
    return replace(found, correspondence=correspondence)


def pair_of(way: AssociationSettings, server: AssociationSettings | None = None, **more: Any) -> Pair:
    """A client and a server that know each other."""
    suite = way.security_suite
    others = [known(suite, title) for title in (CLIENT_TITLE, SERVER_TITLE)] if SUITES[suite].curve else []
    secret = 32 if suite == 2 and way.mechanism is Mechanism.HLS_SHA256 else 16
    more.setdefault("client_credentials", side(suite, CLIENT_TITLE, *others, secret=secret))
    more.setdefault("server_credentials", side(suite, SERVER_TITLE, *others, secret=secret))
    return Pair(way, server, **more)


def way_of(
    suite: int,
    mechanism: Mechanism = Mechanism.HLS_GMAC,
    form: str = "glo",
    policy: SecurityPolicy = STRONGEST_SYMMETRIC,
    signing: Signing = Signing.AROUND,
    **more: Any,
) -> AssociationSettings:
    """Settings of an association that is protected in this way."""
    return settings(
        application_context=LN_CIPHERED,
        mechanism=mechanism,
        security_suite=suite,
        security_policy=policy,
        signing=signing,
        **FORMS[form],
        **more,
    )


@cache
def authority(suite: int) -> CertificateAuthority:
    return CertificateAuthority.root("lab root", SigningKey.generate(curve_of(SUITES[suite])), 1, VALIDITY)


def certificate(
    suite: int, title: SystemTitle, role: Role = Role.SIGNATURE, issuer: CertificateAuthority | None = None, **more: Any
) -> Certificate:
    """The certificate of a party's signature key, or of another ``public`` key."""
    public = more.get("public") or signing_key(suite, title).public
    return (issuer or authority(suite)).issue(title, public, role, 7, more.get("validity") or VALIDITY)


def check(suite: int) -> CertificateCheck:
    """Trusts the authority of this suite, and knows what time it is."""
    return CertificateCheck(trust=Trust(suite=SUITES[suite], anchors=[authority(suite).certificate]), now=lambda: NOW)
