"""Reads log lines that end in hexadecimal octets behind a time, a direction or a name, as programs print them.

Lines of framed traffic (HDLC, M-Bus) go into one chunk in their order, since a message may take several frames; others are a
chunk each. Lines without octets are passed over.
"""

from __future__ import annotations

import re

from dlmskit.trace.chunk import Chunk

_TIME = re.compile(
    r"\s*\[?(?:\d{4}[-/.]\d\d[-/.]\d\d|\d\d[-/.]\d\d[-/.]\d{4})?[T ]*"
    r"\d\d:\d\d:\d\d(?:[.,:]\d+)?\s*(?:Z|[+-]\d\d:?\d\d)?\]?[\s:|,-]*"
)
_RUN = re.compile(r"(?:^|(?<=[\s\"'\[\](){}<>=:|,>]))((?:(?:0x)?[0-9A-Fa-f]{2}[ \t:,;-]{0,2}){4,})[\"'\])}.;]*\s*$")
_SENT = re.compile(r"(?i)(?:\b(?:tx|sent|send|snd|write|c2s|request|out)\b|-+>|>>)")
_RECEIVED = re.compile(r"(?i)(?:\b(?:rx|received|receive|recv|rcv|read|s2c|response|in)\b|<-+|<<)")
_FRAMED = (0x7E, 0x68)


def read_log(text: str, label: str) -> list[Chunk]:
    """The octets at the ends of the lines; empty when no line has any, or one has digits that fit no reading."""
    found: list[Chunk] = []
    for number, line in enumerate(text.splitlines(), 1):
        time = _TIME.match(line)
        rest = line[time.end() :] if time else line
        run = _RUN.search(rest)
        if run is None:
            continue
        prefix = rest[: run.start(1)]
        octets = bytes.fromhex(re.sub(r"0x|[^0-9A-Fa-f]", "", run[1]))
        found.append(Chunk(f"{label} line {number}", octets, _direction(prefix)))
    if found and all(chunk.octets[0] in _FRAMED for chunk in found):
        return [Chunk(label, b"".join(chunk.octets for chunk in found))]
    return found


def _direction(prefix: str) -> str | None:
    sent, received = _SENT.search(prefix), _RECEIVED.search(prefix)
    if bool(sent) == bool(received):
        return None
    return "c2s" if sent else "s2c"
