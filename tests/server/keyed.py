"""A small meter whose keys, certificates and policy its client changes, and clients with any keys at it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_bytes
from typing import Any, Self

from dlmskit.apdu import CosemMethodDescriptor
from dlmskit.association.client.association import ClientAssociation
from dlmskit.association.credentials import Credentials
from dlmskit.association.settings import AssociationSettings
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.crypto.certificates import Certificate, CertificateAuthority, Validity
from dlmskit.crypto.curves import curve_of
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.keywrap import wrap_key
from dlmskit.crypto.suites import SUITES
from dlmskit.errors import DlmsError
from dlmskit.security.keys import Key, KeyRole, KeySet, Secret
from dlmskit.server import ClientConfig, Database, Device, Grants, LogicalDevice
from dlmskit.types.enums import ApplicationContext, Mechanism
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle
from tests.cosem.peers import StandingClock
from tests.server.peers import METER, Client, Port

NOTE, SETUP, OWN = "0.0.96.1.1.255", "0.0.43.0.0.255", "0.0.40.0.0.255"
HEAD_END = SystemTitle("4845530000000001")
DEVICE_SECRET = Secret(b"a secret in the device's own chip")
ALL = Grants.parse(read=["*"], write=["*"], execute=["*"])
ROLES = (KeyRole.GUEK, KeyRole.GBEK, KeyRole.GAK, KeyRole.KEK)

_seeds = itertools.count(1)


def fresh_keys(suite: int = 0, roles: Iterable[KeyRole] = ROLES) -> KeySet:
    """Keys that nobody had before."""
    size = SUITES[suite].key_octets
    keys: dict[str, Any] = {role.value: Key(token_bytes(size), role) for role in roles}
    return KeySet(**keys)


def kek(keys: KeySet) -> bytes:
    """Its master key."""
    assert keys.kek is not None
    return keys.kek.reveal()


def meter(
    keys: KeySet,
    database: Database | None = None,
    *,
    grants: Grants = ALL,
    secret: Secret | None = DEVICE_SECRET,
    anchors: tuple[Certificate, ...] = (),
    others: Iterable[tuple[ClientConfig, Grants]] = (),
    clock: Any = None,
    settings: dict[str, Any] | None = None,
    **words: Any,
) -> Device:
    """A meter with client 1, ciphered, under these keys; ``words`` configure the client, ``settings`` its association."""
    clock = clock or StandingClock()
    device = Device(METER, database=database, clock=clock, secret=secret)
    logical_device = LogicalDevice(1, "LAB0000000000001", [DataObject(NOTE, value=Data.octet_string(b""))], clock=clock)
    device.add(logical_device)
    counters: dict[str, Any] = {"transmit": device.transmit, "received": device.received}
    config = ClientConfig(
        name="management",
        settings=settings_of(server_system_title=METER, **(settings or {})),
        credentials=Credentials(keys=keys, **counters),
        trust_anchors=anchors,
        most_associations=8,
        **words,
    )
    logical_device.admit(config, grants, last_counter=device.last_counter)
    for other, granted in others:
        other = replace(other, credentials=replace(other.credentials, **counters))
        logical_device.admit(other, granted, last_counter=device.last_counter)
    device.ready()
    return device


def settings_of(**words: Any) -> AssociationSettings:
    standard: dict[str, Any] = {
        "client_sap": 1,
        "application_context": ApplicationContext.LN_CIPHERED,
        "mechanism": Mechanism.HLS_GMAC,
    }
    return AssociationSettings(**(standard | words))


class Owner(Client):
    """A client with keys of its own."""

    def __init__(
        self, device: Device, keys: KeySet, title: SystemTitle = HEAD_END, credentials: Credentials | None = None, **settings: Any
    ) -> None:
        self.port = Port()
        self.recorded, self.answered = [], []
        self.client_sap = settings.get("client_sap", 1)
        self.device = device
        self.title = title
        self.connection = device.connected(self.port)
        self.credentials = replace(credentials or Credentials(), keys=keys)
        self.settings = settings_of(client_system_title=title, **settings)
        self.association = ClientAssociation(self.settings, self.credentials, random=token_bytes)

    def at(self, counter: int) -> Self:
        """Go on with this invocation counter."""
        self.skip_counters(counter)
        return self

    def use(self, keys: KeySet) -> None:
        """Go on with other keys in the open association."""
        core = self.association._core
        assert core.security is not None
        context = self.association.context
        core.use(core.security.with_keys(keys), dedicated=context is not None and context.has_dedicated_key)

    def call(self, number: int, parameter: Data, name: str = SETUP, class_id: int = 64) -> Any:
        """A method: its result, and what it returned."""
        return self.run(self.association.action(CosemMethodDescriptor(class_id, Obis(name).octets, number), parameter))

    def transfer(self, new: dict[KeyRole, bytes], master: bytes) -> int:
        """key_transfer: its result."""
        return int(self.call(2, key_list({ROLES.index(role): wrap_key(master, key) for role, key in new.items()})).result)


def key_list(keys: dict[int, bytes] | list[tuple[int, bytes]]) -> Data:
    items = keys.items() if isinstance(keys, dict) else keys
    return Data.array(Data.structure((Data.enum(key_id), Data.octet_string(octets))) for key_id, octets in items)


def with_keys(keys: KeySet, new: dict[KeyRole, bytes]) -> KeySet:
    changed: dict[str, Any] = {role.value: Key(octets, role) for role, octets in new.items()}
    return replace(keys, **changed)


def opens(device: Device, keys: KeySet, title: SystemTitle = HEAD_END, **words: Any) -> bool:
    """Whether these keys open the meter, and its note can be read then."""
    client = Owner(device, keys, title, **words)
    counter = 0 if keys.guek is None else device.windows.highest(keys.guek.fingerprint) + 100
    try:
        if keys.guek is not None:
            client.at(counter)
        client.open()
        return isinstance(client.get(1, NOTE), Data)
    except DlmsError:
        return False
    finally:
        client.lose()


def authority(suite: int) -> CertificateAuthority:
    """A root for this suite."""
    key = SigningKey.generate(curve_of(SUITES[suite]))
    validity = Validity(datetime(2020, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC))
    return CertificateAuthority.root("Test root", key, next(_seeds), validity)
