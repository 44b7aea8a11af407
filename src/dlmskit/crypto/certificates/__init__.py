"""Certificates of DLMS: the profile of X.509 that meters and head ends use, its authorities, requests and revocation lists.

Parsed by `cryptography`, judged here: every refusal is a `CertificateError` with one fault. Time is passed in.
"""

from dlmskit.crypto.certificates.authority import CertificateAuthority, Validity, check_key_matches
from dlmskit.crypto.certificates.certificate import Certificate
from dlmskit.crypto.certificates.faults import CertificateError, CertificateFault
from dlmskit.crypto.certificates.path import Trust, validate
from dlmskit.crypto.certificates.profile import CertificateType, KeyUsage, Role
from dlmskit.crypto.certificates.requests import CertificateRequest, request_for_agreement, request_for_signing
from dlmskit.crypto.certificates.revocation import RevocationList

__all__ = [
    "Certificate",
    "CertificateAuthority",
    "CertificateError",
    "CertificateFault",
    "CertificateRequest",
    "CertificateType",
    "KeyUsage",
    "RevocationList",
    "Role",
    "Trust",
    "Validity",
    "check_key_matches",
    "request_for_agreement",
    "request_for_signing",
    "validate",
]
