"""Both ends of an association in memory, a meter of three objects that counts what is done to it, and a clock set by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from dlmskit.apdu import (
    CosemAttributeDescriptor,
    CosemAttributeDescriptorWithSelection,
    CosemMethodDescriptor,
    SelectiveAccessDescriptor,
)
from dlmskit.association import (
    AssociationEvent,
    AssociationSettings,
    ClientAssociation,
    Credentials,
    EventCode,
    Exchange,
    Random,
    Request,
    ServerAssociation,
    Tell,
    Wrapping,
)
from dlmskit.codec.data import Data
from dlmskit.cosem.access import AUTHENTICATED, AccessMode, ObjectRights, Role
from dlmskit.errors import ServiceError, TransportTimeout
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.keys import Key, KeyRole, KeySet, Secret
from dlmskit.security.windows import ReceivedCounters
from dlmskit.types.enums import ApplicationContext, DataAccessResult, Mechanism
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

T = TypeVar("T")

CLIENT_TITLE, SERVER_TITLE = SystemTitle("4D4D4D0000BC614E"), SystemTitle("4D4D4D0000000001")
PASSWORD = Secret(b"12345678")
KEYS = KeySet(
    guek=Key(bytes(range(0x10)), KeyRole.GUEK),
    gak=Key(bytes(range(0xD0, 0xE0)), KeyRole.GAK),
    gbek=Key(bytes(range(0x10, 0x20)), KeyRole.GBEK),
    lls_password=PASSWORD,
)
OTHER_KEYS = KeySet(
    guek=Key(bytes(range(0x50, 0x60)), KeyRole.GUEK),
    gak=Key(bytes(range(0x60, 0x70)), KeyRole.GAK),
    lls_password=Secret(b"12345679"),
)

LN, LN_CIPHERED = ApplicationContext.LN, ApplicationContext.LN_CIPHERED
REGISTER, SECRET, SWITCH, ABSENT = Obis("1.0.1.8.0.255"), Obis("0.0.96.1.0.255"), Obis("0.0.96.3.10.255"), Obis("9.9.9.9.9.9")

VALUE = CosemAttributeDescriptor(3, REGISTER.octets, 2)
"""Readable and writable."""
UNIT = CosemAttributeDescriptor(3, REGISTER.octets, 3)
"""Readable alone."""
HIDDEN = CosemAttributeDescriptor(1, SECRET.octets, 2)
"""Neither."""
GUARDED = CosemAttributeDescriptor(1, SECRET.octets, 3)
"""Readable and writable in authenticated requests, with authenticated responses."""
BROKEN = CosemAttributeDescriptor(3, REGISTER.octets, 9)
"""Readable, and the object fails on it."""
MISSING = CosemAttributeDescriptor(1, ABSENT.octets, 2)
ECHO = CosemMethodDescriptor(70, SWITCH.octets, 1)
"""Returns its parameters."""
DENIED = CosemMethodDescriptor(70, SWITCH.octets, 2)
SECURED = CosemMethodDescriptor(70, SWITCH.octets, 3)
"""For authenticated requests."""
FAILING = CosemMethodDescriptor(70, SWITCH.octets, 4)

SHORT_NAMES: dict[int, CosemAttributeDescriptor | CosemMethodDescriptor] = {
    0x0108: VALUE,
    0x0110: UNIT,
    0x0140: BROKEN,
    0x0208: HIDDEN,
    0x0210: GUARDED,
    0x0308: MISSING,
    0x0420: ECHO,
    0x0428: DENIED,
    0x0430: SECURED,
    0x0438: FAILING,
}
"""The same by short names."""

ROLE = Role(
    "test",
    {
        (3, REGISTER): ObjectRights({2: AccessMode.READ_WRITE, 3: AccessMode.READ, 9: AccessMode.READ_WRITE}, {}),
        (1, SECRET): ObjectRights({2: AccessMode.NONE, 3: AccessMode.READ_WRITE | AUTHENTICATED}, {}),
        (70, SWITCH): ObjectRights({}, {1: AccessMode.ACCESS, 3: AccessMode.ACCESS | AUTHENTICATED, 4: AccessMode.ACCESS}),
    },
)


def listed(
    descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None = None
) -> CosemAttributeDescriptorWithSelection:
    """An item of a list."""
    return CosemAttributeDescriptorWithSelection(descriptor, selection)


class Meter:
    """The objects behind a server. ``log`` holds every access that reached them, ``effects`` counts SET and ACTION."""

    def __init__(self, value: Data | None = None) -> None:
        self.value = value or Data.double_long_unsigned(1234)
        self.log: list[tuple[str, Any]] = []
        self.requests: list[Request] = []
        self.the_role = ROLE

    def role(self) -> Role:
        return self.the_role

    def named(self, short_name: int, /) -> CosemAttributeDescriptor | CosemMethodDescriptor | None:
        return SHORT_NAMES.get(short_name)

    @property
    def effects(self) -> int:
        return sum(service != "get" for service, _ in self.log)

    def get(self, request: Request, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None, /) -> Data:
        self._note("get", request, descriptor)
        self._fail(descriptor.attribute_id)
        return self.value

    def set(
        self, request: Request, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None, value: Data, /
    ) -> None:
        self._note("set", request, descriptor)
        self._fail(descriptor.attribute_id)
        if value.octets[:1] == b"\x00":
            raise ServiceError(DataAccessResult.TYPE_UNMATCHED)
        self.value = value

    def action(self, request: Request, descriptor: CosemMethodDescriptor, parameters: Data | None, /) -> Data | None:
        self._note("action", request, descriptor)
        if descriptor.method_id == FAILING.method_id:
            raise ServiceError(DataAccessResult.TEMPORARY_FAILURE)
        return parameters

    def _note(self, service: str, request: Request, what: Any) -> None:
        self.log.append((service, what))
        self.requests.append(request)

    @staticmethod
    def _fail(attribute: int) -> None:
        if attribute == BROKEN.attribute_id:
            raise KeyError("an object's own bug")


class HandClock:
    """Seconds that move when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Dice:
    """Random octets that are not: each draw differs from the one before, every run is the same."""

    def __init__(self, seed: int = 0) -> None:
        self.draws = seed

    def __call__(self, count: int, /) -> bytes:
        self.draws += 1
        return bytes((self.draws * 37 + 11 * index) & 0xFF for index in range(count))


