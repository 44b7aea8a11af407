"""What compiled declarations call at run time: lengths, flags and the fields too odd to be written inline.

Every function takes ``deviations``: None means strict, a list means that a known liberty is taken and written down there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from dlmskit.codec.reader import length_size, read_length, write_length
from dlmskit.errors import DecodeError, EncodeError

Deviations = list[str] | None


def odd(deviations: Deviations, reason: str, at: int, path: str) -> None:
    """Refuse another spelling of a value, or note it where liberties are taken."""
    if deviations is None:
        raise DecodeError(reason, at, path)
    deviations.append(f"{path}: {reason} (at octet {at})")


def ends_early(octets: bytes, at: int, fields: tuple[tuple[str, int], ...]) -> NoReturn:
    """Name the first field of a run of fixed fields that is not whole."""
    for path, size in fields:
        if at + size > len(octets):
            raise DecodeError(f"ends early: {size} octets expected, {max(len(octets) - at, 0)} left", at, path)
        at += size
    raise DecodeError("ends early", len(octets), fields[-1][0])


def take_length(octets: bytes, at: int, deviations: Deviations, path: str) -> tuple[int, int]:
    """Read a length or count, compared with the octets left before anything is done with it: (number, offset behind)."""
    if at < len(octets) and octets[at] < 0x80:  # nearly all of them, for speed
        length, behind = octets[at], at + 1
        if length <= len(octets) - behind:
            return length, behind
    length, behind = read_length(octets, at, path)
    if behind - at > 1 and behind - at != length_size(length):
        odd(deviations, "length not in its shortest form", at, path)
    return length, behind


def take_octets(
    octets: bytes, at: int, deviations: Deviations, path: str, most: int, sizes: tuple[int, ...]
) -> tuple[bytes, int]:
    """Read an OCTET STRING with its length in front."""
    length, start = take_length(octets, at, deviations, path)
    if length > most:
        raise DecodeError(f"{length} octets, at most {most} are allowed", at, path)
    if sizes and length not in sizes:
        raise DecodeError(f"{length} octets, only {' or '.join(map(str, sizes))} are possible", at, path)
    return octets[start : start + length], start + length


def put_octets(value: bytes, path: str, most: int, sizes: tuple[int, ...]) -> bytes:
    """An OCTET STRING with its length in front."""
    length = len(value)
    if length > most or (sizes and length not in sizes):
        raise EncodeError(f"{path}: {length} octets do not fit")
    return write_length(length) + value


def take_list(
    octets: bytes,
    at: int,
    deviations: Deviations,
    limits: Any,
    item: Callable[..., tuple[Any, int]],
    most: int,
    path: str,
) -> tuple[tuple[Any, ...], int]:
    """Read a SEQUENCE OF. Every element takes at least one octet, so the count cannot exceed the octets left."""
    count, start = take_length(octets, at, deviations, path)
    if count > most:
        raise DecodeError(f"{count} elements, at most {most} are allowed", at, path)
    at = start
    items = []
    for index in range(count):
        try:
            value, at = item(octets, at, deviations, limits)
        except DecodeError as error:
            raise error.within(f"{path}[{index}]") from None
        items.append(value)
    return tuple(items), at


def take_date_time(octets: bytes, at: int, deviations: Deviations, path: str) -> tuple[bytes, int]:
    """Read ``LEN date-time``: no octets or twelve. Tolerated: the data tag 09 in front."""
    if deviations is not None and octets[at : at + 2] == b"\x09\x0c":
        odd(deviations, "data tag 09 in front of the date-time", at, path)
        at += 1
    return take_octets(octets, at, deviations, path, 12, (0, 12))


def take_event_time(octets: bytes, at: int, deviations: Deviations, path: str) -> tuple[bytes | None, int]:
    """Read ``OPT(LEN date-time)``. Tolerated: no flag, or twelve octets without a length (older editions)."""
    if at >= len(octets):
        raise DecodeError("ends before the flag", at, path)
    flag = octets[at]
    if flag == 0:
        return None, at + 1
    if flag == 0x0C and deviations is not None:
        odd(deviations, "no flag in front of the time", at, path)
        return take_octets(octets, at, deviations, path, 12, (12,))
    if flag != 1:
        odd(deviations, f"flag is {flag:02X}, not 01", at, path)
    at += 1
    if deviations is not None and at < len(octets) and octets[at] != 0x0C:
        if len(octets) - at < 12:
            raise DecodeError("ends inside the time", at, path)
        odd(deviations, "time without a length octet", at, path)
        return octets[at : at + 12], at + 12
    return take_octets(octets, at, deviations, path, 12, (12,))
