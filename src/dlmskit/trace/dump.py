"""Reads hex dumps with offsets: ``hexdump -C``, ``xxd``, Wireshark.

The offsets prove that it is one: each must follow from the line before.
"""

from __future__ import annotations

import re

from dlmskit.errors import DecodeError
from dlmskit.trace.chunk import Chunk

_LINE = re.compile(r"\s*([0-9A-Fa-f]{3,16})(:?)(\s+)(\S.*)")
_GROUP = re.compile(r"(?:[0-9A-Fa-f]{2}){1,8}")
_END = re.compile(r"\s*[0-9A-Fa-f]{3,16}:?\s*")
"""The last line of ``hexdump``: an offset and nothing behind it."""


def read_dump(text: str, label: str) -> list[Chunk]:
    """One chunk per dump (the offset begins at 0 again); empty when the text is no dump. Raises DecodeError for a broken one."""
    lines = [line for line in text.splitlines() if line.strip()]
    matches = [match for line in lines if (match := _LINE.fullmatch(line))]
    ends = sum(1 for line in lines if _END.fullmatch(line) and not _LINE.fullmatch(line))
    if not matches or len(matches) + ends != len(lines) or int(matches[0][1], 16) or not _is_dump(matches):
        return []
    chunks: list[bytearray] = []
    for index, match in enumerate(matches):
        offset = int(match[1], 16)
        if not offset:
            chunks.append(bytearray())
        if offset != len(chunks[-1]):
            raise DecodeError(f"hex dump: offset {match[1]} stands where {len(chunks[-1]):X} is due", index)
        following = int(matches[index + 1][1], 16) if index + 1 < len(matches) else 0
        chunks[-1] += _octets(match, following - offset if following else None)
    labels = [label] if len(chunks) == 1 else [f"{label} #{number}" for number in range(1, len(chunks) + 1)]
    return [Chunk(name, bytes(chunk)) for name, chunk in zip(labels, chunks, strict=True)]


def _is_dump(matches: list[re.Match[str]]) -> bool:
    """Whether the first numbers can be offsets: that of the second line says how long the first one is."""
    if len(matches) == 1:
        return len(matches[0][1]) >= 4 and (bool(matches[0][2]) or len(matches[0][3]) > 1)
    second = int(matches[1][1], 16)
    return second in {8, 16, 32} or (not second and len(matches[0][1]) >= 4)


def _octets(match: re.Match[str], count: int | None) -> bytes:
    """The octets of a line: ``count`` of them, or in a last line those in front of the column of characters."""
    columns = match[4]
    if count is None:
        # Where the column of characters begins: at a bar (hexdump), at two blanks (xxd), at three (Wireshark).
        border = r"\s*\|" if "|" in columns else r"\s{2,}" if match[2] else r"\s{3,}"
        columns = re.split(border, columns)[0]
    found = bytearray()
    for token in columns.replace("-", " ").split():
        if (count is not None and len(found) >= count) or not _GROUP.fullmatch(token):
            break
        found += bytes.fromhex(token)
    return bytes(found if count is None else found[:count])
