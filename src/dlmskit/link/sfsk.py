"""S-FSK power line (IEC 61334-5-1): MAC frames around the LLC of IEC 61334-4-32, and repetition by credit.

    subframes 2 | credits 1 | source 12 bits, destination 12 bits | pad length 1 | LLC PDU | pad | FCS 3      36 to 252 octets

Credits: initial (3 bits), current (3), delta (2). Who hears a frame with credit left repeats it in the next slot with one less,
so that the whole line hears it; a receiver takes the first copy, a sender waits until the last one is through. There is no
discovery and registration (CIASE) here: addresses are given.
"""

from __future__ import annotations

from collections import deque

import msgspec

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.adaptation import Adaptation, Sdu
from dlmskit.link.llc432 import HEADER_OCTETS, decode_llc, encode_llc

SUBFRAME_OCTETS = 36
MOST_SUBFRAMES = 7
OVERHEAD_OCTETS = 10
MAX_LLC_OCTETS = SUBFRAME_OCTETS * MOST_SUBFRAMES - OVERHEAD_OCTETS
MAX_APDU_OCTETS = MAX_LLC_OCTETS - HEADER_OCTETS
_NUMBERS = dict(enumerate((0x6C6C, 0x3A3A, 0x5656, 0x7171, 0x1D1D, 0x4B4B, 0x2727), 1))
_SUBFRAMES = {number: count for count, number in _NUMBERS.items()}
NO_BODY, NEW_STATIONS, ALL_CONFIGURED, ALL_PHYSICAL = 0x000, 0xFFE, 0xFFC, 0xFFF
FIRST_INITIATOR = 0xC00
MOST_CREDIT = 7
SUBFRAME_SECONDS = 0.15
"""One slot at 2400 bit/s: 360 bits."""
_QUEUED_FRAMES = 16
_CRC_24 = 0x864CFB


def fcs_24(octets: bytes) -> int:
    """Frame check over credits, addresses, pad length, LLC PDU and pad.

    UNCONFIRMED: the standard's polynomial was not at hand; this is the one of RFC 4880. With a real network it may be another.
    """
    value = 0
    for octet in octets:
        value ^= octet << 16
        for _ in range(8):
            value = value << 1 ^ (_CRC_24 if value & 0x800000 else 0)
            value &= 0xFFFFFF
    return value


class MacFrame(msgspec.Struct, frozen=True):
    """One frame of the MAC layer."""

    source: int
    destination: int
    llc: bytes
    initial_credit: int = 0
    current_credit: int = 0
    delta_credit: int = 0

    def encode(self) -> bytes:
        """Its octets. Raises EncodeError for an LLC PDU, an address or a credit that does not fit."""
        if not 0 < len(self.llc) <= MAX_LLC_OCTETS:
            raise EncodeError(f"a frame of S-FSK carries an LLC PDU of 1 to {MAX_LLC_OCTETS} octets, not {len(self.llc)}")
        if not 0 <= self.source <= 0xFFF or not 0 <= self.destination <= 0xFFF:
            raise EncodeError(f"MAC addresses have 12 bits, {self.source:X} and {self.destination:X} do not fit")
        if not 0 <= self.current_credit <= self.initial_credit <= MOST_CREDIT or not 0 <= self.delta_credit <= 3:
            raise EncodeError("credits are 0 to 7, the current one not above the initial one, the delta 0 to 3")
        pad = -(OVERHEAD_OCTETS + len(self.llc)) % SUBFRAME_OCTETS
        subframes = (OVERHEAD_OCTETS + len(self.llc) + pad) // SUBFRAME_OCTETS
        credit = self.initial_credit << 5 | self.current_credit << 2 | self.delta_credit
        addresses = (self.source << 12 | self.destination).to_bytes(3)
        body = bytes((credit,)) + addresses + bytes((pad,)) + self.llc + bytes(pad)
        return _NUMBERS[subframes].to_bytes(2) + body + fcs_24(body).to_bytes(3)

    def repeated(self) -> MacFrame | None:
        """What a repeater sends in the next slot; None where the credit is used up."""
        if not self.current_credit:
            return None
        return msgspec.structs.replace(self, current_credit=self.current_credit - 1)


