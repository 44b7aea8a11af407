"""APDUs into frames and out of them, for the pipeline: the wrapper of TCP and UDP, or HDLC I frames with LLC.

A frame on its own has no connection around it: the I frames are the first of a connection, N(S) from 0 on and N(R) 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dlmskit.errors import ConfigError, DecodeError
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.control import information
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.hdlc.llc import add_llc
from dlmskit.link.wrapper import encode_wrapper
from dlmskit.security.envelope import PLAIN_TAG
from dlmskit.trace.frames import find_frames
from dlmskit.trace.report import FrameReport

_MOST_CLIENT = 0x7F
_FROM_CLIENTS = frozenset((0x01, 0x05, 0x06, 0x10, 0x16, 0x60, 0x62, 0xC0, 0xC1, 0xC3, 0xD9))
_FROM_SERVERS = frozenset((0x08, 0x0C, 0x0D, 0x0E, 0x0F, 0x18, 0x61, 0x63, 0xC2, 0xC4, 0xC5, 0xC7, 0xD8, 0xDA))


class FrameKind(StrEnum):
    """The frames of the two profiles."""

    HDLC = "hdlc"
    WRAPPER = "wrapper"


class Sender(StrEnum):
    """Whose APDU it is."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """Between which stations, and how."""

    kind: FrameKind
    client: int
    server: int
    physical: int | None = None
    """HDLC: lower part of the server's address; None for one without."""
    information_octets: int = 128
    """HDLC: largest information field; what is longer goes in segments."""

    def frames(self, apdu: bytes, sender: Sender) -> list[bytes]:
        """The frames that carry an APDU. Raises ConfigError, EncodeError for addresses and lengths that do not fit."""
        from_client = sender is Sender.CLIENT
        if self.kind is FrameKind.WRAPPER:
            ends = (self.client, self.server) if from_client else (self.server, self.client)
            return [encode_wrapper(*ends, apdu)]
        if self.client > _MOST_CLIENT:
            raise ConfigError(f"an HDLC client has an address of 0 to {_MOST_CLIENT}, not {self.client}")
        client, server = client_address(self.client), server_address(self.server, self.physical)
        source, destination = (client, server) if from_client else (server, client)
        whole, size = add_llc(apdu, from_client=from_client), self.information_octets
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        return [
            HdlcFrame(
                destination,
                source,
                information(number % 8, 0, poll_final=number == len(pieces) - 1),
                piece,
                segmented=number < len(pieces) - 1,
            ).encode()
            for number, piece in enumerate(pieces)
        ]


def sender_of(apdu: bytes) -> Sender | None:
    """Whose APDU it must be, by its tag; None where both may send it."""
    tag = PLAIN_TAG.get(apdu[0], apdu[0])
    return Sender.CLIENT if tag in _FROM_CLIENTS else Sender.SERVER if tag in _FROM_SERVERS else None


def unframe(octets: bytes) -> tuple[FrameReport, list[bytes]]:
    """Frames and the APDUs in them, or the one APDU that stands there without. Raises DecodeError for what is not whole."""
    report = find_frames(octets)
    if not report.ok:
        problem = next(problem for problem in report.problems)
        raise DecodeError(f"{problem.code}: {problem.message}", problem.offset)
    if not report.apdus:
        raise DecodeError("there is no APDU in it", 0)
    for apdu in report.apdus:
        if not (apdu.trusted and apdu.complete):
            raise DecodeError("a message is not whole, or its frame is damaged: dlmskit decode says more", 0)
    return report, [apdu.octets for apdu in report.apdus]


def demand_sender(said: Sender | None, *apdus: bytes) -> Sender:
    """Who sends: as said, else as one of the APDUs tells. Raises ConfigError."""
    sender = said or next((found for found in map(sender_of, apdus) if found is not None), None)
    if sender is None:
        raise ConfigError("whose APDU is it? It does not tell: say --from client or --from server")
    return sender
