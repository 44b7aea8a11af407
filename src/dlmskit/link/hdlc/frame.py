"""HDLC frames, frame format type 3 (IEC 62056-46, 6.4.1).

    7E | 1010 S LLLLLLLLLLL | destination 1/2/4 | source 1/2/4 | control | HCS 2 | information | FCS 2 | 7E

L counts everything between the flags. The HCS is there only in front of an information field. No octet is stuffed: L alone says
where a frame ends. What a station does with a frame is not decided here (see `dlmskit.link.hdlc.station`).
"""

from __future__ import annotations

from binascii import crc_hqx

import msgspec

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.fcs import MIRRORED, MIRRORED_COMPLEMENT, RESIDUE, START
from dlmskit.link.hdlc.addresses import HdlcAddress, decode_address
from dlmskit.link.hdlc.control import CONTROLS, Control

FLAG = 0x7E
MIN_LENGTH = 7
MAX_LENGTH = 0x7FF
_FORMAT = 0xA000
_SEGMENTED = 0x0800

_Header = tuple[HdlcAddress, HdlcAddress, Control, bool, int]
"""Destination, source, control field, S bit and length."""
_KNOWN_HEADERS: dict[bytes, _Header] = {}
"""Headers that were right, with their check sequence: the stations of a line send the same few again and again."""
_MOST_KNOWN_HEADERS = 4096


class HdlcFrame(msgspec.Struct, frozen=True, gc=False):
    """One frame without its flags and check sequences."""

    destination: HdlcAddress
    source: HdlcAddress
    control: Control
    information: bytes = b""
    segmented: bool = False
    """The S bit: the information field goes on in the next frame."""

    def encode(self) -> bytes:
        """The frame with both flags. Raises EncodeError when it would be longer than 2047 octets."""
        information = self.information
        head = self.destination.octets + self.source.octets
        length = len(head) + len(information) + (7 if information else 5)
        if length > MAX_LENGTH:
            raise EncodeError(f"an HDLC frame has at most {MAX_LENGTH} octets, this one {length}")
        start = _FORMAT | _SEGMENTED | length if self.segmented else _FORMAT | length
        head = b"%b%b%c" % (start.to_bytes(2, "big"), head, self.control.octet)
        check = crc_hqx(head.translate(MIRRORED), START).to_bytes(2, "big").translate(MIRRORED_COMPLEMENT)
        if not information:
            return b"~%b%b~" % (head, check)
        # Behind the header and its own check sequence the register is always at the residue.
        total = crc_hqx(information.translate(MIRRORED), RESIDUE).to_bytes(2, "big").translate(MIRRORED_COMPLEMENT)
        return b"~%b%b%b%b~" % (head, check, information, total)


def decode_frame(octets: bytes) -> HdlcFrame:
    """Read one frame with both flags and nothing around it. Raises DecodeError."""
    if len(octets) < 2 or octets[0] != FLAG or octets[-1] != FLAG:
        raise DecodeError("an HDLC frame begins and ends with the flag 7E", 0, "hdlc.flag")
    return decode_body(octets[1:-1])


def decode_body(body: bytes) -> HdlcFrame:
    """Read what stands between the flags. Raises DecodeError for a wrong format, length, check sequence or address."""
    size = len(body)
    try:  # where the address lengths lead; whether these are right is checked once for each different header
        source = 3 if body[2] & 1 else 4 if body[3] & 1 else 6
        header = source + (4 if body[source] & 1 else 5 if body[source + 1] & 1 else 7)
    except IndexError:
        raise DecodeError(f"{size} octets are too few for an HDLC frame", 0, "hdlc.length") from None
    known = _KNOWN_HEADERS.get(body[:header]) or _read_header(body, source, header)
    destination, origin, control, segmented, length = known
    if length != size:
        raise DecodeError(f"the length field says {length}, there are {size} octets", 0, "hdlc.length")
    if header == size:
        return HdlcFrame(destination, origin, control, b"", segmented)
    if size < header + 3:
        raise DecodeError("no room for information and frame check sequence", header, "hdlc.length")
    # Behind a right header check sequence the register stands at the residue: go on from there.
    if crc_hqx(body[header:].translate(MIRRORED), RESIDUE) != RESIDUE:
        raise DecodeError("the frame check sequence is wrong", size - 2, "hdlc.fcs")
    return HdlcFrame(destination, origin, control, body[header:-2], segmented)


def _read_header(body: bytes, source: int, header: int) -> _Header:
    """Check and read the octets up to the first check sequence, and remember them. Raises DecodeError."""
    read = _header_fields(body, source, header)
    if crc_hqx(body[:header].translate(MIRRORED), START) != RESIDUE:
        name = "frame" if header == len(body) else "header"
        raise DecodeError(f"the {name} check sequence is wrong", header - 2, "hdlc.fcs" if name == "frame" else "hdlc.hcs")
    if len(_KNOWN_HEADERS) >= _MOST_KNOWN_HEADERS:
        _KNOWN_HEADERS.clear()
    _KNOWN_HEADERS[body[:header]] = read
    return read


def _header_fields(body: bytes, source: int, header: int) -> _Header:
    start = int.from_bytes(body[:2], "big")
    if start & 0xF000 != _FORMAT:
        raise DecodeError("the frame format is not type 3", 0, "hdlc.format")
    if header > len(body):
        raise DecodeError(f"{len(body)} octets are too few for these addresses", 2, "hdlc.length")
    destination, origin = decode_address(body[2:source]), decode_address(body[source : header - 3])
    return destination, origin, CONTROLS[body[header - 3]], start & _SEGMENTED != 0, start & MAX_LENGTH


class UncheckedFrame(msgspec.Struct, frozen=True, gc=False):
    """A frame read without believing it: for explaining damaged traffic, never for acting on it."""

    frame: HdlcFrame
    length: int
    """As the length field says."""
    header_ok: bool
    """The HCS fits; the FCS where there is no information field."""
    frame_ok: bool
    """The length is right and the FCS fits."""


def decode_body_unchecked(body: bytes) -> UncheckedFrame:
    """Read what stands between two flags, or in front of where it was cut, whatever lengths and check sequences say.

    Raises DecodeError where not even a header has room or shape.
    """
    size = len(body)
    try:
        source = 3 if body[2] & 1 else 4 if body[3] & 1 else 6
        header = source + (4 if body[source] & 1 else 5 if body[source + 1] & 1 else 7)
    except IndexError:
        raise DecodeError(f"{size} octets are too few for an HDLC frame", 0, "hdlc.length") from None
    destination, origin, control, segmented, length = _header_fields(body, source, header)
    information = body[header:-2] if length == size else body[header:length]
    mirrored = body.translate(MIRRORED)
    return UncheckedFrame(
        HdlcFrame(destination, origin, control, information, segmented),
        length,
        crc_hqx(mirrored[:header], START) == RESIDUE,
        length == size and crc_hqx(mirrored, START) == RESIDUE,
    )
