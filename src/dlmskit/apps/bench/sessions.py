"""A whole session, one side at a time: associate by HLS-GMAC, a profile of 96 rows in 4 blocks, 10 GETs, release.

What the other side says was recorded before: counters, challenges and clock are the same in every run, so that each side can be
measured alone. The bare calls underneath are those of AES-GCM alone: one for each APDU that a side protects, two for each that it
opens, and three for its part of the mutual authentication.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dlmskit.apdu import CosemAttributeDescriptor, CosemMethodDescriptor, SelectiveAccessDescriptor
from dlmskit.apps.bench import material
from dlmskit.apps.bench.model import Case
from dlmskit.association import (
    AssociationSettings,
    ClientAssociation,
    Credentials,
    Exchange,
    Request,
    ServerAssociation,
)
from dlmskit.codec.data import Data
from dlmskit.codec.rows import decode_rows
from dlmskit.cosem.access import AccessMode, ObjectRights, Role
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.envelope import is_protected
from dlmskit.security.keys import KeySet
from dlmskit.security.windows import ReceivedCounters
from dlmskit.types.enums import ApplicationContext, Mechanism
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

_CLIENT, _SERVER = SystemTitle("434C490000000001"), SystemTitle("534552000000000A")
_GUEK, _GAK = bytes(range(16)), bytes(range(0xD0, 0xE0))
_KEYS = KeySet.from_hex(guek=_GUEK.hex(), gak=_GAK.hex())
_REGISTER, _PROFILE = Obis("1.0.1.8.0.255"), Obis("1.0.99.1.0.255")
_VALUE = CosemAttributeDescriptor(3, _REGISTER.octets, 2)
_BUFFER = CosemAttributeDescriptor(7, _PROFILE.octets, 2)
_ROWS = 96
_READS = 10
_PDU_SIZE = 1024
"""Makes 4 blocks of 96 rows."""

_SETTINGS = AssociationSettings(
    client_sap=1,
    application_context=ApplicationContext.LN_CIPHERED,
    mechanism=Mechanism.HLS_GMAC,
    client_system_title=_CLIENT,
    server_system_title=_SERVER,
    max_pdu_size=_PDU_SIZE,
)


class _Meter:
    """Two objects, and no work of their own."""

    def __init__(self) -> None:
        self._values = {7: Data.decode(material.regular_profile(_ROWS)), 3: Data.double_long_unsigned(1234)}
        self._role = Role(
            "bench",
            {(number, obis): ObjectRights({2: AccessMode.READ}, {}) for number, obis in ((3, _REGISTER), (7, _PROFILE))},
        )

    def role(self) -> Role:
        return self._role

    def named(self, short_name: int, /) -> None:
        return None

    def get(self, _: Request, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None, /) -> Data:
        return self._values[descriptor.class_id]

    def set(
        self, _: Request, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None, value: Data, /
    ) -> None:
        raise AssertionError("nothing is written here")

    def action(self, _: Request, descriptor: CosemMethodDescriptor, parameters: Data | None, /) -> Data | None:
        raise AssertionError("nothing is invoked here")


def _draw(start: int, count: int, /) -> bytes:
    """Octets that are the same in every run."""
    return bytes((start + index) & 0xFF for index in range(count))


def _credentials() -> Credentials:
    return Credentials(keys=_KEYS, transmit=TransmitCounters(MemoryCounterStore()), received=ReceivedCounters())


def _session(client: ClientAssociation) -> Iterator[Exchange[object]]:
    yield client.associate()
    yield client.get(_BUFFER)
    for _ in range(_READS):
        yield client.get(_VALUE)
    yield client.release()


def _client_side(answers: dict[bytes, tuple[bytes, ...]]) -> None:
    """The client against a recorded meter; the profile ends as rows."""
    client = ClientAssociation(_SETTINGS, _credentials(), random=partial(_draw, 7))
    for exchange in _session(client):
        result = _drive(exchange, answers)
        if isinstance(result, Data) and len(result.octets) > _PDU_SIZE:
            decode_rows(result)


def _drive(exchange: Exchange[object], answers: dict[bytes, tuple[bytes, ...]]) -> object:
    try:
        (request,) = next(exchange)
        while True:
            (answer,) = answers[request]
            (request,) = exchange.send(answer)
    except StopIteration as stop:
        return stop.value


def _server_side(requests: list[bytes], meter: _Meter) -> None:
    """The meter against a recorded client."""
    server = _server(meter)
    for request in requests:
        if not server.receive(request):
            raise AssertionError("the meter did not answer")


def _server(meter: _Meter) -> ServerAssociation:
    return ServerAssociation(_SETTINGS, meter, _credentials(), random=partial(_draw, 99), clock=lambda: 0.0)


class _Recording(dict[bytes, tuple[bytes, ...]]):
    """Answers of a live meter, kept by request."""

    def __init__(self, server: ServerAssociation) -> None:
        super().__init__()
        self._server = server

    def __missing__(self, request: bytes) -> tuple[bytes, ...]:
        self[request] = self._server.receive(request)
        return self[request]


def session_cases() -> Iterator[Case]:
    """Both sides of the session in memory."""
    meter = _Meter()
    recording = _Recording(_server(meter))
    _client_side(recording)
    answers = dict(recording)
    requests = [len(octets) for octets in answers if is_protected(octets)]
    responses = [len(octets) for found in answers.values() for octets in found if is_protected(octets)]
    challenges = [16] * 3
    client = {"guek": _GUEK, "sizes": requests + 2 * responses + challenges}
    server = {"guek": _GUEK, "sizes": responses + 2 * requests + challenges}
    yield Case("session in memory [client]", partial(_client_side, answers), client, bars={"bare": 1 / 5})
    yield Case("session in memory [meter]", partial(_server_side, list(answers), meter), server, bars={"bare": 1 / 4})
