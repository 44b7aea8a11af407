"""Certificate requests: the vector octet for octet, and none without the proof that the key is there."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto.certificates import (
    CertificateError,
    CertificateFault,
    CertificateRequest,
    Role,
    der,
    request_for_agreement,
    request_for_signing,
)
from dlmskit.crypto.certificates.signed import open_signed
from dlmskit.crypto.curves import P_256, P_384
from dlmskit.crypto.ecdsa import SigningKey, to_der
from dlmskit.types.system_title import SystemTitle
from tests.crypto.certificates.pki import OTHER_TITLE, SHA1, TITLE, agreement_key, key_usage, primitive_key, signing_key, vector
from tests.vectors import load

KEY = signing_key(3)


def fault_of(octets: bytes) -> CertificateFault:
    with pytest.raises(CertificateError) as caught:
        CertificateRequest(octets)
    return caught.value.fault


def foreign(common_name: str, *extensions: x509.ExtensionType) -> bytes:
    """A request of the builder of `cryptography`."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(primitive_key(KEY), hashes.SHA256()).public_bytes(Encoding.DER)


def rebuilt(octets: bytes, fields: dict[int, bytes], algorithm: bytes | None = None, signer: SigningKey = KEY) -> bytes:
    signed = open_signed(octets)
    body = der.sequence(*(fields.get(at, field.octets) for at, field in enumerate(signed.fields)))
    return der.sequence(body, algorithm or signed.algorithm, der.bit_string(to_der(signer.sign(body))))


def test_the_vector() -> None:
    (pair,) = load("security", name="signature_key_pair_server")
    key = SigningKey(P_256, bytes.fromhex(pair["inputs"]["private"]))
    parsed = CertificateRequest(vector("pkcs10_server_signature"))
    assert (parsed.system_title, parsed.public_key, parsed.role) == (SystemTitle("4D4D4D0000000001"), key.public, Role.SIGNATURE)
    assert request_for_signing(key, SystemTitle("4D4D4D0000000001")).octets == vector("pkcs10_server_signature")


@pytest.mark.parametrize("curve", [P_256, P_384])
def test_ours(curve) -> None:
    for request, role in (
        (request_for_signing(signing_key(3, curve), TITLE), Role.SIGNATURE),
        (request_for_signing(signing_key(3, curve), TITLE, tls=True), Role.TLS),
        (request_for_agreement(agreement_key(3, curve), TITLE), Role.KEY_AGREEMENT),
    ):
        assert (request.system_title, request.role) == (TITLE, role)
        assert request.public_key == signing_key(3, curve).public
        assert x509.load_der_x509_csr(request.octets).is_signature_valid
    assert repr(request_for_signing(KEY, TITLE)) == "CertificateRequest(4D4D4D0000BC614E, signature)"


def test_a_foreign_one() -> None:
    assert CertificateRequest(foreign("4D4D4D0000BC614E")).role is None
    assert CertificateRequest(foreign("4d4d4d0000bc614e", key_usage("key_agreement"))).role is Role.KEY_AGREEMENT


@pytest.mark.case("R-085")
def test_without_the_proof_of_possession_it_is_none() -> None:
    octets = request_for_signing(KEY, TITLE).octets
    assert fault_of(rebuilt(octets, {}, signer=signing_key(4))) is CertificateFault.PROOF_OF_POSSESSION
    assert fault_of(rebuilt(octets, {2: signing_key(4).public.spki})) is CertificateFault.PROOF_OF_POSSESSION
    altered = octets.replace(str(TITLE).encode(), str(OTHER_TITLE).encode())
    assert altered != octets
    assert fault_of(altered) is CertificateFault.PROOF_OF_POSSESSION


@pytest.mark.case("R-085")
@pytest.mark.parametrize("name", ["4D4D4D0000BC614", "METER", "4D4D4D0000BC614E."])
def test_the_name_is_a_system_title(name: str) -> None:
    assert fault_of(foreign(name)) is CertificateFault.SYSTEM_TITLE


@pytest.mark.parametrize(
    "extensions",
    [
        [key_usage("digital_signature", "key_agreement")],
        [key_usage("key_cert_sign")],
        [key_usage("key_cert_sign", "crl_sign"), x509.BasicConstraints(ca=True, path_length=None)],
        [x509.BasicConstraints(ca=True, path_length=None)],
    ],
)
def test_nobody_asks_to_be_an_authority_or_for_two_uses(extensions) -> None:
    assert fault_of(foreign(str(TITLE), *extensions)) is CertificateFault.KEY_USAGE


def test_form() -> None:
    octets = request_for_signing(KEY, TITLE).octets
    point = KEY.public.octets
    named = der.sequence(der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.3.1.7"))
    compressed = der.sequence(named, der.bit_string(bytes((2 + (point[-1] & 1),)) + point[:32]))
    with pytest.raises(CertificateError, match="of version 0"):
        CertificateRequest(rebuilt(octets, {0: der.integer(1)}))
    assert fault_of(rebuilt(octets, {1: der.sequence()})) is CertificateFault.MALFORMED
    assert fault_of(rebuilt(octets, {2: compressed})) is CertificateFault.PUBLIC_KEY
    assert fault_of(rebuilt(octets, {}, SHA1)) is CertificateFault.SIGNATURE_ALGORITHM
    assert fault_of(octets + b"\x00") is CertificateFault.MALFORMED
    assert fault_of(b"") is CertificateFault.MALFORMED


@given(st.data())
def test_damage_ends_in_our_error(data: st.DataObject) -> None:
    octets = bytearray(request_for_agreement(agreement_key(3), TITLE).octets)
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CertificateError):
        CertificateRequest(bytes(octets))
