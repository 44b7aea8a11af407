"""Who we are and whom we talk to, out of a key file: our own key pairs, and the public keys of the meter.

Our own entry is the one with our system title, else the one that is named ``client``; it is never taken for a meter's. Its
trust anchors judge the certificates of meters: those in the key file before anything is sent, and those that meters send.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from dlmskit.association.settings import AssociationSettings, Wrapping
from dlmskit.crypto.certificates import Role, Trust, validate
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.suites import suite_of
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.introduction import CertificateCheck
from dlmskit.security.key_pairs import KeyPairs
from dlmskit.security.layers import KeyChoice
from dlmskit.security.parties import Correspondence, Identity, KnownParty
from dlmskit.security.vault import KeyVault, VaultEntry
from dlmskit.types.enums import Mechanism
from dlmskit.types.system_title import SystemTitle

OWN_ENTRY = "client"
"""The name of the entry that holds our own key pairs."""

_WITH_SECRET = frozenset((Mechanism.HLS_MANUFACTURER, Mechanism.HLS_MD5, Mechanism.HLS_SHA1, Mechanism.HLS_SHA256))
_AGREED = frozenset((KeyChoice.ONE_PASS, KeyChoice.STATIC))


@dataclass(frozen=True)
class _Meter:
    """A directory of one party: the meter, whatever its title is. An association asks for nobody else."""

    pairs: KeyPairs

    def __call__(self, title: SystemTitle) -> KnownParty:
        return KnownParty(title=title, verification=self.pairs.signing_public_key, agreement=self.pairs.agreement_public_key)


def own_entry_name(vault: KeyVault, title: SystemTitle | None) -> str | None:
    """The entry that is about ourselves; None where there is none."""
    for name, entry in vault.items():
        if title is not None and (entry.system_title == title or name.upper() == str(title)):
            return name
    return OWN_ENTRY if OWN_ENTRY in vault else None


def correspondence_with(own: KeyPairs, meter: KeyPairs) -> Correspondence:
    """Our private keys and the meter's public ones."""
    return Correspondence(
        identity=Identity(signing=own.signing_key, agreement=own.agreement_key),
        directory=_Meter(meter),
        random=secrets.token_bytes,
        ephemeral=AgreementKey.generate,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """What is sent and believed where parties show certificates."""

    certificate: bytes | None = None
    """Ours for signatures."""
    check: CertificateCheck | None = None
    """None: no authority is believed."""


def introduction_of(own: VaultEntry, meter: VaultEntry, settings: AssociationSettings) -> Introduction:
    """Raises `CertificateError` where the meter's certificate in the key file does not lead to an authority that we believe."""
    certificate = None if own.signing_certificate is None else own.signing_certificate.octets
    if not own.trust_anchors:
        return Introduction(certificate=certificate)
    check = CertificateCheck(trust=Trust(suite=suite_of(settings.security_suite), anchors=own.trust_anchors), now=_now)
    for known, role in ((meter.signing_certificate, Role.SIGNATURE), (meter.agreement_certificate, Role.KEY_AGREEMENT)):
        if known is not None:
            validate(known, role, check.trust, check.now(), meter.system_title)
    return Introduction(certificate=certificate, check=check)


def _now() -> datetime:
    return datetime.now(UTC)


def check_secrets(settings: AssociationSettings, meter: VaultEntry, own_entry: VaultEntry) -> None:
    """Raise SecurityError (missing-key) for a secret or key pair that this association cannot do without, before it is dialled.

    Raises ConfigError where messages name their recipient and nobody said who that is.
    """
    missing, own = [], own_entry.pairs
    if settings.mechanism in _WITH_SECRET and meter.keys.hls_secret is None:
        missing.append("hls_secret")
    if settings.needs_signatures:
        missing += _absent(own.signing_key, f"signing_key in the entry {OWN_ENTRY!r}")
        if not own_entry.trust_anchors:  # else it may introduce itself
            missing += _absent(meter.pairs.signing_public_key, "signing_public_key of the meter")
    if settings.wrapping is Wrapping.GENERAL_CIPHERING and settings.general_key in _AGREED:
        missing += _absent(own.agreement_key, f"agreement_key in the entry {OWN_ENTRY!r}")
        missing += _absent(meter.pairs.agreement_public_key, "agreement_public_key of the meter")
        if settings.general_key is KeyChoice.ONE_PASS:
            missing += _absent(own.signing_key, f"signing_key in the entry {OWN_ENTRY!r}")
    if settings.wrapping is Wrapping.GENERAL_CIPHERING and settings.general_key is KeyChoice.WRAPPED:
        missing += _absent(meter.keys.kek, "kek")
    if missing:
        what = " and ".join(dict.fromkeys(missing))
        raise SecurityError(SecurityReason.MISSING_KEY, f"these words need {what}: give a key file that has it")
    if settings.layered and settings.server_system_title is None:
        raise ConfigError("these messages name their recipient: say server_title=..., or name it in the key file")


def _absent(key: object, name: str) -> list[str]:
    return [name] if key is None else []
