"""Requests that come again, over media that lose, double and reorder messages: answered again, never executed again.

The same octets are a copy that the medium made, or a client that repeats what it sent. The same request under a new invocation
counter is a client whose answer was lost (transports, 3: UDP). A GET in clear is not looked at: to read twice does no harm.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256

from dlmskit.apdu import AccessRequest, ActionRequestNormal, GeneralBlockTransfer, GetRequestNormal, ReadRequest, SetRequestNormal
from dlmskit.association.ports import Clock
from dlmskit.limits import Limits

_KNOWN = 32
"""Requests that are known again."""
_HARMLESS = frozenset((GetRequestNormal.head[0], ReadRequest.head[0], GeneralBlockTransfer.head[0]))
"""Reads in clear, of which nothing tells a second one from a copy, and blocks, which have numbers of their own."""
_EFFECTS = frozenset((SetRequestNormal.head[0], ActionRequestNormal.head[0], AccessRequest.head[0]))


class Repetitions:
    """What came lately from one client."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._seconds = limits.repetition_seconds
        self._received: OrderedDict[bytes, float] = OrderedDict()
        self._answers: tuple[bytes, ...] = ()
        self._request: tuple[bytes, int] = b"", 0
        self._executed_at = 0.0
        self._outcome: tuple[bytes, int] = b"", 0

    def answers(self, octets: bytes) -> tuple[bytes, ...] | None:
        """The answers to what came before; None for something new. Only the last request is answered again."""
        if octets[0] in _HARMLESS:
            return None
        digest = sha256(octets).digest()
        when = self._received.get(digest)
        if when is None or self._clock() - when > self._seconds:
            return None
        return self._answers if next(reversed(self._received)) == digest else ()

    def answered(self, octets: bytes, answers: tuple[bytes, ...]) -> None:
        """Something new was served."""
        if octets[0] in _HARMLESS:
            return
        digest = sha256(octets).digest()
        self._received.pop(digest, None)
        self._received[digest] = self._clock()
        self._answers = answers
        if len(self._received) > _KNOWN:
            self._received.popitem(last=False)

    def outcome(self, plain: bytes, found: int) -> tuple[bytes, int] | None:
        """The plain answer to the request that was executed last, and what it must carry, where this is that request.

        It must come under the same protection: whoever holds no keys is told nothing that was decided for another.
        """
        if (plain, found) != self._request or self._clock() - self._executed_at > self._seconds:
            return None
        return self._outcome

    def executed(self, plain: bytes, found: int, answer: bytes, required: int) -> None:
        """A request was executed that must not be executed twice."""
        if plain[0] in _EFFECTS:
            self._request, self._outcome, self._executed_at = (plain, found), (answer, required), self._clock()

    def forget(self) -> None:
        """The association has ended: nothing of it is answered again."""
        self._received.clear()
        self._request = b"", 0
