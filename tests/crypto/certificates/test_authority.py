"""Authorities issue what the vectors show, octet for octet, and what another implementation takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dlmskit.crypto.certificates import (
    Certificate,
    CertificateAuthority,
    CertificateError,
    CertificateFault,
    Role,
    Validity,
    check_key_matches,
    request_for_agreement,
    request_for_signing,
)
from dlmskit.crypto.curves import P_256, P_384
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.errors import ConfigError
from dlmskit.types.system_title import SystemTitle
from tests.crypto.certificates.pki import OTHER_TITLE, START, TITLE, VALIDITY, agreement_key, leaf, root, signing_key, sub, vector
from tests.vectors import load

ROOT_KEY = SigningKey(P_256, b"\x31" * 32)
ENDLESS = Validity(START)


def fault_of(attempt) -> CertificateFault:
    with pytest.raises(CertificateError) as caught:
        attempt()
    return caught.value.fault


def test_the_root_of_the_vectors() -> None:
    assert CertificateAuthority.root("TEST-ROOT-CA", ROOT_KEY, 1, ENDLESS).certificate.octets == vector("x509_root")


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("x509_client_signature", Role.SIGNATURE),
        ("x509_server_signature", Role.SIGNATURE),
        ("x509_client_key_agreement", Role.KEY_AGREEMENT),
        ("x509_server_key_agreement", Role.KEY_AGREEMENT),
        ("x509_server_tls", Role.TLS),
    ],
)
def test_end_entities_of_the_vectors(name: str, role: Role) -> None:
    (entry,) = load("security", name=name)
    authority = CertificateAuthority(Certificate(vector("x509_root")), ROOT_KEY)
    public = PublicKey(P_256, bytes.fromhex(entry["outputs"]["public_raw_xy"]))
    title = SystemTitle(entry["inputs"]["subject"][3:])
    made = authority.issue(title, public, role, entry["inputs"]["serial"], ENDLESS)
    assert made.octets == bytes.fromhex(entry["outputs"]["der"])


@pytest.mark.parametrize("curve", [P_256, P_384])
def test_another_implementation_takes_them(curve) -> None:
    leaf(Role.TLS, curve).primitive.verify_directly_issued_by(sub(curve).certificate.primitive)
    sub(curve).certificate.primitive.verify_directly_issued_by(root(curve).certificate.primitive)
    root(curve).certificate.primitive.verify_directly_issued_by(root(curve).certificate.primitive)


def test_a_large_curve_may_issue_for_a_small_one_and_not_the_other_way() -> None:
    assert root(P_384).issue(TITLE, signing_key(3).public, Role.SIGNATURE, 9, VALIDITY).public_key.curve is P_256
    large = signing_key(3, P_384).public
    assert fault_of(lambda: root().issue(TITLE, large, Role.SIGNATURE, 9, VALIDITY)) is CertificateFault.CURVE
    assert fault_of(lambda: root().issue_ca("SUB", large, 9, VALIDITY)) is CertificateFault.CURVE


@pytest.mark.parametrize(
    ("ours", "theirs", "allowed"), [(None, None, True), (None, 5, True), (2, 1, True), (2, 2, False), (1, None, False)]
)
def test_the_path_length_shrinks(ours: int | None, theirs: int | None, allowed: bool) -> None:
    authority, key = root(path_length=ours), signing_key(2)
    if allowed:
        assert authority.issue_ca("SUB", key.public, 2, VALIDITY, theirs).marks.path_length == theirs
    else:
        assert fault_of(lambda: authority.issue_ca("SUB", key.public, 2, VALIDITY, theirs)) is CertificateFault.PATH_LENGTH


def test_the_last_authority_makes_no_further_ones() -> None:
    assert sub().certificate.marks.path_length == 0
    assert fault_of(lambda: sub().issue_ca("BELOW", signing_key(4).public, 4, VALIDITY)) is CertificateFault.PATH_LENGTH


def test_only_authorities_with_their_own_key() -> None:
    assert fault_of(lambda: CertificateAuthority(leaf(), signing_key(3))) is CertificateFault.NOT_A_CA
    assert fault_of(lambda: CertificateAuthority(root().certificate, signing_key(3))) is CertificateFault.KEY_MISMATCH
    for role in (Role.ROOT_CA, Role.SUB_CA):
        assert (
            fault_of(lambda role=role: root().issue(TITLE, signing_key(3).public, role, 9, VALIDITY))
            is CertificateFault.KEY_USAGE
        )


def test_a_certificate_for_a_key_that_nobody_made() -> None:
    check_key_matches(leaf(), signing_key(3).public)
    assert fault_of(lambda: check_key_matches(leaf(), signing_key(4).public)) is CertificateFault.KEY_MISMATCH


@pytest.mark.case("R-085")
def test_certifies_a_request_once_it_is_known_whose_it_is() -> None:
    request = request_for_signing(signing_key(3), TITLE)
    assert sub().certify(request, TITLE, Role.SIGNATURE, 3, VALIDITY) == leaf()
    agreement = request_for_agreement(agreement_key(3), TITLE)
    assert sub().certify(agreement, TITLE, Role.KEY_AGREEMENT, 3, VALIDITY) == leaf(Role.KEY_AGREEMENT)
    mismatch = fault_of(lambda: sub().certify(request, OTHER_TITLE, Role.SIGNATURE, 3, VALIDITY))
    assert mismatch is CertificateFault.TITLE_MISMATCH
    assert fault_of(lambda: sub().certify(request, TITLE, Role.KEY_AGREEMENT, 3, VALIDITY)) is CertificateFault.KEY_USAGE
    assert fault_of(lambda: sub().certify(request, TITLE, Role.TLS, 3, VALIDITY)) is CertificateFault.KEY_USAGE


@pytest.mark.parametrize("serial", [0, -1, 1 << 159])
def test_serial_numbers_are_positive_and_short(serial: int) -> None:
    with pytest.raises(ConfigError, match="serial number"):
        root().issue(TITLE, signing_key(3).public, Role.SIGNATURE, serial, VALIDITY)
    assert root().issue(TITLE, signing_key(3).public, Role.SIGNATURE, (1 << 159) - 1, VALIDITY).serial_number == (1 << 159) - 1


def test_times_are_aware_and_in_order() -> None:
    for wrong in (
        Validity(datetime(2026, 1, 1), START),
        Validity(START, datetime(2027, 1, 1)),
        Validity(START, START - timedelta(1)),
    ):
        with pytest.raises(ConfigError, match="aware times"):
            root().issue(TITLE, signing_key(3).public, Role.SIGNATURE, 9, wrong)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1950, 1, 1, tzinfo=UTC),
        datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2050, 1, 1, tzinfo=UTC),
        datetime(2050, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))),  # still 2049 in UTC
        datetime(1949, 12, 31, 23, 30, tzinfo=timezone(-timedelta(hours=1))),
    ],
)
def test_times_are_those_that_were_given(moment: datetime) -> None:
    made = root().issue(TITLE, signing_key(3).public, Role.SIGNATURE, 9, Validity(moment))
    assert made.not_before == moment
