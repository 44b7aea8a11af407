"""SMS with the short wrapper: source SAP, destination SAP, APDU; longer ones as concatenated messages (3GPP TS 23.040, 9.2.3.24).

    one message    source SAP 1 | destination SAP 1 | APDU                                        140 octets, no header
    one of many    05 00 03 | reference | how many | which, from 1 | part of the above            134 octets behind the header

The number of the sender is no authentication. Whether a message came with a user data header, the modem tells (UDHI).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import msgspec

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.adaptation import Adaptation, Sdu, check_sap

MESSAGE_OCTETS = 140
WRAPPER_OCTETS = 2
MOST_PARTS = 255
_CONCATENATED = bytes((0x05, 0x00, 0x03))
"""User data header of five octets: concatenated messages with a reference of one octet."""
HEADER_OCTETS = 6
PART_OCTETS = MESSAGE_OCTETS - HEADER_OCTETS
MAX_APDU_OCTETS = PART_OCTETS * MOST_PARTS - WRAPPER_OCTETS
KEPT_SECONDS = 24 * 3600.0
"""How long the parts of an unfinished APDU are kept: networks deliver late."""
_UNFINISHED = 4


def encode_short_wrapper(sdu: Sdu) -> bytes:
    """Short wrapper and APDU. UNCONFIRMED: the order of the two SAPs is that of an open implementation. Raises EncodeError."""
    check_sap(sdu, 0xFF)
    return bytes((sdu.source, sdu.destination)) + sdu.apdu


def decode_short_wrapper(octets: bytes) -> Sdu:
    """The same backwards. Raises DecodeError."""
    if len(octets) <= WRAPPER_OCTETS:
        raise DecodeError(f"the short wrapper and an APDU take more than {WRAPPER_OCTETS} octets", 0, "sms")
    return Sdu(octets[0], octets[1], octets[WRAPPER_OCTETS:])


class ShortMessage(msgspec.Struct, frozen=True):
    """The user data of one binary message."""

    octets: bytes
    """Without its header."""
    reference: int = 0
    parts: int = 1
    part: int = 1

    def encode(self) -> bytes:
        """A mark for the header (UDHI: 1 or 0), header and octets; the mark is the business of the modem, see `SmsAdaptation`."""
        if self.parts == 1:
            return b"\0" + self.octets
        return b"\1" + _CONCATENATED + bytes((self.reference, self.parts, self.part)) + self.octets


def messages(octets: bytes, reference: int) -> list[ShortMessage]:
    """The messages that carry these octets. Raises EncodeError for more than 255."""
    if len(octets) <= MESSAGE_OCTETS:
        return [ShortMessage(octets)]
    cut = [octets[at : at + PART_OCTETS] for at in range(0, len(octets), PART_OCTETS)]
    if len(cut) > MOST_PARTS:
        raise EncodeError(f"{MOST_PARTS} messages carry {MAX_APDU_OCTETS} octets of APDU, not {len(octets) - WRAPPER_OCTETS}")
    return [ShortMessage(part, reference, len(cut), number) for number, part in enumerate(cut, 1)]


def decode_message(frame: bytes) -> ShortMessage:
    """Read mark, header and octets. Raises DecodeError; other headers than concatenation are not for us."""
    if not frame or frame[0] > 1 or len(frame) > 1 + MESSAGE_OCTETS:
        raise DecodeError(f"{len(frame)} octets are no short message", 0, "sms")
    if not frame[0]:
        return ShortMessage(frame[1:])
    octets = frame[1:]
    if octets[:3] != _CONCATENATED or len(octets) <= HEADER_OCTETS:
        raise DecodeError("a header that is no concatenation, or nothing behind it", 1, "sms")
    reference, parts, part = octets[3:6]
    if not 1 <= part <= parts or parts < 2:
        raise DecodeError(f"part {part} of {parts}", 4, "sms")
    return ShortMessage(octets[HEADER_OCTETS:], reference, parts, part)


class SmsAdaptation(Adaptation):
    """One conversation with a number. A frame is a mark (1: with user data header, UDHI; 0: without) and the user data.

    ``references`` numbers what is sent in parts. Give all conversations of a station the same one: the other end knows us by our
    number alone, and takes parts with the same reference for parts of one APDU.
    """

    def __init__(self, references: Iterator[int] | None = None) -> None:
        super().__init__()
        self._references = itertools.count(1) if references is None else references
        self._unfinished: dict[tuple[int, int], tuple[float, dict[int, bytes]]] = {}

    @property
    def due(self) -> float | None:
        """When the oldest unfinished APDU is forgotten."""
        return min((until for until, _ in self._unfinished.values()), default=None)

    def submit(self, sdu: Sdu, now: float) -> None:
        """Send one message, or several. Raises EncodeError."""
        octets = encode_short_wrapper(sdu)
        reference = next(self._references) & 0xFF if len(octets) > MESSAGE_OCTETS else 0
        self.frames.extend(message.encode() for message in messages(octets, reference))

    def receive(self, frame: bytes, now: float) -> None:
        """Take one message; parts come in any order."""
        try:
            message = decode_message(frame)
            whole = message.octets if message.parts == 1 else self._joined(message, now)
            if whole is not None:
                self.arrived.append(decode_short_wrapper(whole))
        except DecodeError:
            self.discarded += 1

    def tick(self, now: float) -> None:
        """Forget what was not completed."""
        for key in [key for key, (until, _) in self._unfinished.items() if until <= now]:
            del self._unfinished[key]
            self.discarded += 1

    def _joined(self, message: ShortMessage, now: float) -> bytes | None:
        key = message.reference, message.parts
        if key not in self._unfinished and len(self._unfinished) >= _UNFINISHED:
            del self._unfinished[next(iter(self._unfinished))]
            self.discarded += 1
        _, parts = self._unfinished.setdefault(key, (now + KEPT_SECONDS, {}))
        parts[message.part] = message.octets
        if len(parts) < message.parts:
            return None
        del self._unfinished[key]
        return b"".join(octets for _, octets in sorted(parts.items()))
