"""Puts the segments of captured TCP connections back in order: doubles dropped, overlaps cut, gaps kept apart.

Segments that arrive ahead of their turn wait for it; what is still missing at the end of the capture ends a chunk.
"""

from __future__ import annotations

from dlmskit.link.wrapper import PORT
from dlmskit.trace.chunk import Chunk

Endpoint = tuple[str, int]
"""Address and port."""
_MODULO = 1 << 32
_HALF = 1 << 31
_FRAMED = (0x7E, 0x68)


class Conversation:
    """Both directions of one connection."""

    def __init__(self, client: Endpoint, server: Endpoint) -> None:
        if client[1] == PORT != server[1]:
            client, server = server, client
        self._client = client
        self._server = server
        self._ways = {client: _Way(), server: _Way()}
        self._turns: list[tuple[Endpoint, bytearray, float]] = []

    @property
    def has_data(self) -> bool:
        """Whether anything but connection set-up was seen."""
        return bool(self._turns) or any(way.ahead for way in self._ways.values())

    @property
    def ports(self) -> tuple[int, int]:
        """Of client and server."""
        return self._client[1], self._server[1]

    def add(self, sender: Endpoint, sequence: int, octets: bytes, timestamp: float, *, syn: bool) -> None:
        """The next captured segment of ``sender``."""
        ready = self._ways[sender].add(sequence, octets, syn=syn)
        if ready:
            self._append(sender, ready, timestamp)

    def starts(self, size: int) -> list[bytes]:
        """What each side sent first."""
        self._flush()
        return [self._sent_by(side, size) for side in (self._client, self._server)]

    def chunks(self, label: str) -> list[Chunk]:
        """One chunk for framed traffic (HDLC, M-Bus), in the order of the line; else one per turn of a side."""
        self._flush()
        name = f"{label} tcp {named(self._client)} > {named(self._server)}"
        if all(octets[0] in _FRAMED for _, octets, _ in self._first_turns()):
            return [Chunk(name, self._interleaved(), None, self._turns[0][2], captured=True)]
        return [
            Chunk(name, bytes(octets), "c2s" if sender == self._client else "s2c", timestamp, captured=True)
            for sender, octets, timestamp in self._turns
        ]

    def _append(self, sender: Endpoint, octets: bytes, timestamp: float, *, gap: bool = False) -> None:
        if self._turns and self._turns[-1][0] == sender and not gap:
            self._turns[-1][1].extend(octets)
        else:
            self._turns.append((sender, bytearray(octets), timestamp))

    def _flush(self) -> None:
        """Hand up what waits behind a gap that was never filled."""
        for sender, way in self._ways.items():
            for octets in way.rest():
                last = self._turns[-1][2] if self._turns else 0.0
                self._append(sender, octets, last, gap=True)

    def _sent_by(self, side: Endpoint, size: int) -> bytes:
        return b"".join(bytes(octets) for sender, octets, _ in self._turns if sender == side)[:size]

    def _first_turns(self) -> list[tuple[Endpoint, bytearray, float]]:
        first: dict[Endpoint, tuple[Endpoint, bytearray, float]] = {}
        for turn in self._turns:
            first.setdefault(turn[0], turn)
        return list(first.values())

    def _interleaved(self) -> bytes:
        """Both directions in one: a side's octets wait until they end with the end of a frame."""
        line = bytearray()
        held = {self._client: bytearray(), self._server: bytearray()}
        for sender, octets, _ in self._turns:
            held[sender] += octets
            if held[sender][-1] in {0x7E, 0x16}:
                line += held[sender]
                held[sender].clear()
        for octets in held.values():
            line += octets
        return bytes(line)


class _Way:
    """One direction."""

    __slots__ = ("_next", "_started", "ahead")

    def __init__(self) -> None:
        self._next = 0
        self._started = False
        self.ahead: dict[int, bytes] = {}

    def add(self, sequence: int, octets: bytes, *, syn: bool) -> bytes:
        """The octets that are now in order."""
        if syn:
            sequence = (sequence + 1) % _MODULO
        if not self._started:
            self._next, self._started = sequence, True
        if not octets:
            return b""
        if sequence != self._next and not self._is_old(sequence):
            if len(octets) > len(self.ahead.get(sequence, b"")):
                self.ahead[sequence] = octets
            return b""
        ready = self._new_part(sequence, octets)
        return ready + self._caught_up() if ready else b""

    def rest(self) -> list[bytes]:
        """What waits for octets that never came, in order; a piece per gap."""
        pieces = []
        while self.ahead:
            due = self._next
            sequence = min(self.ahead, key=lambda each: (each - due) % _MODULO)
            self._next = sequence
            pieces.append(self._caught_up())
        return pieces

    def _caught_up(self) -> bytes:
        """What waited and whose turn has come, with doubles cut off."""
        ready = bytearray()
        start = self._next
        for sequence in sorted(self.ahead, key=lambda each: (each - start + _HALF) % _MODULO):
            if sequence != self._next and not self._is_old(sequence):
                break
            ready += self._new_part(sequence, self.ahead.pop(sequence))
        return bytes(ready)

    def _is_old(self, sequence: int) -> bool:
        return (sequence - self._next) % _MODULO >= _HALF

    def _new_part(self, sequence: int, octets: bytes) -> bytes:
        """Cut off what was there before, and move on."""
        known = (self._next - sequence) % _MODULO
        new = octets[known:]
        self._next = (self._next + len(new)) % _MODULO
        return new


def named(endpoint: Endpoint) -> str:
    """Address and port for people."""
    address, port = endpoint
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
