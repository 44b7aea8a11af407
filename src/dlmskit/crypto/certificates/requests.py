"""Certificate requests (PKCS#10, RFC 2986): a new key asks for a certificate, and proves that its private half is there.

A `CertificateRequest` exists only where that proof was right; whether the title in it may be asked for, the certification
authority knows (`CertificateAuthority.certify`).
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509

from dlmskit.crypto.certificates import der, profile
from dlmskit.crypto.certificates.extensions import key_usage_extension, tls_extension
from dlmskit.crypto.certificates.faults import CertificateError, CertificateFault
from dlmskit.crypto.certificates.marks import UNPARSABLE, common_name_of, marks_of, name_of, title_of
from dlmskit.crypto.certificates.profile import KeyUsage, Role
from dlmskit.crypto.certificates.signed import check_algorithm, is_signed_by, malformed, open_signed, public_key_of, sign_body
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.provider import KeyAgreement, Signer
from dlmskit.types.system_title import SystemTitle

_EXTENSION_REQUEST = der.oid("1.2.840.113549.1.9.14")
_VERSION_0 = der.integer(0)
_ATTRIBUTES = 0xA0


class CertificateRequest:
    """A request whose proof of possession was verified."""

    __slots__ = ("octets", "public_key", "role", "system_title")

    def __init__(self, octets: bytes) -> None:
        """From DER.

        Raises `CertificateError`: malformed, public-key, signature-algorithm, proof-of-possession, system-title, key-usage.
        """
        self.octets = bytes(octets)
        signed = open_signed(self.octets)
        if len(signed.fields) < 3 or signed.fields[0].octets != _VERSION_0:
            raise malformed("not a certificate request of version 0")
        self.public_key = public_key_of(signed.fields[2].octets)
        check_algorithm(signed, self.public_key)
        if not is_signed_by(signed, self.public_key):
            raise CertificateError(CertificateFault.PROOF_OF_POSSESSION, "the request is not signed by the key that it is for")
        common_name, self.role = _parsed(self.octets)
        """What the certificate is asked for; None where the request does not say."""
        title = title_of(common_name)
        if title is None:
            raise CertificateError(
                CertificateFault.SYSTEM_TITLE, f"{common_name!r} is not a system title in 16 hexadecimal digits"
            )
        self.system_title = title

    def __repr__(self) -> str:
        return f"CertificateRequest({self.system_title}, {self.role or 'any role'})"


def request_for_signing(key: Signer, title: SystemTitle, *, tls: bool = False) -> CertificateRequest:
    """The request of the owner of `title` for a certificate of its signing key, or of its TLS key."""
    return _build(key.public, key.sign, title, Role.TLS if tls else Role.SIGNATURE)


def request_for_agreement(key: KeyAgreement, title: SystemTitle) -> CertificateRequest:
    """The same for its key agreement key, which makes this one signature."""
    return _build(key.public, key.prove_possession, title, Role.KEY_AGREEMENT)


def _build(public: PublicKey, sign: Callable[[bytes], bytes], title: SystemTitle, role: Role) -> CertificateRequest:
    extensions = der.sequence(key_usage_extension(role), tls_extension() if role is Role.TLS else b"")
    asked = der.sequence(_EXTENSION_REQUEST, der.element(der.SET, extensions))
    body = der.sequence(_VERSION_0, name_of(str(title)), public.spki, der.element(_ATTRIBUTES, asked))
    return CertificateRequest(sign_body(public.curve, sign, body))


def _parsed(octets: bytes) -> tuple[str, Role | None]:
    try:
        request = x509.load_der_x509_csr(octets)
        marks = marks_of(request.extensions)
        common_name = common_name_of(request.subject)
    except UNPARSABLE as error:
        raise malformed(f"not a certificate request: {error}") from None
    if marks.key_usage is KeyUsage.NONE and not marks.extensions:
        return common_name, None
    role = profile.role_of(is_ca=marks.is_ca, self_issued=False, usage=marks.key_usage, extended=marks.extended_key_usage)
    if role is None or role.is_ca:
        raise CertificateError(CertificateFault.KEY_USAGE, "what the request asks for is no use that an end entity has")
    return common_name, role
