"""The keys of general-ciphering that came into being in one association: wrapped by one party, or agreed between two.

Each direction with each party has its own. They end with the association; what was received under them is remembered longer, by
`ReceivedCounters.fresh`, so that a key which is introduced again does not start again.
"""

from __future__ import annotations

from dataclasses import dataclass

from dlmskit.security.counters import InvocationCounter
from dlmskit.security.keys import Key, KeyRole
from dlmskit.security.layers import KeyChoice
from dlmskit.security.windows import ReceiveWindow
from dlmskit.types.system_title import SystemTitle


@dataclass(frozen=True, slots=True)
class SendingKey:
    """A key for what we send to one party."""

    key: Key
    role: KeyRole
    choice: KeyChoice
    counter: InvocationCounter


@dataclass(frozen=True, slots=True)
class ReceivingKey:
    """A key for what one party sends to us."""

    key: Key
    role: KeyRole
    choice: KeyChoice
    window: ReceiveWindow


class FreshKeys:
    """The fresh key last established in each direction, by the title of the other party."""

    __slots__ = ("receiving", "sending")

    def __init__(self) -> None:
        self.sending: dict[SystemTitle, SendingKey] = {}
        self.receiving: dict[SystemTitle, ReceivingKey] = {}

    def forget(self) -> None:
        """At the end of the association."""
        self.sending.clear()
        self.receiving.clear()
