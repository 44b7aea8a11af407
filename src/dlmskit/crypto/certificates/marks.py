"""What a certificate or request says about its key: the extensions of the profile, and the system title in its common name.

Read with `cryptography`; whatever it raises for octets that are none of this is in `UNPARSABLE`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from dlmskit.crypto.certificates.profile import KeyUsage
from dlmskit.types.system_title import SystemTitle

UNPARSABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises for octets that are no certificate, request or list."""

_TITLE = re.compile(r"[0-9A-Fa-f]{16}")


@dataclass(slots=True)
class Marks:
    """The extensions, as far as the profile knows them."""

    extensions: dict[str, bool]
    """Every OID, known or not, and whether it is critical."""
    is_ca: bool = False
    path_length: int | None = None
    """Most certification authorities that may follow; None for any number."""
    key_usage: KeyUsage = KeyUsage.NONE
    extended_key_usage: frozenset[str] = frozenset()
    """The OIDs of ExtendedKeyUsage; empty where there is none."""
    subject_key_identifier: bytes | None = None
    authority_key_identifier: bytes | None = None


def marks_of(extensions: x509.Extensions) -> Marks:
    """Read the extensions."""
    marks = Marks({extension.oid.dotted_string: extension.critical for extension in extensions})
    for extension in extensions:
        match extension.value:
            case x509.BasicConstraints(ca=is_ca, path_length=path_length):
                marks.is_ca, marks.path_length = is_ca, path_length
            case x509.KeyUsage() as usage:
                marks.key_usage = _key_usage(usage)
            case x509.ExtendedKeyUsage() as uses:
                marks.extended_key_usage = frozenset(use.dotted_string for use in uses)
            case x509.SubjectKeyIdentifier(digest=digest):
                marks.subject_key_identifier = digest
            case x509.AuthorityKeyIdentifier(key_identifier=identifier):
                marks.authority_key_identifier = identifier
            case _:
                pass
    return marks


def common_name_of(name: x509.Name) -> str:
    """The one common name of a Name. Raises ValueError where there is none or more."""
    names = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1:
        raise ValueError(f"{len(names)} common names")
    return str(names[0].value)


def name_of(common_name: str) -> bytes:
    """A DER Name of a common name alone."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]).public_bytes()


def title_of(common_name: str) -> SystemTitle | None:
    """The system title that a common name of 16 hexadecimal digits is, in either case."""
    return SystemTitle(common_name) if _TITLE.fullmatch(common_name) else None


def _key_usage(usage: x509.KeyUsage) -> KeyUsage:
    bits = {
        KeyUsage.DIGITAL_SIGNATURE: usage.digital_signature,
        KeyUsage.KEY_AGREEMENT: usage.key_agreement,
        KeyUsage.KEY_CERT_SIGN: usage.key_cert_sign,
        KeyUsage.CRL_SIGN: usage.crl_sign,
        KeyUsage.OTHER: usage.content_commitment or usage.key_encipherment or usage.data_encipherment,
    }
    found = KeyUsage.NONE
    for bit, is_set in bits.items():
        found |= bit if is_set else KeyUsage.NONE
    return found
