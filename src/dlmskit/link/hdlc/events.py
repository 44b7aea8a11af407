"""What the link machines tell the layer above, and what it may set."""

from __future__ import annotations

from dataclasses import dataclass

from dlmskit.link.events import LinkDown, LinkUp, Received
from dlmskit.link.hdlc.addresses import HdlcAddress
from dlmskit.link.hdlc.parameters import DEFAULT_PARAMETERS, HdlcParameters
from dlmskit.link.hdlc.tables import LinkInput


@dataclass(frozen=True, slots=True)
class LinkTimes:
    """Times in seconds, counts in repetitions."""

    response: float = 2.0
    """A client waits so long for the answer to a poll; it must be more than the slowest action of the server takes."""
    repetitions: int = 3
    """N2: how often a client asks again before it gives up."""
    octet: float = 0.0
    """What one octet takes on the line: an answer is waited for from the last one on. 0 where the medium is not felt."""
    inter_octet: float = 1.0
    """Longest pause inside a frame."""
    poll: float = 0.2
    """Pause of a client between polls while the server has nothing to say yet."""
    busy: float = 1.0
    """Pause between polls of a peer that said RNR."""
    busy_polls: int = 30
    chain: float = 2.0
    """Longest pause inside segmented UI frames, which have no numbers."""
    inactivity: float = 120.0
    """A server forgets a link after so much silence; 0: never."""


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """What a station offers, and its times."""

    parameters: HdlcParameters = DEFAULT_PARAMETERS
    times: LinkTimes = LinkTimes()
    most_octets: int = 1 << 16
    """Largest LSDU joined from segments; also how much a peer may leave uncollected."""
    links: int = 16
    """Server only: clients served at once; one more is answered DM."""


@dataclass(frozen=True, slots=True)
class Connected(LinkUp):
    """The link is up (again)."""

    parameters: HdlcParameters
    """As agreed, seen from this end."""


@dataclass(frozen=True, slots=True)
class ReceivedUnnumbered:
    """One APDU out of UI frames: a push, a broadcast, or a request without a link; it may be lost or come twice."""

    source: HdlcAddress
    destination: HdlcAddress
    apdu: bytes
    may_answer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(LinkDown):
    """The link is gone, and with it every association on it."""

    cause: LinkInput
    """``EXHAUSTED``: nobody answered; ``DISCONNECT``, ``DISC``: as wished by an end; others: a fault."""


def ended(client: int, server: int, reason: str, cause: LinkInput) -> Ended:
    """The event for a cause."""
    return Ended(client, server, reason, silent=cause is LinkInput.EXHAUSTED, cause=cause)


LinkEvent = Connected | Received | ReceivedUnnumbered | Ended
