"""The extensions of certificates, requests and revocation lists as octets, in the order in which the profile names them."""

from __future__ import annotations

from cryptography import x509

from dlmskit.crypto.certificates import der, profile
from dlmskit.crypto.certificates.profile import KEY_USAGE, KeyUsage, Role
from dlmskit.crypto.ec_keys import PublicKey

ANY_POLICY = "2.5.29.32.0"


def key_identifier(public: PublicKey) -> bytes:
    """SHA-1 of the point, as RFC 5280 (4.2.1.2, method 1) names keys; a name, not a protection."""
    return x509.SubjectKeyIdentifier.from_public_key(public.primitive).digest


def issuer_extension(issuer_identifier: bytes) -> bytes:
    """AuthorityKeyIdentifier."""
    return _extension(profile.AUTHORITY_KEY_IDENTIFIER, x509.AuthorityKeyIdentifier(issuer_identifier, None, None))


def subject_extension(public: PublicKey) -> bytes:
    """SubjectKeyIdentifier."""
    return _extension(profile.SUBJECT_KEY_IDENTIFIER, x509.SubjectKeyIdentifier(key_identifier(public)))


def key_usage_extension(role: Role) -> bytes:
    """KeyUsage."""
    usage = KEY_USAGE[role]
    value = x509.KeyUsage(
        digital_signature=KeyUsage.DIGITAL_SIGNATURE in usage,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=KeyUsage.KEY_AGREEMENT in usage,
        key_cert_sign=KeyUsage.KEY_CERT_SIGN in usage,
        crl_sign=KeyUsage.CRL_SIGN in usage,
        encipher_only=False,
        decipher_only=False,
    )
    return _extension(profile.KEY_USAGE_OID, value, critical=True)


def ca_extension(path_length: int | None) -> bytes:
    """BasicConstraints of a certification authority."""
    return _extension(profile.BASIC_CONSTRAINTS, x509.BasicConstraints(ca=True, path_length=path_length), critical=True)


def policies_extension() -> bytes:
    """CertificatePolicies, not narrowed."""
    policy = x509.PolicyInformation(x509.ObjectIdentifier(ANY_POLICY), None)
    return _extension(profile.CERTIFICATE_POLICIES, x509.CertificatePolicies([policy]))


def tls_extension() -> bytes:
    """ExtendedKeyUsage: server and client."""
    uses = [x509.ObjectIdentifier(use) for use in (profile.SERVER_AUTH, profile.CLIENT_AUTH)]
    return _extension(profile.EXTENDED_KEY_USAGE, x509.ExtendedKeyUsage(uses))


def list_number_extension(number: int) -> bytes:
    """CRLNumber."""
    return _extension("2.5.29.20", x509.CRLNumber(number))


def _extension(oid: str, value: x509.ExtensionType, *, critical: bool = False) -> bytes:
    return der.sequence(der.oid(oid), der.TRUE if critical else b"", der.element(der.OCTET_STRING, value.public_bytes()))
