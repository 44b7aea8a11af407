"""Plays a recorded exchange again: as the server that answered, or as the client against a meter; differences are data.

An exchange that was ciphered cannot be repeated word by word: challenges and counters are there to prevent it. Such a replay
shows as differences what the guards refuse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from dlmskit.apdu import decode_apdu
from dlmskit.errors import DlmsError, TransportError, TransportTimeout
from dlmskit.trace.exchange import Event, Exchange
from dlmskit.trace.explain.tree import apdu_name, json_of
from dlmskit.trace.redaction import redacted
from dlmskit.transport.base import Transport

_WITH_INVOKE_ID = frozenset({0xC0, 0xC1, 0xC3, 0xC4, 0xC5, 0xC7})
_MOST_FIELDS = 64


class Turn(msgspec.Struct, frozen=True):
    """A request, and what was answered."""

    number: int
    """Counted from 1."""
    request: bytes
    answers: tuple[bytes, ...]


class Difference(msgspec.Struct, frozen=True):
    """Where a replay went another way than the record."""

    turn: int
    what: str
    """``request``, ``answer``, ``no answer``, ``unexpected``."""
    expected: str = ""
    """APDU of the record, hexadecimal; empty where none was expected."""
    got: str = ""
    fields: tuple[tuple[str, Any, Any], ...] = ()
    """Path, recorded value, value now; none where one of the two cannot be read."""

    def to_json(self) -> dict[str, Any]:
        """As an object for scripts."""
        fields = [{"path": path, "expected": expected, "got": got} for path, expected, got in self.fields]
        return {**msgspec.to_builtins(self), "fields": fields}


def turns(exchange: Exchange) -> list[Turn]:
    """Requests with their answers, in order; what the server said before any request is left out."""
    found: list[tuple[Event, list[bytes]]] = []
    for event in exchange.events:
        if event.from_client:
            found.append((event, []))
        elif found:
            found[-1][1].append(event.octets)
    return [Turn(number, event.octets, tuple(answers)) for number, (event, answers) in enumerate(found, 1)]


def compared(turn: int, what: str, expected: bytes, got: bytes) -> Difference | None:
    """What is different; None where nothing is, an invoke-id aside."""
    got = redacted(got)
    if _without_id(expected) == _without_id(got):
        return None
    return Difference(turn, what, expected.hex().upper(), got.hex().upper(), tuple(_fields(expected, got)))


def _fields(expected: bytes, got: bytes) -> Iterator[tuple[str, Any, Any]]:
    try:
        before, now = decode_apdu(expected, deviations=[]), decode_apdu(got, deviations=[])
    except DlmsError:
        return
    if type(before) is not type(now):
        yield "apdu", apdu_name(before), apdu_name(now)
        return
    old, new = dict(_leaves(json_of(before))), dict(_leaves(json_of(now)))
    for count, path in enumerate(dict.fromkeys([*old, *new])):
        if count > _MOST_FIELDS:
            return
        if old.get(path) != new.get(path):
            yield path, old.get(path), new.get(path)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def _without_id(octets: bytes) -> bytes:
    """An APDU of a service with its invoke-id set to 0."""
    if len(octets) > 2 and octets[0] in _WITH_INVOKE_ID:
        return octets[:2] + bytes([octets[2] & 0xF0]) + octets[3:]
    return octets


class Playback:
    """The server of a record: answers what was answered. Without I/O; one client at a time."""

    def __init__(self, exchange: Exchange) -> None:
        self.turns = turns(exchange)
        self.differences: list[Difference] = []
        self._next = 0

    @property
    def finished(self) -> bool:
        """Whether every turn was played."""
        return self._next >= len(self.turns)

    def start(self) -> None:
        """A client has connected: from the beginning."""
        self._next = 0

    def answers(self, octets: bytes) -> Sequence[bytes]:
        """What answers this request: as recorded, with its invoke-id. None where the record has nothing like it."""
        found = self._find(octets)
        if found is None:
            self.differences.append(Difference(self._next + 1, "unexpected", "", redacted(octets).hex().upper()))
            return ()
        self._next = found + 1
        turn = self.turns[found]
        difference = compared(turn.number, "request", turn.request, octets)
        if difference is not None:
            self.differences.append(difference)
        return [_with_id_of(octets, answer) for answer in turn.answers]

    def _find(self, octets: bytes) -> int | None:
        """The turn that is meant: the next one with this very request, else the next one if its request is of the same kind."""
        wanted = _without_id(redacted(octets))
        for number in range(self._next, len(self.turns)):
            if _without_id(self.turns[number].request) == wanted:
                return number
        if not self.finished and self.turns[self._next].request[:1] == octets[:1]:
            return self._next
        return None


def _with_id_of(request: bytes, answer: bytes) -> bytes:
    if len(request) > 2 and len(answer) > 2 and request[0] in _WITH_INVOKE_ID and answer[0] in _WITH_INVOKE_ID:
        return answer[:2] + bytes([(answer[2] & 0xF0) | (request[2] & 0x0F)]) + answer[3:]
    return answer


async def play(exchange: Exchange, transport: Transport) -> list[Difference]:
    """Send the requests of a record over an open transport, and compare the answers. Raises TransportError where it breaks."""
    found: list[Difference] = []
    for turn in turns(exchange):
        await transport.send(turn.request)
        for expected in turn.answers:
            try:
                got = await transport.receive()
            except TransportTimeout:
                found.append(Difference(turn.number, "no answer", expected.hex().upper()))
                break
            except TransportError as error:
                found.append(
                    Difference(turn.number, "no answer", expected.hex().upper(), fields=(("connection", "", str(error)),))
                )
                return found
            difference = compared(turn.number, "answer", expected, got)
            if difference is not None:
                found.append(difference)
    return found
