"""Certificates parse where they are to the letter what the profile says, and in no other form."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto.certificates import Certificate, CertificateError, CertificateFault, Role, der
from dlmskit.crypto.certificates.signed import MOST_OCTETS
from dlmskit.crypto.curves import P_256, P_384
from dlmskit.errors import SecurityReason
from dlmskit.types.system_title import SystemTitle
from tests.crypto.certificates.pki import (
    END,
    MD5,
    NOW,
    SHA1,
    START,
    TITLE,
    foreign,
    key_usage,
    leaf,
    rebuilt,
    root,
    signing_key,
    sub,
    vector,
)
from tests.vectors import load, parameters

ROLES = {
    "x509_root": Role.ROOT_CA,
    "x509_client_signature": Role.SIGNATURE,
    "x509_server_signature": Role.SIGNATURE,
    "x509_client_key_agreement": Role.KEY_AGREEMENT,
    "x509_server_key_agreement": Role.KEY_AGREEMENT,
    "x509_server_tls": Role.TLS,
}


def fault_of(octets: bytes, match: str | None = None) -> CertificateFault:
    with pytest.raises(CertificateError, match=match) as caught:
        Certificate(octets)
    assert caught.value.reason is SecurityReason.CERTIFICATE_REFUSED
    return caught.value.fault


@pytest.mark.parametrize("entry", parameters(load("security", kind="x509")))
def test_vectors(entry) -> None:
    given, expected = entry["inputs"], entry["outputs"]
    certificate = Certificate(bytes.fromhex(expected["der"]))
    assert f"CN={certificate.common_name}" == given["subject"]
    assert certificate.issuer.hex().upper() == expected["issuer_name_der"]
    assert certificate.public_key.octets.hex().upper() == expected["public_raw_xy"]
    assert certificate.serial_number == given["serial"]
    assert certificate.serial_octets == bytes((2, 1, given["serial"]))
    assert certificate.role is ROLES[entry["name"]]
    assert certificate.not_before == datetime(2026, 1, 1, tzinfo=UTC)
    assert certificate.not_after == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert certificate.findings() == ()
    if certificate.is_ca:
        assert (certificate.system_title, certificate.marks.path_length, certificate.is_self_issued) == (None, 1, True)
    else:
        assert certificate.system_title == SystemTitle(given["subject"][3:])


@pytest.mark.parametrize(("name", "title"), [("4d4d4d0000bc614e", TITLE), ("4D4D4D0000BC614E", TITLE)])
def test_a_system_title_in_either_case(name: str, title: SystemTitle) -> None:
    certificate = foreign(name, signing_key(3), "CA", signing_key(1), [(key_usage("digital_signature"), True)])
    assert certificate.system_title == title
    assert ("the system title is not in capital letters" in certificate.findings()) is (name != name.upper())


@pytest.mark.parametrize(
    "name", ["4D4D4D0000BC614", "4D4D4D0000BC614E0", "4D4D4D 0000BC614E", "0x4D4D4D0000BC61", "METER-1", "４D4D4D0000BC614E"]
)
def test_other_names_are_no_system_titles(name: str) -> None:
    certificate = foreign(name, signing_key(3), "CA", signing_key(1), [(key_usage("digital_signature"), True)])
    assert certificate.system_title is None


@pytest.mark.parametrize(
    ("usages", "extended", "role"),
    [
        (("digital_signature",), (), Role.SIGNATURE),
        (("key_agreement",), (), Role.KEY_AGREEMENT),
        (("digital_signature", "key_agreement"), ("1.3.6.1.5.5.7.3.2",), Role.TLS),
        (("digital_signature", "key_agreement"), (), None),
        (("digital_signature",), ("1.3.6.1.5.5.7.3.2",), None),
        (("digital_signature",), ("1.3.6.1.5.5.7.3.3",), None),
        (("digital_signature", "key_agreement"), ("1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.3"), None),
        (("digital_signature", "content_commitment"), (), None),
        (("key_encipherment",), (), None),
        ((), (), None),
    ],
)
def test_the_role_is_what_the_key_may_do(usages, extended, role) -> None:
    extensions: list = [(key_usage(*usages), True)] if usages else []
    if extended:
        extensions.append((x509.ExtendedKeyUsage([x509.ObjectIdentifier(use) for use in extended]), False))
    certificate = foreign(str(TITLE), signing_key(3), "CA", signing_key(1), extensions)
    assert certificate.role is role
    if role is None:
        assert certificate.findings() == ("its key usage is none that the profile has",)


@pytest.mark.case("R-083")
@pytest.mark.parametrize("algorithm", [SHA1, MD5, der.sequence(der.oid("1.2.840.10045.4.3.2"), b"\x05\x00")])
def test_other_algorithms_are_refused(algorithm: bytes) -> None:
    octets = rebuilt(leaf(), signing_key(2), {2: algorithm}, algorithm)
    assert fault_of(octets) is CertificateFault.SIGNATURE_ALGORITHM


@pytest.mark.case("R-083")
def test_the_algorithm_inside_is_the_one_outside() -> None:
    assert fault_of(rebuilt(leaf(), signing_key(2), {2: SHA1})) is CertificateFault.MALFORMED


def spki(algorithm: bytes, point: bytes) -> bytes:
    return der.sequence(algorithm, der.bit_string(point))


@pytest.mark.case("R-061")
def test_only_canonical_keys() -> None:
    point = leaf().public_key.octets
    named = der.sequence(der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.3.1.7"))
    compressed = bytes((2 + (point[-1] & 1),)) + point[:32]
    stranger = rsa.generate_private_key(65537, 2048).public_key()
    assert spki(named, b"\x04" + point) == leaf().public_key.spki
    for wrong in (
        spki(named, compressed),
        spki(named, bytes((6 + (point[-1] & 1),)) + point),  # hybrid
        spki(named, b"\x00"),  # infinity
        spki(named, b"\x04" + point[:63] + bytes((point[63] ^ 1,))),
        spki(der.sequence(der.oid("1.2.840.10045.2.1"), der.oid("1.3.132.0.10")), b"\x04" + point),  # secp256k1
        stranger.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ):
        assert fault_of(rebuilt(leaf(), signing_key(2), {6: wrong})) is CertificateFault.PUBLIC_KEY


@pytest.mark.parametrize(
    ("fields", "because"),
    [
        ({0: None}, "version 1"),
        ({0: der.element(0xA0, der.integer(1))}, "version 2"),
        ({1: der.element(der.INTEGER, b"\x00")}, "serial number 0"),
        ({1: der.element(der.INTEGER, b"\xff")}, "negative serial number"),
        ({1: der.element(der.INTEGER, b"\x01" * 21)}, "serial number too long"),
        ({1: der.element(der.INTEGER, b"")}, "no serial number"),
        ({1: der.element(der.OCTET_STRING, b"\x01")}, "serial number of another type"),
        ({5: der.sequence()}, "no common name"),
        ({4: der.sequence(der.time(START))}, "validity without an end"),
        ({7: der.element(0xA3, der.sequence(der.sequence(der.oid("2.5.29.15"), b"\x04\x01\x00")))}, "key usage that is none"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_malformed(fields: dict[int, bytes | None], because: str) -> None:
    assert fault_of(rebuilt(leaf(), signing_key(2), fields)) is CertificateFault.MALFORMED


def test_without_extensions_it_is_good_for_nothing() -> None:
    assert Certificate(rebuilt(leaf(), signing_key(2), {7: None})).role is None


def test_only_version_3() -> None:
    for field in (None, der.element(0xA0, der.integer(0)), der.element(0xA0, der.integer(1))):
        assert (
            fault_of(rebuilt(leaf(), signing_key(2), {0: field}), "not a certificate of version 3") is CertificateFault.MALFORMED
        )


def test_a_signature_is_whole_octets() -> None:
    signed = leaf().signed
    for unused in (b"\x01", b"\x07", b""):
        octets = der.sequence(signed.body, signed.algorithm, der.element(der.BIT_STRING, unused, signed.signature))
        assert fault_of(octets, "not a number of bits but of octets") is CertificateFault.MALFORMED


def test_an_authority_that_may_not_sign_certificates_has_no_role() -> None:
    ca = (x509.BasicConstraints(ca=True, path_length=None), True)
    for usages in (("crl_sign",), ("digital_signature",)):
        assert foreign("CA", signing_key(3), "CA", signing_key(3), [ca, (key_usage(*usages), True)]).role is None


def test_an_extension_twice() -> None:
    usage = der.sequence(der.oid("2.5.29.15"), der.TRUE, der.element(der.OCTET_STRING, b"\x03\x02\x07\x80"))
    twice = der.element(0xA3, der.sequence(usage, usage))
    once = der.element(0xA3, der.sequence(usage))
    assert Certificate(rebuilt(leaf(), signing_key(2), {7: once})).role is Role.SIGNATURE
    assert fault_of(rebuilt(leaf(), signing_key(2), {7: twice})) is CertificateFault.MALFORMED


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x30", b"garbage, not DER", bytes(400), b"\x30\x80\x00\x00", b"\x30\x84\x7f\xff\xff\xff", bytes(1 << 20)],
    ids=["empty", "a tag", "text", "zeros", "indefinite", "huge length", "a mebibyte"],
)
def test_garbage(octets: bytes) -> None:
    assert fault_of(octets) is CertificateFault.MALFORMED


@pytest.mark.case("R-084")
def test_size_is_bounded_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(der, "read_element", lambda octets: pytest.fail("it was read"))
    assert fault_of(b"\x30" * (MOST_OCTETS + 1)) is CertificateFault.MALFORMED


def test_nothing_may_follow() -> None:
    assert fault_of(leaf().octets + b"\x00") is CertificateFault.MALFORMED
    assert fault_of(leaf().octets[:-1]) is CertificateFault.MALFORMED


@given(st.sampled_from(list(ROLES)), st.data())
def test_damage_ends_in_a_certificate_or_our_error(name: str, data: st.DataObject) -> None:
    octets = bytearray(vector(name))
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(octets[: data.draw(st.integers(len(octets) - 20, len(octets)))])
    try:
        certificate = Certificate(cut)
    except CertificateError:
        return
    assert certificate.octets == cut
    certificate.findings()
    repr(certificate)


def test_validity_includes_both_ends() -> None:
    assert all(leaf().is_valid_at(moment) for moment in (START, NOW, END))
    assert not leaf().is_valid_at(datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert not leaf().is_valid_at(datetime(2028, 1, 1, 0, 0, 1, tzinfo=UTC))


def test_is_a_value() -> None:
    one = leaf()
    assert Certificate(one.octets) == one != root().certificate
    assert hash(Certificate(one.octets)) == hash(one)
    assert pickle.loads(pickle.dumps(one)) == one
    assert repr(one) == "Certificate(signature, '4D4D4D0000BC614E', serial number 3)"
    assert one != one.octets


@pytest.mark.parametrize("curve", [P_256, P_384])
@pytest.mark.parametrize("role", [Role.SIGNATURE, Role.KEY_AGREEMENT, Role.TLS])
def test_ours_keep_to_the_profile(curve, role: Role) -> None:
    for certificate in (root(curve).certificate, sub(curve).certificate, leaf(role, curve)):
        assert certificate.findings() == ()
        assert certificate.public_key.curve is curve
