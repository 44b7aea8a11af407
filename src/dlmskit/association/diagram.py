"""Diagrams of the state machines, written from their tables as Mermaid source for the docs: a drawing cannot lie after a year."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from typing import TypeVar

from dlmskit.association.block_transfer import tables as blocks
from dlmskit.association.tables import TRANSITIONS, Event, Party, State

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)

_EVERYWHERE = (Event.LOST, Event.EXPIRED)
"""Events that every state has; drawn once, as a note, or they would hide the rest."""


def mermaid(party: Party) -> str:
    """The state diagram of an association as one party sees it, as Mermaid source ending in a line feed."""
    return _drawn(State.INACTIVE, State, TRANSITIONS[party], _EVERYWHERE)


def block_transfer_mermaid() -> str:
    """The state diagram of one exchange by general block transfer."""
    return _drawn(blocks.Phase.IDLE, blocks.Phase, blocks.TRANSITIONS, (blocks.TransferEvent.ABORT,))


def _drawn(first: S, states: type[S], transitions: Mapping[tuple[S, E], S], everywhere: Collection[E]) -> str:
    lines = ["stateDiagram-v2", f"    [*] --> {first.name}"]
    known = {state for pair in transitions for state in (pair[0], transitions[pair])}
    lines += [f"    {state.name} : {state.value}" for state in states if state in known]
    arrows: dict[tuple[S, S], list[str]] = {}
    for (state, event), target in transitions.items():
        if event not in everywhere:
            arrows.setdefault((state, target), []).append(event.value)
    lines += [f"    {state.name} --> {target.name} : {', '.join(events)}" for (state, target), events in arrows.items()]
    always = [event.value for event in everywhere if any(event is pair[1] for pair in transitions)]
    lines += [f"    note right of {first.name} : from every state: {', '.join(always)}"]
    return "\n".join(lines) + "\n"
