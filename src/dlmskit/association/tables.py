"""The life cycle of an association as data, for both parties (application layer, 7.3 and 7.5: client and server).

Read a row as: this party, in this state, on this event, goes there. What is not in the table cannot happen; asked for by our
own caller it is a `LocalProtocolError`. What a peer may send when, and what is owed for the rest, stands in
`dlmskit.association.inputs`. All that moves the state of an association goes through `StateMachine.fire`.
"""

from __future__ import annotations

from dlmskit.errors import LocalProtocolError
from dlmskit.types.identity import IdentityEnum


class Party(IdentityEnum):
    """Whose view of the association it is."""

    CLIENT = "client"
    SERVER = "server"


class State(IdentityEnum):
    """Where an association is; the values are for people."""

    INACTIVE = "inactive"
    """The lower layer is not connected."""
    IDLE = "idle"
    """Connected, no association."""
    ASSOCIATION_PENDING = "association pending"
    """Client only: the AARQ is on its way. A server answers at once."""
    HLS_PENDING = "HLS pending"
    """Challenges are exchanged; nothing but reply_to_HLS_authentication may pass."""
    ASSOCIATED = "associated"
    RELEASE_PENDING = "release pending"
    """Client only: the RLRQ is on its way."""


class Event(IdentityEnum):
    """What moves an association."""

    CONNECTED = "lower layer connected"
    """For datagrams: the pair of SAPs is seen for the first time."""
    PRE_ESTABLISHED = "pre-established"
    """The association is configured and needs no AARQ."""
    OPEN = "AARQ sent"
    ACCEPTED = "AARE accepts"
    """Without authentication, or with the password of LLS."""
    CHALLENGED = "AARE accepts, HLS goes on"
    REFUSED = "AARE refuses"
    """For the client also: an error in its place, a time-out, an AARE that does not pass the checks."""
    PROVED = "peer proved itself"
    NOT_PROVED = "peer did not prove itself"
    """Wrong, refused, or not in time."""
    SERVICE = "request"
    REOPENED = "another AARQ"
    RELEASE = "RLRQ"
    """Sent by the client, or accepted by the server."""
    RELEASED = "RLRE, error or time-out"
    EXPIRED = "nothing heard for too long"
    LOST = "lower layer lost"


_CLIENT: dict[tuple[State, Event], State] = {
    (State.INACTIVE, Event.CONNECTED): State.IDLE,
    (State.IDLE, Event.OPEN): State.ASSOCIATION_PENDING,
    (State.IDLE, Event.PRE_ESTABLISHED): State.ASSOCIATED,
    (State.ASSOCIATION_PENDING, Event.ACCEPTED): State.ASSOCIATED,
    (State.ASSOCIATION_PENDING, Event.CHALLENGED): State.HLS_PENDING,
    (State.ASSOCIATION_PENDING, Event.REFUSED): State.IDLE,
    (State.HLS_PENDING, Event.PROVED): State.ASSOCIATED,
    (State.HLS_PENDING, Event.NOT_PROVED): State.IDLE,
    (State.ASSOCIATED, Event.SERVICE): State.ASSOCIATED,
    (State.ASSOCIATED, Event.RELEASE): State.RELEASE_PENDING,
    (State.RELEASE_PENDING, Event.RELEASED): State.IDLE,
    **{(state, Event.LOST): State.INACTIVE for state in State},
}

_SERVER_STATES = (State.INACTIVE, State.IDLE, State.HLS_PENDING, State.ASSOCIATED)

_SERVER: dict[tuple[State, Event], State] = {
    (State.INACTIVE, Event.CONNECTED): State.IDLE,
    (State.IDLE, Event.PRE_ESTABLISHED): State.ASSOCIATED,
    (State.IDLE, Event.ACCEPTED): State.ASSOCIATED,
    (State.IDLE, Event.CHALLENGED): State.HLS_PENDING,
    (State.IDLE, Event.REFUSED): State.IDLE,
    (State.HLS_PENDING, Event.PROVED): State.ASSOCIATED,
    (State.HLS_PENDING, Event.NOT_PROVED): State.IDLE,
    (State.HLS_PENDING, Event.REOPENED): State.IDLE,
    (State.ASSOCIATED, Event.SERVICE): State.ASSOCIATED,
    (State.ASSOCIATED, Event.REOPENED): State.IDLE,
    (State.ASSOCIATED, Event.RELEASE): State.IDLE,
    **{(state, Event.EXPIRED): State.INACTIVE for state in _SERVER_STATES},
    **{(state, Event.LOST): State.INACTIVE for state in _SERVER_STATES},
}

TRANSITIONS: dict[Party, dict[tuple[State, Event], State]] = {Party.CLIENT: _CLIENT, Party.SERVER: _SERVER}
"""Where each party goes from a state on an event. A pair that is not here cannot happen."""

STATES: dict[Party, tuple[State, ...]] = {Party.CLIENT: tuple(State), Party.SERVER: _SERVER_STATES}
"""The states that each party knows."""


class StateMachine:
    """The state of one association. It knows no more than its table."""

    __slots__ = ("_transitions", "party", "state")

    def __init__(self, party: Party, state: State = State.IDLE) -> None:
        self.party = party
        self.state = state
        self._transitions = TRANSITIONS[party]

    def allows(self, event: Event) -> bool:
        """Whether the table has this event in the present state."""
        return (self.state, event) in self._transitions

    def require(self, event: Event) -> None:
        """Raise LocalProtocolError where the present state does not allow ``event``."""
        if not self.allows(event):
            raise self._impossible(event)

    def fire(self, event: Event) -> State:
        """Move, and return the new state. Raises LocalProtocolError where the table has no such row."""
        target = self._transitions.get((self.state, event))
        if target is None:
            raise self._impossible(event)
        self.state = target
        return target

    def _impossible(self, event: Event) -> LocalProtocolError:
        return LocalProtocolError(f"not possible for a {self.party.value} that is {self.state.value}: {event.value}")
