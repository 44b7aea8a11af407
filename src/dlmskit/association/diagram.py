"""Diagrams of the state machines, written from their tables as Mermaid source for the docs: a drawing cannot lie after a year."""

from __future__ import annotations

from dlmskit.association.tables import TRANSITIONS, Event, Party, State

_EVERYWHERE = (Event.LOST, Event.EXPIRED)
"""Events that every state has; drawn once, as a note, or they would hide the rest."""


def mermaid(party: Party) -> str:
    """The state diagram of one party, as Mermaid source ending in a line feed."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.INACTIVE.name}"]
    lines += [f"    {state.name} : {state.value}" for state in State if any(state in pair for pair in TRANSITIONS[party])]
    arrows: dict[tuple[State, State], list[str]] = {}
    for (state, event), target in TRANSITIONS[party].items():
        if event not in _EVERYWHERE:
            arrows.setdefault((state, target), []).append(event.value)
    lines += [f"    {state.name} --> {target.name} : {', '.join(events)}" for (state, target), events in arrows.items()]
    always = [event.value for event in _EVERYWHERE if any(event in pair for pair in TRANSITIONS[party])]
    lines += [f"    note right of {State.INACTIVE.name} : from every state: {', '.join(always)}"]
    return "\n".join(lines) + "\n"
