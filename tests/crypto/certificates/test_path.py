"""Path validation: what is right is accepted, and every fault of R-083 is refused with its own code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta, timezone
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from dlmskit.crypto.certificates import (
    Certificate,
    CertificateAuthority,
    CertificateError,
    CertificateFault,
    Role,
    Trust,
    Validity,
    validate,
)
from dlmskit.crypto.certificates import path as path_module
from dlmskit.crypto.curves import P_256, P_384
from dlmskit.crypto.suites import SUITE_0, SUITE_1, SUITE_2
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from tests.crypto.certificates.pki import (
    END,
    NOW,
    OTHER_TITLE,
    P_384_ALGORITHM,
    START,
    TITLE,
    VALIDITY,
    foreign,
    key_usage,
    leaf,
    rebuilt,
    root,
    signing_key,
    sub,
    trust,
    vector,
)

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def fault_of(attempt: Callable[[], object]) -> CertificateFault:
    with pytest.raises(CertificateError) as caught:
        attempt()
    assert caught.value.reason is SecurityReason.CERTIFICATE_REFUSED
    assert caught.value.fault.value in str(caught.value)
    return caught.value.fault


@pytest.mark.parametrize("curve", [P_256, P_384])
@pytest.mark.parametrize("role", [Role.SIGNATURE, Role.KEY_AGREEMENT, Role.TLS])
def test_a_good_path(curve, role: Role) -> None:
    certificate = leaf(role, curve)
    assert validate(certificate, role, trust(curve), NOW, TITLE) == (certificate, sub(curve).certificate, root(curve).certificate)


@pytest.mark.parametrize(
    ("name", "role"),
    [("x509_client_signature", Role.SIGNATURE), ("x509_server_key_agreement", Role.KEY_AGREEMENT), ("x509_server_tls", Role.TLS)],
)
def test_the_vectors(name: str, role: Role) -> None:
    """OpenSSL says the same of these (`crosscheck` in the file)."""
    anchor = Certificate(vector("x509_root"))
    certificate = Certificate(vector(name))
    assert validate(certificate, role, Trust(suite=SUITE_1, anchors=[anchor]), NOW) == (certificate, anchor)


def test_authorities_are_validated_too() -> None:
    assert validate(sub().certificate, Role.SUB_CA, trust(), NOW) == (sub().certificate, root().certificate)
    assert validate(root().certificate, Role.ROOT_CA, trust(), NOW) == (root().certificate,)
    assert len(validate(leaf(), Role.SIGNATURE, trust(anchors=[sub().certificate], intermediates=[]), NOW)) == 2


def test_a_root_on_the_large_curve_serves_suite_1() -> None:
    certificate = root(P_384).issue(TITLE, signing_key(3).public, Role.SIGNATURE, 3, VALIDITY)
    assert validate(certificate, Role.SIGNATURE, Trust(suite=SUITE_1, anchors=[root(P_384).certificate]), NOW, TITLE)


def test_among_several_issuers_of_one_name_the_right_one_is_found() -> None:
    """A rolled-over key, and the same key certified twice, once for a time that is over."""
    rolled = CertificateAuthority.root("TEST-ROOT", signing_key(9), 9, VALIDITY)
    old = root().issue_ca("TEST-SUB", signing_key(2).public, 8, Validity(START, START + DAY))
    found = validate(
        leaf(),
        Role.SIGNATURE,
        trust(anchors=[rolled.certificate, root().certificate], intermediates=[old, sub().certificate]),
        NOW,
    )
    assert found == (leaf(), sub().certificate, root().certificate)


CA = [(x509.BasicConstraints(ca=True, path_length=None), True), (key_usage("key_cert_sign", "crl_sign"), True)]
SIGNS = [(key_usage("digital_signature"), True)]


def issued_by(*extensions: tuple[x509.ExtensionType, bool]) -> tuple[Certificate, Certificate]:
    """An intermediate with these extensions, and a certificate below it."""
    intermediate = foreign("MIDDLE", signing_key(2), "TEST-ROOT", signing_key(1), list(extensions))
    return intermediate, foreign(str(TITLE), signing_key(3), "MIDDLE", signing_key(2), SIGNS)


def below(*extensions: tuple[x509.ExtensionType, bool]) -> Callable[[], object]:
    intermediate, certificate = issued_by(*extensions)
    return partial(validate, certificate, Role.SIGNATURE, trust(intermediates=[intermediate]), NOW)


def at(moment) -> Callable[[], object]:
    return partial(validate, leaf(), Role.SIGNATURE, trust(), moment)


def alone(certificate: Certificate, role: Role = Role.SIGNATURE, **changes) -> Callable[[], object]:
    return partial(validate, certificate, role, trust(**changes), NOW, TITLE)


def too_deep() -> Callable[[], object]:
    """A root that allows one authority below it, and two there: ours refuse to issue it, so another implementation does."""
    first = foreign("FIRST", signing_key(2), "TEST-ROOT", signing_key(1), CA)
    second = foreign("SECOND", signing_key(4), "FIRST", signing_key(2), CA)
    certificate = foreign(str(TITLE), signing_key(3), "SECOND", signing_key(4), SIGNS)
    return alone(certificate, intermediates=[first, second])


def stranger(name: str = "STRANGER") -> CertificateAuthority:
    return CertificateAuthority.root(name, signing_key(9), 9, VALIDITY)


def issued_by_a_stranger() -> Certificate:
    return stranger().issue(TITLE, signing_key(3).public, Role.SIGNATURE, 3, VALIDITY)


def wrong_issuer() -> Callable[[], object]:
    return alone(stranger("TEST-ROOT").issue(TITLE, signing_key(3).public, Role.SIGNATURE, 3, VALIDITY))


def wrong_issuer_that_names_the_right_key() -> Callable[[], object]:
    return alone(Certificate(rebuilt(leaf(), signing_key(9), {})))


def changed() -> Callable[[], object]:
    octets = leaf().octets.replace(b"\x02\x01\x03", b"\x02\x01\x04", 1)  # the serial number
    return alone(Certificate(octets))


def critical(certificate_is_ca: bool) -> Callable[[], object]:
    unknown = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
    if certificate_is_ca:
        return below(*CA, unknown)
    return alone(foreign(str(TITLE), signing_key(3), "TEST-SUB", signing_key(2), [*SIGNS, unknown]))


FAULTS: list[tuple[str, Callable[[], object], CertificateFault]] = [
    ("expired", at(END + SECOND), CertificateFault.EXPIRED),
    ("not yet valid", at(START - SECOND), CertificateFault.NOT_YET_VALID),
    ("wrong issuer", wrong_issuer(), CertificateFault.WRONG_ISSUER),
    ("wrong issuer that names the right key", wrong_issuer_that_names_the_right_key(), CertificateFault.SIGNATURE),
    ("changed", changed(), CertificateFault.SIGNATURE),
    ("missing intermediate", alone(leaf(), intermediates=[]), CertificateFault.ISSUER_UNKNOWN),
    ("untrusted root", alone(stranger().certificate, Role.ROOT_CA), CertificateFault.ISSUER_UNKNOWN),
    ("untrusted root of the same name", alone(stranger("TEST-ROOT").certificate, Role.ROOT_CA), CertificateFault.WRONG_ISSUER),
    ("certificate of a stranger", alone(issued_by_a_stranger()), CertificateFault.ISSUER_UNKNOWN),
    ("path length exceeded", too_deep(), CertificateFault.PATH_LENGTH),
    ("path too long for us", alone(leaf(), most_certificates=2), CertificateFault.PATH_LENGTH),
    ("CA flag absent", below((key_usage("key_cert_sign"), True)), CertificateFault.NOT_A_CA),
    ("CA flag false", below((x509.BasicConstraints(ca=False, path_length=None), True), CA[1]), CertificateFault.NOT_A_CA),
    ("CA that may not sign certificates", below(CA[0], (key_usage("crl_sign"), True)), CertificateFault.KEY_USAGE),
    ("unknown critical extension", critical(False), CertificateFault.CRITICAL_EXTENSION),
    ("unknown critical extension of an issuer", critical(True), CertificateFault.CRITICAL_EXTENSION),
    ("agreement certificate used to sign", alone(leaf(Role.KEY_AGREEMENT)), CertificateFault.KEY_USAGE),
    ("signature certificate used to agree", alone(leaf(), Role.KEY_AGREEMENT), CertificateFault.KEY_USAGE),
    ("TLS certificate used to sign", alone(leaf(Role.TLS)), CertificateFault.KEY_USAGE),
    ("authority used to sign", alone(sub().certificate), CertificateFault.NOT_A_CA),
    ("large curve in suite 1", alone(leaf(curve=P_384), suite=SUITE_1), CertificateFault.CURVE),
    ("small curve in suite 2", alone(leaf(), suite=SUITE_2), CertificateFault.CURVE),
    (
        "authority on the small curve below suite 2",
        partial(validate, sub().certificate, Role.SUB_CA, trust(suite=SUITE_2), NOW),
        CertificateFault.CURVE,
    ),
    (
        "hash of the other curve",
        alone(Certificate(rebuilt(leaf(), signing_key(2), {2: P_384_ALGORITHM}, P_384_ALGORITHM))),
        CertificateFault.SIGNATURE_ALGORITHM,
    ),
    (
        "signed with the hash of the other curve",
        alone(foreign(str(TITLE), signing_key(3), "TEST-SUB", signing_key(2), SIGNS, digest=hashes.SHA384())),
        CertificateFault.SIGNATURE_ALGORITHM,
    ),
    (
        "untrusted root among the intermediates",
        alone(issued_by_a_stranger(), intermediates=[stranger().certificate]),
        CertificateFault.ISSUER_UNKNOWN,
    ),
    (
        "somebody else's title",
        partial(validate, leaf(), Role.SIGNATURE, trust(), NOW, OTHER_TITLE),
        CertificateFault.TITLE_MISMATCH,
    ),
    (
        "a name that is no title",
        alone(foreign("METER-1", signing_key(3), "TEST-SUB", signing_key(2), SIGNS)),
        CertificateFault.SYSTEM_TITLE,
    ),
]


@pytest.mark.case("R-083")
@pytest.mark.parametrize(("attempt", "fault"), [pytest.param(*row[1:], id=row[0]) for row in FAULTS])
def test_every_fault_has_its_code(attempt: Callable[[], object], fault: CertificateFault) -> None:
    assert fault_of(attempt) is fault


@pytest.mark.case("R-083")
@pytest.mark.parametrize("which", [0, 1, 2])
def test_each_certificate_of_the_path_has_its_time(which: int) -> None:
    """The end entity, the sub-authority, the root itself: whichever is over ends the path."""
    times = [Validity(START, END), Validity(START, END), Validity(START, END)]
    times[which] = Validity(START, NOW - DAY)
    anchor = CertificateAuthority.root("R", signing_key(1), 1, times[2])
    middle = anchor.issue_ca("S", signing_key(2).public, 2, times[1])
    certificate = CertificateAuthority(middle, signing_key(2)).issue(TITLE, signing_key(3).public, Role.SIGNATURE, 3, times[0])
    given = Trust(suite=SUITE_1, anchors=[anchor.certificate], intermediates=[middle])
    assert len(validate(certificate, Role.SIGNATURE, given, NOW - 2 * DAY)) == 3
    assert fault_of(lambda: validate(certificate, Role.SIGNATURE, given, NOW)) is CertificateFault.EXPIRED


def test_both_ends_of_the_validity_belong_to_it() -> None:
    for moment in (START, END, END.astimezone(timezone(timedelta(hours=14))), START.astimezone(timezone(-timedelta(hours=12)))):
        assert len(validate(leaf(), Role.SIGNATURE, trust(), moment)) == 3


def test_a_naive_time_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ConfigError, match="aware"):
        validate(leaf(), Role.SIGNATURE, trust(), NOW.replace(tzinfo=None))


def test_an_end_entity_is_no_anchor() -> None:
    with pytest.raises(ConfigError, match="no trust anchor"):
        trust(anchors=[leaf()])


def test_suite_0_has_no_certificates() -> None:
    with pytest.raises(SecurityError) as caught:
        validate(leaf(), Role.SIGNATURE, trust(suite=SUITE_0), NOW)
    assert caught.value.reason is SecurityReason.UNSUPPORTED


def test_a_circle_of_issuers_ends() -> None:
    one = foreign("ONE", signing_key(2), "TWO", signing_key(4), CA)
    two = foreign("TWO", signing_key(4), "ONE", signing_key(2), CA)
    certificate = foreign(str(TITLE), signing_key(3), "ONE", signing_key(2), SIGNS)
    attempt = alone(certificate, intermediates=[one, two], most_certificates=50)
    assert fault_of(attempt) is CertificateFault.PATH_LENGTH


def test_what_we_overlook_the_other_verifier_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_module, "_check_itself", lambda *arguments: None)
    assert fault_of(at(END + DAY)) is CertificateFault.PATH
    monkeypatch.setattr(path_module, "_check_issuer", lambda *arguments: None)
    assert fault_of(too_deep()) is CertificateFault.PATH
