"""Meters that take firmware, each on a TCP port of its own, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from dlmskit.association.credentials import Credentials
from dlmskit.client.image_broadcast import BROADCAST_CLIENT, broadcast_settings
from dlmskit.cosem.classes.image_transfer import ImageTransfer
from dlmskit.crypto.curves import P_256
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.security.firmware import FirmwareHeader, sign_firmware
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.server import ClientConfig, Database, Device, Grants, LogicalDevice
from dlmskit.server.firmware import FirmwareKeeper
from dlmskit.server.storage import StoredImage
from dlmskit.transport.base import Connection, ConnectionHandler, HandlerFactory, Listener, is_reliable
from dlmskit.transport.tcp_server import serve_tcp
from dlmskit.transport.udp import serve_udp
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle
from tests.server.peers import settings_of

MAKER = SigningKey.generate(P_256)
HEAD_END = SystemTitle("48455300000000AA")
GROUP = KeySet(gbek=Key(bytes(range(0x60, 0x70)), KeyRole.GBEK), gak=Key(bytes(range(0xD0, 0xE0)), KeyRole.GAK))
BLOCK = 200
IMAGE = Obis("0.0.44.0.0.255")


def image(version: int = 2, octets: int = 5000, device_type: str = "SP-100") -> bytes:
    body = bytes(at * 7 & 0xFF for at in range(octets))
    return sign_firmware(FirmwareHeader(device_type, version, f"{device_type} v{version}".encode()), body, MAKER)


def keys_of(number: int) -> KeySet:
    return KeySet.from_hex(guek=bytes((number & 0xFF, *range(1, 16))).hex(), gak=bytes(range(0xD0, 0xE0)).hex())


def title_of(number: int) -> SystemTitle:
    return SystemTitle(b"MTR" + number.to_bytes(5, "big"))


class FleetMeter:
    """One of them: firmware version 1, a client for management, and one for broadcasts."""

    def __init__(self, number: int, folder: Path | None = None) -> None:
        self.number, self.folder = number, folder
        self.database = Database(":memory:" if folder is None else folder / f"{number}.sqlite")
        self.keeper = FirmwareKeeper(self.database, MAKER.public, "SP-100", 1)
        self.device = Device(title_of(number), database=self.database)
        logical_device = self.device.add(LogicalDevice(1, f"LAB{number:013}"))
        store = StoredImage(self.database, 1, IMAGE)
        self.image = logical_device.tree.add(
            ImageTransfer(IMAGE, store=store, keeper=self.keeper, image_block_size=BLOCK, image_transfer_enabled=True)
        )
        everything = Grants.parse(read=["*"], write=["*"], execute=["*"])

        def credentials(keys: KeySet) -> Credentials:
            return Credentials(keys=keys, transmit=self.device.transmit, received=self.device.received)

        settings = settings_of(1, server_system_title=self.device.system_title)
        logical_device.admit(
            ClientConfig(name="management", settings=settings, credentials=credentials(keys_of(number)), newest_wins=True),
            everything,
            last_counter=self.device.last_counter,
        )
        public = settings_of(16, server_system_title=self.device.system_title)
        reads = Grants.parse(read=["0.0.43.1.*.255"])
        logical_device.admit(ClientConfig(name="public", settings=public, most_associations=8), reads)
        broadcast = broadcast_settings(HEAD_END, client_sap=BROADCAST_CLIENT)
        logical_device.admit(
            ClientConfig(
                name="broadcast",
                settings=replace(broadcast, server_system_title=self.device.system_title),
                credentials=credentials(GROUP),
                most_associations=8,
            ),
            Grants.parse(execute=[f"{IMAGE}:2"]),
        )
        self.device.ready()

    def reboot(self) -> FleetMeter:
        """The power is cut and comes back."""
        self.device.close()
        return FleetMeter(self.number, self.folder)


class Lossy:
    """A handler on a bad day: some messages do not arrive; where there is a connection, it breaks then."""

    def __init__(self, handler: ConnectionHandler, connection: Connection, chance: random.Random, loss: float) -> None:
        self._handler, self._connection, self._chance, self._loss = handler, connection, chance, loss

    @property
    def associated(self) -> bool:
        return self._handler.associated

    def received(self, source: int, destination: int, apdu: bytes) -> Sequence[bytes]:
        if self._chance.random() < self._loss:
            if is_reliable(self._connection):
                self._connection.close()
            return ()
        return self._handler.received(source, destination, apdu)

    def lost(self, reason: str) -> None:
        self._handler.lost(reason)


class Fleet:
    """Some meters being served."""

    def __init__(self, count: int, *, loss: float = 0.0, breaks: float = 0.0, seed: int = 1, folder: Path | None = None) -> None:
        self.meters = [FleetMeter(number, folder) for number in range(count)]
        self._chance = random.Random(seed)
        self._loss, self._breaks = loss, breaks
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._listeners: list[Listener] = []
        self.tcp: list[int] = []
        self.udp: list[int] = []

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(60)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        for meter in self.meters:
            meter.device.close()

    async def _serve(self) -> None:
        for number in range(len(self.meters)):
            tcp = await serve_tcp("127.0.0.1", 0, handler_factory=self._factory(number, self._breaks))
            udp = await serve_udp("127.0.0.1", 0, handler_factory=self._factory(number, self._loss))
            self._listeners += [tcp, udp]
            self.tcp.append(tcp.port)
            self.udp.append(udp.port)

    def _factory(self, number: int, loss: float) -> HandlerFactory:
        def connected(connection: Connection) -> ConnectionHandler:
            handler = self.meters[number].device.connected(connection)
            return Lossy(handler, connection, self._chance, loss) if loss else handler

        return connected

    async def _close(self) -> None:
        for listener in self._listeners:
            await listener.close()

    def url(self, number: int) -> str:
        return f"tcp://127.0.0.1:{self.tcp[number]}?client=1&server_title={title_of(number)}&client_title={HEAD_END}"
