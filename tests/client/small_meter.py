"""A small meter in memory for tests of the client: three clients, a few objects, and a place to interfere with every APDU."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from queue import Queue
from threading import Thread
from typing import Any

from dlmskit.apdu import CosemAttributeDescriptor, SelectiveAccessDescriptor
from dlmskit.association.credentials import Credentials
from dlmskit.association.ports import Request
from dlmskit.association.server.association import ServerAssociation
from dlmskit.association.settings import SUPPORTED, AssociationSettings
from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode
from dlmskit.cosem.association_object import AssociationObject
from dlmskit.cosem.classes.association_ln import AssociationLn
from dlmskit.cosem.classes.association_sn import AssociationSn
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.data import Data as DataClass
from dlmskit.cosem.classes.disconnect_control import DisconnectControl
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.registry import interface_class
from dlmskit.cosem.selective import CaptureObject
from dlmskit.cosem.view import log_fault
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.keys import KeySet, Secret
from dlmskit.security.windows import ReceivedCounters
from dlmskit.server.handler import ObjectHandler
from dlmskit.transport.base import Connection, ConnectionHandler, is_reliable
from dlmskit.transport.memory import serve_memory
from dlmskit.transport.tcp_server import serve_tcp
from dlmskit.types.conformance import Conformance
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import ApplicationContext, Mechanism
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

GUEK = "101112131415161718191A1B1C1D1E1F"
GAK = "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF"
PASSWORD = "not-for-the-log"
KEYS = KeySet.from_hex(guek=GUEK, gak=GAK)
PASSWORD_KEYS = KeySet(lls_password=Secret.from_text(PASSWORD))
TITLE = SystemTitle("4D4D4D0000BC614E")
CLIENT_TITLE = SystemTitle("4D4D4D0000000001")

ENERGY, MYSTERY, SWITCH = Obis("1.0.1.8.0.255"), Obis("0.0.96.50.77.255"), Obis("0.0.96.3.10.255")
CLOCK, LOAD, COUNTER = Obis("0.0.1.0.0.255"), Obis("1.0.99.1.0.255"), Obis("0.0.43.1.0.255")
START = datetime(2026, 3, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)

_numbers = itertools.count(1)

Interference = Callable[[int, bytes], Sequence[bytes] | None]
"""What to answer in place of the meter to an APDU of a client SAP; None to let the meter answer."""


class _Still:
    def utc_now(self) -> datetime:
        return START


@dataclass
class SmallMeter:
    """One logical device, served under ``memory://name``."""

    conformance: Conformance = SUPPORTED
    max_pdu_size: int = 0xFFFF
    block_window: int = 16
    clock: Callable[[], float] = time.monotonic
    public: bool = True
    """Whether the public client may associate."""
    association_version: int = 4
    """Of the Association SN of client 48."""
    received: ReceivedCounters = field(default_factory=ReceivedCounters)
    transmit: TransmitCounters = field(default_factory=lambda: TransmitCounters(MemoryCounterStore()))
    tree: ObjectTree = field(default_factory=lambda: ObjectTree(_objects(), clock=_Still()))
    interfere: Interference | None = None
    writes: list[object] = field(default_factory=list)
    """Every value that was written."""
    clients: list[_Connection] = field(default_factory=list)
    """Every connection that there was."""
    requests: list[tuple[int, bytes]] = field(default_factory=list)
    name: str = field(default_factory=lambda: f"meter-{next(_numbers)}")

    def __post_init__(self) -> None:
        counter = self.tree.get(1, COUNTER)
        counter.feed("value", lambda: Data.double_long_unsigned(max(self.window - 1, 0)))

    @property
    def url(self) -> str:
        return f"memory://{self.name}"

    @property
    def window(self) -> int:
        """The lowest counter that is still taken from the client."""
        return self.received.of(KEYS.named().__next__()[1], CLIENT_TITLE).lowest_acceptable

    def heard(self, lowest: int) -> None:
        """As if the client had sent everything below this number."""
        self.received.of(KEYS.named().__next__()[1], CLIENT_TITLE).accept(lowest - 1)

    @property
    def open_connections(self) -> int:
        return sum(connection.open for connection in self.clients)

    @property
    def aarqs(self) -> list[int]:
        """The client SAPs that asked to associate, in order."""
        return [sap for sap, apdu in self.requests if apdu[0] == 0x60]

    @contextmanager
    def listening(self) -> Iterator[SmallMeter]:
        listener = serve_memory(self.name, lambda connection: _Connection(self, connection))
        try:
            yield self
        finally:
            with suppress(StopIteration):  # it waits for nothing
                listener.close().send(None)

    @contextmanager
    def listening_on_tcp(self) -> Iterator[str]:
        """The same over a real socket, served by a thread of its own; gives the URL."""
        ready: Queue[tuple[str, Callable[[], object]]] = Queue()

        async def serve() -> None:
            stop = asyncio.Event()
            listener = await serve_tcp("127.0.0.1", 0, handler_factory=lambda connection: _Connection(self, connection))
            loop = asyncio.get_running_loop()
            ready.put((f"tcp://127.0.0.1:{listener.port}", lambda: loop.call_soon_threadsafe(stop.set)))
            await stop.wait()
            await listener.close()

        thread = Thread(target=lambda: asyncio.run(serve()), daemon=True)
        thread.start()
        url, stop = ready.get(timeout=10)
        try:
            yield url
        finally:
            stop()
            thread.join(10)

    def association(self, client_sap: int, *, reliable: bool = True) -> ServerAssociation | None:
        if client_sap not in _SETTINGS or (client_sap == 16 and not self.public):
            return None
        settings = replace(
            _SETTINGS[client_sap], conformance=self.conformance, max_pdu_size=self.max_pdu_size, block_window=self.block_window
        )
        role = self.tree.full_role("reader")
        if client_sap == 16:
            role = type(role)("public", {(1, COUNTER): role.objects[1, COUNTER], (8, CLOCK): role.objects[8, CLOCK]})
        keys = KeySet(guek=KEYS.guek, gak=KEYS.gak, lls_password=Secret.from_text(PASSWORD))
        own: AssociationObject = AssociationLn("0.0.40.0.1.255", role=role)
        if settings.short_names:
            own = interface_class(AssociationSn.class_id, self.association_version)("0.0.40.0.2.255", role=role)  # type: ignore[assignment]
        own.placed(self.tree)
        return ServerAssociation(
            settings,
            _Handler(self, own, AccessMode(int(settings.policy)), log_fault),
            Credentials(keys=keys, transmit=self.transmit, received=self.received),
            random=secrets.token_bytes,
            clock=self.clock,
            reliable=reliable,
        )


