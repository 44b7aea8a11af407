"""A physical device: its logical devices, its system title and its log; it makes a handler for every connection.

The same device serves any number of listeners of any transport. Everything runs in one thread; a request is one turn,
and what it changes is on the disk before its answer leaves.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial

from dlmskit.association.ports import AssociationEvent, Clock, EventCode, MessageTally, Random
from dlmskit.association.server.association import ServerAssociation
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.data_protection import DataProtection
from dlmskit.cosem.classes.disconnect_control import DisconnectControlV0
from dlmskit.cosem.classes.sap_assignment import SapAssignment
from dlmskit.cosem.objects import ObjectTree, UtcClock
from dlmskit.errors import ConfigError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security import suite_of
from dlmskit.security.counters import CounterStore, MemoryCounterStore, TransmitCounters
from dlmskit.security.keys import KeySet, Secret
from dlmskit.security.windows import ReceivedCounters
from dlmskit.server.certificate_store import Surroundings
from dlmskit.server.clients import AdmittedClient
from dlmskit.server.connection import DeviceConnection
from dlmskit.server.data_protection import Asking, Protector, Report
from dlmskit.server.events import SecurityLog
from dlmskit.server.logical_device import LogicalDevice
from dlmskit.server.ports import UNGUARDED, PortGuard, guards_of
from dlmskit.server.storage import (
    Database,
    MemorySecrets,
    NoSecrets,
    SealedSecrets,
    SecretStore,
    StoredCounters,
    StoredValues,
    StoredWindows,
)
from dlmskit.server.windows import MemoryWindows
from dlmskit.transport.base import Connection
from dlmskit.types.obis import Obis
from dlmskit.types.sap import MANAGEMENT_LOGICAL_DEVICE, is_broadcast
from dlmskit.types.system_title import SystemTitle

SAP_ASSIGNMENT = Obis("0.0.41.0.0.255")
ERROR_REGISTER = Obis("0.0.97.97.0.255")
NV_MEMORY_ERROR = 1 << 10
"""In the error register, where IDIS meters have it (no second source): the store fails, or was corrupt at the start."""


class WallClock:
    """The clock of the machine."""

    def utc_now(self) -> datetime:
        """The time now, in UTC."""
        return datetime.now(UTC)


class Device:
    """A meter, or whatever else serves COSEM objects.

    With a ``database`` its state survives the process; keys that a client changes survive with it where there is a ``secret``
    of the device to seal them under, and are not changed where there is none. ``transmit`` and ``received`` are the counters
    for the credentials of its clients; ``counters`` keeps those of sent messages in place of the database. Call `ready` when
    everything is added; `connected` is the handler factory for listeners.
    """

    def __init__(
        self,
        system_title: SystemTitle,
        *,
        database: Database | None = None,
        clock: UtcClock | None = None,
        random: Random = secrets.token_bytes,
        seconds: Clock = time.monotonic,
        limits: Limits = DEFAULT,
        secret: Secret | None = None,
        counters: CounterStore | None = None,
    ) -> None:
        self.system_title = system_title
        self.database = database
        self.clock = clock or WallClock()
        self.random = random
        self.seconds = seconds
        self.limits = limits
        self.log = SecurityLog(self.clock)
        self.tally = MessageTally()
        """Ciphered messages of all clients."""
        self.windows = MemoryWindows() if database is None else StoredWindows(database)
        if counters is None:
            counters = MemoryCounterStore() if database is None else StoredCounters(database)
        self.transmit = TransmitCounters(counters, on_wear=self._worn)
        self.received = ReceivedCounters(self.windows, begins_at=0 if database is None else database.lowest)
        self.turn: Callable[[], AbstractContextManager[None]] = nullcontext if database is None else database.transaction
        self.secrets = self._secret_store(secret)
        self.port = ""
        """Of the connection whose request is served, or was last."""
        self._new: set[AdmittedClient] = set()
        self.unsettled: set[AdmittedClient] = set()
        """Clients whose keys or policy have changed, and whose associations do not all know it yet."""
        self._logical_devices: dict[int, LogicalDevice] = {}
        self._guards: dict[Obis, PortGuard] = {}
        self._store_failed = False
        self.lines: dict[Obis, dict[Connection, None]] = {}
        """Open connections by port, oldest first: pushes over a line go to them."""
        if database is not None:
            database.on_failure.append(self.transmit.look_again)
            database.claim("system title", str(system_title), "give the state another folder, or delete it")

    def _worn(self, counter: str, number: int) -> None:
        self._note(EventCode.COUNTER_WEAR, f"{counter} is at {number}")

    def _note(self, code: EventCode, detail: str) -> None:
        """Something that is of no client and came over no port; what the log keeps of it is one change."""
        with self.turn():
            self.log.add(AssociationEvent(code=code, client_sap=0, server_sap=0, detail=detail), "this device")

    @property
    def error_word(self) -> int:
        """What the error register shows."""
        database = self.database
        return NV_MEMORY_ERROR if database is not None and (database.failure or database.set_aside is not None) else 0

    def look_at_store(self) -> None:
        """Enter it into the log when the store fails, and when it works again. Between two turns."""
        failure = "" if self.database is None else self.database.failure
        if bool(failure) != self._store_failed:
            self._store_failed = bool(failure)
            self._note(EventCode.STORE_FAILED if failure else EventCode.STORE_RECOVERED, failure)

    def add(self, logical_device: LogicalDevice) -> LogicalDevice:
        """Take a logical device in; ConfigError where its SAP or name is taken."""
        for other in self:
            if logical_device.sap == other.sap or logical_device.name == other.name:
                raise ConfigError(f"two logical devices with SAP {logical_device.sap} or name {logical_device.name}")
        self._logical_devices[logical_device.sap] = logical_device
        return logical_device

    def __iter__(self) -> Iterator[LogicalDevice]:
        return iter(self._logical_devices.values())

    def __getitem__(self, sap: int) -> LogicalDevice:
        return self._logical_devices[sap]

    def last_counter(self, keys: KeySet) -> int:
        """The highest invocation counter received under the unicast key of ``keys``; 0 where none was."""
        return 0 if keys.guek is None else self.windows.highest(keys.guek.fingerprint)

    def ready(self) -> None:
        """Everything is added: list the logical devices, match the rights, take the kept values back.

        Raises ConfigError where there is no management logical device.
        """
        management = self._logical_devices.get(MANAGEMENT_LOGICAL_DEVICE)
        if management is None:
            raise ConfigError("a device needs the management logical device, SAP 1")
        if (17, SAP_ASSIGNMENT) not in management.tree:
            listed = [(one.sap, one.name.encode()) for one in self]
            management.tree.add(SapAssignment(SAP_ASSIGNMENT, sap_assignment_list=listed))
        self._show_errors(management.tree)
        for logical_device in self:
            logical_device.current.promise = None if self.database is None else self.database.promise
            for client in logical_device.clients.values():
                client.equip(self.secrets, self._surroundings(logical_device, client))
            self._protect_data(logical_device)
            logical_device.refresh_roles()
            if self.database is not None:
                StoredValues(self.database, logical_device.sap).attach(logical_device.tree)
            for client in logical_device.clients.values():
                client.govern()
                client.keys.on_change = partial(self._changed, client)
        self._guards = guards_of(self, self.seconds, self.database)
        self._watch_switches()
        self._note_start()

    def _watch_switches(self) -> None:
        for logical_device in self:
            for switch in logical_device.tree.of(DisconnectControlV0):
                switch.seconds = self.seconds
                report = self._reporter(logical_device)
                switch.on_flapping = partial(report, EventCode.SWITCHING_REFUSED, f"{switch.obis}: too often", None)

    def _note_start(self) -> None:
        """What happened to the state before there was a log to enter it into."""
        database = self.database
        if database is not None and database.set_aside is not None:
            self._note(EventCode.STORE_FAILED, f"corrupt: kept as {database.set_aside.name}, and the last good copy is used")
        if database is not None and database.restored:
            self._note(EventCode.COUNTERS_LEAPT, f"{database.path} is not the file that was written last")

    def _show_errors(self, tree: ObjectTree) -> None:
        """Put the error register in, or our bits into the one that is there. RAM does not fail."""
        if self.database is None or not self.database.on_disk:
            return
        if (1, ERROR_REGISTER) not in tree:
            tree.add(DataObject(ERROR_REGISTER, value=Data.double_long_unsigned(0)))
        register = tree.get(1, ERROR_REGISTER)
        register.feed("value", lambda: register.stored(2).value | self.error_word)

    def _protect_data(self, logical_device: LogicalDevice) -> None:
        """Put keys and rights behind the data protection objects."""
        for one in logical_device.tree.of(DataProtection):
            one.protector = Protector(
                logical_device.tree,
                self.system_title,
                lambda: logical_device.third_party_roles,
                partial(self._asking, logical_device),
                self._reporter(logical_device),
            )

    def _asking(self, logical_device: LogicalDevice) -> Asking | None:
        """The client whose request is served, with the keys that it has now."""
        request = logical_device.current.request
        client = None if request is None else logical_device.clients.get(request.associated.context.client_sap)
        if client is None:
            return None
        suite = suite_of(client.settings.security_suite)
        return Asking(logical_device.current.client_title, client.keys.candidates()[0], suite)

    def settle(self, requesting: ServerAssociation | None) -> None:
        """An answer is made: what has changed for its client, or through it for others, is in force from now on."""
        for client in tuple(self.unsettled):
            if client in self._new:
                self._new.discard(client)
                client.changed(requesting)
            if client.settle():
                self.unsettled.discard(client)

    def _changed(self, client: AdmittedClient) -> None:
        self._new.add(client)
        self.unsettled.add(client)

    def _secret_store(self, secret: Secret | None) -> SecretStore:
        if self.database is None:
            return MemorySecrets()
        return NoSecrets() if secret is None else SealedSecrets(self.database, secret, self.system_title, self.random)

    def _surroundings(self, logical_device: LogicalDevice, client: AdmittedClient) -> Surroundings:
        return Surroundings(
            current=logical_device.current,
            client_title=lambda: client.title,
            random=self.random,
            now=self.clock.utc_now,
            report=self._reporter(logical_device, client),
        )

    def _reporter(self, logical_device: LogicalDevice, client: AdmittedClient | None = None) -> Report:
        """Enters what objects report, as of a client, or of the one whose request is served."""

        def report(code: EventCode, detail: str, error: BaseException | None) -> None:
            request = logical_device.current.request
            asking = 0 if request is None else request.associated.context.client_sap
            event = AssociationEvent(
                code=code,
                client_sap=asking if client is None else client.settings.client_sap,
                server_sap=logical_device.sap,
                peer_title=logical_device.current.client_title,
                detail=detail,
                error=error,
            )
            self.log.add(event, self.port)

        return report

    def client(self, client_sap: int, server_sap: int) -> AdmittedClient | None:
        """The client of that SAP at that logical device; None where either does not exist.

        What is sent to all stations is for the broadcast client of the management logical device.
        """
        reached = MANAGEMENT_LOGICAL_DEVICE if is_broadcast(server_sap) else server_sap
        logical_device = self._logical_devices.get(reached)
        found = None if logical_device is None else logical_device.clients.get(client_sap)
        return found if found is not None and found.settings.server_sap == server_sap else None

    def connected(self, connection: Connection) -> DeviceConnection:
        """The handler of a new connection, on a port that nothing protects."""
        return DeviceConnection(self, connection)

    def at_port(self, port: Obis) -> Callable[[Connection], DeviceConnection]:
        """The handler factory for listeners of one port, named by its set-up object; its protection object guards it."""

        def connected(connection: Connection) -> DeviceConnection:
            self.lines.setdefault(port, {})[connection] = None
            return DeviceConnection(self, connection, self._guards.get(port, UNGUARDED), partial(self._unplugged, port))

        return connected

    def _unplugged(self, port: Obis, connection: Connection) -> None:
        self.lines[port].pop(connection, None)

    def close(self) -> None:
        """Put the exact counters away and give the file back. The device serves no more."""
        self.windows.close()
        if self.database is not None:
            self.database.close()
