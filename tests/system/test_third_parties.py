"""A third party reaches the meter through a client that is its agent, on real sockets: end to end, whoever stands between.

The third party and the meter share keys that the client does not have. It passes on what it cannot read, with its own protection
around it, and hands the answer back as it came (Green Book, 9.2.2.5; requirement W-3).
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

import dlmskit
from dlmskit.apdu import CosemAttributeDescriptor, GetRequestNormal, GetResponseNormal, SetRequestNormal, decode_apdu
from dlmskit.association import AssociationSettings, Credentials
from dlmskit.client.aio import Meter
from dlmskit.client.counters import Counters
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.crypto.curves import curve_of
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.suites import SUITES
from dlmskit.errors import DlmsError, LocalProtocolError, RemoteProtocolError, SecurityError
from dlmskit.security import SecurityContext, mirror
from dlmskit.security.control import Protection
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.general_header import GeneralHeader
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.layers import GeneralCiphered, KeyChoice, Signed, Step
from dlmskit.security.parties import Correspondence, Identity, KnownParty, directory_of
from dlmskit.security.policy import ProtectionRules
from dlmskit.security.protection import Verified, protect_layers, unprotect
from dlmskit.security.windows import ReceivedCounters
from dlmskit.server import ClientConfig, Device, Grants, LogicalDevice
from dlmskit.server.handler import ObjectHandler
from dlmskit.transport.tcp_server import serve_tcp
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import ApplicationContext, Mechanism
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

METER, AGENT, THIRD, STRANGER = map(SystemTitle, ("4D4D4D0000000001", "4845530000000001", "5452440000000001", "5452440000000002"))
NOTE = "0.0.96.1.1.255"
TRANSACTION, INFORMATION = b"\x00\x00\x00\x07", b"settlement of May"
TIME = CosemDateTime.from_datetime(datetime(2026, 5, 1, 12, tzinfo=UTC))
DESCRIPTOR = CosemAttributeDescriptor(1, Obis(NOTE).octets, 2)
GET = GetRequestNormal(0xC1, DESCRIPTOR).encode()
SET = SetRequestNormal(0xC2, DESCRIPTOR, None, Data.octet_string(b"a confidential price")).encode()


def keys(suite: int, first: int) -> KeySet:
    """Keys of this suite; another number, other keys."""

    def made(role: KeyRole, at: int) -> Key:
        return Key(bytes((first + at + i) & 0xFF for i in range(SUITES[suite].key_octets)), role)

    return KeySet(guek=made(KeyRole.GUEK, 0), gak=made(KeyRole.GAK, 40), kek=made(KeyRole.KEK, 80))


class People:
    """Everybody's key pairs, and who knows whom."""

    def __init__(self, suite: int) -> None:
        self.suite = suite
        curve = SUITES[suite].curve
        self.pairs = {
            title: (SigningKey.generate(curve_of(SUITES[suite])), AgreementKey.generate(curve_of(SUITES[suite])))
            for title in (METER, AGENT, THIRD, STRANGER)
            if curve is not None
        }

    def known(self, title: SystemTitle, shared: KeySet | None = None) -> KnownParty:
        pair = self.pairs.get(title)
        found = KnownParty(title=title, keys=shared or KeySet())
        return found if pair is None else replace(found, verification=pair[0].public, agreement=pair[1].public)

    def correspondence(self, own: SystemTitle, *others: KnownParty) -> Correspondence:
        pair = self.pairs.get(own)
        identity = Identity() if pair is None else Identity(signing=pair[0], agreement=pair[1])
        return Correspondence(
            identity=identity, directory=directory_of(*others), random=secrets.token_bytes, ephemeral=AgreementKey.generate
        )


class ThirdParty:
    """Protects for the meter, and verifies what the meter says to him. He has no connection of his own."""

    def __init__(self, people: People, title: SystemTitle = THIRD) -> None:
        shared = keys(people.suite, 100)
        self.context = SecurityContext(
            own_title=title,
            peer_title=METER,
            keys=shared,
            suite=SUITES[people.suite],
            transmit=TransmitCounters(MemoryCounterStore()),
            received=ReceivedCounters(),
            rules=ProtectionRules(incoming=Protection.NONE, outgoing=Protection.NONE),
            correspondence=people.correspondence(title, people.known(METER)),
        )

    def protect(self, plain: bytes, *steps: Step) -> bytes:
        return protect_layers(plain, self.context, steps)

    def open(self, octets: bytes) -> Verified:
        return unprotect(octets, self.context)


