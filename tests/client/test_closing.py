"""However a connection ends, it is closed, what went wrong is told as a typed error, and no secret is in it."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import dlmskit
from dlmskit.apdu import ExceptionResponse
from dlmskit.association.errors import AssociationRefused
from dlmskit.association.settings import SUPPORTED
from dlmskit.codec.data import Data
from dlmskit.errors import DecodeError, DlmsError, ProtocolError, SecurityError, ServiceError, TransportError, TransportTimeout
from dlmskit.security.keys import KeySet, Secret
from dlmskit.types.conformance import Conformance
from tests.client.conftest import Connect
from tests.client.small_meter import CLOCK, ENERGY, GAK, GUEK, KEYS, PASSWORD, SmallMeter

OTHER = "00112233445566778899AABBCCDDEEFF"
GLO_GET, RLRQ, AARQ = 0xC8, 0x62, 0x60


def answering(answers: dict[int, list[bytes]]) -> Callable[[int, bytes], list[bytes] | None]:
    """Answer these tags of client 1 in place of the meter."""
    return lambda sap, apdu: answers.get(apdu[0]) if sap == 1 else None


@pytest.mark.parametrize(
    ("tag", "answers", "kind"),
    [
        (AARQ, [], TransportTimeout),
        (AARQ, [b"\x61\x03\x80\x01\x00"], DecodeError),
        (AARQ, [ExceptionResponse(1, 2).encode()], ServiceError),
        (GLO_GET, [], TransportTimeout),
        (GLO_GET, [b"\xc4\x01\xc1\x00\x00"], SecurityError),
        (GLO_GET, [bytes.fromhex("CC1E300000FFFF") + bytes(25)], SecurityError),
        (GLO_GET, [bytes.fromhex("CC02FFFF")], DlmsError),
    ],
)
async def test_every_failure_is_typed_and_closes(
    connect: Connect, small_meter: SmallMeter, secured: dict[str, Any], tag: int, answers: list[bytes], kind: type[DlmsError]
) -> None:
    small_meter.interfere = answering({tag: answers})
    with pytest.raises(kind):
        async with connect(small_meter.url, **{**secured, "timeout": 0.05}) as meter:
            await meter.read(ENERGY)
    assert small_meter.clients, "it was connected"
    assert small_meter.open_connections == 0


async def test_an_error_of_the_caller_comes_through(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    with pytest.raises(ZeroDivisionError):
        async with connect(small_meter.url, **secured) as meter:
            await meter.read(ENERGY)
            _ = 1 / 0
    assert small_meter.open_connections == 0
    assert small_meter.requests[-1][1][0] == RLRQ, "released all the same"


@pytest.mark.parametrize("answers", [[], [b"\x99"], [ExceptionResponse(1, 2).encode()], [b"\x63\x03\x80\x01\x00"]])
@pytest.mark.parametrize("failing", [True, False])
async def test_a_release_never_masks_anything(
    connect: Connect, small_meter: SmallMeter, secured: dict[str, Any], answers: list[bytes], failing: bool
) -> None:
    small_meter.interfere = answering({RLRQ: answers})
    seen: BaseException | None = None
    try:
        async with connect(small_meter.url, **{**secured, "timeout": 0.05}) as meter:
            await meter.read("1.0.1.8.0.255" if not failing else "1.0.4.8.0.255")
    except ServiceError as error:
        seen = error
    assert (seen is not None) == failing
    assert small_meter.open_connections == 0


async def test_the_meter_hangs_up(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    with pytest.raises(TransportError, match="closed by the peer"):
        async with connect(small_meter.url, **secured) as meter:
            small_meter.clients[-1].connection.close()
            await meter.read(ENERGY)
    assert small_meter.open_connections == 0


async def test_the_meter_hangs_up_instead_of_a_farewell(
    connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]
) -> None:
    def hang_up(sap: int, apdu: bytes) -> list[bytes] | None:
        if apdu[0] == RLRQ:
            small_meter.clients[-1].connection.close()
        return None

    small_meter.interfere = hang_up
    async with connect(small_meter.url, **secured) as meter:
        assert await meter.read(ENERGY) == 123456
    assert small_meter.open_connections == 0


async def test_nobody_is_there(connect: Connect, secured: dict[str, Any]) -> None:
    with pytest.raises(TransportError, match="nobody listens at memory://nowhere"):
        async with connect("memory://nowhere", **secured):
            pass


async def test_another_meter_is_refused(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    with pytest.raises(SecurityError, match="system-title-mismatch"):
        async with connect(small_meter.url, **secured, server_title="4D4D4D0000BC6FFF"):
            pass
    assert small_meter.open_connections == 0


@pytest.mark.filterwarnings("ignore::dlmskit.client.plan.WeakSecurityWarning")
async def test_lls_where_it_is_asked_for(connect: Connect, small_meter: SmallMeter) -> None:
    words: dict[str, Any] = {"client": 32, "mechanism": "lls", "context": "plain", "allow_weak": True}
    async with connect(small_meter.url, keys=KeySet(lls_password=Secret.from_text(PASSWORD)), **words) as meter:
        assert await meter.read(ENERGY) == 123456
    with pytest.raises(AssociationRefused, match="authentication-failure"):
        async with connect(small_meter.url, keys=KeySet(lls_password=Secret.from_text("wrong")), **words):
            pass
    assert small_meter.open_connections == 0


async def test_giving_up_hangs_up(small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    small_meter.interfere = answering({GLO_GET: []})

    async def read() -> None:
        async with dlmskit.connect(small_meter.url, **{**secured, "timeout": 5}) as meter:
            await meter.read(ENERGY)

    task = asyncio.create_task(read())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert small_meter.open_connections == 0


async def test_a_call_that_was_given_up_does_not_disturb_the_next(small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    async with dlmskit.connect(small_meter.url, **secured) as meter:
        small_meter.interfere = answering({GLO_GET: []})
        with pytest.raises(TimeoutError) as held:  # as in a program that keeps the error, and with it its frames
            await asyncio.wait_for(meter.read(ENERGY), 0.05)
        small_meter.interfere = None
        assert await meter.read(ENERGY) == 123456
        assert held.value.__cause__ is not None


async def test_tasks_share_a_meter(small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    async with dlmskit.connect(small_meter.url, **secured) as meter:
        values = await asyncio.gather(*(meter.read(ENERGY, number) for number in (1, 2, 1, 2)))
    assert values == [ENERGY, 123456, ENERGY, 123456]


async def test_no_secret_in_errors_and_logs(
    connect: Connect, small_meter: SmallMeter, secured: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Every way to fail, with the whole chain of every error printed, and everything that was logged."""
    caplog.set_level(logging.DEBUG)
    texts = [repr(secured)]
    wrong = KeySet.from_hex(guek=OTHER, gak=OTHER)
    ways: list[tuple[dict[str, Any], dict[int, list[bytes]]]] = [
        ({"keys": wrong}, {}),
        ({"keys": KeySet(guek=KEYS.guek, gak=wrong.gak)}, {}),
        ({}, {GLO_GET: [b"\xc4\x01\xc1\x00\x00"]}),
        ({}, {GLO_GET: [bytes(40)]}),
        ({}, {AARQ: [b"\x61\x03\x80\x01\x00"]}),
        ({"dedicated": True}, {RLRQ: []}),
        ({"server_title": "4D4D4D0000BC6FFF"}, {}),
    ]
    for words, answers in ways:
        small_meter.interfere = answering(answers)
        try:
            async with connect(small_meter.url, **{**secured, "timeout": 0.05, **words}) as meter:
                texts.append(repr(meter))
                await meter.read(ENERGY)
        except DlmsError as error:
            texts += traceback.format_exception(error)
            texts.append(repr(error))
    texts.append(caplog.text)
    said = "\n".join(texts).casefold()
    assert "authentication" in said, "something was said"
    for secret in (GUEK, GAK, OTHER, PASSWORD):
        assert secret.casefold() not in said
        assert repr(bytes.fromhex(secret) if secret != PASSWORD else PASSWORD.encode()).casefold() not in said


