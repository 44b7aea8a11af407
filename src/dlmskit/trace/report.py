"""What the frame finder returns: link frames, the APDUs that they carry, octets that belong to none, and problems as data."""

from __future__ import annotations

from typing import Any

import msgspec

CHECKSUM = "frame-checksum"
HEADER_CHECKSUM = "frame-header-checksum"
LENGTH = "frame-length"
TRUNCATED = "frame-truncated"
INVALID = "frame-invalid"
SEGMENT_MISSING = "segment-missing"
UNKNOWN = "unknown-octets"
TOLERATED = "tolerated"


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with the frames, or (code ``tolerated``) that one should know."""

    code: str
    message: str
    offset: int
    """Octet of the input."""


class Frame(msgspec.Struct, frozen=True):
    """One link frame, or what was left of one."""

    kind: str
    """``hdlc``, ``wrapper``, ``mbus``, ``wmbus``, ``p1`` (ASCII telegram), ``ascii`` (line before binary), ``apdu`` (none)."""
    offset: int
    octets: bytes
    fields: dict[str, Any]
    """For display and JSON."""
    problems: tuple[Problem, ...] = ()

    @property
    def trusted(self) -> bool:
        """Whether its checks hold."""
        return all(problem.code == TOLERATED for problem in self.problems)

    def to_json(self) -> dict[str, Any]:
        """The frame as one object."""
        return {
            "kind": self.kind,
            "offset": self.offset,
            "length": len(self.octets),
            "hex": self.octets.hex().upper(),
            **self.fields,
        }


class PayloadApdu(msgspec.Struct, frozen=True):
    """One APDU as the link layer hands it up; general blocks are not joined here."""

    octets: bytes
    frames: tuple[int, ...]
    """Indexes of the frames that carried it."""
    kind: str
    """Of those frames."""
    source: str = ""
    """Address of the sender as the link writes it: ``1/17`` in HDLC, a wPort, a transport SAP; empty where there is none."""
    destination: str = ""
    direction: str | None = None
    """``c2s`` or ``s2c`` where the link layer tells."""
    trusted: bool = True
    """False when a frame that carried it was damaged, or had no LLC header where one belongs."""
    complete: bool = True
    """False when segments, or the end of a frame, are missing."""


class Rest(msgspec.Struct, frozen=True):
    """Octets between the frames, or behind the last: line noise, the start or the end of something cut."""

    offset: int
    octets: bytes


class FrameReport(msgspec.Struct, frozen=True):
    """Everything that was found."""

    frames: tuple[Frame, ...]
    apdus: tuple[PayloadApdu, ...]
    rests: tuple[Rest, ...]
    problems: tuple[Problem, ...]
    """All problems, of frames and between them, in the order in which they were met."""

    @property
    def ok(self) -> bool:
        """Whether every frame is sound and every message whole."""
        return all(problem.code == TOLERATED for problem in self.problems)