class Log(list[AssociationEvent]):
    """The events of one side."""

    def codes(self) -> list[EventCode]:
        return [event.code for event in self]


def credentials(keys: KeySet = KEYS, first: int = 1, received: ReceivedCounters | None = None) -> Credentials:
    """Keys with fresh counters that begin at ``first``."""
    store = MemoryCounterStore()
    counters = TransmitCounters(store)
    for _, key in keys.named():
        for title in (CLIENT_TITLE, SERVER_TITLE):
            counters.of(key, title).advance_to(first, largest_jump=1 << 32)
    return Credentials(keys=keys, transmit=counters, received=received or ReceivedCounters())


class Pair:
    """A client and a server that are connected; every APDU that passes is kept."""

    def __init__(
        self,
        client: AssociationSettings | None = None,
        server: AssociationSettings | None = None,
        *,
        client_keys: KeySet = KEYS,
        server_keys: KeySet = KEYS,
        client_credentials: Credentials | None = None,
        server_credentials: Credentials | None = None,
        limits: Limits = DEFAULT,
        meter: Meter | None = None,
        client_random: Random | None = None,
        server_random: Random | None = None,
        reliable: bool = True,
    ) -> None:
        self.meter = meter or Meter()
        self.clock = HandClock()
        self.client_log, self.server_log = Log(), Log()
        self.sent: list[bytes] = []
        self.received: list[bytes] = []
        self.client_credentials = client_credentials or credentials(client_keys)
        self.server_credentials = server_credentials or credentials(server_keys)
        self.client = ClientAssociation(
            client or AssociationSettings(),
            self.client_credentials,
            random=client_random or Dice(),
            limits=limits,
            on_event=self.client_log.append,
            reliable=reliable,
        )
        self.server = ServerAssociation(
            server or client or AssociationSettings(),
            self.meter,
            self.server_credentials,
            random=server_random or Dice(100),
            clock=self.clock,
            limits=limits,
            on_event=self.server_log.append,
            reliable=reliable,
        )

    def serve(self, octets: bytes) -> list[bytes]:
        """What the server answers to one APDU of the client; an honest line."""
        self.sent.append(octets)
        answers = list(self.server.receive(octets))
        self.received += answers
        return answers

    def run(self, exchange: Exchange[T], line: Callable[[bytes], Iterable[bytes]] | None = None) -> T:
        """Drive an exchange against the server, or against ``line`` in its place. Time runs out where nothing is left to say."""
        return drive(exchange, line or self.serve)

    def associate(self) -> Pair:
        self.run(self.client.associate())
        return self

    def one(self, octets: bytes) -> bytes:
        """The one answer of the server to some octets; empty for silence."""
        answers = self.server.receive(octets)
        assert len(answers) <= 1
        return answers[0] if answers else b""

    def still_works(self) -> None:
        """Rule 4 of the robustness cases: the next honest request is served."""
        assert self.run(self.client.get(VALUE)) == self.meter.value


def drive(exchange: Exchange[T], line: Callable[[bytes], Iterable[bytes]]) -> T:
    """Drive an exchange: ``line`` says what comes back for each APDU sent."""
    waiting: list[bytes] = []
    try:
        out = next(exchange)
        while True:
            for octets in out:
                waiting += line(octets)
            if isinstance(out, Tell):
                out = exchange.send(b"")
            else:
                out = exchange.send(waiting.pop(0)) if waiting else exchange.throw(TransportTimeout("nothing came"))
    except StopIteration as stop:
        return stop.value


def answers(*octets: bytes) -> Callable[[bytes], Iterable[bytes]]:
    """A line that gives these answers, one for each APDU sent, and then no more."""
    left = list(octets)
    return lambda _: [left.pop(0)] if left else []


def settings(**changes: Any) -> AssociationSettings:
    """Settings with both titles."""
    return AssociationSettings(**{"client_system_title": CLIENT_TITLE, "server_system_title": SERVER_TITLE, **changes})


PLAIN = settings()
LLS = settings(mechanism=Mechanism.LLS)
HLS = settings(mechanism=Mechanism.HLS_GMAC)
CIPHERED = settings(application_context=LN_CIPHERED, mechanism=Mechanism.HLS_GMAC)
GENERAL = settings(application_context=LN_CIPHERED, mechanism=Mechanism.HLS_GMAC, wrapping=Wrapping.GENERAL)
DEDICATED = settings(application_context=LN_CIPHERED, mechanism=Mechanism.HLS_GMAC, dedicated_key=True)
