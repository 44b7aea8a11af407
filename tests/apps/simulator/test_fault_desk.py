"""Orders for meters, whoever gives them: what is done, what is refused, and what is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlmskit.apps.simulator.description import parse_description
from dlmskit.apps.simulator.fault_desk import FaultDesk, run_faults
from dlmskit.apps.simulator.fault_tables import KINDS, LASTING, Fault, read_faults
from dlmskit.apps.simulator.fleets import member
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.apps.simulator.templates import template_text
from dlmskit.apps.simulator.web.fields import CARDS


@pytest.fixture
def desk() -> Iterator[FaultDesk]:
    described = parse_description(template_text("electricity-1p"))
    meters = [SimulatedMeter(member(described, number), past=False) for number in range(3)]
    yield FaultDesk(meters)
    for meter in meters:
        meter.close()


async def test_given_ended_and_refused_are_entries(desk: FaultDesk) -> None:
    given = await desk.give(Fault(kind="loss", share=0.25, meters=(1,)), "program")
    assert (given.what, given.meters, given.words, given.by) == (
        "given",
        str(desk.meters[1].device.system_title),
        "25%",
        "program",
    )
    ended = await desk.end("loss", (), "program")
    assert (ended.what, ended.meters) == ("ended", "3 meters")
    refused = await desk.give(Fault(kind="wrong-keys"), "program")
    assert refused.what == "refused"
    assert "device_secret" in refused.words
    assert (await desk.end("reboot", (), "program")).what == "refused"
    assert (await desk.give(Fault(kind="loss", meters=(3,)), "program")).what == "refused"
    assert [entry.what for entry in desk.history] == ["given", "ended", "refused", "refused", "refused"]


async def test_what_lasts_is_active_until_it_ends(desk: FaultDesk) -> None:
    for kind in LASTING:
        await desk.give(Fault(kind=kind, meters=(0,)), "program")
        assert kind in desk.meters[0].faults.active
        assert kind not in desk.meters[1].faults.active
        await desk.end(kind, (0,), "program")
        desk.meters[0].catch_up()
        assert kind not in desk.meters[0].faults.active


async def test_power_that_is_given_back_is_back(desk: FaultDesk) -> None:
    await desk.give(Fault(kind="power-cut", seconds=10_000), "program")
    assert all(meter.faults.down and not meter.supply.on for meter in desk.meters)
    await desk.end("power-cut", (), "program")
    for meter in desk.meters:
        meter.catch_up()
        assert not meter.faults.down
        assert meter.supply.on


async def test_a_file_is_in_the_history_too(desk: FaultDesk, tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text('[[fault]]\nkind = "delay"\nmeters = [2]\n', encoding="utf-8")
    await run_faults(read_faults(file), desk)
    assert [(entry.kind, entry.by) for entry in desk.history] == [("delay", "file")]
    assert desk.meters[2].faults.late == 60


async def test_others_have_their_turn_while_many_are_done(desk: FaultDesk) -> None:
    many = FaultDesk(list(desk.meters) * 100)
    order = asyncio.ensure_future(many.give(Fault(kind="loss"), "program"))
    turns = 0
    while not order.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 5


def test_every_kind_has_a_form() -> None:
    assert sorted(card.kind for card in CARDS) == sorted(KINDS)
