"""The control field (IEC 62056-46, 6.4.3; modulo 8): which kind a frame is, its P/F bit and sequence numbers."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from dlmskit.errors import EncodeError


class FrameKind(StrEnum):
    """The frames of the profile. REJ, SREJ, XID, TEST and SABM do not belong to it: they are undefined here."""

    I = "I"  # noqa: E741 - its name in the standard
    RR = "RR"
    RNR = "RNR"
    SNRM = "SNRM"
    DISC = "DISC"
    UA = "UA"
    DM = "DM"
    FRMR = "FRMR"
    UI = "UI"
    UNDEFINED = "undefined"


_UNNUMBERED = {
    FrameKind.SNRM: 0x83,
    FrameKind.DISC: 0x43,
    FrameKind.UA: 0x63,
    FrameKind.DM: 0x0F,
    FrameKind.FRMR: 0x87,
    FrameKind.UI: 0x03,
}
_POLL_FINAL = 0x10


class Control(msgspec.Struct, frozen=True, gc=False):
    """One control field, read."""

    octet: int
    kind: FrameKind
    poll_final: bool
    send_number: int | None = None
    """N(S), in I frames."""
    receive_number: int | None = None
    """N(R), in I, RR and RNR frames."""

    def __str__(self) -> str:
        numbers = "" if self.send_number is None else f" N(S)={self.send_number}"
        if self.receive_number is not None:
            numbers += f" N(R)={self.receive_number}"
        return f"{self.kind.value}{numbers}{' P/F' if self.poll_final else ''}"


def _read(octet: int) -> Control:
    final = bool(octet & _POLL_FINAL)
    if not octet & 1:
        return Control(octet, FrameKind.I, final, (octet >> 1) & 7, octet >> 5)
    if octet & 0x0F == 0x01:
        return Control(octet, FrameKind.RR, final, None, octet >> 5)
    if octet & 0x0F == 0x05:
        return Control(octet, FrameKind.RNR, final, None, octet >> 5)
    for kind, value in _UNNUMBERED.items():
        if octet & ~_POLL_FINAL == value:
            return Control(octet, kind, final)
    return Control(octet, FrameKind.UNDEFINED, final)


CONTROLS: tuple[Control, ...] = tuple(_read(octet) for octet in range(256))
"""The meaning of each control octet."""


def information(send_number: int, receive_number: int, *, poll_final: bool) -> Control:
    """Control field of an I frame; the numbers are taken modulo 8."""
    return CONTROLS[(receive_number & 7) << 5 | (_POLL_FINAL if poll_final else 0) | (send_number & 7) << 1]


def supervisory(kind: FrameKind, receive_number: int, *, poll_final: bool) -> Control:
    """Control field of RR or RNR. Raises EncodeError for another kind."""
    low = {FrameKind.RR: 0x01, FrameKind.RNR: 0x05}.get(kind)
    if low is None:
        raise EncodeError(f"{kind.value} is no supervisory frame")
    return CONTROLS[(receive_number & 7) << 5 | (_POLL_FINAL if poll_final else 0) | low]


def unnumbered(kind: FrameKind, *, poll_final: bool) -> Control:
    """Control field of SNRM, DISC, UA, DM, FRMR or UI. Raises EncodeError for another kind."""
    value = _UNNUMBERED.get(kind)
    if value is None:
        raise EncodeError(f"{kind.value} is no unnumbered frame")
    return CONTROLS[value | (_POLL_FINAL if poll_final else 0)]
