"""``dlmskit keys agree``: the key that two parties agree on with their key pairs, as in general-ciphering with an agreed key."""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import Annotated

import typer

from dlmskit.apps.cli.key_entries import Entry, File, Into, Json, MeterKey, Reveal, entry_named, title_of
from dlmskit.apps.cli.key_results import deliver
from dlmskit.apps.cli.keyfile import open_key_file
from dlmskit.apps.cli.octets import octets_of
from dlmskit.apps.cli.parties import public_key_of
from dlmskit.crypto.curves import Curve
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdsa import verify
from dlmskit.crypto.kdf import algorithm_id, one_pass_info, static_unified_info
from dlmskit.crypto.provider import KeyAgreement, Signer
from dlmskit.crypto.software import SoftwareProvider
from dlmskit.crypto.suites import SUITES, SecuritySuite
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.key_pairs import KeyPairs
from dlmskit.security.keys import Key
from dlmskit.types.system_title import SystemTitle


class Scheme(StrEnum):
    """The schemes of general-ciphering."""

    ONE_PASS = "one-pass"  # noqa: S105
    STATIC = "static"


def run(  # noqa: PLR0913, PLR0917 - the options of a command
    file: File,
    peer: Annotated[str, typer.Option(help="The other party: its key agreement certificate, or an entry of the file.")],
    scheme: Annotated[
        Scheme, typer.Option(help="one-pass: C(1e, 1s), a fresh key pair of the sender. static: C(0e, 2s), two static ones.")
    ] = Scheme.ONE_PASS,
    received: Annotated[
        str | None, typer.Option(help="one-pass, as recipient: public key and signature that the sender sent, hex.")
    ] = None,
    signer: Annotated[
        str | None, typer.Option(help="one-pass, as recipient: the sender's signing certificate or entry; else --peer.")
    ] = None,
    transaction_id: Annotated[str | None, typer.Option(help="static: the transaction id of the message, hex.")] = None,
    recipient: Annotated[bool, typer.Option("--recipient", help="static: the message is for us, not from us.")] = False,
    role: Annotated[MeterKey, typer.Option(help="What the key becomes; a kek is derived for wrapping.")] = MeterKey.GUEK,
    into: Into = None,
    entry: Entry = None,
    reveal: Reveal = False,
    json: Json = False,
) -> int:
    """Agree on a key (suites 1 and 2). As sender of one-pass the public key and signature to send along are printed.

    The third scheme, C(2e, 0s) of the method key_agreement, needs the meter to answer: it is done in an association.

    Example: dlmskit keys agree client.keys --peer meter-agreement.pem --scheme static --transaction-id 0102030405060708
    """
    vault = open_key_file(file)
    name, found = entry_named(vault, entry)
    us = _Us(title_of(name, found), found.pairs)
    them = public_key_of(peer, "agreement", vault)
    suite = _suite_of(them[1].curve)
    algorithm = algorithm_id(suite, wrapping=role is MeterKey.KEK)
    sent: dict[str, str] = {}
    if scheme is Scheme.STATIC:
        octets = us.statically(them, suite, algorithm, _transaction(transaction_id), recipient=recipient)
    elif received is not None:
        signed_by = public_key_of(signer or peer, "signing", vault)
        octets = us.as_recipient(octets_of(received, "what was received"), signed_by, suite, algorithm)
    else:
        octets, data = us.as_sender(them, suite, algorithm)
        sent["key_ciphered_data"] = data.hex().upper()
    deliver(vault, name, Key(octets, role.role), into=into, reveal=reveal, as_json=json, **sent)
    return 0


class _Us:
    """Our side of an agreement."""

    def __init__(self, title: SystemTitle, pairs: KeyPairs) -> None:
        self._title = title
        self._pairs = pairs

    def statically(
        self, them: tuple[SystemTitle, PublicKey], suite: SecuritySuite, algorithm: bytes, transaction: bytes, *, recipient: bool
    ) -> bytes:
        """C(0e, 2s)."""
        originator, other = (them[0], self._title) if recipient else (self._title, them[0])
        return self._agreement.derive(them[1], suite, static_unified_info(algorithm, originator, other, transaction))

    def as_sender(self, them: tuple[SystemTitle, PublicKey], suite: SecuritySuite, algorithm: bytes) -> tuple[bytes, bytes]:
        """C(1e, 1s): the key, and what the recipient needs."""
        ephemeral = SoftwareProvider(secrets.token_bytes).generate_agreement_key(them[1].curve)
        point = ephemeral.public.octets
        key = ephemeral.derive(them[1], suite, one_pass_info(algorithm, self._title, them[0]))
        return key, point + self._signing.sign(point)

    def as_recipient(
        self, data: bytes, signed_by: tuple[SystemTitle, PublicKey], suite: SecuritySuite, algorithm: bytes
    ) -> bytes:
        """C(1e, 1s): the key, once the signature of the sender is right."""
        size = signed_by[1].curve.public_key_octets
        point, signature = data[:size], data[size:]
        ephemeral = PublicKey(signed_by[1].curve, point)
        verify(signed_by[1], point, signature)
        return self._agreement.derive(ephemeral, suite, one_pass_info(algorithm, signed_by[0], self._title))

    @property
    def _agreement(self) -> KeyAgreement:
        if self._pairs.agreement_key is None:
            raise SecurityError(SecurityReason.MISSING_KEY, "our entry has no agreement_key: keys new --suite 1 makes one")
        return self._pairs.agreement_key

    @property
    def _signing(self) -> Signer:
        if self._pairs.signing_key is None:
            raise SecurityError(SecurityReason.MISSING_KEY, "our entry has no signing_key: keys new --suite 1 makes one")
        return self._pairs.signing_key


def _suite_of(curve: Curve) -> SecuritySuite:
    return next(suite for suite in SUITES.values() if suite.curve == curve.name)


def _transaction(text: str | None) -> bytes:
    if text is None:
        raise ConfigError("the static scheme needs --transaction-id: it is all that makes one key differ from the next")
    return octets_of(text, "the transaction id")
