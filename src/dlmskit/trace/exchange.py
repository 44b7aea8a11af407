"""An exchange as an event log: one JSON line for each APDU that passed, redacted, readable by people and by `replay`.

The first line says what the file is. Times are seconds since the first APDU.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import msgspec

from dlmskit.errors import ConfigError
from dlmskit.trace.redaction import redacted
from dlmskit.transport.base import Saps

KIND = "dlmskit exchange"
VERSION = 1
_MOST_OCTETS = 64 << 20
_MOST_EVENTS = 1_000_000


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One APDU."""

    at: float
    from_client: bool
    client: int
    server: int
    apdu: str
    """Hexadecimal, protection still on."""
    connection: int = 1

    @property
    def octets(self) -> bytes:
        """The APDU."""
        return bytes.fromhex(self.apdu)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A whole log."""

    events: tuple[Event, ...]
    about: dict[str, Any]
    """What the first line says besides."""

    @property
    def saps(self) -> Saps:
        """Of the first APDU."""
        first = self.events[0]
        return Saps(first.client, first.server)


class Recorder:
    """Writes a log as the exchange goes on. ``now`` tells the seconds."""

    def __init__(self, file: TextIO, now: Callable[[], float], **about: Any) -> None:
        self._file = file
        self._now = now
        self._start: float | None = None
        self.events = 0
        self._write({"kind": KIND, "version": VERSION, "redacted": True, **about})

    def passed(self, from_client: bool, saps: Saps, apdu: bytes, connection: int = 1) -> None:
        """An APDU has passed."""
        now = self._now()
        self._start = now if self._start is None else self._start
        event = Event(
            round(now - self._start, 6), from_client, saps.client, saps.server, redacted(apdu).hex().upper(), connection
        )
        self._write(msgspec.to_builtins(event))
        self.events += 1

    def _write(self, line: Any) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def read_exchange(path: Path) -> Exchange:
    """Read a log. Raises ConfigError that names the line."""
    try:
        with path.open("rb") as file:
            lines = file.read(_MOST_OCTETS + 1).splitlines()
    except OSError as error:
        raise ConfigError(f"the record {path} cannot be read: {error.strerror}") from None
    try:
        head = json.loads(lines[0]) if lines else {}
    except ValueError:
        head = {}
    if not isinstance(head, dict) or head.get("kind") != KIND or head.get("version") != VERSION:
        raise ConfigError(f"{path} is no record of an exchange: its first line does not say {KIND!r}, version {VERSION}")
    if len(lines) > _MOST_EVENTS:
        raise ConfigError(f"{path} has more than {_MOST_EVENTS} lines")
    events = []
    for number, line in enumerate(lines[1:], 2):
        try:
            event = msgspec.json.decode(line, type=Event)
            bytes.fromhex(event.apdu)
        except (msgspec.MsgspecError, ValueError) as error:
            raise ConfigError(f"{path}, line {number}: {error}") from None
        events.append(event)
    if not events:
        raise ConfigError(f"{path} holds no APDU")
    about = {name: value for name, value in head.items() if name not in {"kind", "version"}}
    return Exchange(tuple(events), about)
