"""Known encoding bugs of real meters: what the sender meant, for showing only.

Each repair is one function from octets to octets. It is tried only on a notification that strict and tolerant decoding refuse,
and kept only when the result decodes whole; the telegram stays marked as malformed-and-repaired.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dlmskit.apdu import Apdu, DataNotification, decode_apdu
from dlmskit.codec.data import Data, skip_data
from dlmskit.codec.reader import read_length, write_length
from dlmskit.errors import DecodeError

_OBIS = rb"[\x00\x01\x02\x04-\x09\x0f].{4}\xff"
_SWAPPED = re.compile(rb"\x06\x09(?=" + _OBIS + rb")", re.DOTALL)
_BARE_DESCRIPTOR = re.compile(rb"\x02\x02(\x00.)(" + _OBIS + rb")([\x01-\x20])", re.DOTALL)


def _swapped_octet_string(octets: bytes) -> bytes:
    """Landis+Gyr ZMF100 sends tag and length of an OBIS code as 06 09 for 09 06."""
    return _SWAPPED.sub(b"\x09\x06", octets)


def _bare_descriptor(octets: bytes) -> bytes:
    """Sagemcom XT211 puts a bare attribute descriptor (no data tags) in front of each value."""
    return _BARE_DESCRIPTOR.sub(lambda found: b"\x02\x04\x12%b\x09\x06%b\x0f%b" % found.groups(), octets)


def _counted_again(octets: bytes) -> bytes:
    """Some firmware counts the rows of its list wrong; the rows themselves are whole."""
    start = _body_start(octets)
    if start is None or octets[start] not in (1, 2):
        return octets
    try:
        _, at = read_length(octets, start + 1)
        first, count = at, 0
        while at < len(octets):
            at = skip_data(octets, at)
            count += 1
    except DecodeError:
        return octets
    return octets[: start + 1] + write_length(count) + octets[first:]


def _without_tail(octets: bytes) -> bytes:
    """Octets behind a message that is whole."""
    start = _body_start(octets)
    if start is None:
        return octets
    try:
        return octets[: skip_data(octets, start)]
    except DecodeError:
        return octets


def _body_start(octets: bytes) -> int | None:
    """Where the notification body starts."""
    if len(octets) < 7 or octets[0] != 0x0F:
        return None
    at = 5 + (octets[5:7] == b"\x09\x0c")
    return at + 1 + octets[at] if octets[at] in (0, 12) and at + 1 + octets[at] < len(octets) else None


REPAIRS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("tag and length of an OBIS code are swapped (06 09 for 09 06)", _swapped_octet_string),
    ("attribute descriptors without data tags", _bare_descriptor),
    ("the count of rows is wrong", _counted_again),
    ("octets behind the message", _without_tail),
)


def repaired(octets: bytes) -> tuple[Apdu, bytes, str] | None:
    """The notification as it was meant, its octets, and what was wrong; None where no known repair helps."""
    if octets[:1] != bytes((DataNotification.head[0],)):
        return None
    for what, repair in REPAIRS:
        changed = repair(octets)
        if changed == octets:
            continue
        try:
            apdu = decode_apdu(changed, deviations=[])
        except DecodeError:
            continue
        if isinstance(apdu, DataNotification) and isinstance(apdu.notification_body, Data):
            return apdu, changed, what
    return None
