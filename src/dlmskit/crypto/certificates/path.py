"""Path validation: from a certificate to an anchor that is trusted, with one reason for each way to fail.

The rules of DLMS (role, system title, curve of the suite, algorithm) and those of RFC 5280 are checked one by one, so that the
log says what is wrong. At the end the path goes through the verifier of `cryptography` as well: what we overlook is still
refused. Its own rules for end entities are those of the web, where names stand in SubjectAltName, and are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from cryptography.x509 import verification

from dlmskit.crypto.certificates.certificate import Certificate
from dlmskit.crypto.certificates.faults import CertificateError, CertificateFault
from dlmskit.crypto.certificates.profile import KNOWN_EXTENSIONS, KeyUsage, Role
from dlmskit.crypto.certificates.revocation import RevocationList
from dlmskit.crypto.certificates.signed import check_algorithm, is_signed_by
from dlmskit.crypto.curves import P_384, curve_of
from dlmskit.crypto.suites import SecuritySuite
from dlmskit.errors import ConfigError
from dlmskit.types.system_title import SystemTitle


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What one party trusts, and how far."""

    suite: SecuritySuite
    anchors: Sequence[Certificate]
    """Certificates of authorities that are believed because they are here."""
    intermediates: Sequence[Certificate] = ()
    """Others that may help to build a path; nothing is believed of them."""
    revocation_lists: Sequence[RevocationList] = ()
    require_revocation_list: bool = False
    """Whether every issuer on the path must have a current list."""
    most_certificates: int = 4
    """Longest path, both ends included."""

    def __post_init__(self) -> None:
        if strangers := [anchor.common_name for anchor in self.anchors if not anchor.is_ca]:
            raise ConfigError(f"{strangers[0]!r} is not the certificate of an authority, and no trust anchor")


def validate(
    certificate: Certificate, role: Role, trust: Trust, at: datetime, title: SystemTitle | None = None
) -> tuple[Certificate, ...]:
    """The path from `certificate` to its anchor, where the certificate may be used in `role` at the (aware) time `at`.

    With `title` it must be that party's own. Raises `CertificateError` with the one fault that was found first: those of the
    certificate itself, then link by link towards the anchor, then revocation.
    """
    if at.tzinfo is None:
        raise ConfigError("the time at which a certificate is validated is an aware one")
    _check_use(certificate, role, title, trust)
    path = [certificate]
    _check_itself(certificate, trust, at)
    while path[-1] not in trust.anchors:
        issuer = _issuer_of(path[-1], trust, at)
        _check_issuer(issuer, path, trust)
        path.append(issuer)
        _check_itself(issuer, trust, at)
    _check_revocation(path, trust, at)
    _check_again(path, at)
    return tuple(path)


def _check_use(certificate: Certificate, role: Role, title: SystemTitle | None, trust: Trust) -> None:
    name = certificate.common_name
    if certificate.role is not role:
        if certificate.is_ca and not role.is_ca:
            raise CertificateError(CertificateFault.NOT_A_CA, f"{name!r} is an authority, not an end entity")
        found = certificate.role or "a use that the profile does not have"
        raise CertificateError(CertificateFault.KEY_USAGE, f"the key of {name!r} is for {found}, not for {role}")
    if role.is_ca:
        return
    if certificate.public_key.curve != curve_of(trust.suite):
        message = f"{certificate.public_key.curve.name} is not the curve of security suite {trust.suite.id}"
        raise CertificateError(CertificateFault.CURVE, message)
    if certificate.system_title is None:
        raise CertificateError(CertificateFault.SYSTEM_TITLE, f"{name!r} is not a system title in 16 hexadecimal digits")
    if title not in (None, certificate.system_title):
        raise CertificateError(
            CertificateFault.TITLE_MISMATCH, f"the certificate is of {certificate.system_title}, not of {title}"
        )


def _check_itself(certificate: Certificate, trust: Trust, at: datetime) -> None:
    """What every certificate of a path must be."""
    for oid, critical in certificate.marks.extensions.items():
        if critical and oid not in KNOWN_EXTENSIONS:
            raise CertificateError(
                CertificateFault.CRITICAL_EXTENSION, f"{oid} in the certificate of {certificate.common_name!r}"
            )
    if at < certificate.not_before:
        message = f"{certificate.common_name!r} is valid from {certificate.not_before:%Y-%m-%d %H:%M:%S} UTC on"
        raise CertificateError(CertificateFault.NOT_YET_VALID, message)
    if at > certificate.not_after:
        message = f"{certificate.common_name!r} was valid until {certificate.not_after:%Y-%m-%d %H:%M:%S} UTC"
        raise CertificateError(CertificateFault.EXPIRED, message)
    if certificate.is_ca and certificate.public_key.curve not in (curve_of(trust.suite), P_384):
        message = f"an authority on {certificate.public_key.curve.name} below security suite {trust.suite.id}"
        raise CertificateError(CertificateFault.CURVE, message)


