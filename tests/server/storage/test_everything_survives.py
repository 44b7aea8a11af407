"""A power cut at any statement of whatever changes a meter: the file has the whole change or nothing of it (R-099).

One request, and one moment of the timetable, is one change. What the meter shows after the cut is compared with what it showed
before the change and with what it shows after one that was not cut; and what is in memory after it with what is in the file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dlmskit.apps.simulator.mechanisms import PrepaymentTable
from dlmskit.apps.simulator.payment import ACCOUNT, ENERGY, ENERGY_CHARGE, GATEWAY, SWITCH, TOKEN_CREDIT, Tokens, add_payment
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.activity_calendar import ActivityCalendar
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.communication_port_protection import CommunicationPortProtection
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.image_transfer import ImageTransfer
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.push_setup import PushSetup
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.classes.register_activation import RegisterActivation
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.cosem.classes.single_action_schedule import SingleActionSchedule
from dlmskit.cosem.selective import CaptureObject
from dlmskit.errors import DlmsError
from dlmskit.security.payment_tokens import make_token, token_key
from dlmskit.server import ClientConfig, Database, Device, Grants, LogicalDevice, StoredRows
from dlmskit.server.firmware import FirmwareKeeper
from dlmskit.server.living import Life
from dlmskit.server.security_logs import SecurityLogs
from dlmskit.server.storage import StoredImage
from dlmskit.types.datetime import CosemDate, CosemTime
from dlmskit.types.obis import Obis
from tests.cosem.peers import StandingClock
from tests.server.peers import METER, PUBLIC, Client, settings_of
from tests.server.storage.test_images import MAKER
from tests.server.storage.test_key_crash import FragileDatabase, PowerCut

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)
TARIFF, SCRIPTS, SCHEDULE, CALENDAR = "0.0.14.0.0.255", "0.0.10.0.100.255", "0.0.15.0.0.255", "0.0.13.0.0.255"
IMAGE, LOAD, PORT, PUSH, NOTE = "0.0.44.0.0.255", "1.0.99.1.0.255", "0.0.44.2.0.255", "0.7.25.9.0.255", "0.0.96.1.1.255"
LINE = Obis("0.0.20.0.0.255")
KEY = token_key("00" * 16)
NONE = Data.integer(0)


class Meter:
    """A prepaid meter with a calendar, a schedule, a load profile, an image, a guarded port and a security log."""

    def __init__(self, folder: Path, kind: type[Database], start: datetime = NOON) -> None:
        self.database = database = kind(folder / "meter.sqlite")
        database._file.connection.execute(
            "PRAGMA synchronous = OFF"
        )  # what is cut is the process: the disk need not be waited for
        self.time = clock = StandingClock(start)
        self.seconds = 0.0
        self.device = Device(METER, database=database, clock=clock, seconds=lambda: self.seconds)
        self.energy = Register(ENERGY, value=Data.double_long_unsigned(100_000), scaler_unit=(0, 30))
        at_one = [(CosemTime.of(13, 0, 0, 0).octets, CosemDate.of().octets)]
        objects = [
            Clock(), self.energy, DataObject(NOTE, value=Data.unsigned(0)),
            ScriptTable(SCRIPTS, scripts=[(1, [(1, 6, TARIFF, 4, Data.octet_string(b"night"))])]),
            SingleActionSchedule(SCHEDULE, executed_script=(SCRIPTS, 1), type=1, execution_time=at_one),
            RegisterActivation(TARIFF, mask_list=[(b"night", [1])], active_mask=b"day"),
            ActivityCalendar(CALENDAR, calendar_name_active=b"old", calendar_name_passive=b"new"),
            ImageTransfer(
                IMAGE, store=StoredImage(database, 1, Obis(IMAGE)), keeper=FirmwareKeeper(database, MAKER.public, "SP-100", 1),
                image_block_size=64, image_transfer_enabled=True,
            ),
            ProfileGeneric(
                LOAD, rows=StoredRows(database, 1, Obis(LOAD)), profile_entries=3,
                capture_objects=Data.array([CaptureObject(3, ENERGY, 2).to_data()]),
            ),
            CommunicationPortProtection(PORT, port_reference=LINE.octets, initial_lockout_time=60),
            PushSetup(PUSH),
        ]  # fmt: skip
        self.one = self.device.add(LogicalDevice(1, "LAB0000000000001", objects, clock=clock))
        table = PrepaymentTable(credit=1000, price_per_kwh=30, collect_seconds=900)
        account = add_payment(table, self.one.tree, Tokens(KEY, METER, database))
        log = StoredRows(database, 1, Obis("0.0.99.98.6.255"))
        self.logs = SecurityLogs(self.one.tree, self.device.log, self.device.tally, log)
        config = ClientConfig(name="anybody", settings=settings_of(PUBLIC, server_system_title=METER), most_associations=99)
        self.one.admit(config, Grants.parse(read=["*"], write=["*"], execute=["*"]))
        self.device.ready()
        self.life = Life(self.device)
        with self.device.turn():
            account.settle()

    def ask(self, act: Callable[[Client], int]) -> None:
        assert act(Client(self.device, PUBLIC).open()) == 0

    def live(self, minutes: int, used: int = 0) -> None:
        """The time passes, and energy flows."""
        self.time.moment += timedelta(minutes=minutes)
        with self.device.turn():
            self.energy.value = self.energy.value + used
            self.life.advance()

    def prepare(self) -> None:
        """Something to lose: consumption was seen, rows are there, an image has begun."""
        self.live(15)
        for number in range(3):
            self.live(1, number)
            with self.device.turn():
                self.one.tree.get(7, Obis(LOAD)).action(2, NONE)
        begin = Data.structure([Data.octet_string(b"v2"), Data.double_long_unsigned(128)])
        self.ask(lambda client: client.action(18, IMAGE, 1, begin))

    def shows(self) -> dict[Any, bytes]:
        """Everything that is not computed anew or a matter of a connection."""
        found = {}
        for one in self.one.tree:
            for number, declared in one.attributes.items():
                volatile = one.class_id in {8, 12, 15} or declared.secret
                if not volatile and not (one.class_id == 124 and number == 8):
                    found[one.class_id, str(one.obis), number] = seen(one, number)
        return found

    def restarted(self, folder: Path) -> dict[Any, bytes]:
        """What a meter shows that comes up from this state."""
        again = Meter(folder, Database, self.time.moment)
        shown = again.shows()
        shown["locked"] = b"%d" % (not again.device._guards[LINE].open)
        shown["timetable"] = repr(
            again.database.read("SELECT * FROM note WHERE name LIKE 'lived%' OR name LIKE 'charge%'")
        ).encode()
        shown["tokens"] = (again.database.note("payment tokens") or "").encode()
        again.database._file.close(works=False)
        return shown


def seen(one: Any, number: int) -> bytes:
    try:
        octets: bytes = one.get(number).octets
    except DlmsError as error:
        return str(error).encode()
    return octets


def asked(class_id: int, name: object, number: int, parameter: Data = NONE) -> Callable[[Meter], None]:
    return lambda meter: meter.ask(lambda client: client.action(class_id, str(name), number, parameter))


def written(class_id: int, name: object, number: int, value: Data) -> Callable[[Meter], None]:
    return lambda meter: meter.ask(lambda client: client.set(class_id, str(name), number, value))


def two_at_once(meter: Meter) -> None:
    client = Client(meter.device, PUBLIC).open()
    items = [(1, NOTE, 2), (6, TARIFF, 4)]
    assert client.set_list(items, [Data.unsigned(9), Data.octet_string(b"night")]) == [0, 0]


def locked_out(meter: Meter) -> None:
    with meter.device.turn():
        protection = meter.one.tree.get(124, Obis(PORT))
        assert isinstance(protection, CommunicationPortProtection)
        protection.failed()


def captured(meter: Meter) -> None:
    with meter.device.turn():
        meter.energy.value = meter.energy.value + 5
        meter.one.tree.get(7, Obis(LOAD)).action(2, NONE)


BLOCK = Data.structure([Data.double_long_unsigned(1), Data.octet_string(bytes(64))])
TOKEN = Data.octet_string(make_token(KEY, METER, 7, 500))
CHANGES: dict[str, Callable[[Meter], None]] = {
    "image block": asked(18, IMAGE, 2, BLOCK),
    "image begun anew": asked(18, IMAGE, 1, Data.structure([Data.octet_string(b"v3"), Data.double_long_unsigned(64)])),
    "security log emptied": asked(7, "0.0.99.98.6.255", 1),
    "row captured": captured,
    "token": asked(115, GATEWAY, 1, TOKEN),
    "consumption collected": lambda meter: meter.live(15, 10_007),
    "collected at once": asked(113, ENERGY_CHARGE, 3),
    "account closed": asked(111, ACCOUNT, 2),
    "schedule reached": lambda meter: meter.live(60),
    "schedule written": written(22, SCHEDULE, 4, Data.array([])),
    "calendar activated": asked(20, CALENDAR, 1),
    "port locked": locked_out,
    "disconnected": asked(70, SWITCH, 1),
    "mask activated": written(6, TARIFF, 4, Data.octet_string(b"night")),
    "mask added": asked(6, TARIFF, 2, Data.structure([Data.octet_string(b"noon"), Data.array([Data.unsigned(1)])])),
    "push configured": written(40, PUSH, 5, Data.long_unsigned(7)),
    "two objects in one request": two_at_once,
}


@pytest.mark.case("R-099")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_whole_change_or_nothing(tmp_path: Path, change: Callable[[Meter], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    before, after, count = uncut(tmp_path, change)
    assert before != after
    outcomes = []
    for cut in range(count + 1):
        folder = tmp_path / str(cut)
        folder.mkdir()
        meter = Meter(folder, FragileDatabase)
        database = meter.database
        assert isinstance(database, FragileDatabase)
        meter.prepare()
        database.left = cut
        with suppress(PowerCut):
            change(meter)
        database.cut()
        found = meter.restarted(folder)
        assert found in (before, after), f"torn at statement {cut}: {torn(found, before, after)}"
        outcomes.append("after" if found == after else "before")
    assert outcomes[0] == "before"
    assert outcomes[-1] == "after"
    assert outcomes == sorted(outcomes, reverse=True), "from one statement on it is there"


def uncut(folder: Path, change: Callable[[Meter], None]) -> tuple[dict[Any, bytes], dict[Any, bytes], int]:
    """What is shown without the change and with it, and its statements; memory and file agree on it."""
    folders = folder / "without", folder / "with"
    for one in folders:
        one.mkdir()
    without, changed = (Meter(one, FragileDatabase) for one in folders)
    without.prepare()
    changed.prepare()
    assert isinstance(changed.database, FragileDatabase)
    assert isinstance(without.database, FragileDatabase)
    begun = changed.database.statements
    change(changed)
    count = changed.database.statements - begun
    without.time.moment = changed.time.moment
    in_memory = changed.shows()
    for meter in (without, changed):
        meter.database.cut()  # type: ignore[attr-defined]
    after = changed.restarted(folders[1])
    assert {key: after[key] for key in in_memory} == in_memory
    return without.restarted(folders[0]), after, count


def torn(found: dict[Any, bytes], before: dict[Any, bytes], after: dict[Any, bytes]) -> str:
    return str([(key, found[key], before[key], after[key]) for key in found if found[key] != before[key]])


@pytest.mark.case("R-099")
def test_what_was_consumed_before_a_power_cut_is_paid_after_it(tmp_path: Path) -> None:
    """Between two collections the meter counts 10 kWh and loses its power: they are collected once, when it is back."""
    meter = Meter(tmp_path, FragileDatabase)
    meter.live(15)
    credit = meter.one.tree.get(112, TOKEN_CREDIT)
    assert credit.get(2).value == 1000
    with meter.device.turn():
        meter.energy.value = meter.energy.value + 10_000
    meter.database.cut()  # type: ignore[attr-defined]
    again = Meter(tmp_path, Database, meter.time.moment)
    credit = again.one.tree.get(112, TOKEN_CREDIT)
    again.live(15)
    assert credit.get(2).value == 1000 - 300
    again.live(15)
    assert credit.get(2).value == 1000 - 300
    again.device.close()