def step(key: KeyChoice | None) -> Step:
    words: dict[str, Any] = {
        "recipient": METER,
        "transaction_id": TRANSACTION,
        "date_time": TIME,
        "other_information": INFORMATION,
    }
    return Signed(**words) if key is None else GeneralCiphered(key=key, **words)


@asynccontextmanager
async def meter(people: People, *taken: SystemTitle) -> AsyncIterator[str]:
    """A meter that takes messages of these third parties through its one client."""
    suite = people.suite
    device = Device(METER)
    logical_device = device.add(LogicalDevice(1, "LAB0000000000001", [DataObject(NOTE, value=Data.octet_string(b"private"))]))
    settings = AssociationSettings(
        client_sap=1,
        application_context=ApplicationContext.LN_CIPHERED,
        mechanism=Mechanism.HLS_GMAC,
        security_suite=suite,
        server_system_title=METER,
        third_parties=frozenset(taken),
    )
    others = (people.known(AGENT), *(people.known(title, keys(suite, 100)) for title in (THIRD, STRANGER)))
    credentials = Credentials(
        keys=keys(suite, 0),
        correspondence=people.correspondence(METER, *others),
        transmit=device.transmit,
        received=device.received,
    )
    logical_device.admit(
        ClientConfig(name="agent", settings=settings, credentials=credentials), Grants.parse(read=[NOTE], write=[NOTE])
    )
    device.ready()
    listener = await serve_tcp("127.0.0.1", 0, handler_factory=device.connected)
    try:
        yield f"tcp://127.0.0.1:{listener.port}"
    finally:
        await listener.close()
        device.close()


def agent(url: str, suite: int, **words: Any) -> Any:
    """The client, agent of the third party; it has no key of his."""
    standard: dict[str, Any] = {
        "keys": keys(suite, 0),
        "client_title": AGENT,
        "server_title": METER,
        "counters": Counters.in_memory(),
        "invocation_counter": 1,
        "suite": suite,
        "agent_for": THIRD,
        "timeout": 5.0,
    }
    return dlmskit.connect(f"{url}?client=1", **(standard | words))