def _issuer_of(certificate: Certificate, trust: Trust, at: datetime) -> Certificate:
    """The certificate whose key signed this one; among several of one key, an anchor and then a valid one first."""
    name, marks = certificate.common_name, certificate.marks
    named = [other for other in (*trust.anchors, *trust.intermediates) if other.subject == certificate.issuer]
    if certificate.is_self_issued:
        named = [other for other in named if other != certificate]
    if not named:
        what = "is a root that is not trusted" if certificate.is_self_issued else "has an issuer whose certificate is not there"
        raise CertificateError(CertificateFault.ISSUER_UNKNOWN, f"{name!r} {what}")
    wanted = marks.authority_key_identifier
    keyed = [other for other in named if wanted is None or other.marks.subject_key_identifier in (None, wanted)]
    if not keyed:
        raise CertificateError(CertificateFault.WRONG_ISSUER, f"{name!r} was issued by another key of that name")
    for other in sorted(keyed, key=lambda other: (other not in trust.anchors, not other.is_valid_at(at))):
        if is_signed_by(certificate.signed, other.public_key):
            check_algorithm(certificate.signed, other.public_key)
            return other
    for other in keyed:
        check_algorithm(certificate.signed, other.public_key)
    raise CertificateError(CertificateFault.SIGNATURE, f"the signature of {name!r} is not its issuer's")


def _check_issuer(issuer: Certificate, path: list[Certificate], trust: Trust) -> None:
    """Whether `issuer` may follow on `path`."""
    if not issuer.is_ca:
        raise CertificateError(CertificateFault.NOT_A_CA, f"{issuer.common_name!r} may not issue certificates")
    if not issuer.marks.key_usage & KeyUsage.KEY_CERT_SIGN:
        raise CertificateError(CertificateFault.KEY_USAGE, f"the key of {issuer.common_name!r} may not sign certificates")
    if len(path) >= trust.most_certificates:
        raise CertificateError(CertificateFault.PATH_LENGTH, f"a path of more than {trust.most_certificates} certificates")
    between = sum(not other.is_self_issued for other in path[1:])
    most = issuer.marks.path_length
    if most is not None and between > most:
        message = f"{between} authorities below {issuer.common_name!r}, which allows {most}"
        raise CertificateError(CertificateFault.PATH_LENGTH, message)


def _check_revocation(path: list[Certificate], trust: Trust, at: datetime) -> None:
    for certificate, issuer in pairwise(path):
        lists = [each for each in trust.revocation_lists if each.issuer == certificate.issuer]
        for each in lists:
            may_sign = issuer.marks.key_usage & KeyUsage.CRL_SIGN
            if not may_sign or not is_signed_by(each.signed, issuer.public_key):
                message = f"the list of {issuer.common_name!r} is not signed by it"
                raise CertificateError(CertificateFault.REVOCATION_LIST, message)
            if certificate.serial_number in each.revoked:
                raise CertificateError(CertificateFault.REVOKED, f"{certificate.common_name!r} was revoked by its issuer")
        if trust.require_revocation_list and not any(each.is_current_at(at) for each in lists):
            raise CertificateError(CertificateFault.REVOCATION_UNKNOWN, f"no current list of {issuer.common_name!r} is there")


def _check_again(path: list[Certificate], at: datetime) -> None:
    """The same path through the verifier of `cryptography`."""
    *below, anchor = path
    if not below:
        return
    policy = verification.PolicyBuilder().store(verification.Store([anchor.primitive])).max_chain_depth(len(path))
    policy = policy.time(at.astimezone(UTC).replace(tzinfo=None)).extension_policies(
        ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(), ee_policy=verification.ExtensionPolicy.permit_all()
    )
    try:
        policy.build_client_verifier().verify(below[0].primitive, [other.primitive for other in below[1:]])
    except verification.VerificationError as error:
        raise CertificateError(CertificateFault.PATH, str(error)) from None