def decode_frame(octets: bytes) -> MacFrame:
    """Read a frame. Raises DecodeError for a wrong length, number of subframes, pad or check."""
    subframes = _SUBFRAMES.get(int.from_bytes(octets[:2]))
    if subframes is None or len(octets) != subframes * SUBFRAME_OCTETS:
        raise DecodeError(f"{len(octets)} octets are not the subframes that the frame begins with", 0, "mac")
    body = octets[2:-3]
    if fcs_24(body) != int.from_bytes(octets[-3:]):
        raise DecodeError("the check is wrong", len(octets) - 3, "mac.fcs")
    credit, pad, addresses = body[0], body[4], int.from_bytes(body[1:4])
    llc = body[5 : len(body) - pad]
    if pad >= SUBFRAME_OCTETS or not llc:
        raise DecodeError(f"a pad of {pad} octets leaves no LLC PDU", 6, "mac.pad")
    initial, current = credit >> 5, credit >> 2 & 7
    if current > initial:
        raise DecodeError(f"credit {current} of {initial}", 2, "mac.credits")
    return MacFrame(addresses >> 12, addresses & 0xFFF, llc, initial, current, credit & 3)


class SfskAdaptation(Adaptation):
    """One station's conversation with another."""

    def __init__(self, own: int, peer: int, *, credit: int = 0, subframe_seconds: float = SUBFRAME_SECONDS) -> None:
        super().__init__()
        self._subframe_seconds = subframe_seconds
        self._queue: deque[bytes] = deque()
        self._free_at: float | None = None
        self._own = own
        self._peer = peer
        self._credit = credit
        self._last: tuple[bytes, float] | None = None
        """The LLC PDU taken last, and until when copies of it may come."""

    def submit(self, sdu: Sdu, now: float) -> None:
        """Send one frame. Raises EncodeError for an APDU that does not fit: there are no segments, so use block transfer."""
        if len(sdu.apdu) > MAX_APDU_OCTETS:
            raise EncodeError(f"a frame of S-FSK carries an APDU of {MAX_APDU_OCTETS} octets, not {len(sdu.apdu)}")
        if len(self._queue) >= _QUEUED_FRAMES:
            raise EncodeError(f"{_QUEUED_FRAMES} frames wait for the line already")
        self._queue.append(MacFrame(self._own, self._peer, encode_llc(sdu), self._credit, self._credit).encode())
        self.tick(now)

    @property
    def due(self) -> float | None:
        """When the line is free for the next frame."""
        return self._free_at

    def tick(self, now: float) -> None:
        """Send the next frame if the last one, with all its copies, is through."""
        while self._free_at is None or now >= self._free_at:
            self._free_at = None
            if not self._queue:
                return
            frame = self._queue.popleft()
            self.frames.append(frame)
            self._free_at = now + (self._credit + 1) * self._slot(frame)

    def receive(self, frame: bytes, now: float) -> None:
        """Take one frame of the peer, and one of its copies."""
        try:
            mac = decode_frame(frame)
            if (mac.source, mac.destination) != (self._peer, self._own):
                raise DecodeError("a frame between others", 3, "mac")
            sdu = decode_llc(mac.llc)
        except DecodeError:
            self.discarded += 1
            return
        if self._last is not None and self._last[0] == mac.llc and now < self._last[1]:
            return
        self._last = (mac.llc, now + (mac.current_credit + 0.5) * self._slot(frame)) if mac.initial_credit else None
        self.arrived.append(sdu)

    def _slot(self, frame: bytes) -> float:
        return len(frame) // SUBFRAME_OCTETS * self._subframe_seconds
