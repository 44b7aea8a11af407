"""The supply switch under abuse: replayed, without the right, in a state without such a transition, a thousand times (R-101)."""

from __future__ import annotations

import pytest

from dlmskit.association.ports import EventCode
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.disconnect_control import MOST_DISCONNECTIONS, PER_SECONDS, ControlState, DisconnectControl
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.server import Device, Grants
from dlmskit.types.enums import ActionResult
from dlmskit.types.obis import Obis
from tests.server.peers import MANAGEMENT, READER, Client, device_of

SWITCH, SCRIPTS = "0.0.96.3.10.255", "0.0.10.0.106.255"
OFF, ON = 1, 2
NONE = Data.integer(0)


class Supply:
    """A meter that remotely disconnects and reconnects, with a count of how often its contact moved."""

    def __init__(self, mode: int = 4) -> None:
        self.now = 0.0
        self.moved = 0
        self.switch = DisconnectControl(SWITCH, control_mode=mode)
        grants = {MANAGEMENT: Grants.parse(read=["*"], execute=["*"]), READER: Grants.parse(read=["*"])}
        switch_off = [(2, 70, SWITCH, OFF, NONE)]
        objects = [self.switch, ScriptTable(SCRIPTS, scripts=[(1, switch_off)])]
        self.device: Device = device_of(objects, grants, most_associations=8)
        self.switch.seconds = lambda: self.now
        self.device[1].tree.observers.append(self._stored)

    def _stored(self, changed: object, number: int, _: Data) -> None:
        self.moved += changed is self.switch and number == 2

    @property
    def refusals(self) -> int:
        return sum(entry.times for entry in self.device.log if entry.code is EventCode.SWITCHING_REFUSED)


@pytest.fixture
def supply() -> Supply:
    return Supply()


@pytest.mark.case("R-101")
def test_flapping_a_thousand_times(supply: Supply) -> None:
    client = Client(supply.device).open()
    results = []
    for _ in range(1000):
        results.append(client.action(70, SWITCH, OFF, NONE))
        if supply.switch.control_state == ControlState.DISCONNECTED:
            assert client.action(70, SWITCH, ON, NONE) == 0, "never refused: nobody stays without supply"
        assert supply.switch.output_state == (supply.switch.control_state == ControlState.CONNECTED)
    assert results == [0] * MOST_DISCONNECTIONS + [ActionResult.TEMPORARY_FAILURE] * (1000 - MOST_DISCONNECTIONS)
    assert supply.moved == 2 * MOST_DISCONNECTIONS
    assert supply.refusals == 1000 - MOST_DISCONNECTIONS
    assert supply.switch.output_state, "and ends with the supply on"
    supply.now = PER_SECONDS
    assert client.action(70, SWITCH, OFF, NONE) == 0


@pytest.mark.case("R-101")
def test_the_bound_holds_in_every_span_of_time(supply: Supply) -> None:
    client = Client(supply.device).open()
    times = []
    for _ in range(300):
        supply.now += PER_SECONDS / 40
        if client.action(70, SWITCH, OFF, NONE) == 0:
            times.append(supply.now)
            assert client.action(70, SWITCH, ON, NONE) == 0
    for since in times:
        assert sum(since <= time < since + PER_SECONDS for time in times) <= MOST_DISCONNECTIONS
    assert len(times) > 3 * MOST_DISCONNECTIONS


@pytest.mark.case("R-101")
def test_what_changes_nothing_does_not_count(supply: Supply) -> None:
    client = Client(supply.device).open()
    for _ in range(100):
        assert client.action(70, SWITCH, OFF, NONE) == 0
    assert supply.moved == 1


@pytest.mark.case("R-101")
def test_by_way_of_a_script(supply: Supply) -> None:
    """A script that a client starts is the client's own doing; one that the meter starts is not."""
    client = Client(supply.device).open()
    results = []
    for _ in range(50):
        results.append(client.action(9, SCRIPTS, 1, Data.long_unsigned(1)))
        client.action(70, SWITCH, ON, NONE)
    assert results == [0] * MOST_DISCONNECTIONS + [ActionResult.TEMPORARY_FAILURE] * (50 - MOST_DISCONNECTIONS)
    supply.device[1].tree.get(9, Obis(SCRIPTS)).action(1, Data.long_unsigned(1))
    assert supply.switch.control_state == ControlState.DISCONNECTED


@pytest.mark.case("R-101")
def test_the_meter_itself_is_not_bounded(supply: Supply) -> None:
    """A limiter that protects the installation switches off, however often a client did before."""
    client = Client(supply.device).open()
    for _ in range(20):
        client.action(70, SWITCH, OFF, NONE)
        client.action(70, SWITCH, ON, NONE)
    assert supply.switch.control_state == ControlState.CONNECTED
    supply.switch.action(OFF, NONE)
    assert supply.switch.control_state == ControlState.DISCONNECTED


@pytest.mark.case("R-101")
def test_without_the_right(supply: Supply) -> None:
    reader = Client(supply.device, READER).open()
    for number in (OFF, ON):
        assert reader.action(70, SWITCH, number, NONE) == ActionResult.READ_WRITE_DENIED
    assert (supply.moved, supply.switch.control_state) == (0, ControlState.CONNECTED)


@pytest.mark.case("R-101")
def test_replayed(supply: Supply) -> None:
    client = Client(supply.device).open()
    assert client.action(70, SWITCH, OFF, NONE) == 0
    replay = client.recorded[-1]
    assert client.action(70, SWITCH, ON, NONE) == 0
    for _ in range(20):
        client.send(replay)
    assert Client(supply.device).send(replay) != []
    assert (supply.moved, supply.switch.control_state) == (2, ControlState.CONNECTED)
    assert any(entry.code is EventCode.COUNTER_REPEATED for entry in supply.device.log)


@pytest.mark.case("R-101")
def test_while_somebody_at_the_meter_decides() -> None:
    """Switched off by hand in mode 5: a client may keep it off, and what he cannot do is switch it on from afar."""
    supply = Supply(mode=5)
    client = Client(supply.device).open()
    supply.switch.manual_disconnect()
    assert client.action(70, SWITCH, ON, NONE) == ActionResult.OTHER_REASON
    assert supply.switch.control_state == ControlState.READY_FOR_RECONNECTION
    assert client.action(70, SWITCH, OFF, NONE) == 0
    assert client.action(70, SWITCH, ON, NONE) == 0
    assert (supply.switch.control_state, supply.switch.output_state) == (ControlState.READY_FOR_RECONNECTION, False)
    supply.switch.manual_reconnect()
    assert supply.switch.output_state


@pytest.mark.case("R-101")
def test_always_connected() -> None:
    supply = Supply(mode=0)
    client = Client(supply.device).open()
    assert client.action(70, SWITCH, OFF, NONE) == ActionResult.OTHER_REASON
    assert supply.moved == 0
