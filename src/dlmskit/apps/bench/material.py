"""What is measured on: profile buffers, object lists and APDUs like those of real meters, made here from a fixed seed."""

from __future__ import annotations

from random import Random

from dlmskit.codec.data import Data
from dlmskit.codec.reader import write_length
from dlmskit.types.obis import Obis

_PERIOD = 15


def _seeded(seed: int) -> Random:
    """The same numbers in every run; nothing here is a secret."""
    return Random(seed)  # noqa: S311


def clock(index: int) -> bytes:
    """The capture time of a row, as a date-time of 12 octets."""
    minutes = index * _PERIOD
    day, minute = divmod(minutes, 1440)
    month, day = divmod(day, 28)
    return bytes((0x07, 0xEA, month % 12 + 1, day + 1, 0xFF, minute // 60, minute % 60, 0, 0, 0xFF, 0xC4, 0))


def _array(rows: list[bytes]) -> bytes:
    return b"\x01" + write_length(len(rows)) + b"".join(rows)


def regular_profile(count: int) -> bytes:
    """Rows of clock, status and four registers."""
    random, totals = _seeded(1), [1_000_000, 2_000, 30_000, 400]
    rows = []
    for index in range(count):
        totals = [total + random.randrange(500) for total in totals]
        registers = b"".join(b"\x06" + total.to_bytes(4, "big") for total in totals)
        rows.append(b"\x02\x06\x09\x0c" + clock(index) + b"\x11" + bytes((index % 97 == 0,)) + registers)
    return _array(rows)


def null_compressed_profile(count: int) -> bytes:
    """The same; clock and status are null-data in every row but the first of each day."""
    random, totals = _seeded(2), [1_000_000, 2_000, 30_000, 400]
    rows = []
    for index in range(count):
        totals = [total + random.randrange(500) for total in totals]
        registers = b"".join(b"\x06" + total.to_bytes(4, "big") for total in totals)
        head = b"\x09\x0c" + clock(index) + b"\x11\0" if index % 96 == 0 else b"\0\0"
        rows.append(b"\x02\x06" + head + registers)
    return _array(rows)


def ragged_profile(count: int) -> bytes:
    """Rows whose layout changes all the time: clock and registers are null-data here and there."""
    random = _seeded(3)
    rows = []
    for index in range(count):
        cells = [b"\x09\x0c" + clock(index) if random.random() < 0.5 else b"\0", b"\x11" + random.randbytes(1)]
        cells += [b"\x06" + random.randbytes(4) if random.random() < 0.7 else b"\0" for _ in range(4)]
        rows.append(b"\x02\x06" + b"".join(cells))
    return _array(rows)


def object_list(count: int) -> bytes:
    """An object list with access rights, the largest general data tree of every meter."""
    random = _seeded(4)
    entries = []
    for _ in range(count):
        code = Obis(bytes((1, 0, random.randrange(100), random.randrange(100), random.randrange(10), 255)))
        attributes = [
            Data.structure([Data.integer(number), Data.enum(random.randrange(4)), Data.null()])
            for number in range(1, random.randrange(3, 9))
        ]
        methods = [Data.structure([Data.integer(1), Data.enum(1)])]
        rights = Data.structure([Data.array(attributes), Data.array(methods)])
        entries.append(Data.structure([Data.long_unsigned(3), Data.unsigned(0), Data.octet_string(code.octets), rights]))
    return Data.array(entries).octets
