"""The certificate profile of DLMS as a table: five roles, what their keys are for, their extensions (Green Book, 9.2.6).

`role_of` says what a certificate is by what its key may do. `extension_findings` compares it with the table line by line, for
audits: the marks of the table are stricter than what is safe to refuse, so path validation asks for less.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, Flag, IntEnum, StrEnum, auto
from types import MappingProxyType
from typing import NamedTuple


class CertificateType(IntEnum):
    """The certificate_type of Security setup."""

    DIGITAL_SIGNATURE = 0
    KEY_AGREEMENT = 1
    TLS = 2
    OTHER = 3


class KeyUsage(Flag):
    """The bits of the KeyUsage extension that the profile knows; OTHER stands for the rest."""

    NONE = 0
    DIGITAL_SIGNATURE = auto()
    KEY_AGREEMENT = auto()
    KEY_CERT_SIGN = auto()
    CRL_SIGN = auto()
    OTHER = auto()


class Role(StrEnum):
    """What a certificate is."""

    ROOT_CA = "root-ca"
    SUB_CA = "sub-ca"
    SIGNATURE = "signature"
    KEY_AGREEMENT = "key-agreement"
    TLS = "tls"

    @property
    def is_ca(self) -> bool:
        """Whether it issues others."""
        return self in (Role.ROOT_CA, Role.SUB_CA)

    @property
    def certificate_type(self) -> CertificateType:
        """Its number in Security setup."""
        return _TYPES.get(self, CertificateType.OTHER)


_TYPES = {
    Role.SIGNATURE: CertificateType.DIGITAL_SIGNATURE,
    Role.KEY_AGREEMENT: CertificateType.KEY_AGREEMENT,
    Role.TLS: CertificateType.TLS,
}

KEY_USAGE: Mapping[Role, KeyUsage] = MappingProxyType(
    {
        Role.ROOT_CA: KeyUsage.KEY_CERT_SIGN | KeyUsage.CRL_SIGN,
        Role.SUB_CA: KeyUsage.KEY_CERT_SIGN | KeyUsage.CRL_SIGN,
        Role.SIGNATURE: KeyUsage.DIGITAL_SIGNATURE,
        Role.KEY_AGREEMENT: KeyUsage.KEY_AGREEMENT,
        Role.TLS: KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_AGREEMENT,
    }
)
"""What the key of each role is for: exactly this."""


class Presence(Enum):
    """Whether an extension is there."""

    MANDATORY = "m"
    OPTIONAL = "o"
    ABSENT = "x"


class Rule(NamedTuple):
    """One line of the table."""

    name: str
    oid: str
    critical: bool
    presence: str
    """One letter per role, in the order of `Role`."""

    def of(self, role: Role) -> Presence:
        """Whether a certificate of `role` has it."""
        return Presence(self.presence[list(Role).index(role)])


BASIC_CONSTRAINTS, SUBJECT_KEY_IDENTIFIER, AUTHORITY_KEY_IDENTIFIER = "2.5.29.19", "2.5.29.14", "2.5.29.35"
KEY_USAGE_OID, EXTENDED_KEY_USAGE, CERTIFICATE_POLICIES = "2.5.29.15", "2.5.29.37", "2.5.29.32"
SERVER_AUTH, CLIENT_AUTH = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"

RULES = (
    Rule("AuthorityKeyIdentifier", AUTHORITY_KEY_IDENTIFIER, critical=False, presence="ommmm"),
    Rule("SubjectKeyIdentifier", SUBJECT_KEY_IDENTIFIER, critical=False, presence="mmooo"),
    Rule("KeyUsage", KEY_USAGE_OID, critical=True, presence="mmmmm"),
    Rule("CertificatePolicies", CERTIFICATE_POLICIES, critical=False, presence="omooo"),
    Rule("SubjectAltName", "2.5.29.17", critical=False, presence="ooooo"),
    Rule("IssuerAltName", "2.5.29.18", critical=False, presence="ooooo"),
    Rule("BasicConstraints", BASIC_CONSTRAINTS, critical=True, presence="mmxxx"),
    Rule("ExtendedKeyUsage", EXTENDED_KEY_USAGE, critical=False, presence="xxxxm"),
    Rule("CRLDistributionPoints", "2.5.29.31", critical=False, presence="ooooo"),
)
"""The extensions of the profile."""

KNOWN_EXTENSIONS = frozenset(rule.oid for rule in RULES)


def role_of(*, is_ca: bool, self_issued: bool, usage: KeyUsage, extended: frozenset[str]) -> Role | None:
    """What a certificate with these marks is; None where the profile has no such key usage."""
    if is_ca:
        role = Role.ROOT_CA if self_issued else Role.SUB_CA
        return role if usage & KeyUsage.KEY_CERT_SIGN else None
    if extended:
        return Role.TLS if usage == KEY_USAGE[Role.TLS] and extended <= {SERVER_AUTH, CLIENT_AUTH} else None
    return next((role for role in (Role.SIGNATURE, Role.KEY_AGREEMENT) if usage == KEY_USAGE[role]), None)


def extension_findings(role: Role, extensions: Mapping[str, bool]) -> tuple[str, ...]:
    """Where the extensions (OID to critical) of a certificate of `role` differ from the table."""
    found = []
    for rule in RULES:
        presence, critical = rule.of(role), extensions.get(rule.oid)
        if presence is Presence.MANDATORY and critical is None:
            found.append(f"{rule.name} is missing")
        elif presence is Presence.ABSENT and critical is not None:
            found.append(f"{rule.name} is not used in a {role.value} certificate")
        elif critical is not None and critical is not rule.critical:
            found.append(f"{rule.name} is {'' if critical else 'not '}critical")
    found += [f"extension {oid} is not part of the profile" for oid in extensions if oid not in KNOWN_EXTENSIONS]
    return tuple(found)
