"""A meter that works until it is killed: ``python -m tests.server.storage.victim FOLDER``, driven by test_power_loss.

Every turn is one request of a client over the real connection handler, and a line on standard output when its answer has
"left": what the world knows of this meter. The rows hold the number of their turn twice, the values change in pairs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.selective import CaptureObject
from dlmskit.server import Database, Device, Grants, StoredRows
from dlmskit.server.storage import StoredCounters
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle
from tests.server.peers import KEYS, MANAGEMENT, METER, Client, device_of

NUMBER, PROFILE = Obis("0.0.96.99.1.255"), Obis("1.0.99.1.0.255")
TITLE = SystemTitle("434C490000000009")
DEPTH = 25
TURN = Obis("0.0.96.99.2.255")


class Numbered(DataObject):
    """Writing it captures a row and changes a second object: one request that must be one change."""

    value = DataObject.value.retyped("any")

    @value.writer
    def _write(self, value: Data, request: object) -> None:
        self.store(2, value)
        profile = self.tree.get(7, PROFILE)
        profile.action(2, Data.integer(0))
        self.tree.get(1, TURN).store(2, value)


def meter(folder: Path) -> Device:
    database = Database(folder / "meter.sqlite")
    column = CaptureObject(1, NUMBER, 2).to_data()
    rows = StoredRows(database, 1, PROFILE)
    profile = ProfileGeneric(PROFILE, rows=rows, capture_objects=Data.array([column, column]), profile_entries=DEPTH)
    zero = Data.double_long_unsigned(0)
    objects = [Numbered(NUMBER, value=zero), DataObject(TURN, value=zero), profile]
    grants = {MANAGEMENT: Grants.parse(read=["*"], write=["*"], execute=["*"])}
    return device_of(objects, grants, database)


def main(folder: Path) -> None:
    """Work for ever."""
    device = meter(folder)
    assert device.database is not None
    key = KEYS.guek
    assert key is not None
    sent_name = f"{key.fingerprint}:{METER}"
    client = Client(device, MANAGEMENT, TITLE)
    client.skip_counters(device.last_counter(KEYS) + 1)
    client.open()
    turn = int(client.value(1, str(NUMBER)))
    while True:
        turn += 1
        assert client.set(1, str(NUMBER), 2, Data.double_long_unsigned(turn)) == 0
        sent = StoredCounters(device.database).next_unreserved(sent_name)
        counter = int.from_bytes(client.answered[-1][3:7])
        print(turn, device.last_counter(KEYS), counter, sent, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
