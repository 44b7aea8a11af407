"""The parameter list in SNRM and UA (IEC 62056-46, 6.4.4.4.3): information lengths and windows, told by the sender of itself.

81 80 LL | 05 n v.. transmit length | 06 n v.. receive length | 07 n v.. transmit window | 08 n v.. receive window
"""

from __future__ import annotations

import msgspec

from dlmskit.errors import DecodeError

LEAST_INFORMATION, MOST_INFORMATION = 32, 2030
MOST_WINDOW = 7
"""Ranges of the profile (IEC HDLC setup, class 23)."""
FORMAT = 0x81
GROUP = 0x80
_NAMES = {
    5: "transmit_information",
    6: "receive_information",
    7: "transmit_window",
    8: "receive_window",
}


class HdlcParameters(msgspec.Struct, frozen=True, gc=False):
    """What one station offers, or has agreed to; the defaults hold where a list is silent."""

    transmit_information: int = 128
    """Octets of information that the sender of the list will put into a frame."""
    receive_information: int = 128
    """Octets of information that it takes."""
    transmit_window: int = 1
    receive_window: int = 1

    def encode(self) -> bytes:
        """The list in its common form: both lengths in one octet where both fit, else in two; windows in four."""
        size = 1 if max(self.transmit_information, self.receive_information) <= 0xFF else 2
        lengths = b"".join(
            bytes((name, size)) + value.to_bytes(size, "big")
            for name, value in ((5, self.transmit_information), (6, self.receive_information))
        )
        windows = b"".join(
            bytes((name, 4)) + value.to_bytes(4, "big") for name, value in ((7, self.transmit_window), (8, self.receive_window))
        )
        return bytes((FORMAT, GROUP, len(lengths + windows))) + lengths + windows

    def answered_by(self, peer: HdlcParameters) -> HdlcParameters:
        """What holds between us and a peer that told ``peer`` of itself, seen from our side: of each pair the smaller one.

        A server answers its own ones so, and sends the result in UA; a client takes so what UA says. Values outside the ranges of
        the profile count as the nearest inside.
        """
        own, other = self._clamped(), peer._clamped()
        return HdlcParameters(
            min(own.transmit_information, other.receive_information),
            min(own.receive_information, other.transmit_information),
            min(own.transmit_window, other.receive_window),
            min(own.receive_window, other.transmit_window),
        )

    def _clamped(self) -> HdlcParameters:
        def information(octets: int) -> int:
            return min(max(octets, LEAST_INFORMATION), MOST_INFORMATION)

        def window(frames: int) -> int:
            return min(max(frames, 1), MOST_WINDOW)

        return HdlcParameters(
            information(self.transmit_information),
            information(self.receive_information),
            window(self.transmit_window),
            window(self.receive_window),
        )


DEFAULT_PARAMETERS = HdlcParameters()
"""What holds where nothing is said."""


def decode_parameters(information: bytes) -> HdlcParameters:
    """Read the information field of SNRM or UA; an empty one means the defaults.

    Unknown parameters and other groups are skipped by their length, a repeated parameter counts as it stands last. Raises
    DecodeError for another format, an overrunning length, and a value of other than 1..4 octets.
    """
    found: dict[str, int] = {}
    if information and information[0] != FORMAT:
        raise DecodeError(f"format identifier {information[0]:02X}, only {FORMAT:02X} is known", 0, "hdlc.parameters")
    at = 1
    while at < len(information):
        end = _end_of(information, at)
        if information[at] == GROUP:
            _read_group(information[at + 2 : end], at + 2, found)
        at = end
    return HdlcParameters(**found)


def _read_group(octets: bytes, offset: int, found: dict[str, int]) -> None:
    at = 0
    while at < len(octets):
        end = _end_of(octets, at, offset)
        name = _NAMES.get(octets[at])
        if name is not None:
            if not 1 <= end - at - 2 <= 4:
                raise DecodeError(f"{name} has {end - at - 2} octets, 1..4 are possible", offset + at + 1, "hdlc.parameters")
            found[name] = int.from_bytes(octets[at + 2 : end], "big")
        at = end


def _end_of(octets: bytes, at: int, offset: int = 0) -> int:
    """Where the identifier, length and value at ``at`` end."""
    end = at + 2 + (octets[at + 1] if at + 1 < len(octets) else len(octets))
    if end > len(octets):
        raise DecodeError("a length is missing or goes beyond the end", offset + at + 1, "hdlc.parameters")
    return end