class _Handler(ObjectHandler):
    """Writes down what is written."""

    def __init__(self, meter: SmallMeter, *given: Any) -> None:
        super().__init__(*given)
        self._meter = meter

    def set(
        self, request: Request, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None, value: Data, /
    ) -> None:
        self._meter.writes.append(value.value)
        super().set(request, descriptor, selection, value)


class _Connection:
    """One connection of the meter, as the transport sees it."""

    def __init__(self, meter: SmallMeter, connection: Connection) -> None:
        self.open = True
        self.connection = connection
        self._meter = meter
        self._associations: dict[int, ServerAssociation | None] = {}
        meter.clients.append(self)

    @property
    def associated(self) -> bool:
        return any(one is not None and one.associated for one in self._associations.values())

    def received(self, source: int, destination: int, apdu: bytes) -> Sequence[bytes]:
        meter = self._meter
        meter.requests.append((source, apdu))
        if meter.interfere is not None:
            answers = meter.interfere(source, apdu)
            if answers is not None:
                return answers
        if source not in self._associations:
            self._associations[source] = meter.association(source, reliable=is_reliable(self.connection))
        association = self._associations[source]
        return () if association is None else association.receive(apdu)

    def lost(self, reason: str) -> None:
        self.open = False
        for association in self._associations.values():
            if association is not None:
                association.lower_layer_lost()


def handler_of(meter: SmallMeter, connection: Connection) -> ConnectionHandler:
    """The meter's side of a connection over any medium."""
    return _Connection(meter, connection)


_SETTINGS = {
    16: AssociationSettings(client_sap=16),
    1: AssociationSettings(
        client_sap=1,
        mechanism=Mechanism.HLS_GMAC,
        application_context=ApplicationContext.LN_CIPHERED,
        server_system_title=TITLE,
    ),
    32: AssociationSettings(client_sap=32, mechanism=Mechanism.LLS),
    48: AssociationSettings(
        client_sap=48,
        mechanism=Mechanism.HLS_GMAC,
        application_context=ApplicationContext.SN_CIPHERED,
        server_system_title=TITLE,
    ),
}


def _objects() -> list[InterfaceClass]:
    profile = ProfileGeneric(
        LOAD,
        profile_entries=1000,
        capture_period=900,
        capture_objects=[
            CaptureObject(8, CLOCK, 2),
            CaptureObject(1, Obis("0.0.96.10.1.255"), 2),
            CaptureObject(3, ENERGY, 2),
        ],
    )
    for index in range(96):
        moment = CosemDateTime.from_datetime(START + index * QUARTER)
        row = (Data.octet_string(moment), Data.unsigned(0), Data.double_long_unsigned(1000 + 7 * index))
        profile.insert(Data.structure(row))
    return [
        Register(ENERGY, value=Data.double_long_unsigned(123456), scaler_unit=(-1, 30)),
        Register("1.0.2.8.0.255", value=Data.double_long_unsigned(7), scaler_unit=(0, 30)),
        DataClass(COUNTER, value=Data.double_long_unsigned(0)),
        DataClass(MYSTERY, value=Data.long_unsigned(5)),
        DataClass("0.0.96.1.0.255", value=Data.octet_string(b"12345678")),
        DisconnectControl(SWITCH, control_mode=4),
        Clock(CLOCK, time_zone=-60),
        profile,
    ]
