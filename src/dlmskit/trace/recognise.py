"""Answers "does a frame stand here?" for `dlmskit.trace.frames`, and turns frames into objects for display. Keeps no state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from dlmskit.apdu.registry import find
from dlmskit.codec.reader import read_length
from dlmskit.errors import DecodeError
from dlmskit.link.hdlc.control import FrameKind
from dlmskit.link.hdlc.frame import FLAG, MAX_LENGTH, HdlcFrame, decode_body
from dlmskit.link.hdlc.parameters import decode_parameters
from dlmskit.link.mbus import START, Carrier, MBusFrame, decode_mbus, dlms_part, frame_size
from dlmskit.link.p1 import read_telegram
from dlmskit.link.wmbus import WirelessFormat, WirelessFrame, decode_wireless, frame_octets

SLASH = 0x2F
_MAY_BEGIN = re.compile(rb"(?=\x7e[\xa0-\xaf]|\x68..\x68|/[A-Za-z]{3})", re.DOTALL)
_WIRELESS_CONTROLS = frozenset(bytes((octet,)) for octet in (0x44, 0x46, 0x47, 0x48, 0x06, 0x08, 0x53, 0x73, 0x5B, 0x7B))
_GENERAL_CIPHERING = (0xDB, 0xDC)


def candidates(octets: bytes, start: int, end: int) -> Iterator[int]:
    """Where frames with check sequences, and telegrams, might begin."""
    return (match.start() for match in _MAY_BEGIN.finditer(octets, start, end))


def hdlc_size(octets: bytes, at: int) -> int:
    """Octets, flags included, that the length field of an HDLC frame at ``at`` asks for; 0 when none begins there."""
    head = octets[at : at + 3]
    if len(head) < 3 or head[0] != FLAG or head[1] & 0xF0 != 0xA0:
        return 0
    return ((head[1] << 8 | head[2]) & MAX_LENGTH) + 2


def sound_hdlc(octets: bytes, at: int) -> tuple[HdlcFrame, int] | None:
    """The HDLC frame at ``at`` whose checks hold, and its size."""
    size = hdlc_size(octets, at)
    if not size or octets[at + size - 1 : at + size] != b"\x7e":
        return None
    try:
        return decode_body(octets[at + 1 : at + size - 1]), size
    except DecodeError:
        return None


def sound_mbus(octets: bytes, at: int) -> tuple[MBusFrame, int] | None:
    """The M-Bus long frame at ``at`` whose checks hold, and its size; also with a length field that is 256 too small."""
    for overflow in (False, True):
        size = frame_size(octets, at, overflow=overflow)
        if size and at + size <= len(octets):
            try:
                return decode_mbus(octets[at : at + size], tolerate_overflow=overflow), size
            except DecodeError:
                continue
    return None


def sound_wireless(octets: bytes, at: int) -> tuple[WirelessFrame, WirelessFormat, int] | None:
    """The wireless M-Bus frame at ``at`` whose check sequences hold, its format and size."""
    if octets[at + 1 : at + 2] not in _WIRELESS_CONTROLS:
        return None
    for form in WirelessFormat:
        size = frame_octets(octets, at, form)
        if size and at + size <= len(octets):
            try:
                return decode_wireless(octets[at : at + size], form)[0], form, size
            except DecodeError:
                continue
    return None


def telegram_begins(octets: bytes, at: int) -> bool:
    """Whether a whole ASCII telegram stands at ``at``, at the start of a line."""
    if octets[at] != SLASH or (at and 0x20 <= octets[at - 1] <= 0x7E):
        return False
    try:
        read_telegram(octets, at)
    except DecodeError:
        return False
    return True


def proves_itself(octets: bytes, at: int) -> bool:
    """Whether a sound HDLC or M-Bus frame or a telegram begins at ``at``."""
    first = octets[at]
    if first == FLAG:
        return sound_hdlc(octets, at) is not None
    if first == START:
        return sound_mbus(octets, at) is not None
    return telegram_begins(octets, at)


def is_known_tag(octets: bytes) -> bool:
    """Whether an APDU can begin like this."""
    try:
        find(octets[:2])
    except DecodeError:
        return False
    return True


def ciphering_end(octets: bytes, at: int) -> int:
    """Where the general-glo or general-ded-ciphering APDU at ``at`` ends by its lengths; 0 when it is another or cut."""
    if octets[at] not in _GENERAL_CIPHERING:
        return 0
    try:
        title, behind = read_length(octets, at + 1)
        content, behind = read_length(octets, behind + title)
    except DecodeError:
        return 0
    return behind + content


def hdlc_fields(frame: HdlcFrame, length: int, *, header_ok: bool, frame_ok: bool) -> dict[str, Any]:
    """An HDLC frame for display."""
    control = frame.control
    fields: dict[str, Any] = {
        "destination": str(frame.destination),
        "source": str(frame.source),
        "destination_octets": frame.destination.octets.hex().upper(),
        "source_octets": frame.source.octets.hex().upper(),
        "frame": control.kind.value,
        "control": f"{control.octet:02X}",
        "poll_final": control.poll_final,
        "send_number": control.send_number,
        "receive_number": control.receive_number,
        "segmented": frame.segmented,
        "length_field": length,
        "information_octets": len(frame.information),
        "hcs_ok": header_ok,
        "fcs_ok": frame_ok,
    }
    if control.kind in {FrameKind.SNRM, FrameKind.UA} and frame.information:
        try:
            fields["parameters"] = msgspec.structs.asdict(decode_parameters(frame.information))
        except DecodeError as error:
            fields["parameters"] = f"cannot be read: {error}"
    return fields


def mbus_fields(frame: MBusFrame, *, checksum_ok: bool) -> dict[str, Any]:
    """An M-Bus frame for display."""
    fields: dict[str, Any] = {
        "control": f"{frame.control:02X}",
        "address": frame.address,
        "ci": f"{frame.ci:02X}",
        "overflow": frame.overflow,
        "checksum_ok": checksum_ok,
    }
    return fields | _dlms_fields(frame)


def wireless_fields(frame: WirelessFrame, form: WirelessFormat) -> dict[str, Any]:
    """A wireless M-Bus frame for display."""
    fields = {
        "format": form.value,
        "control": f"{frame.control:02X}",
        "manufacturer": frame.manufacturer,
        "identification": frame.identification,
        "version": frame.version,
        "device_type": frame.device_type,
        "ci": f"{frame.ci:02X}",
    }
    return fields | _dlms_fields(frame)


def _dlms_fields(frame: Carrier) -> dict[str, Any]:
    """What an M-Bus frame says of the APDU in it."""
    fields: dict[str, Any] = {}
    try:
        part = dlms_part(frame)
    except DecodeError:
        part = None
    if part is not None:
        fields |= {"source": part.source, "destination": part.destination, "segment": part.number, "final": part.final}
        if part.header is not None:
            fields["transport_header"] = msgspec.structs.asdict(part.header)
    return fields
