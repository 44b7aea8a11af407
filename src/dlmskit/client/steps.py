"""What a script asks of the line that runs it: APDUs to send, or another connection.

A script is an exchange of the association layer that may also dial. Everything that a client does is a script, so that the
asynchronous and the blocking facade run the same code and differ in how they wait.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Dial:
    """Hang up if there is a connection, and connect as this client SAP. The answer is the `TransportProfile`."""

    client_sap: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait before the next step: the meter is busy, and was told what with. The answer is None."""

    seconds: float


Script = Generator[tuple[bytes, ...] | Dial | Pause, Any, T]
"""Yields steps, returns a result. A tuple of APDUs is sent (none: wait on) and answered with one received APDU.

Errors of the transport are thrown into it. `dlmskit.association.ports.Exchange` is a script that never dials.
"""
