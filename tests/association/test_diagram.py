"""Diagrams say what the tables say."""

from __future__ import annotations

import pytest

from dlmskit.association.block_transfer import tables as blocks
from dlmskit.association.diagram import block_transfer_mermaid, mermaid
from dlmskit.association.tables import STATES, TRANSITIONS, Event, Party


@pytest.mark.parametrize("party", Party)
def test_every_row_is_drawn(party: Party) -> None:
    lines = mermaid(party).splitlines()
    assert lines[0] == "stateDiagram-v2"
    for (state, event), target in TRANSITIONS[party].items():
        if event in {Event.LOST, Event.EXPIRED}:
            assert any(line.strip().startswith("note right") and event.value in line for line in lines)
        else:
            arrow = f"    {state.name} --> {target.name} : "
            assert any(line.startswith(arrow) and event.value in line for line in lines), arrow


@pytest.mark.parametrize("party", Party)
def test_no_state_of_the_other_party(party: Party) -> None:
    text = mermaid(party)
    drawn = {line.split(" : ")[0].strip() for line in text.splitlines() if " : " in line and "-->" not in line}
    assert drawn - {f"note right of {STATES[party][0].name}"} == {state.name for state in STATES[party]}


def test_every_phase_of_block_transfer_is_drawn() -> None:
    text = block_transfer_mermaid()
    for (phase, event), target in blocks.TRANSITIONS.items():
        if event is not blocks.TransferEvent.ABORT:
            assert f"    {phase.name} --> {target.name} : {event.value}" in text
    assert all(f"    {phase.name} : {phase.value}" in text for phase in blocks.Phase)
