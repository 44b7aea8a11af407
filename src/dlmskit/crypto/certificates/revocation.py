"""Certificate revocation lists (RFC 5280, 5): complete lists of one issuer, no deltas, no lists on behalf of others.

A list is parsed here and believed in `path`, where the issuer's certificate is known. Entries are kept as numbers and times.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from cryptography import x509

from dlmskit.crypto.certificates import der
from dlmskit.crypto.certificates.marks import UNPARSABLE
from dlmskit.crypto.certificates.signed import is_known_algorithm, malformed, open_signed

MOST_LIST_OCTETS = 4 << 20
"""Largest list that is read: some hundred thousand entries."""

_VERSION_2 = der.integer(1)


class RevocationList:
    """One parsed list."""

    __slots__ = ("issuer", "next_update", "number", "octets", "revoked", "signed", "this_update")

    def __init__(self, octets: bytes) -> None:
        """From DER. Raises `CertificateError` (malformed), also for a critical extension: such a list means something else."""
        self.octets = bytes(octets)
        self.signed = open_signed(self.octets, MOST_LIST_OCTETS)
        fields = self.signed.fields
        if len(fields) < 5 or fields[0].octets != _VERSION_2 or fields[1].octets != self.signed.algorithm:
            raise malformed("not a revocation list of version 2 with a next update")
        if not is_known_algorithm(self.signed.algorithm):
            raise malformed("a revocation list is signed with ECDSA and SHA-256 or SHA-384")
        self.issuer = fields[2].octets
        """DER Name."""
        try:
            parsed = x509.load_der_x509_crl(self.octets)
            self._take(parsed)
        except UNPARSABLE as error:
            raise malformed(f"not a revocation list: {error}") from None

    def _take(self, parsed: x509.CertificateRevocationList) -> None:
        next_update = parsed.next_update_utc
        if next_update is None:
            raise ValueError("no next update")
        self.this_update, self.next_update = parsed.last_update_utc, next_update
        critical = [extension.oid for extension in parsed.extensions if extension.critical]
        numbers = [extension.value.crl_number for extension in parsed.extensions if isinstance(extension.value, x509.CRLNumber)]
        self.number = numbers[0] if numbers else None
        revoked: dict[int, datetime] = {}
        for entry in parsed:
            critical += [extension.oid for extension in entry.extensions if extension.critical]
            revoked[entry.serial_number] = entry.revocation_date_utc
        if critical:
            raise ValueError(f"critical extension {critical[0].dotted_string}")
        self.revoked: Mapping[int, datetime] = MappingProxyType(revoked)
        """Serial number to the time of its revocation."""

    def is_current_at(self, moment: datetime) -> bool:
        """Whether `moment` (aware) lies between this update and the next."""
        return self.this_update <= moment <= self.next_update

    def __repr__(self) -> str:
        return f"RevocationList(number {self.number}, {len(self.revoked)} revoked, until {self.next_update:%Y-%m-%d})"
