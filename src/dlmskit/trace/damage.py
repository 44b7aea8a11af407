"""Says what is wrong with a frame that does not pass: a checksum, a length, an end that is missing. Keeps no state.

What can still be read of the frame is read, for display only: nothing of it may be believed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from dlmskit.errors import DecodeError
from dlmskit.link.hdlc.frame import MAX_LENGTH, HdlcFrame, UncheckedFrame, decode_body_unchecked
from dlmskit.link.mbus import START, STOP, DlmsPart, MBusFrame, dlms_part, frame_size
from dlmskit.link.wrapper import HEADER_OCTETS, VERSION, decode_header
from dlmskit.trace.recognise import hdlc_fields, hdlc_size, mbus_fields
from dlmskit.trace.report import CHECKSUM, HEADER_CHECKSUM, INVALID, LENGTH, TRUNCATED, Problem

_FLAG = b"\x7e"


class Damaged(msgspec.Struct, frozen=True):
    """A frame that is not sound, and what is left of it."""

    kind: str
    end: int
    fields: dict[str, Any]
    problems: tuple[Problem, ...]
    complete: bool = True
    hdlc: HdlcFrame | None = None
    mbus: DlmsPart | None = None
    apdu: bytes | None = None


def damaged_hdlc(octets: bytes, at: int, end: int) -> Damaged | None:
    """What would have been an HDLC frame at ``at``; nothing behind ``end`` is part of it."""
    size = hdlc_size(octets, at)
    if not size or at + 3 > end:
        return None
    closed = octets[at + size - 1 : min(at + size, end)] == _FLAG
    if closed:
        behind = at + size
    else:
        flag = octets.find(_FLAG, at + 1, min(end, at + MAX_LENGTH + 2))
        behind = min(at + size, end) if flag < 0 else flag + 1
        if flag >= 0 and octets[flag + 1 : flag + 2] and octets[flag + 1] & 0xF0 == 0xA0:
            behind = flag  # it opens the next frame, whichever it closes
    body = octets[at + 1 : behind - 1 if octets[behind - 1 : behind] == _FLAG and behind > at + 1 else behind]
    try:
        unchecked = decode_body_unchecked(body)
    except DecodeError as error:
        code = INVALID if closed else TRUNCATED if at + size > end else LENGTH
        return Damaged("hdlc", behind, {"length_field": size - 2}, (Problem(code, error.reason, at + 1 + error.offset),))
    fields = hdlc_fields(unchecked.frame, unchecked.length, header_ok=unchecked.header_ok, frame_ok=closed and unchecked.frame_ok)
    problems = _hdlc_problems(unchecked, body, at, closed=closed, cut=at + size > len(octets))
    return Damaged("hdlc", behind, fields, problems, complete=closed, hdlc=unchecked.frame)


def _hdlc_problems(unchecked: UncheckedFrame, body: bytes, at: int, *, closed: bool, cut: bool) -> tuple[Problem, ...]:
    if not unchecked.header_ok:
        # Lengths and addresses may be wrong as well; nothing more precise can be said.
        return (Problem(HEADER_CHECKSUM, "the header check sequence does not fit: the header was changed", at + 1),)
    if closed:
        return (Problem(CHECKSUM, "the frame check sequence does not fit: the content was changed", at + len(body) - 1),)
    missing = unchecked.length - len(body)
    if cut or missing > 0:
        return (Problem(TRUNCATED, f"{len(body)} of {unchecked.length} octets are there", at + len(body)),)
    return (Problem(LENGTH, f"no flag follows the {unchecked.length} octets that the length field says", at + 1),)


def damaged_mbus(octets: bytes, at: int, end: int) -> Damaged | None:
    """What would have been an M-Bus long frame at ``at``."""
    head = octets[at : min(at + 4, end)]
    if len(head) < 4 or head[0] != START or head[3] != START:
        return None
    if head[1] != head[2]:
        problem = Problem(LENGTH, f"the two length fields say {head[1]} and {head[2]}", at + 1)
        return Damaged("mbus", end, {}, (problem,)) if octets[end - 1] == STOP else None
    overflow = head[1] < 3  # no frame is so short: the length can only be 256 too small
    size = frame_size(octets, at, overflow=overflow)
    if at + size > end:
        behind, problem = end, Problem(TRUNCATED, f"{end - at} of {size} octets are there", end)
    elif octets[at + size - 1] != STOP:
        behind, problem = at + size, Problem(LENGTH, "the frame does not end with 16 where its length says", at + size - 1)
    else:
        behind, problem = at + size, Problem(CHECKSUM, "the checksum does not fit: the content was changed", at + size - 2)
    whole = at + size <= end
    body = octets[at + 4 : behind - 2 if whole else behind]
    if len(body) < 3:
        return Damaged("mbus", behind, {}, (problem,), complete=False)
    frame = MBusFrame(body[0], body[1], body[2], body[3:], overflow)
    try:
        part = dlms_part(frame)
    except DecodeError:
        part = None
    return Damaged("mbus", behind, mbus_fields(frame, checksum_ok=False), (problem,), complete=whole, mbus=part)


def damaged_wrapper(octets: bytes, at: int, end: int) -> Damaged | None:
    """A wrapped APDU whose end is missing."""
    try:
        source, destination, length = decode_header(octets, at)
    except DecodeError:
        return None
    body = at + HEADER_OCTETS
    if body + length <= end:
        return None
    fields = {"version": VERSION, "source": source, "destination": destination, "length_field": length}
    problem = Problem(TRUNCATED, f"{end - body} of {length} octets of the APDU are there", end)
    return Damaged("wrapper", end, fields, (problem,), complete=False, apdu=octets[body:end])
