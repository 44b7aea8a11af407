"""The phases of one confirmed exchange as data, for both parties: who begins goes down the left, who is asked down the right.

Read a row as: in this phase, on this event, go there. What is not in the table does not move the exchange; asked for by our own
caller it is a `LocalProtocolError`.
"""

from __future__ import annotations

from dlmskit.types.identity import IdentityEnum


class Phase(IdentityEnum):
    """Where an exchange is; the values are for people."""

    IDLE = "nothing sent, nothing received"
    SENDING = "own APDU on its way"
    WAITING = "own APDU acknowledged, the peer's not begun"
    RECEIVING = "the peer's APDU on its way"
    COMPLETE = "the peer's APDU whole"
    ANSWERING = "the answer on its way"
    DONE = "the answer acknowledged"
    ABORTED = "aborted"


class TransferEvent(IdentityEnum):
    """What moves an exchange."""

    SEND = "own APDU or its first part"
    ACKNOWLEDGED = "last own block acknowledged"
    BLOCK = "block with data"
    WHOLE = "last block, no gap"
    ABORT = "abort, impossible number, too much, or no progress"


TRANSITIONS: dict[tuple[Phase, TransferEvent], Phase] = {
    (Phase.IDLE, TransferEvent.SEND): Phase.SENDING,
    (Phase.SENDING, TransferEvent.ACKNOWLEDGED): Phase.WAITING,
    (Phase.SENDING, TransferEvent.WHOLE): Phase.COMPLETE,
    (Phase.WAITING, TransferEvent.BLOCK): Phase.RECEIVING,
    (Phase.IDLE, TransferEvent.BLOCK): Phase.RECEIVING,
    (Phase.RECEIVING, TransferEvent.WHOLE): Phase.COMPLETE,
    (Phase.COMPLETE, TransferEvent.SEND): Phase.ANSWERING,
    (Phase.ANSWERING, TransferEvent.ACKNOWLEDGED): Phase.DONE,
    **{(phase, TransferEvent.ABORT): Phase.ABORTED for phase in Phase if phase is not Phase.ABORTED},
}
"""Where an exchange goes from a phase on an event."""
