"""The table of the profile: every mark of it is noticed when a certificate differs."""

from __future__ import annotations

import pytest

from dlmskit.crypto.certificates.profile import KEY_USAGE, RULES, CertificateType, Presence, Role, extension_findings


def right(role: Role) -> dict[str, bool]:
    """The mandatory extensions of a role."""
    return {rule.oid: rule.critical for rule in RULES if rule.of(role) is Presence.MANDATORY}


@pytest.mark.parametrize("role", Role)
def test_the_mandatory_ones_suffice(role: Role) -> None:
    assert extension_findings(role, right(role)) == ()
    assert role in KEY_USAGE


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_mark(role: Role, rule) -> None:
    with_it, without = right(role) | {rule.oid: rule.critical}, {oid: c for oid, c in right(role).items() if oid != rule.oid}
    presence = rule.of(role)
    assert (extension_findings(role, with_it) == ()) is (presence is not Presence.ABSENT)
    assert (extension_findings(role, without) == ()) is (presence is not Presence.MANDATORY)
    if presence is not Presence.ABSENT:
        (finding,) = extension_findings(role, with_it | {rule.oid: not rule.critical})
        assert rule.name in finding


def test_what_is_not_in_the_table() -> None:
    assert extension_findings(Role.SUB_CA, right(Role.SUB_CA) | {"1.2.3.4": False}) == (
        "extension 1.2.3.4 is not part of the profile",
    )


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        (Role.SIGNATURE, CertificateType.DIGITAL_SIGNATURE),
        (Role.KEY_AGREEMENT, CertificateType.KEY_AGREEMENT),
        (Role.TLS, CertificateType.TLS),
        (Role.ROOT_CA, CertificateType.OTHER),
        (Role.SUB_CA, CertificateType.OTHER),
    ],
)
def test_numbers_of_security_setup(role: Role, kind: CertificateType) -> None:
    assert role.certificate_type is kind
    assert role.is_ca is (kind is CertificateType.OTHER)