class Seen(list[Verified]):
    """The protection that the meter found on requests."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        get = ObjectHandler.get

        def noted(handler: Any, request: Any, *rest: Any) -> Any:
            self.append(request.verified)
            return get(handler, request, *rest)

        monkeypatch.setattr(ObjectHandler, "get", noted)


CASES = [
    (suite, key, wrapping)
    for suite, key, wrapping in product(
        (0, 1, 2), (KeyChoice.GUEK, KeyChoice.WRAPPED, KeyChoice.ONE_PASS, KeyChoice.STATIC, None), ("glo", "general-ciphering")
    )
    if suite or key in {KeyChoice.GUEK, KeyChoice.WRAPPED}
]


@pytest.mark.supports("third party through the client", suite="{suite}")
@pytest.mark.parametrize(("suite", "key", "wrapping"), CASES, ids=str)
async def test_there_and_back(monkeypatch: pytest.MonkeyPatch, suite: int, key: KeyChoice | None, wrapping: str) -> None:
    """Every way to name a key, and a signature: with transaction-id, date-time and other information, titles both ways."""
    people, seen = People(suite), Seen(monkeypatch)
    third = ThirdParty(people)
    async with meter(people, THIRD) as url, agent(url, suite, wrapping=wrapping) as there:
        sent = third.protect(GET, step(key))
        answer = third.open(await there.forward(sent))
        assert decode_apdu(answer.plain) == GetResponseNormal(0xC1, Data.octet_string(b"private"))
        (layer,) = answer.layers
        assert layer.general is not None
        assert (layer.general.originator, layer.general.recipient) == (METER, THIRD)
        assert layer.general.transaction_id == TRANSACTION
        outer, inner = seen[-1].layers
        assert (outer.originator, inner.originator) == (AGENT, THIRD)
        assert inner.general == GeneralHeader(
            transaction_id=TRANSACTION,
            originator=THIRD,
            recipient=METER,
            date_time=TIME.octets,
            other_information=INFORMATION,
        )
        assert await there.read(NOTE, class_id=1) == b"private", "the agent's own requests go on"


@pytest.mark.parametrize("suite", [0, 1])
async def test_a_write_in_layers_that_the_agent_cannot_read(suite: int) -> None:
    people = People(suite)
    third = ThirdParty(people)
    steps = [step(KeyChoice.WRAPPED), *([step(None)] if suite else [])]
    async with meter(people, THIRD) as url, agent(url, suite) as there:
        sent = third.protect(SET, *steps)
        assert b"confidential" not in sent
        assert decode_apdu(third.open(await there.forward(sent)).plain).result == 0  # type: ignore[attr-defined]
        assert await there.read(NOTE, class_id=1) == b"a confidential price"


async def test_who_is_refused() -> None:
    """By the client: whoever it is no agent of. By the meter: whom its client may not bring, changes, repetitions."""
    people = People(1)
    third, stranger = ThirdParty(people), ThirdParty(people, STRANGER)
    sent = third.protect(SET, step(KeyChoice.GUEK))
    async with meter(people, THIRD) as url, agent(url, 1, agent_for=(THIRD, STRANGER)) as there:
        assert (await _answer(there, sent)) is not None
        for bad in (
            sent,  # once more
            stranger.protect(SET, step(KeyChoice.GUEK)),
            _changed(third.protect(SET, step(KeyChoice.GUEK)), -1),
            _changed(third.protect(SET, step(None)), -1),
            _changed(third.protect(SET, step(KeyChoice.GUEK)), 4),  # its transaction-id
            third.protect(SET, step(KeyChoice.GUEK)).replace(THIRD.octets, AGENT.octets),
        ):
            await there.write(NOTE, 2, Data.octet_string(b"as before"), class_id=1)
            with pytest.raises(DlmsError):
                await there.forward(bad)
            assert await there.read(NOTE, class_id=1) == b"as before"
    async with meter(people, THIRD) as url, agent(url, 1) as there:
        for bad in (stranger.protect(GET, step(KeyChoice.GUEK)), GET):
            with pytest.raises(LocalProtocolError, match="no agent of"):
                await there.forward(bad)
    async with meter(people) as url, agent(url, 1) as there:
        with pytest.raises(DlmsError):
            await there.forward(third.protect(GET, step(KeyChoice.GUEK)))
        assert await there.read(NOTE, class_id=1) == b"private"


async def test_the_agent_cannot_change_the_answer() -> None:
    people = People(1)
    third = ThirdParty(people)
    async with meter(people, THIRD) as url, agent(url, 1) as there:
        answer = await there.forward(third.protect(GET, step(KeyChoice.ONE_PASS)))
        for at in range(len(answer)):
            with pytest.raises(DlmsError):
                third.open(_changed(answer, at))
        assert third.open(answer).plain[:1] == b"\xc4"
        with pytest.raises(SecurityError):
            third.open(answer)


async def test_an_answer_to_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A meter that mixes up its transactions: the agent does not hand on what is no answer to this one."""
    people = People(1)
    third = ThirdParty(people)
    mirrored = mirror._mirrored

    def mixed_up(layer: Any, context: Any) -> Step:
        made = mirrored(layer, context)
        return replace(made, transaction_id=b"another") if isinstance(made, GeneralCiphered) else made

    async with meter(people, THIRD) as url, agent(url, 1) as there:
        monkeypatch.setattr(mirror, "_mirrored", mixed_up)
        with pytest.raises(RemoteProtocolError, match="another transaction"):
            await there.forward(third.protect(GET, step(KeyChoice.GUEK)))
        monkeypatch.undo()
        assert third.open(await there.forward(third.protect(GET, step(KeyChoice.GUEK)))).plain[:1] == b"\xc4"


async def _answer(there: Meter, octets: bytes) -> bytes:
    return await there.forward(octets)


def _changed(octets: bytes, at: int) -> bytes:
    at %= len(octets)
    return octets[:at] + bytes((octets[at] ^ 1,)) + octets[at + 1 :]
