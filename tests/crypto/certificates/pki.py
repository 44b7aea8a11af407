"""A small public key infrastructure for the tests, and ways to make certificates that ours would not make.

`foreign` uses the builder of `cryptography`, an implementation beside ours; `rebuilt` changes single fields and signs again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from dlmskit.crypto.certificates import Certificate, CertificateAuthority, RevocationList, Role, Trust, Validity, der
from dlmskit.crypto.certificates.signed import algorithm_of
from dlmskit.crypto.curves import P_256, P_384, Curve
from dlmskit.crypto.ec_keys import PrivateKey
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey, to_der
from dlmskit.crypto.suites import SUITE_1, SUITE_2
from dlmskit.types.system_title import SystemTitle
from tests.vectors import load

TITLE, OTHER_TITLE = SystemTitle("4D4D4D0000BC614E"), SystemTitle("4D4D4D0000000001")
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)
VALIDITY = Validity(START, END)


def signing_key(number: int, curve: Curve = P_256) -> SigningKey:
    return SigningKey(curve, bytes((number,)) * curve.coordinate_octets)


def agreement_key(number: int, curve: Curve = P_256) -> AgreementKey:
    return AgreementKey(curve, bytes((number,)) * curve.coordinate_octets)


@cache
def root(curve: Curve = P_256, path_length: int | None = 1) -> CertificateAuthority:
    return CertificateAuthority.root("TEST-ROOT", signing_key(1, curve), 1, VALIDITY, path_length)


@cache
def sub(curve: Curve = P_256) -> CertificateAuthority:
    key = signing_key(2, curve)
    return CertificateAuthority(root(curve).issue_ca("TEST-SUB", key.public, 2, VALIDITY), key)


@cache
def leaf(role: Role = Role.SIGNATURE, curve: Curve = P_256) -> Certificate:
    key: PrivateKey = agreement_key(3, curve) if role is Role.KEY_AGREEMENT else signing_key(3, curve)
    return sub(curve).issue(TITLE, key.public, role, 3, VALIDITY)


def trust(curve: Curve = P_256, **changes: Any) -> Trust:
    """Trust in the root, with the sub-authority at hand."""
    suite = SUITE_1 if curve is P_256 else SUITE_2
    given: dict[str, Any] = {"suite": suite, "anchors": [root(curve).certificate], "intermediates": [sub(curve).certificate]}
    return Trust(**(given | changes))


def vector(name: str) -> bytes:
    """The DER of an entry of `security.json`."""
    (entry,) = load("security", name=name)
    return bytes.fromhex(entry["outputs"]["der"])


def primitive_key(key: PrivateKey) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(key.reveal()), key.curve.primitive)


def key_usage(*names: str) -> x509.KeyUsage:
    signing = ("digital_signature", "content_commitment", "key_cert_sign", "crl_sign")
    sharing = ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: name in names for name in signing + sharing})


def foreign(
    subject: str,
    key: PrivateKey,
    issuer: str,
    issuer_key: PrivateKey,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    validity: Validity = VALIDITY,
    digest: hashes.SHA384 | None = None,
) -> Certificate:
    """A certificate of the builder of `cryptography`."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .serial_number(77)
        .not_valid_before(validity.not_before)
        .not_valid_after(validity.not_after)
        .public_key(key.public.primitive)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return Certificate(builder.sign(primitive_key(issuer_key), digest or issuer_key.curve.hash).public_bytes(Encoding.DER))


def rebuilt(
    signed: Certificate | RevocationList, signer: SigningKey, fields: dict[int, bytes | None], algorithm: bytes | None = None
) -> bytes:
    """The certificate or list with fields of its body replaced (None: left out), signed again."""
    old = [field.octets for field in signed.signed.fields]
    body = der.sequence(*(octets for at, field in enumerate(old) if (octets := fields.get(at, field)) is not None))
    outer = algorithm or algorithm_of(signer.curve)
    return der.sequence(body, outer, der.bit_string(to_der(signer.sign(body))))


SHA1 = der.sequence(der.oid("1.2.840.10045.4.1"))
"""ecdsa-with-SHA1."""
MD5 = der.sequence(der.oid("1.2.840.113549.1.1.4"), b"\x05\x00")
"""md5WithRSAEncryption."""
P_384_ALGORITHM = algorithm_of(P_384)
