"""Revocation lists: believed when their issuer signed them, refused in every form that means something else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto.certificates import (
    CertificateAuthority,
    CertificateError,
    CertificateFault,
    RevocationList,
    Role,
    der,
    validate,
)
from dlmskit.crypto.curves import P_384
from dlmskit.errors import ConfigError
from tests.crypto.certificates.pki import (
    END,
    NOW,
    SHA1,
    START,
    TITLE,
    VALIDITY,
    foreign,
    key_usage,
    leaf,
    primitive_key,
    rebuilt,
    root,
    signing_key,
    sub,
    trust,
)

DAY = timedelta(days=1)


def fault_of(attempt) -> CertificateFault:
    with pytest.raises(CertificateError) as caught:
        attempt()
    return caught.value.fault


def listed(authority: CertificateAuthority, *serials: int, this_update=NOW - DAY, next_update=NOW + DAY) -> RevocationList:
    return authority.revocation_list(dict.fromkeys(serials, NOW - 2 * DAY), 5, this_update, next_update)


def validated(*lists: RevocationList, require: bool = False, at=NOW):
    return validate(leaf(), Role.SIGNATURE, trust(revocation_lists=lists, require_revocation_list=require), at, TITLE)


@pytest.mark.parametrize("authority", [root(), sub(), sub(P_384)])
def test_another_implementation_reads_ours(authority: CertificateAuthority) -> None:
    made = listed(authority, 3, 1 << 100)
    parsed = x509.load_der_x509_crl(made.octets)
    assert parsed.is_signature_valid(authority.certificate.public_key.primitive)
    assert parsed.issuer.public_bytes() == made.issuer == authority.certificate.subject
    assert [entry.serial_number for entry in parsed] == [3, 1 << 100] == sorted(made.revoked)
    assert (made.this_update, made.next_update, made.number) == (NOW - DAY, NOW + DAY, 5)
    assert made.revoked[3] == NOW - 2 * DAY
    assert repr(made) == "RevocationList(number 5, 2 revoked, until 2027-06-02)"


def test_nobody_revoked() -> None:
    assert dict(listed(sub()).revoked) == {}
    assert len(validated(listed(sub()), listed(root()), require=True)) == 3


def test_revoked() -> None:
    assert fault_of(lambda: validated(listed(sub(), 3))) is CertificateFault.REVOKED
    assert fault_of(lambda: validated(listed(root(), 2))) is CertificateFault.REVOKED
    assert len(validated(listed(sub(), 2), listed(root(), 3))) == 3  # the numbers of another issuer


def test_revoked_stays_revoked_when_the_list_is_old() -> None:
    old = listed(sub(), 3, this_update=START, next_update=START + DAY)
    assert fault_of(lambda: validated(old)) is CertificateFault.REVOKED


def test_a_current_list_may_be_asked_for() -> None:
    stale = listed(sub(), this_update=START, next_update=NOW - DAY)
    coming = listed(sub(), this_update=NOW + DAY, next_update=END)
    assert len(validated(stale, coming)) == 3
    for lists in ((), (listed(root()),), (stale, listed(root())), (coming, listed(root())), (listed(sub()),)):
        assert fault_of(lambda lists=lists: validated(*lists, require=True)) is CertificateFault.REVOCATION_UNKNOWN
    assert len(validated(stale, listed(sub()), listed(root()), require=True)) == 3


def test_a_list_of_somebody_else_with_the_issuer_s_name() -> None:
    impostor = CertificateAuthority.root("TEST-SUB", signing_key(9), 9, VALIDITY)
    for lists in ([listed(impostor)], [listed(impostor, 3)]):
        assert fault_of(lambda lists=lists: validated(*lists)) is CertificateFault.REVOCATION_LIST


def test_an_authority_that_may_not_sign_lists() -> None:
    ca = (x509.BasicConstraints(ca=True, path_length=None), True)
    middle = foreign("MIDDLE", signing_key(2), "TEST-ROOT", signing_key(1), [ca, (key_usage("key_cert_sign"), True)])
    below = CertificateAuthority(middle, signing_key(2)).issue(TITLE, signing_key(3).public, Role.SIGNATURE, 3, VALIDITY)
    made = listed(CertificateAuthority(middle, signing_key(2)))
    assert validate(below, Role.SIGNATURE, trust(intermediates=[middle]), NOW)
    given = trust(intermediates=[middle], revocation_lists=[made])
    assert fault_of(lambda: validate(below, Role.SIGNATURE, given, NOW)) is CertificateFault.REVOCATION_LIST


def foreign_list(*, extensions=(), entry_extensions=(), hash_=None) -> bytes:
    """A list of the builder of `cryptography`."""
    entry = x509.RevokedCertificateBuilder().serial_number(3).revocation_date(NOW - DAY)
    for extension, critical in entry_extensions:
        entry = entry.add_extension(extension, critical)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST-SUB")]))
        .last_update(NOW - DAY)
        .next_update(NOW + DAY)
        .add_revoked_certificate(entry.build())
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(primitive_key(signing_key(2)), hash_ or hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_foreign_list() -> None:
    reason = (x509.CRLReason(x509.ReasonFlags.key_compromise), False)
    foreign_one = RevocationList(foreign_list(extensions=[(x509.CRLNumber(1), False)], entry_extensions=[reason]))
    assert fault_of(lambda: validated(foreign_one)) is CertificateFault.REVOKED
    assert foreign_one.is_current_at(NOW)


@pytest.mark.parametrize(
    "given",
    [
        {"extensions": [(x509.DeltaCRLIndicator(1), True)]},
        {"extensions": [(x509.IssuingDistributionPoint(None, None, False, False, None, True, False), True)]},
        {"entry_extensions": [(x509.CertificateIssuer([x509.DirectoryName(x509.Name([]))]), True)]},
        {"hash_": hashes.SHA384()},
    ],
    ids=["delta", "on behalf of others", "entry of another issuer", "hash of the other curve"],
)
def test_lists_that_mean_something_else(given) -> None:
    try:
        parsed = RevocationList(foreign_list(**given))
    except CertificateError as error:
        fault = error.fault
    else:
        fault = fault_of(lambda: validated(parsed))
    assert fault is (CertificateFault.REVOCATION_LIST if "hash_" in given else CertificateFault.MALFORMED)


@pytest.mark.parametrize(
    ("fields", "algorithm", "because"),
    [
        ({0: None}, None, "not a revocation list of version 2"),
        ({0: der.integer(0)}, None, "not a revocation list of version 2"),
        ({1: SHA1}, None, "not a revocation list of version 2"),
        ({1: SHA1}, SHA1, "ECDSA and SHA-256"),
        ({4: None}, None, "next update"),
    ],
)
def test_form(fields: dict[int, bytes | None], algorithm: bytes | None, because: str) -> None:
    octets = rebuilt(listed(sub(), 3), signing_key(2), fields, algorithm)
    with pytest.raises(CertificateError, match=because) as caught:
        RevocationList(octets)
    assert caught.value.fault is CertificateFault.MALFORMED


def test_times_of_a_list() -> None:
    with pytest.raises(ConfigError):
        listed(sub(), this_update=NOW, next_update=NOW - DAY)


@given(st.data())
def test_a_damaged_list_is_not_the_one_that_is_asked_for(data: st.DataObject) -> None:
    octets = bytearray(listed(sub(), 3).octets)
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CertificateError):
        validated(RevocationList(bytes(octets)), listed(root()), require=True)
