"""ASCII telegrams of consumer ports: DSMR P1 (``/XXX5id`` ... ``!CRC``) and an ASCII line in front of a ciphered APDU.

Only the framing: where a telegram begins and ends and whether its CRC-16/ARC fits. The lines are read above.
"""

from __future__ import annotations

import re

import msgspec

from dlmskit.errors import DecodeError
from dlmskit.link.fcs import crc16_arc

_HEAD = rb"/[A-Za-z]{3}[0-9A-Za-z][ -~]{0,64}\r?\n(?:\r?\n)?"
_TELEGRAM = re.compile(rb"(" + _HEAD + rb")((?:(?!/)[ -~]{0,2047}\r?\n){1,1000}?)!([0-9A-Fa-f]{4})?[ \t]*(?:\r?\n|\Z)")
_PREFIX = re.compile(_HEAD)
MOST_OCTETS = 1 << 16
"""A telegram is not looked for beyond this many octets."""


class P1Telegram(msgspec.Struct, frozen=True, gc=False):
    """One ASCII telegram."""

    identification: str
    """The first line without its slash, as in ``KAM5``."""
    lines: tuple[str, ...]
    crc: int | None
    """As written; None where the telegram carries none."""
    crc_expected: int
    """As computed over everything from ``/`` to ``!``."""
    size: int
    """Octets that the telegram takes, its last line end included."""

    @property
    def crc_ok(self) -> bool | None:
        """Whether the CRC fits; None where there is none."""
        return None if self.crc is None else self.crc == self.crc_expected


def read_telegram(octets: bytes, at: int = 0) -> P1Telegram:
    """The telegram that begins at ``at``. Raises DecodeError when none does, or when it is not complete."""
    match = _TELEGRAM.match(octets, at, at + MOST_OCTETS)
    if match is None:
        raise DecodeError("no ASCII telegram (/XXX5... to !CRC) stands here", at, "p1")
    end = octets.index(b"!", match.end(2)) + 1
    written = match[3]
    return P1Telegram(
        match[1].decode("ascii").strip()[1:],
        tuple(line for line in match[2].decode("ascii").splitlines() if line),
        int(written, 16) if written else None,
        crc16_arc(octets[at:end]),
        match.end() - at,
    )


def ascii_prefix(octets: bytes, at: int = 0) -> int:
    """Octets of an ASCII identification line (and the empty line behind it) that stands in front of binary data, 0 if none."""
    match = _PREFIX.match(octets, at)
    if match is None or match.end() >= len(octets):
        return 0
    return match.end() - at if not 0x20 <= octets[match.end()] <= 0x7E else 0
