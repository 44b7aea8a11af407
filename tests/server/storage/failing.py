"""A meter on a store that can be made to fail: by SQLite itself, at the end of a transaction, or by a limit of the system.

``python -m tests.server.storage.failing FOLDER`` is the last: the system refuses to make files longer, for a while.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
from pathlib import Path
from typing import Any

from dlmskit.association.credentials import Credentials
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.selective import CaptureObject
from dlmskit.security.keys import KeySet
from dlmskit.server import ClientConfig, Database, Device, Grants, LogicalDevice, StoredRows
from dlmskit.server.device import ERROR_REGISTER
from dlmskit.server.security_logs import SecurityLogs
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle
from tests.cosem.peers import StandingClock
from tests.server.keyed import DEVICE_SECRET
from tests.server.peers import KEYS, MANAGEMENT, METER, PUBLIC, Client, settings_of

NOTE, SUM, PROFILE = "0.0.96.1.1.255", "0.0.96.99.1.255", Obis("1.0.99.1.0.255")
ERRORS = str(ERROR_REGISTER)
DEPTH = 25
ALL = Grants.parse(read=["*"], write=["*"], execute=["*"])
TITLE = SystemTitle("434C490000000009")


class Seconds:
    """A clock that is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class FaultyConnection(sqlite3.Connection):
    """Where ``full`` is set, no transaction ends: the disk is full."""

    full = False

    def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
        if self.full and statement == "COMMIT":
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return super().execute(statement, *parameters)


class FailingMeter:
    """A ciphered management client and a public one, a profile that captures, and a security log."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.seconds = Seconds()
        self.database = Database(folder / "meter.sqlite", seconds=self.seconds)
        clock = StandingClock()
        self.device = Device(METER, database=self.database, clock=clock, secret=DEVICE_SECRET)
        column = CaptureObject(1, Obis(SUM), 2).to_data()
        self.profile = ProfileGeneric(
            PROFILE, rows=StoredRows(self.database, 1, PROFILE), capture_objects=Data.array([column]), profile_entries=DEPTH
        )
        zero = Data.double_long_unsigned(0)
        objects = [DataObject(NOTE, value=zero), DataObject(SUM, value=zero), self.profile]
        self.one = self.device.add(LogicalDevice(1, "LAB0000000000001", objects, clock=clock))
        log_rows = StoredRows(self.database, 1, Obis("0.0.99.98.6.255"))
        self.logs = SecurityLogs(self.one.tree, self.device.log, self.device.tally, log_rows)
        for client_sap, keys in ((MANAGEMENT, KEYS), (PUBLIC, KeySet())):
            config = ClientConfig(
                name=f"client {client_sap}",
                settings=settings_of(client_sap, server_system_title=METER),
                credentials=Credentials(keys=keys, transmit=self.device.transmit, received=self.device.received),
                most_associations=8,
            )
            self.one.admit(config, ALL, last_counter=self.device.last_counter)
        self.device.ready()

    def client(self) -> Client:
        client = Client(self.device, MANAGEMENT, TITLE)
        client.skip_counters(self.device.last_counter(KEYS) + 1)
        return client.open()

    def public(self) -> Client:
        return Client(self.device, PUBLIC).open()

    def capture(self, number: int) -> None:
        """The meter measures and captures, by itself."""
        with self.device.turn():
            self.one.tree.get(1, Obis(SUM)).store(2, Data.double_long_unsigned(number))
            self.profile.capture()
        self.device.look_at_store()

    def kill(self) -> None:
        """As the power does it."""
        self.database._file.connection.rollback()
        self.database._file.close(works=False)

    @property
    def events(self) -> list[int]:
        """Event codes of the security log."""
        return [row[1] for row in self.logs.profile.get(2).value]


def rows_of(client: Client) -> list[int]:
    return [row[0] for row in client.value(7, str(PROFILE))]


def main(folder: Path) -> dict[str, Any]:
    """What a public client sees before, while and after no file may become longer."""
    meter = FailingMeter(folder)
    public = meter.public()
    meter.capture(1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    longest = (folder / "meter.sqlite-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (longest, limits[1]))
    refused = public.set(1, NOTE, 2, Data.double_long_unsigned(7))
    for number in range(2, 40):
        meter.capture(number)
    told: dict[str, Any] = {
        "refused": refused,
        "note": public.value(1, NOTE),
        "error": public.value(1, ERRORS),
        "rows": rows_of(public),
        "reason": meter.database.failure,
    }
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    meter.seconds.now += 100
    told |= {"accepted": public.set(1, NOTE, 2, Data.double_long_unsigned(8)), "error after": public.value(1, ERRORS)}
    told["events"] = meter.events
    meter.kill()
    again = FailingMeter(folder)
    told |= {"rows after": rows_of(again.public()), "note after": again.public().value(1, NOTE), "events after": again.events}
    again.device.close()
    return told


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
