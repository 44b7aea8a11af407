"""The five fields that open general-ciphering and general-signing: transaction, parties, time, other (Green Book, 9.2.7.2.4.6).

They are authenticated and signed as they lie on the wire, each with its length, so they are kept as octets.
"""

from __future__ import annotations

import msgspec

from dlmskit.apdu.ciphering import GeneralCiphering, GeneralSigning
from dlmskit.codec.reader import read_length, write_length
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.system_title import SystemTitle


class GeneralHeader(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The header fields of one layer."""

    transaction_id: bytes = b""
    originator: SystemTitle | None = None
    recipient: SystemTitle | None = None
    """None: a broadcast, or not named."""
    date_time: bytes = b""
    """Empty, or the 12 octets of a COSEM date-time."""
    other_information: bytes = b""

    @classmethod
    def of(cls, apdu: GeneralCiphering | GeneralSigning) -> GeneralHeader:
        """Of a decoded APDU."""
        return cls(
            transaction_id=apdu.transaction_id,
            originator=_title(apdu.originator_system_title),
            recipient=_title(apdu.recipient_system_title),
            date_time=apdu.date_time,
            other_information=apdu.other_information,
        )

    @property
    def time(self) -> CosemDateTime | None:
        """The date-time; None where it was left out."""
        return CosemDateTime(self.date_time) if self.date_time else None

    def fields(self) -> tuple[bytes, bytes, bytes, bytes, bytes]:
        """The octets of the fields, in their order."""
        originator, recipient = (b"" if title is None else title.octets for title in (self.originator, self.recipient))
        return self.transaction_id, originator, recipient, self.date_time, self.other_information

    def encode(self) -> bytes:
        """Each field with its length: how it lies on the wire, is authenticated and is signed."""
        return b"".join(write_length(len(octets)) + octets for octets in self.fields())


def recipient_of(octets: bytes) -> SystemTitle | None:
    """The recipient that a general-ciphering or general-signing APDU names, without reading the rest. Raises `DecodeError`."""
    at = 1
    for field in ("transaction-id", "originator-system-title"):
        length, at = read_length(octets, at, field)
        at += length
    length, at = read_length(octets, at, "recipient-system-title")
    return SystemTitle(octets[at : at + 8]) if length == 8 else None


def _title(octets: bytes) -> SystemTitle | None:
    return SystemTitle(octets) if octets else None
