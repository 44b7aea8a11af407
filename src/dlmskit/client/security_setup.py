"""Driving the security setup of a meter (class 64) as scripts: policy, key transfer and agreement, key pairs, certificates.

Key changes go through `dlmskit.client.key_renewal`: they end with a fresh association under the new keys, or under the old ones.
The facades of `aio` and `blocking` run these.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from dlmskit.client.directory import Code
from dlmskit.client.key_ledger import KeyLedger, MemoryLedger
from dlmskit.client.key_renewal import recovered, renewal
from dlmskit.client.services import Services
from dlmskit.client.steps import Script
from dlmskit.cosem.classes.security_setup import (
    ByEntity,
    BySerialNumber,
    CertificateIdentification,
    CertificateInfo,
    KeyId,
)
from dlmskit.crypto import ecdsa
from dlmskit.crypto.certificates import Certificate, CertificateRequest, CertificateType
from dlmskit.crypto.curves import curve_of
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.kdf import algorithm_id, ephemeral_unified_info
from dlmskit.crypto.suites import SecuritySuite, suite_of
from dlmskit.errors import ConfigError, DecodeError, SecurityError, SecurityReason
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.policy import SecurityPolicy
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

SECURITY_SETUP = Obis("0.0.43.0.0.255")
CLASS_ID = 64

KEY_IDS = {
    KeyRole.GUEK: KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY,
    KeyRole.GBEK: KeyId.GLOBAL_BROADCAST_ENCRYPTION_KEY,
    KeyRole.GAK: KeyId.AUTHENTICATION_KEY,
    KeyRole.KEK: KeyId.MASTER_KEY,
}
_ROLES = {key_id: role for role, key_id in KEY_IDS.items()}


@dataclass(frozen=True, slots=True)
class SecurityState:
    """What a security setup shows."""

    policy: SecurityPolicy
    suite: int
    client_title: SystemTitle | None
    server_title: SystemTitle | None
    certificates: tuple[CertificateInfo, ...]


def fresh_keys(suite: int, roles: Iterable[KeyRole] = (KeyRole.GUEK, KeyRole.GAK)) -> KeySet:
    """New keys for a suite, drawn from the secure source of the system."""
    size = suite_of(suite).key_octets
    keys: dict[str, Any] = {role.value: Key(secrets.token_bytes(size), role) for role in roles}
    return KeySet(**keys)


class SecuritySetupScripts:
    """One security setup of the meter of ``services``. ``version`` is that of its class, where the object list did not tell."""

    def __init__(self, services: Services, obis: Code = SECURITY_SETUP, version: int = 1) -> None:
        self._services = services
        self._obis = obis
        declared = services.directory.declaration(obis, CLASS_ID)[2]
        self._version = version if declared is None or version == 0 else declared.version

    # --- State and policy ---

    def state(self) -> Script[SecurityState]:
        """Policy, suite, titles and certificates."""
        numbers = [2, 3, 4, 5] + ([6] if self._version else [])
        policy, suite, client, server, *more = yield from self._services.read(self._obis, numbers, CLASS_ID)
        listed = tuple(CertificateInfo(*one) for one in more[0]) if more else ()
        number = int(policy)
        decoded = SecurityPolicy.from_v1(number) if self._version else SecurityPolicy.from_v0(number)
        return SecurityState(decoded, int(suite), _title(client), _title(server), listed)

    def activate(self, policy: SecurityPolicy) -> Script[None]:
        """Strengthen the policy; afterwards the connection is a fresh association under it. Raises ServiceError, ConfigError."""
        number = int(policy) if self._version else policy.to_v0()
        if number is None:
            raise ConfigError("version 0 of the security setup knows no such policy")
        yield from self._call(1, number)
        plan = self._services.plan
        stronger = replace(plan.settings, security_policy=policy | plan.settings.security_policy)
        yield from self._services.reopen(replace(plan, settings=stronger))

    # --- Keys ---

    def transfer_keys(self, new: KeySet, ledger: KeyLedger | None = None) -> Script[KeySet]:
        """Send the keys of ``new`` wrapped under the present master key, prove them, and return all keys in force.

        Raises SecurityError (missing-key) without a master key, and as `renewal`.
        """
        present, suite = self._services.plan.keys, self._suite
        if present.kek is None:
            raise SecurityError(SecurityReason.MISSING_KEY, "key transfer needs the master key (kek)")
        named = [key for _, key in new.named()]
        if not named:
            raise ConfigError("there is no key to transfer")
        for key in named:
            key.check_length(suite)
        master = present.kek.master
        wrapped = [(int(KEY_IDS[key.role]), master.wrap_octets(key.reveal())) for key in named]
        changed = _merged(present, new)
        yield from renewal(self._services, self._call(2, wrapped), changed, self._ledger(ledger))
        return self._services.plan.keys

    def agree_keys(self, roles: Iterable[KeyRole], ledger: KeyLedger | None = None) -> Script[KeySet]:
        """Agree on keys (ephemeral unified model), prove them, and return all keys in force.

        The new keys exist only once the meter has answered, and it keeps the old ones until they are proved, so they are put
        down as pending then. Raises SecurityError for key pairs that are missing and for an answer that the meter did not
        sign, and as `renewal`.
        """
        wanted, suite = list(dict.fromkeys(roles)), self._suite
        if not wanted or not set(wanted) <= set(KEY_IDS):
            raise ConfigError(f"keys can be agreed on for {', '.join(role.value for role in KEY_IDS)}")
        curve, plan = curve_of(suite), self._services.plan
        signer = plan.correspondence.identity.signing
        if signer is None:
            raise SecurityError(SecurityReason.MISSING_KEY, "key agreement needs our private key for signatures")
        pairs = {role: AgreementKey.generate(curve) for role in wanted}
        offers = []
        for role, pair in pairs.items():
            key_id = int(KEY_IDS[role])
            offers.append((key_id, pair.public.octets + signer.sign(bytes((key_id,)) + pair.public.octets)))
        answer = yield from self._call(3, offers)
        new = self._agreed(pairs, [(int(key_id), bytes(octets)) for key_id, octets in answer or ()], suite)
        yield from renewal(self._services, _nothing(), _merged(plan.keys, new), self._ledger(ledger))
        return self._services.plan.keys

    def recover(self, ledger: KeyLedger) -> Script[KeySet]:
        """Finish a renewal that was cut off; see `recovered`."""
        return recovered(self._services, ledger)

    def _agreed(self, pairs: dict[KeyRole, AgreementKey], answer: list[tuple[int, bytes]], suite: SecuritySuite) -> KeySet:
        """The keys out of the meter's part. Raises DecodeError, SecurityError."""
        if sorted(key_id for key_id, _ in answer) != sorted(KEY_IDS[role] for role in pairs):
            raise DecodeError("the answer to key_agreement is not about the keys that were asked for", path="key_agreement")
        context = self._services.association.context
        client = self._services.plan.settings.client_system_title
        server = None if context is None else context.server_system_title
        if client is None or server is None:
            raise SecurityError(SecurityReason.SYSTEM_TITLE_MISSING, "key agreement needs the titles of both parties")
        known = self._services.plan.correspondence.directory(server)
        if known is None or known.verification is None:
            raise SecurityError(SecurityReason.MISSING_KEY, f"the public key for signatures of {server} is not known")
        curve, found = curve_of(suite), {}
        for number, octets in answer:
            role, size = _ROLES[KeyId(number)], curve.public_key_octets
            ecdsa.verify(known.verification, bytes((number,)) + octets[:size], octets[size:])
            info = ephemeral_unified_info(algorithm_id(suite, wrapping=role is KeyRole.KEK), client, server)
            derived = pairs[role].derive(PublicKey(curve, octets[:size]), suite, info)
            found[role.value] = Key(derived, role)
        return replace(KeySet(), **found)

    # --- Key pairs and certificates ---

    def generate_key_pair(self, purpose: CertificateType) -> Script[None]:
        """Let the meter make a key pair. Raises ServiceError."""
        yield from self._call(4, int(purpose))

    def certificate_request(self, purpose: CertificateType) -> Script[CertificateRequest]:
        """The meter's request for that key pair, with its proof of possession verified. Raises CertificateError."""
        octets = yield from self._call(5, int(purpose))
        return CertificateRequest(bytes(octets))

    def import_certificate(self, certificate: Certificate) -> Script[None]:
        """Give the meter a certificate: its own, ours, an authority's. Raises ServiceError."""
        yield from self._call(6, certificate.octets)

    def export_certificate(self, which: CertificateIdentification) -> Script[Certificate]:
        """A certificate of the meter's. Raises ServiceError, CertificateError."""
        octets = yield from self._call(7, _identification(which))
        return Certificate(bytes(octets))

    def remove_certificate(self, which: CertificateIdentification) -> Script[None]:
        """Let the meter forget a certificate. Raises ServiceError."""
        yield from self._call(8, _identification(which))

    # --- Secrets of authentication ---

    def change_secret(self, secret: bytes, association: Code = "0.0.40.0.0.255") -> Script[None]:
        """change_HLS_secret of our own association, or of another client's. Raises ServiceError.

        Raises SecurityError (protection-too-weak) before anything is sent where requests are not authenticated and encrypted.
        """
        settings = self._services.plan.settings
        needed = SecurityPolicy.AUTHENTICATED_REQUEST | SecurityPolicy.ENCRYPTED_REQUEST
        if needed & ~settings.policy:
            raise SecurityError(SecurityReason.PROTECTION_TOO_WEAK, "a secret is sent authenticated and encrypted, or not at all")
        yield from self._services.call(association, 2, secret, 15)

    # --- How ---

    @property
    def _suite(self) -> SecuritySuite:
        return suite_of(self._services.plan.settings.security_suite)

    def _ledger(self, ledger: KeyLedger | None) -> KeyLedger:
        return MemoryLedger(self._services.plan.keys) if ledger is None else ledger

    def _call(self, method: int, parameter: Any) -> Script[Any]:
        return self._services.call(self._obis, method, parameter, CLASS_ID)


def _merged(present: KeySet, new: KeySet) -> KeySet:
    changes: dict[str, Any] = {field.name: getattr(new, field.name) for field in fields(new)}
    return replace(present, **{name: value for name, value in changes.items() if value is not None})


def _identification(which: CertificateIdentification) -> tuple[int, tuple[Any, ...]]:
    if not isinstance(which, ByEntity | BySerialNumber):
        raise ConfigError("a certificate is named by ByEntity or BySerialNumber")
    return (0 if isinstance(which, ByEntity) else 1, tuple(which))


def _title(octets: Any) -> SystemTitle | None:
    return SystemTitle(bytes(octets)) if len(octets) == 8 else None


def _nothing() -> Script[None]:
    """What was to be sent has been sent."""
    return
    yield
