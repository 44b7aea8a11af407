"""One received push: what it says, and how far it may be believed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from dlmskit.trace.explain.model import ApduExplanation, Problem, Verdict
from dlmskit.trace.naming import NamedValue
from dlmskit.types.system_title import SystemTitle

CONFIRMED = 1 << 30
LONG_INVOKE_ID = (1 << 24) - 1


def _nothing() -> None:
    """Nobody waits for a confirmation."""


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """A DataNotification, an EventNotification or an InformationReport; or what somebody sent in place of one."""

    received: datetime
    url: str
    """The listener that it came to."""
    peer: str
    """Address of the sender: it proves nothing."""
    client_sap: int
    server_sap: int
    """SAP of the logical device that pushes."""
    system_title: SystemTitle | None
    """Of the meter, as the message says; proved where `trusted`."""
    verdict: Verdict
    reason: str = ""
    """Why it is not verified: a code of `dlmskit.errors.SecurityReason`, or of a telegram's problems."""
    protection: tuple[str, ...] = ()
    """What was verified: ``authenticated``, ``encrypted``, ``signed``."""
    invocation_counter: int | None = None
    missed: int | None = None
    """Invocation counters that the meter used since its last verified message; None where that is not known."""
    apdu: ApduExplanation
    asks_confirmation: Callable[[], None] | None = None

    @property
    def trusted(self) -> bool:
        """Whether the keys of this meter prove that it sent this, now, and that nobody changed it."""
        return self.verdict is Verdict.VERIFIED

    @property
    def values(self) -> tuple[NamedValue, ...]:
        """What was pushed, named as far as the list or a known layout tells."""
        return self.apdu.values

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with it, or what one should know."""
        return self.apdu.problems

    @property
    def long_invoke_id(self) -> int | None:
        """Number of a DataNotification."""
        number = self._number
        return None if number is None else number & LONG_INVOKE_ID

    @property
    def wants_confirmation(self) -> bool:
        """Whether the meter waits for a DataNotification-Confirm."""
        return bool((self._number or 0) & CONFIRMED)

    @property
    def _number(self) -> int | None:
        plain = self.apdu.plain
        return int.from_bytes(plain[1:5]) if plain is not None and self.apdu.name == "data-notification" else None

    def confirm(self) -> None:
        """Tell the meter that it has arrived, where it wants to know; harmless when done already."""
        if self.asks_confirmation is not None:
            self.asks_confirmation()

    def to_json(self) -> dict[str, Any]:
        """The contract of ``dlmskit push listen --json``."""
        return {
            "received": self.received.isoformat(timespec="milliseconds"),
            "url": self.url,
            "peer": self.peer,
            "client_sap": self.client_sap,
            "server_sap": self.server_sap,
            "system_title": None if self.system_title is None else str(self.system_title),
            "manufacturer": None if self.system_title is None else self.system_title.manufacturer,
            "trusted": self.trusted,
            "verdict": self.verdict.value,
            "reason": self.reason or None,
            "protection": list(self.protection),
            "invocation_counter": self.invocation_counter,
            "missed": self.missed,
            "apdu": self.apdu.name,
            "long_invoke_id": self.long_invoke_id,
            "wants_confirmation": self.wants_confirmation,
            "values": [value.to_json() for value in self.values],
            "problems": [problem.to_json() for problem in self.problems],
        }
