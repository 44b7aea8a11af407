"""The security log of a server: what associations report, with time and port, in a ring that a flood cannot grow.

The same event from the same port again only counts up, so that a thousand bad messages are one entry and the one before them
is still there (robustness R-097). No secret comes here: associations report none.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from dlmskit.association.ports import AssociationEvent, EventCode
from dlmskit.cosem.objects import UtcClock
from dlmskit.errors import SecurityError

_LOG = logging.getLogger("dlmskit.server")

_ROUTINE = frozenset(
    (
        EventCode.ASSOCIATED,
        EventCode.RELEASED,
        EventCode.ABORTED,
        EventCode.COUNTER_GAP,
        EventCode.SECURITY_CHANGED,
        EventCode.STORE_RECOVERED,
    )
)


class LogEntry(msgspec.Struct, kw_only=True):
    """One event, or the same one several times in a row."""

    first: datetime
    last: datetime
    code: EventCode
    client_sap: int
    server_sap: int
    port: str
    """Who it was, as far as the transport knows: address and port."""
    title: str = ""
    """System title of the client, where it is known."""
    detail: str = ""
    reason: str = ""
    """Reason code of the error behind it; never told to the client."""
    times: int = 1

    def to_json(self) -> dict[str, Any]:
        """The entry as plain values."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain

    def repeats(self, other: LogEntry) -> bool:
        """Whether it says the same as ``other``, at another time."""
        return _said(self) == _said(other)


def _said(entry: LogEntry) -> tuple[object, ...]:
    return (entry.code, entry.client_sap, entry.server_sap, entry.port.rpartition(":")[0], entry.title, entry.reason)


class SecurityLog:
    """The latest ``capacity`` entries, oldest first."""

    def __init__(self, clock: UtcClock, capacity: int = 1000) -> None:
        self.lost = 0
        """Entries that made room for newer ones."""
        self._clock = clock
        self._entries: deque[LogEntry] = deque(maxlen=capacity)
        self.listeners: list[Callable[[LogEntry], None]] = []
        """Told of every entry, and again whenever the same event repeats."""

    def __iter__(self) -> Iterator[LogEntry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, event: AssociationEvent, port: str, detail: str = "") -> LogEntry:
        """Enter an event that came over ``port``."""
        now = self._clock.utc_now()
        error = event.error
        entry = LogEntry(
            first=now,
            last=now,
            code=event.code,
            client_sap=event.client_sap,
            server_sap=event.server_sap,
            port=port,
            title="" if event.peer_title is None else str(event.peer_title),
            detail=", ".join(part for part in (event.detail, detail) if part),
            reason=error.reason.value if isinstance(error, SecurityError) else type(error).__name__ if error else "",
        )
        latest = self._entries[-1] if self._entries else None
        if latest is not None and latest.repeats(entry):
            latest.last, latest.times = now, latest.times + 1
            self._tell(latest)
            return latest
        self.lost += len(self._entries) == self._entries.maxlen
        self._entries.append(entry)
        level = logging.INFO if event.code in _ROUTINE else logging.WARNING
        where = f"client {entry.client_sap} at {port}"
        trace = error if event.code is EventCode.HANDLER_FAILED else None
        _LOG.log(level, "%s: %s %s", where, entry.code.value, entry.detail, exc_info=trace)
        self._tell(entry)
        return entry

    def _tell(self, entry: LogEntry) -> None:
        for listener in self.listeners:
            listener(entry)
