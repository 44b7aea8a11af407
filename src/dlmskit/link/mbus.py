"""Wired M-Bus (EN 13757-2, -3) as far as it carries DLMS: the long frame, DLMS segments, and transport layer headers.

    68 L L 68 | C | A | CI | data | checksum | 16          L counts C to the end of data

CI 00..1F: a segment of an APDU without header, ``000 FIN SSSS``. CI 60, 61, 7C, 7D: one APDU behind a transport layer header.
M-Bus records (CI 72, 7A, 5B ...) are not read. Wireless frames have the same CI fields (`dlmskit.link.wmbus`); a link with both
ends is `dlmskit.link.mbus_link`.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.segments import MORE, Joined

START = 0x68
STOP = 0x16
FINAL = 0x10
"""Bit of CI: this is the last segment."""
SND_UD = 0x53
BROADCAST = 0xFF
SEGMENT_OCTETS = 245
"""APDU octets per segment, as meters send them (L = 250)."""
_FIXED = 6
"""68 L L 68 in front, checksum and 16 behind."""
_LONG_HEADER, _SHORT_HEADER = 12, 4
_HEADER_OCTETS = {0x60: _LONG_HEADER, 0x61: _SHORT_HEADER, 0x7C: _LONG_HEADER, 0x7D: _SHORT_HEADER}


class MBusFrame(msgspec.Struct, frozen=True, gc=False):
    """One long frame."""

    control: int
    address: int
    ci: int
    data: bytes
    """Everything behind CI."""
    overflow: bool = False
    """The length field was 256 too small: the frame is longer than it can say."""

    def encode(self) -> bytes:
        """The octets of the line. Raises EncodeError when the frame is longer than its length field can say."""
        body = bytes((self.control, self.address, self.ci)) + self.data
        if len(body) > 0xFF:
            raise EncodeError(f"an M-Bus long frame carries at most 252 octets behind CI, not {len(self.data)}")
        return bytes((START, len(body), len(body), START)) + body + bytes((sum(body) & 0xFF, STOP))


class TransportHeader(msgspec.Struct, frozen=True, gc=False):
    """The transport layer header behind CI 60, 61, 7C or 7D."""

    access_number: int
    status: int
    configuration: int
    identification: str = ""
    """Eight digits; empty in the short header."""
    manufacturer: str = ""
    version: int | None = None
    device_type: int | None = None

    def encode(self) -> bytes:
        """The octets behind CI: the short form where no meter is named. Raises EncodeError."""
        short = bytes((self.access_number, self.status)) + self.configuration.to_bytes(2, "little")
        if not self.identification:
            return short
        if len(self.identification) != 8 or not self.identification.isdecimal():
            raise EncodeError(f"an M-Bus identification has eight digits, not {self.identification!r}")
        maker = manufacturer_octets(self.manufacturer)
        return bytes.fromhex(self.identification)[::-1] + maker + bytes((self.version or 0, self.device_type or 0)) + short


class Carrier(Protocol):
    """What a transport layer is read from: a wired frame or a wireless one."""

    @property
    def ci(self) -> int:
        """Control information field."""

    @property
    def data(self) -> bytes:
        """Everything behind CI."""


class DlmsPart(msgspec.Struct, frozen=True, gc=False):
    """What a frame carries of an APDU, with the transport SAPs it goes between."""

    source: int
    destination: int
    octets: bytes
    number: int | None
    """Number of the segment modulo 16; None behind a transport layer header, where an APDU is always whole."""
    final: bool
    header: TransportHeader | None = None


def frame_size(octets: bytes, at: int = 0, *, overflow: bool = False) -> int:
    """Octets that the long frame at ``at`` takes by its length field, 0 when none begins there.

    With ``overflow`` the length is read as 256 more: Sagemcom T210-D writes 01 for 257.
    """
    head = octets[at : at + 4]
    if len(head) < 4 or head[0] != START or head[3] != START or head[1] != head[2]:
        return 0
    length = head[1] + (256 if overflow else 0)
    return length + _FIXED if length >= 3 else 0


def decode_mbus(octets: bytes, *, tolerate_overflow: bool = False) -> MBusFrame:
    """Read one long frame and nothing else. Raises DecodeError for wrong borders, lengths and checksum.

    ``tolerate_overflow`` also takes a length field that is 256 too small, when end and checksum fit.
    """
    size = len(octets)
    overflow = tolerate_overflow and size == frame_size(octets, overflow=True)
    expected = frame_size(octets, overflow=overflow)
    if not expected:
        raise DecodeError("a long frame begins with 68 L L 68, and L is at least 3", 0, "mbus.length")
    if size != expected:
        raise DecodeError(f"the length field asks for {expected} octets, there are {size}", 1, "mbus.length")
    if octets[-1] != STOP:
        raise DecodeError("a long frame ends with 16", size - 1, "mbus.stop")
    if sum(octets[4:-2]) & 0xFF != octets[-2]:
        raise DecodeError("the checksum is wrong", size - 2, "mbus.checksum")
    return MBusFrame(octets[4], octets[5], octets[6], octets[7:-2], overflow)


def dlms_part(frame: Carrier) -> DlmsPart | None:
    """What the frame carries of an APDU; None when its CI is not one of DLMS. Raises DecodeError when it is too short."""
    size = 0 if frame.ci <= 0x1F else _HEADER_OCTETS.get(frame.ci)
    if size is None:
        return None
    data = frame.data
    if len(data) < size + 2:
        raise DecodeError(f"CI {frame.ci:02X} needs {size + 2} octets, {len(data)} are there", 7, "mbus.data")
    source, destination, octets = data[size], data[size + 1], data[size + 2 :]
    if not size:
        return DlmsPart(source, destination, octets, frame.ci & 0x0F, bool(frame.ci & FINAL))
    return DlmsPart(source, destination, octets, None, final=True, header=_transport_header(data[:size]))


def encode_segments(
    apdu: bytes, source: int, destination: int, *, control: int = SND_UD, address: int = BROADCAST, size: int = SEGMENT_OCTETS
) -> list[bytes]:
    """The frames that carry an APDU in segments of ``size`` octets, CI 00..1F. Raises EncodeError."""
    if not apdu or not 0 < size <= 250:
        raise EncodeError("an APDU has at least one octet, a segment 1..250")
    pieces = [apdu[at : at + size] for at in range(0, len(apdu), size)]
    frames = []
    for number, piece in enumerate(pieces):
        final = FINAL if number == len(pieces) - 1 else 0
        frames.append(MBusFrame(control, address, number & 0x0F | final, bytes((source, destination)) + piece).encode())
    return frames


class MBusReassembler:
    """Joins the segments of one APDU at a time, as they come over one line."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limit = limits.frame_octets
        self._octets = bytearray()
        self._next: tuple[int, int, int] | None = None
        """Source, destination and number of the segment that must come; None between two APDUs."""

    @property
    def pending(self) -> int:
        """Octets held of an unfinished APDU."""
        return len(self._octets)

    def add(self, part: DlmsPart) -> Joined:
        """Take the next part.

        A gap, a double or other SAPs throw away what there was; a first segment then stands for itself, another goes too.
        """
        if part.number is None:
            return Joined(part.octets)
        came = (part.source, part.destination, part.number)
        due = self._next
        fault, lost = "", b""
        if came != due and (due is not None or part.number):
            fault = f"segment {part.number} comes, segment {due[2] if due else 0} is due"
            if part.number:
                return Joined(None, fault, self.drop() + part.octets)
            lost = self.drop()
        if len(self._octets) + len(part.octets) > self._limit:
            return Joined(None, f"the segments hold more than {self._limit} octets", self.drop() + part.octets)
        self._octets += part.octets
        if part.final:
            return Joined(self.drop(), fault, lost)
        self._next = (part.source, part.destination, (part.number + 1) & 0x0F)
        return Joined(None, fault, lost) if fault else MORE

    def drop(self) -> bytes:
        """Throw the unfinished APDU away; returns what there was of it."""
        octets = bytes(self._octets)
        self._octets.clear()
        self._next = None
        return octets


def _transport_header(octets: bytes) -> TransportHeader:
    access, status = octets[-4], octets[-3]
    configuration = int.from_bytes(octets[-2:], "little")
    if len(octets) == _SHORT_HEADER:
        return TransportHeader(access, status, configuration)
    identification = octets[3::-1].hex().upper()
    return TransportHeader(access, status, configuration, identification, manufacturer(octets[4:6]), octets[6], octets[7])


def manufacturer(octets: bytes) -> str:
    """The three letters that two octets stand for, five bits each."""
    number = int.from_bytes(octets, "little")
    return "".join(chr(64 + (number >> shift & 0x1F)) for shift in (10, 5, 0))


def manufacturer_octets(letters: str) -> bytes:
    """Two octets for three letters. Raises EncodeError for anything else."""
    numbers = [ord(letter) - 64 for letter in letters]
    if len(numbers) != 3 or not all(0 < number <= 0x1F for number in numbers):
        raise EncodeError(f"an M-Bus manufacturer has three capital letters, not {letters!r}")
    return (numbers[0] << 10 | numbers[1] << 5 | numbers[2]).to_bytes(2, "little")
