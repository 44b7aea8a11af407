"""Which pushes were handed up before: a confirmation that was lost makes a meter send the same again, under a new counter.

A repetition is not shown again. It is confirmed when the program is done with the push, as the push itself is, and at once where
that is so already.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

from dlmskit.trace.listening.pushed import LONG_INVOKE_ID

_REMEMBERED = 16
"""Pushes of a sender that are compared with the next one."""
_SENDERS_REMEMBERED = 4096
_MOST_REPETITIONS = 8
"""Repetitions that are confirmed together when the program is done."""


class HandedUp:
    """A push that was handed up, and who waits for its confirmation."""

    def __init__(self, sender: Hashable, mark: bytes) -> None:
        self.sender = sender
        self.mark = mark
        self._done = False
        self._waiting: deque[Callable[[], None]] = deque(maxlen=_MOST_REPETITIONS)

    def ask(self, confirm: Callable[[], None]) -> None:
        """Confirm by this when the program is done with the push, or now where it is."""
        if self._done:
            confirm()
        else:
            self._waiting.append(confirm)

    def done(self) -> None:
        """The program is done with it."""
        self._done = True
        while self._waiting:
            self._waiting.popleft()()


class Recent:
    """The last pushes of each sender."""

    def __init__(self) -> None:
        self._of: OrderedDict[Hashable, deque[HandedUp]] = OrderedDict()

    def find(self, sender: Hashable, plain: bytes) -> HandedUp | None:
        """This very push, where it was handed up before; one without a number is never known again."""
        mark = _mark(plain)
        return next((known for known in self._of.get(sender, ()) if known.mark == mark), None)

    def add(self, sender: Hashable, plain: bytes) -> HandedUp:
        """A push that is handed up now."""
        handed_up = HandedUp(sender, _mark(plain))
        if int.from_bytes(plain[1:5]) & LONG_INVOKE_ID:
            known = self._of.pop(sender, None) or deque(maxlen=_REMEMBERED)
            self._of[sender] = known
            known.append(handed_up)
            if len(self._of) > _SENDERS_REMEMBERED:
                self._of.popitem(last=False)
        return handed_up

    def forget(self, handed_up: HandedUp) -> None:
        """It could not be handed up after all: when it comes again it is new."""
        known = self._of.get(handed_up.sender)
        if known is not None and handed_up in known:
            known.remove(handed_up)


def _mark(plain: bytes) -> bytes:
    return hashlib.sha256(plain).digest()
