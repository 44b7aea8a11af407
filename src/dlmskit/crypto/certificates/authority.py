"""A certification authority: issues roots, sub-authorities and end entities of the DLMS profile, and revocation lists.

Its key is a handle, so it may live in a token; the body of each certificate is put together here, because the builders of
`cryptography` sign with keys of their own kind only. Serial numbers and times are the caller's, who knows which are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple, Self

from dlmskit.crypto.certificates import der, extensions
from dlmskit.crypto.certificates.certificate import Certificate
from dlmskit.crypto.certificates.faults import CertificateError, CertificateFault
from dlmskit.crypto.certificates.marks import name_of
from dlmskit.crypto.certificates.profile import Role
from dlmskit.crypto.certificates.requests import CertificateRequest
from dlmskit.crypto.certificates.revocation import RevocationList
from dlmskit.crypto.certificates.signed import algorithm_of, sign_body
from dlmskit.crypto.curves import P_384
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.provider import Signer
from dlmskit.errors import ConfigError
from dlmskit.types.system_title import SystemTitle

_NO_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_VERSION_3 = der.element(0xA0, der.integer(2))
_EXTENSIONS = 0xA3
_LIST_EXTENSIONS = 0xA0


class Validity(NamedTuple):
    """From when to when a certificate is valid, both aware; without an end it carries 9999-12-31 23:59:59 UTC."""

    not_before: datetime
    not_after: datetime = _NO_END

    @property
    def octets(self) -> bytes:
        """DER Validity. Raises `ConfigError` for naive times, and for an end before the start."""
        check_times(self.not_before, self.not_after)
        return der.sequence(der.time(self.not_before), der.time(self.not_after))


def check_times(first: datetime, last: datetime) -> None:
    """Raise `ConfigError` unless both are aware and in this order."""
    if first.tzinfo is None or last.tzinfo is None or last < first:
        raise ConfigError("two aware times are needed, the first not after the second")


class CertificateAuthority:
    """The owner of a CA certificate and of its key."""

    def __init__(self, certificate: Certificate, signer: Signer) -> None:
        """Raises `CertificateError`: not-a-ca, key-mismatch."""
        if not certificate.is_ca:
            raise CertificateError(CertificateFault.NOT_A_CA, f"{certificate.common_name!r} may not issue certificates")
        check_key_matches(certificate, signer.public)
        self.certificate = certificate
        self._signer = signer

    @classmethod
    def root(cls, name: str, signer: Signer, serial_number: int, validity: Validity, path_length: int | None = 1) -> Self:
        """A new root, signed by itself."""
        marks = (
            extensions.issuer_extension(extensions.key_identifier(signer.public)),
            extensions.subject_extension(signer.public),
            extensions.key_usage_extension(Role.ROOT_CA),
            extensions.ca_extension(path_length),
        )
        subject = name_of(name)
        body = _body(signer.public, serial_number, subject, validity, subject, signer.public, marks)
        return cls(Certificate(sign_body(signer.public.curve, signer.sign, body)), signer)

    def issue_ca(
        self, name: str, public: PublicKey, serial_number: int, validity: Validity, path_length: int | None = 0
    ) -> Certificate:
        """The certificate of a sub-authority. Raises `CertificateError`: path-length where this one may have none, curve."""
        ours = self.certificate.marks.path_length
        if ours is not None and (ours == 0 or path_length is None or path_length >= ours):
            raise CertificateError(CertificateFault.PATH_LENGTH, f"below this authority at most {ours} more may follow")
        marks = (
            extensions.key_usage_extension(Role.SUB_CA),
            extensions.policies_extension(),
            extensions.ca_extension(path_length),
        )
        return self._issue(name, public, serial_number, validity, marks)

    def certify(
        self, request: CertificateRequest, title: SystemTitle, role: Role, serial_number: int, validity: Validity
    ) -> Certificate:
        """The certificate that `request` asks for, once it is known whose request it is and for what.

        Raises `CertificateError`: title-mismatch where it asks for another system title, key-usage where for another use.
        """
        if request.system_title != title:
            message = f"the request is for {request.system_title}, not for {title}"
            raise CertificateError(CertificateFault.TITLE_MISMATCH, message)
        if request.role not in (None, role):
            raise CertificateError(CertificateFault.KEY_USAGE, f"the request is for {request.role}, not for {role}")
        return self.issue(title, request.public_key, role, serial_number, validity)

    def issue(self, title: SystemTitle, public: PublicKey, role: Role, serial_number: int, validity: Validity) -> Certificate:
        """The certificate of an end entity. Raises `CertificateError`: key-usage for the role of an authority, curve."""
        if role.is_ca:
            raise CertificateError(CertificateFault.KEY_USAGE, "an end entity is no authority")
        marks = (extensions.key_usage_extension(role), extensions.tls_extension() if role is Role.TLS else b"")
        return self._issue(str(title), public, serial_number, validity, marks)

    def revocation_list(
        self, revoked: Mapping[int, datetime], number: int, this_update: datetime, next_update: datetime
    ) -> RevocationList:
        """The complete list of what this authority has revoked: serial number to (aware) time."""
        check_times(this_update, next_update)
        signer = self._signer
        entries = [der.sequence(der.integer(serial), der.time(when)) for serial, when in sorted(revoked.items())]
        marks = der.sequence(
            extensions.issuer_extension(self._key_identifier()), extensions.list_number_extension(number)
        )  # fmt: skip
        body = der.sequence(
            der.integer(1),
            algorithm_of(signer.public.curve),
            self.certificate.subject,
            der.time(this_update),
            der.time(next_update),
            der.sequence(*entries) if entries else b"",
            der.element(_LIST_EXTENSIONS, marks),
        )
        return RevocationList(sign_body(signer.public.curve, signer.sign, body))

    def _issue(
        self, name: str, public: PublicKey, serial_number: int, validity: Validity, marks: tuple[bytes, ...]
    ) -> Certificate:
        signer = self._signer
        if public.curve == P_384 and signer.public.curve != P_384:
            raise CertificateError(CertificateFault.CURVE, "a key on P-384 needs an issuer on P-384")
        marks = (extensions.issuer_extension(self._key_identifier()), extensions.subject_extension(public), *marks)
        body = _body(signer.public, serial_number, self.certificate.subject, validity, name_of(name), public, marks)
        return Certificate(sign_body(signer.public.curve, signer.sign, body))

    def _key_identifier(self) -> bytes:
        return self.certificate.marks.subject_key_identifier or extensions.key_identifier(self.certificate.public_key)


def check_key_matches(certificate: Certificate, public: PublicKey) -> None:
    """Refuse a certificate for another key than the one at hand. Raises `CertificateError` (key-mismatch)."""
    if certificate.public_key != public:
        raise CertificateError(CertificateFault.KEY_MISMATCH, "the certificate is for another key")


def _body(
    signer: PublicKey,
    serial_number: int,
    issuer: bytes,
    validity: Validity,
    subject: bytes,
    public: PublicKey,
    marks: tuple[bytes, ...],
) -> bytes:
    if not 0 < serial_number < 1 << 159:
        raise ConfigError("a serial number is a positive integer of at most 20 octets")
    return der.sequence(
        _VERSION_3,
        der.integer(serial_number),
        algorithm_of(signer.curve),
        issuer,
        validity.octets,
        subject,
        public.spki,
        der.element(_EXTENSIONS, der.sequence(*marks)),
    )
