"""A certificate of the DLMS profile: X.509 version 3, a key on P-256 or P-384, the system title of an end entity as common name.

Parsing checks form alone: DER to the letter, canonical key, known signature algorithm. Whether it is to be trusted, `path` says.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from dlmskit.crypto.certificates import der, profile
from dlmskit.crypto.certificates.faults import CertificateError, CertificateFault
from dlmskit.crypto.certificates.marks import UNPARSABLE, common_name_of, marks_of, title_of
from dlmskit.crypto.certificates.profile import Role
from dlmskit.crypto.certificates.signed import Signed, is_known_algorithm, malformed, open_signed, public_key_of
from dlmskit.types.system_title import SystemTitle

_VERSION_3 = bytes.fromhex("a003020102")
_MOST_SERIAL_OCTETS = 20


class Certificate:
    """One parsed certificate. Equal where the octets are."""

    __slots__ = (
        "_primitive", "common_name", "issuer", "marks", "not_after", "not_before", "octets", "public_key", "serial_number",
        "signed", "subject",
    )  # fmt: skip

    def __init__(self, octets: bytes) -> None:
        """From DER. Raises `CertificateError`: malformed, public-key, signature-algorithm."""
        self.octets = bytes(octets)
        self.signed = open_signed(self.octets)
        if not is_known_algorithm(self.signed.algorithm):
            raise CertificateError(CertificateFault.SIGNATURE_ALGORITHM, "not signed with ECDSA and SHA-256 or SHA-384")
        fields = _fields_of(self.signed)
        self.serial_number = int.from_bytes(fields[1].content)
        self.issuer = fields[3].octets
        """DER Name, as class 64 shows it."""
        self.subject = fields[5].octets
        """DER Name."""
        self.public_key = public_key_of(fields[6].octets)
        try:
            self._primitive = x509.load_der_x509_certificate(self.octets)
            self.not_before = self._primitive.not_valid_before_utc
            self.not_after = self._primitive.not_valid_after_utc
            self.common_name = common_name_of(self._primitive.subject)
            self.marks = marks_of(self._primitive.extensions)
        except UNPARSABLE as error:
            raise malformed(f"not a certificate: {error}") from None

    @property
    def primitive(self) -> x509.Certificate:
        """As `cryptography` knows it; for this room alone."""
        return self._primitive

    @property
    def is_ca(self) -> bool:
        """Whether it may issue others."""
        return self.marks.is_ca

    @property
    def is_self_issued(self) -> bool:
        """Whether issuer and subject have one name."""
        return self.issuer == self.subject

    @property
    def role(self) -> Role | None:
        """What it is, by what its key may do; None for a use that the profile does not have."""
        marks = self.marks
        return profile.role_of(
            is_ca=marks.is_ca, self_issued=self.is_self_issued, usage=marks.key_usage, extended=marks.extended_key_usage
        )  # fmt: skip

    @property
    def system_title(self) -> SystemTitle | None:
        """Of an end entity, from its common name; None for a certification authority, and for any other name."""
        return None if self.is_ca else title_of(self.common_name)

    @property
    def serial_octets(self) -> bytes:
        """The DER INTEGER, tag and length included, as class 64 has it."""
        return der.integer(self.serial_number)

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether `moment` (aware) lies within its validity, both ends included."""
        return self.not_before <= moment <= self.not_after

    def findings(self) -> tuple[str, ...]:
        """Where it differs from the profile, for an audit; empty where it does not."""
        role = self.role
        if role is None:
            return ("its key usage is none that the profile has",)
        found = list(profile.extension_findings(role, self.marks.extensions))
        if self.marks.key_usage != profile.KEY_USAGE[role]:
            found.append(f"the key usage of a {role.value} certificate is another one")
        if role.is_ca:
            return tuple(found)
        if self.system_title is None:
            found.append("the common name is not a system title in 16 hexadecimal digits")
        elif self.common_name != str(self.system_title):
            found.append("the system title is not in capital letters")
        return tuple(found)

    def __eq__(self, other: object) -> bool:
        return self.octets == other.octets if isinstance(other, Certificate) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.octets)

    def __reduce__(self) -> tuple[type[Certificate], tuple[bytes]]:
        return Certificate, (self.octets,)

    def __repr__(self) -> str:
        return f"Certificate({self.role or 'other'}, {self.common_name!r}, serial number {self.serial_number})"


def _fields_of(signed: Signed) -> list[der.Element]:
    """Version, serial number, algorithm, issuer, validity, subject, public key; then what is optional."""
    fields = signed.fields
    if len(fields) < 7 or fields[0].octets != _VERSION_3:
        raise malformed("not a certificate of version 3")
    serial = fields[1].content
    if fields[1].tag != der.INTEGER or not 0 < len(serial) <= _MOST_SERIAL_OCTETS or serial[0] & 0x80 or not any(serial):
        raise malformed("a serial number is a positive integer of at most 20 octets")
    if fields[2].octets != signed.algorithm:
        raise malformed("the algorithm inside is not the one outside")
    return fields
