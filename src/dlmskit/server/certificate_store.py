"""Key pairs and certificates of one client's security setup (class 64, methods 4 to 8; security concept, 5.1 and 7).

A key pair is of no use before its certificate is imported; a certificate is taken only where it leads to a trust anchor, is for
this suite, and, if it is the meter's own, for a key pair that was generated here. One certificate for each title and purpose.
Anchors are configuration: shown and exported, never imported or removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from dlmskit.association.ports import EventCode, Random
from dlmskit.association.settings import AssociationSettings
from dlmskit.cosem.classes.security_setup import (
    BySerialNumber,
    CertificateEntity,
    CertificateIdentification,
    CertificateInfo,
)
from dlmskit.crypto.certificates import (
    Certificate,
    CertificateError,
    CertificateFault,
    CertificateType,
    Role,
    Trust,
    request_for_agreement,
    request_for_signing,
    validate,
)
from dlmskit.crypto.curves import curve_of
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.provider import Signer
from dlmskit.crypto.software import SoftwareProvider
from dlmskit.crypto.suites import SecuritySuite, suite_of
from dlmskit.errors import DlmsError, SecurityError, SecurityReason, ServiceError
from dlmskit.security.keys import Secret
from dlmskit.security.policy import SecurityPolicy
from dlmskit.server.client_keys import ClientKeys
from dlmskit.server.handler import CurrentRequest
from dlmskit.server.key_state import KeyState
from dlmskit.types.enums import DataAccessResult, Mechanism
from dlmskit.types.system_title import SystemTitle

MOST_CERTIFICATES = 32
"""In one security setup; anchors are not counted."""

_SIGNED = SecurityPolicy.SIGNED_REQUEST | SecurityPolicy.SIGNED_RESPONSE


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """What a keeper needs from its device."""

    current: CurrentRequest
    random: Random
    client_title: Callable[[], SystemTitle | None]
    """Of the client that was here last."""
    now: Callable[[], datetime]
    """For the validity of certificates."""
    report: Callable[[EventCode, str, BaseException | None], None]


class CertificateStore:
    """The part of a keeper that has to do with key pairs and certificates."""

    def __init__(
        self,
        keys: ClientKeys,
        settings: Callable[[], AssociationSettings],
        around: Surroundings,
        anchors: tuple[Certificate, ...],
    ) -> None:
        self._keys = keys
        self._settings = settings
        self._around = around
        self._anchors = anchors

    # --- What it is ---

    @property
    def suite(self) -> SecuritySuite:
        """The security suite of the client."""
        return suite_of(self._settings().security_suite)

    @property
    def own_title(self) -> SystemTitle:
        """Of the meter. Raises SecurityError (system-title-missing)."""
        title = self._settings().server_system_title
        if title is None:
            raise SecurityError(SecurityReason.SYSTEM_TITLE_MISSING, "the meter has no system title")
        return title

    @property
    def client_title(self) -> SystemTitle | None:
        """Of the client that asks, else of the one that was here last."""
        return self._around.current.client_title or self._around.client_title()

    def certificates(self) -> list[CertificateInfo]:
        """Attribute 6."""
        return [
            CertificateInfo(
                int(self._entity(one)),
                int(CertificateType.OTHER if one.role is None else one.role.certificate_type),
                one.serial_octets,
                one.issuer,
                one.subject,
            )
            for one in self._all()
        ]

    def signing_key(self) -> Signer:
        """The meter's key pair for signatures, certified or configured. Raises SecurityError (missing-key)."""
        signer = self._keys.candidates()[0].correspondence.identity.signing
        if signer is None:
            raise SecurityError(SecurityReason.MISSING_KEY, "there is no certified key pair for signatures")
        return signer

    def verification_key_of(self, title: SystemTitle) -> PublicKey:
        """Of another party, out of its certificate or as configured. Raises SecurityError (missing-key)."""
        found = self._keys.party(title)
        if found is None or found.verification is None:
            raise SecurityError(SecurityReason.MISSING_KEY, f"there is no certificate for signatures of {title}")
        return found.verification

    # --- Key pairs ---

    def generate_key_pair(self, certificate_type: int) -> None:
        """Method 4: in the place of one that waits for its certificate; what is in use stays in use."""
        with self.act(f"key pair generated: {_purpose(certificate_type)}"):
            curve, provider = curve_of(self.suite), SoftwareProvider(self._around.random)
            agrees = certificate_type == CertificateType.KEY_AGREEMENT
            pair = provider.generate_agreement_key(curve) if agrees else provider.generate_signing_key(curve)
            state = self._keys.state
            self._keys.change(replace(state, generated={**state.generated, certificate_type: Secret(pair.reveal())}))

    def certificate_request(self, certificate_type: int) -> bytes:
        """Method 5: for the pair that waits, else for the one in use."""
        with self.act(f"certificate request: {_purpose(certificate_type)}"):
            state, curve = self._keys.state, curve_of(self.suite)
            secret = state.generated.get(certificate_type) or state.pairs.get(certificate_type)
            if secret is None:
                raise SecurityError(SecurityReason.MISSING_KEY, "no key pair was generated")
            if certificate_type == CertificateType.KEY_AGREEMENT:
                return request_for_agreement(AgreementKey(curve, secret.reveal()), self.own_title).octets
            tls = certificate_type == CertificateType.TLS
            return request_for_signing(SigningKey(curve, secret.reveal()), self.own_title, tls=tls).octets

    # --- Certificates ---

    def import_certificate(self, certificate: bytes) -> None:
        """Method 6."""
        with self.act("certificate imported"):
            curve_of(self.suite)
            new, state = Certificate(certificate), self._keys.state
            self._check(new)
            kept = tuple(one for one in state.certificates if not _takes_the_place(new, one))
            if len(kept) >= MOST_CERTIFICATES:
                raise SecurityError(SecurityReason.UNSUPPORTED, f"at most {MOST_CERTIFICATES} certificates are kept")
            state = replace(state, certificates=(*kept, new))
            self._keys.change(self._in_use(state, new) if new.system_title == self.own_title else state)

    def export_certificate(self, identification: CertificateIdentification) -> bytes:
        """Method 7."""
        with self.act("certificate exported", quiet=True):
            return self._found(identification, self._all()).octets

    def remove_certificate(self, identification: CertificateIdentification) -> None:
        """Method 8: with the meter's own certificate its key pair goes too. What the client itself needs to come back stays."""
        with self.act("certificate removed"):
            state = self._keys.state
            found = self._found(identification, state.certificates)
            if self._needed(found):
                raise SecurityError(SecurityReason.UNSUPPORTED, "without this certificate the client could not come back")
            left = tuple(one for one in state.certificates if one != found)
            pairs = dict(state.pairs)
            if found.system_title == self.own_title and found.role is not None:
                pairs.pop(found.role.certificate_type, None)
            self._keys.change(replace(state, certificates=left, pairs=pairs))

    def _all(self) -> tuple[Certificate, ...]:
        return (*self._anchors, *self._keys.state.certificates)

    def _check(self, new: Certificate) -> None:
        """Raises CertificateError."""
        if new.role is None or new.role is Role.ROOT_CA:
            raise CertificateError(CertificateFault.KEY_USAGE, "neither an end entity nor an authority below a trust anchor")
        between = tuple(one for one in self._keys.state.certificates if one.is_ca)
        trust = Trust(suite=self.suite, anchors=self._anchors, intermediates=between)
        validate(new, new.role, trust, self._around.now())

    def _in_use(self, state: KeyState, new: Certificate) -> KeyState:
        """Put the meter's own key pair into use, or keep it there. Raises CertificateError (key-mismatch)."""
        number = CertificateType.OTHER if new.role is None else new.role.certificate_type
        for secret in (state.generated.get(number), state.pairs.get(number)):
            if secret is not None and SigningKey(curve_of(self.suite), secret.reveal()).public == new.public_key:
                waiting = {other: one for other, one in state.generated.items() if other != number or one is not secret}
                return replace(state, pairs={**state.pairs, number: secret}, generated=waiting)
        raise CertificateError(CertificateFault.KEY_MISMATCH, "the certificate is for no key pair that was generated here")

    def _needed(self, certificate: Certificate) -> bool:
        settings = self._settings()
        signs = settings.mechanism is Mechanism.HLS_ECDSA or bool(settings.policy & _SIGNED)
        return signs and certificate.role is Role.SIGNATURE and certificate.system_title in (self.own_title, self.client_title)

    def _entity(self, certificate: Certificate) -> CertificateEntity:
        if certificate.is_ca:
            return CertificateEntity.CERTIFICATION_AUTHORITY
        if certificate.system_title == self.own_title:
            return CertificateEntity.SERVER
        return CertificateEntity.CLIENT if certificate.system_title == self.client_title else CertificateEntity.OTHER

    def _found(self, identification: CertificateIdentification, among: tuple[Certificate, ...]) -> Certificate:
        """Raises SecurityError (missing-key) where there is none, or more than one."""
        found = [one for one in among if self._is(one, identification)]
        if len(found) != 1:
            raise SecurityError(SecurityReason.MISSING_KEY, f"{len(found)} certificates are meant")
        return found[0]

    def _is(self, one: Certificate, wanted: CertificateIdentification) -> bool:
        if isinstance(wanted, BySerialNumber):  # peers send the number with and without tag and length
            serials = (one.serial_octets, one.serial_octets[2:])
            return wanted.serial_number in serials and wanted.issuer == one.issuer
        if one.is_ca:
            name = one.common_name.encode()
            return wanted.certificate_entity == CertificateEntity.CERTIFICATION_AUTHORITY and wanted.system_title in (b"", name)
        if one.role is None or one.system_title is None or wanted.certificate_type != one.role.certificate_type:
            return False
        # Which of two strangers is "the client" depends on who asks; that the meter's own is meant must be said.
        own = wanted.certificate_entity == CertificateEntity.SERVER
        return wanted.system_title == one.system_title.octets and own == (one.system_title == self.own_title)

    # --- One act ---

    @contextmanager
    def act(self, what: str, *, quiet: bool = False) -> Iterator[None]:
        """Something that is done or refused as a whole: in the log either way, and other-reason for the client."""
        try:
            yield
        except DlmsError as error:
            self._around.report(EventCode.SECURITY_CHANGE_REFUSED, what, error)
            raise ServiceError(DataAccessResult.OTHER_REASON, "Security setup") from None
        if not quiet:
            self._around.report(EventCode.SECURITY_CHANGED, what, None)


def _takes_the_place(new: Certificate, old: Certificate) -> bool:
    """Whether both are for the same party and purpose."""
    if new.is_ca or old.is_ca:
        return new.is_ca and old.is_ca and new.subject == old.subject and new.public_key == old.public_key
    return (new.system_title, new.role) == (old.system_title, old.role)


def _purpose(certificate_type: int) -> str:
    """Raises ServiceError for a type that no key pair has."""
    if certificate_type not in (CertificateType.DIGITAL_SIGNATURE, CertificateType.KEY_AGREEMENT, CertificateType.TLS):
        raise ServiceError(DataAccessResult.OTHER_REASON, "Security setup", f"there is no key pair of type {certificate_type}")
    return CertificateType(certificate_type).name.lower().replace("_", " ")