async def test_protocol_nonsense_is_blamed_on_the_peer(connect: Connect, small_meter: SmallMeter) -> None:
    """A list of another length than was asked for."""
    small_meter.conformance = SUPPORTED & ~Conformance.ACCESS
    two = bytes.fromhex("C4 03 C1 01 00 0F 01")
    async with connect(small_meter.url) as meter:
        small_meter.interfere = lambda sap, apdu: [bytes((*two[:2], apdu[2], *two[3:]))] if apdu[0] == 0xC0 else None
        with pytest.raises(ProtocolError, match="2 attributes were asked for, 1 answers came"):
            await meter.read(CLOCK, ["time", "time_zone"])


async def test_a_reading_needs_no_sound_scaler(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    small_meter.tree.get(3, ENERGY).store(3, Data.structure([Data.integer(3), Data.null()]))
    async with connect(small_meter.url, **secured) as meter:
        reading = await meter.register(ENERGY)
    assert (reading.value, reading.scaler, reading.unit, reading.unit_symbol) == (123456, None, None, "")


async def test_a_client_number_that_the_meter_does_not_know(connect: Connect, small_meter: SmallMeter) -> None:
    """Silence is all that a meter says to it (R-016), so the error says what to check."""
    known = r"does not know \(these were client=77, server=1\); check them"
    with pytest.warns(dlmskit.WeakSecurityWarning), pytest.raises(TransportTimeout, match=known):
        async with connect(small_meter.url, client=77, timeout=0.05, allow_weak=True):
            pass
