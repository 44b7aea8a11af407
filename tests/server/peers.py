"""What the tests of the server share: a small device, and our client wired to it without a network, one APDU at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from secrets import token_bytes
from typing import Any, Self

from dlmskit.apdu import (
    CosemAttributeDescriptor,
    CosemAttributeDescriptorWithSelection,
    CosemMethodDescriptor,
    SelectiveAccessDescriptor,
)
from dlmskit.association.client.association import ClientAssociation
from dlmskit.association.credentials import Credentials
from dlmskit.association.ports import Exchange
from dlmskit.association.settings import AssociationSettings
from dlmskit.codec.data import Data
from dlmskit.cosem.model import InterfaceClass
from dlmskit.security.keys import KeySet, Secret
from dlmskit.security.policy import STRONGEST_SYMMETRIC, SecurityPolicy
from dlmskit.server import ClientConfig, Database, Device, Grants, LogicalDevice
from dlmskit.server.connection import DeviceConnection
from dlmskit.types.enums import ApplicationContext, Mechanism
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle
from tests.cosem.peers import StandingClock

METER = SystemTitle("4C41420000000001")
KEYS = KeySet.from_hex(guek=bytes(range(16)).hex(), gak=bytes(range(0xD0, 0xE0)).hex())
PASSWORD = KeySet(lls_password=Secret.from_text("12345678"))
PUBLIC, READER, MANAGEMENT = 16, 32, 1

_ports = itertools.count(1)
_titles = itertools.count(1)


def settings_of(client_sap: int, **words: Any) -> AssociationSettings:
    """The association of a client: 16 without authentication, 32 with a password, any other ciphered with mechanism 5."""
    if client_sap in {PUBLIC, READER}:
        mechanism, context = Mechanism.LOWEST if client_sap == PUBLIC else Mechanism.LLS, ApplicationContext.LN
    else:
        mechanism, context = Mechanism.HLS_GMAC, ApplicationContext.LN_CIPHERED
    policy = SecurityPolicy.NOTHING if context is ApplicationContext.LN else STRONGEST_SYMMETRIC
    return AssociationSettings(
        client_sap=client_sap, mechanism=mechanism, application_context=context, security_policy=policy, **words
    )


def device_of(
    objects: Iterable[InterfaceClass], grants: dict[int, Grants], database: Database | None = None, **words: Any
) -> Device:
    """A device whose management logical device has these objects, and a client for each entry of ``grants``."""
    clock = StandingClock()
    device = Device(METER, database=database, clock=clock)
    logical_device = device.add(LogicalDevice(1, "LAB0000000000001", objects, clock=clock))
    for client_sap, granted in grants.items():
        settings = settings_of(client_sap, server_system_title=METER)
        keys = PASSWORD if client_sap == READER else KEYS if client_sap != PUBLIC else KeySet()
        config = ClientConfig(
            name=f"client {client_sap}",
            settings=settings,
            credentials=Credentials(keys=keys, transmit=device.transmit, received=device.received),
            **words,
        )
        logical_device.admit(config, granted, last_counter=device.last_counter)
    device.ready()
    return device


class Port:
    """The transport's side of a connection to a device."""

    def __init__(self) -> None:
        self.peer = f"test:{next(_ports)}"
        self.closed = False
        self.pushed: list[bytes] = []

    def send(self, source: int, destination: int, apdu: bytes) -> None:
        self.pushed.append(apdu)

    def close(self) -> None:
        self.closed = True


class Client:
    """Our client at a device: every call is answered before it returns."""

    def __init__(self, device: Device, client_sap: int = MANAGEMENT, title: SystemTitle | None = None) -> None:
        self.port = Port()
        self.recorded: list[bytes] = []
        """Every APDU that was sent."""
        self.answered: list[bytes] = []
        """The last answers that came."""
        self.client_sap = client_sap
        self.connection: DeviceConnection = device.connected(self.port)
        self.title = title or SystemTitle(b"CLI" + next(_titles).to_bytes(5, "big"))
        settings = settings_of(client_sap, client_system_title=self.title)
        keys = PASSWORD if client_sap == READER else KEYS if client_sap != PUBLIC else KeySet()
        self.credentials = Credentials(keys=keys)
        self.association = ClientAssociation(settings, self.credentials, random=token_bytes)

    def open(self) -> Self:
        self.run(self.association.associate())
        return self

    def send(self, apdu: bytes) -> list[bytes]:
        self.recorded.append(apdu)
        self.answered = list(self.connection.received(self.client_sap, 1, apdu))
        return list(self.answered)

    def run(self, exchange: Exchange[Any]) -> Any:
        answers: list[bytes] = []
        try:
            apdus = next(exchange)
            while True:
                for apdu in apdus:
                    answers += self.send(apdu)
                apdus = exchange.send(answers.pop(0))
        except StopIteration as done:
            return done.value

    def get(
        self, class_id: int, name: str, number: int = 2, selector: int | None = None, parameter: Data | None = None
    ) -> Data | int:
        found: Data | int = self.run(self.association.get(attribute(class_id, name, number), selection(selector, parameter)))
        return found

    def value(self, class_id: int, name: str, number: int = 2) -> Any:
        found = self.get(class_id, name, number)
        assert isinstance(found, Data), found
        return found.value

    def get_list(self, *items: tuple[int, str, int]) -> list[Data | int]:
        found: list[Data | int] = self.run(self.association.get_list([listed(*item) for item in items]))
        return found

    def set(self, class_id: int, name: str, number: int, value: Data) -> int:
        result: int = self.run(self.association.set(attribute(class_id, name, number), value))
        return result

    def set_list(self, items: list[tuple[int, str, int]], values: list[Data]) -> list[int]:
        results: list[int] = self.run(self.association.set_list([listed(*item) for item in items], values))
        return results

    def action(self, class_id: int, name: str, number: int, parameter: Data | None = None) -> int:
        done = self.run(self.association.action(CosemMethodDescriptor(class_id, Obis(name).octets, number), parameter))
        return int(done.result)

    def skip_counters(self, number: int) -> None:
        """Go on behind ``number``, as a client does that was told where the counter is."""
        key = self.credentials.keys.guek
        assert key is not None
        self.credentials.transmit.of(key, self.title).advance_to(number)

    def release(self) -> None:
        self.run(self.association.release())

    def lose(self) -> None:
        """The connection breaks."""
        self.connection.lost("gone")


def attribute(class_id: int, name: str, number: int) -> CosemAttributeDescriptor:
    return CosemAttributeDescriptor(class_id, Obis(name).octets, number)


def listed(class_id: int, name: str, number: int) -> CosemAttributeDescriptorWithSelection:
    return CosemAttributeDescriptorWithSelection(attribute(class_id, name, number), None)


def selection(selector: int | None, parameter: Data | None) -> SelectiveAccessDescriptor | None:
    return None if selector is None or parameter is None else SelectiveAccessDescriptor(selector, parameter)
