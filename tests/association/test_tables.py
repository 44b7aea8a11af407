"""The life cycle tables: every pair of state and event of each party, and the rows of the standard's tables among them."""

from __future__ import annotations

from itertools import product

import pytest

from dlmskit.association.tables import STATES, TRANSITIONS, Event, Party, State, StateMachine
from dlmskit.errors import LocalProtocolError

PAIRS = [(party, state, event) for party in Party for state, event in product(STATES[party], Event)]

CLIENT_ROWS = [
    (State.INACTIVE, Event.CONNECTED, State.IDLE),
    (State.IDLE, Event.OPEN, State.ASSOCIATION_PENDING),
    (State.IDLE, Event.PRE_ESTABLISHED, State.ASSOCIATED),
    (State.ASSOCIATION_PENDING, Event.ACCEPTED, State.ASSOCIATED),
    (State.ASSOCIATION_PENDING, Event.CHALLENGED, State.HLS_PENDING),
    (State.ASSOCIATION_PENDING, Event.REFUSED, State.IDLE),
    (State.HLS_PENDING, Event.PROVED, State.ASSOCIATED),
    (State.HLS_PENDING, Event.NOT_PROVED, State.IDLE),
    (State.ASSOCIATED, Event.SERVICE, State.ASSOCIATED),
    (State.ASSOCIATED, Event.RELEASE, State.RELEASE_PENDING),
    (State.RELEASE_PENDING, Event.RELEASED, State.IDLE),
]
"""Application layer, 7.3, as printed there."""

SERVER_ROWS = [
    (State.INACTIVE, Event.CONNECTED, State.IDLE),
    (State.IDLE, Event.ACCEPTED, State.ASSOCIATED),
    (State.IDLE, Event.CHALLENGED, State.HLS_PENDING),
    (State.IDLE, Event.REFUSED, State.IDLE),
    (State.HLS_PENDING, Event.PROVED, State.ASSOCIATED),
    (State.HLS_PENDING, Event.NOT_PROVED, State.IDLE),
    (State.HLS_PENDING, Event.REOPENED, State.IDLE),
    (State.ASSOCIATED, Event.RELEASE, State.IDLE),
]
"""Application layer, 7.5, second table."""


@pytest.mark.parametrize(("party", "state", "event"), PAIRS)
def test_every_pair(party: Party, state: State, event: Event) -> None:
    """A pair either moves to a state of this party or is refused and moves nothing."""
    machine = StateMachine(party, state)
    target = TRANSITIONS[party].get((state, event))
    assert machine.allows(event) is (target is not None)
    if target is None:
        with pytest.raises(LocalProtocolError, match=event.value):
            machine.fire(event)
        assert machine.state is state
    else:
        assert target in STATES[party]
        assert machine.fire(event) is target
        assert machine.state is target


@pytest.mark.parametrize(
    ("party", "row"), [(Party.CLIENT, row) for row in CLIENT_ROWS] + [(Party.SERVER, row) for row in SERVER_ROWS]
)
def test_rows_of_the_standard(party: Party, row: tuple[State, Event, State]) -> None:
    state, event, target = row
    assert TRANSITIONS[party][state, event] is target


@pytest.mark.parametrize("party", Party)
def test_the_lower_layer_may_be_lost_everywhere(party: Party) -> None:
    assert all(TRANSITIONS[party][state, Event.LOST] is State.INACTIVE for state in STATES[party])


@pytest.mark.parametrize("party", Party)
def test_associated_is_reached_through_authentication_alone(party: Party) -> None:
    """Nothing leads to "associated" but an AARE that accepts, a proof, or the configuration."""
    events = {
        event for (state, event), target in TRANSITIONS[party].items() if target is State.ASSOCIATED and state is not target
    }
    assert events == {Event.ACCEPTED, Event.PROVED, Event.PRE_ESTABLISHED}


@pytest.mark.parametrize("party", Party)
def test_every_state_can_be_reached_and_left(party: Party) -> None:
    reached = {State.INACTIVE}
    while True:
        further = {target for (state, _), target in TRANSITIONS[party].items() if state in reached} | reached
        if further == reached:
            break
        reached = further
    assert reached == set(STATES[party])
