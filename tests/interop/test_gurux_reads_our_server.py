"""gurux_dlms as a foreign client reads our server over TCP. What it understands is compared with the objects themselves.

Where the two disagree, the test says who does what. gurux decides the bytes of these sessions: its AARQ, its ciphering, its
selective access. So they are an outside oracle for the server, down to the GMAC of mechanism 5.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from gurux_dlms.enums import Authentication, DataType, ObjectType
from gurux_dlms.GXDLMSException import GXDLMSException
from gurux_dlms.GXDLMSExceptionResponse import GXDLMSExceptionResponse
from gurux_dlms.objects import GXDLMSClock, GXDLMSRegister

from dlmskit.apps.simulator.serving import Served
from dlmskit.association.ports import EventCode
from dlmskit.link.wrapper import encode_wrapper
from dlmskit.types.obis import Obis
from tests.interop.gurux_client import GuruxClient

T = TypeVar("T")
CIPHERED = {"client": 1, "authentication": Authentication.HIGH_GMAC, "ciphered": True}


async def as_client(meter: Served, work: Callable[[GuruxClient], T], **words: Any) -> T:
    """Run blocking work with a gurux client in a thread, while the meter is served here."""

    def session() -> T:
        with GuruxClient(meter.listener.port, **words) as client:
            return work(client)

    return await asyncio.to_thread(session)


def codes(meter: Served) -> list[EventCode]:
    return [entry.code for entry in meter.meter.device.log]


async def test_the_public_client_reads_clock_and_object_list(household: Served) -> None:
    def work(client: GuruxClient) -> tuple[list[tuple[int, str, int]], Any]:
        listed = [(int(one.objectType), one.logicalName, one.version) for one in client.objects()]
        return listed, client.read(GXDLMSClock("0.0.1.0.0.255"))

    listed, time = await as_client(household, work, client=16)
    assert listed == [
        (8, "0.0.1.0.0.255", 0),
        (15, "0.0.40.0.0.255", 3),
        (15, "0.0.40.0.1.255", 3),
        (1, "0.0.42.0.0.255", 0),
        (1, "0.0.43.1.0.255", 0),
    ]
    assert abs(_utc(time) - datetime.now(UTC)) < timedelta(seconds=5)
    assert codes(household) == [EventCode.ASSOCIATED, EventCode.RELEASED]


async def test_gurux_sees_the_rights_that_the_role_has(household: Served) -> None:
    def work(client: GuruxClient) -> list[int]:
        client.objects()
        clock = client.find(ObjectType.CLOCK, "0.0.1.0.0.255")
        return [int(clock.getAccess3(number)) for number in range(1, 10)]

    assert await as_client(household, work, client=16) == [1] * 9
    # gurux knows access modes of version 3 as bits: read 1, write 2.
    management = household.meter.device[1].clients[1].association.role.objects[8, Obis("0.0.1.0.0.255")]
    expected = [int(management.attributes[number]) for number in range(1, 10)]
    assert await as_client(household, work, **CIPHERED) == expected
    assert 3 in expected


async def test_lls_reads_a_register_with_its_unit(household: Served) -> None:
    def work(client: GuruxClient) -> tuple[Any, int, float]:
        client.objects()
        register = client.find(ObjectType.REGISTER, "1.0.32.7.0.255")
        client.read(register, 3)
        return client.read(register), int(register.unit), register.scaler

    value, unit, scaler = await as_client(household, work, client=32, authentication=Authentication.LOW, password="12345678")
    assert unit == 35
    assert scaler == 0.1
    assert 210 < value * (1 if value < 1000 else scaler) < 245


async def test_a_wrong_password_is_refused(household: Served) -> None:
    with pytest.raises(GXDLMSException, match=r"(?i)authentication"):
        await as_client(household, lambda _: None, client=32, authentication=Authentication.LOW, password="12345679")
    assert codes(household) == [EventCode.AUTHENTICATION_FAILED]


@pytest.mark.supports("mechanism 5", "glo authenticated+encrypted", suite=0, side="server")
async def test_ciphered_with_mechanism_5_every_register_reads_as_it_is(household: Served) -> None:
    def work(client: GuruxClient) -> dict[str, Any]:
        client.objects()
        return {one.logicalName: client.read(one) for one in client.gurux.objects.getObjects(ObjectType.REGISTER)}

    read = await as_client(household, work, **CIPHERED)
    tree = household.meter.device[1].tree
    for name in ("1.0.1.8.0.255", "1.0.1.8.1.255", "1.0.3.8.0.255"):
        now = tree.get(3, Obis(name)).get(2).value
        assert 0 <= now - read[name] <= 5  # a counter goes on, by some watt-hours at most
    assert read["1.0.1.8.1.255"] + read["1.0.1.8.2.255"] == pytest.approx(read["1.0.1.8.0.255"], abs=2)
    assert codes(household) == [EventCode.ASSOCIATED, EventCode.RELEASED]


async def test_profile_by_range_and_by_entry(household: Served) -> None:
    until = datetime.now(UTC)
    since = until - timedelta(hours=6)

    def work(client: GuruxClient) -> tuple[Any, Any, Any]:
        client.objects()
        profile = client.find(ObjectType.PROFILE_GENERIC, "1.0.99.1.0.255")
        client.read(profile, 3)
        # gurux wants naive times of this machine; it sends them with the deviation of its time zone.
        by_range = client.rows_between(profile, since.astimezone(), until.astimezone())
        first = client.entries(profile, 1, 3)
        everything = client.entries(profile, 1, 3360)
        return list(by_range), list(first), list(everything)

    by_range, first, everything = await as_client(household, work, **CIPHERED)
    rows = household.meter.device[1].tree.get(7, Obis("1.0.99.1.0.255")).get(2).value
    assert len(everything) == len(rows) == 3360
    assert [row[1:] for row in everything] == [list(row[1:]) for row in rows]
    assert [row[1:] for row in first] == [list(row[1:]) for row in rows[:3]]
    assert len(by_range) == 24
    assert [row[2] for row in by_range] == [row[2] for row in rows[-24:]]
    assert all(since <= _utc(row[0]) <= until for row in by_range)


async def test_get_with_list(household: Served) -> None:
    def work(client: GuruxClient) -> list[Any]:
        return client.read_list([(GXDLMSRegister("1.0.1.8.0.255"), 3), (GXDLMSRegister("1.0.14.7.0.255"), 2)])

    scaler_unit, frequency = await as_client(household, work, **CIPHERED)
    assert list(scaler_unit) == [0, 30]
    assert 4990 <= frequency <= 5010


async def test_write_and_method(household: Served) -> None:
    def work(client: GuruxClient) -> None:
        client.objects()
        note = client.find(ObjectType.DATA, "0.0.96.1.1.255")
        note.value = b"cellar"
        note.setDataType(2, DataType.OCTET_STRING)
        client.write(note, 2)
        switch = client.find(ObjectType.DISCONNECT_CONTROL, "0.0.96.3.10.255")
        client.method(switch, 1, 0, DataType.INT8)

    await as_client(household, work, **CIPHERED)
    tree = household.meter.device[1].tree
    assert tree.get(1, Obis("0.0.96.1.1.255")).get(2).value == b"cellar"
    assert tree.get(70, Obis("0.0.96.3.10.255")).get(3).value == 0


async def test_what_the_role_does_not_allow_is_denied(household: Served) -> None:
    def work(client: GuruxClient) -> Any:
        return client.read(GXDLMSRegister("1.0.1.8.0.255"))

    with pytest.raises(GXDLMSException, match=r"(?i)undefined"):
        await as_client(household, work, client=16)


@pytest.mark.case("R-051")
@pytest.mark.supports("repeated message refused", suite=None, side="server")
async def test_a_counter_that_was_used_before_is_refused(household: Served) -> None:
    def work(client: GuruxClient) -> Any:
        return client.read(GXDLMSRegister("1.0.1.8.0.255"))

    await as_client(household, work, first_counter=1, **CIPHERED)
    with pytest.raises(GXDLMSExceptionResponse):
        await as_client(household, work, first_counter=1, **CIPHERED)
    assert codes(household)[-1] is EventCode.AUTHENTICATION_FAILED
    await as_client(household, work, first_counter=household.meter.device.last_counter(_keys(household)) + 1, **CIPHERED)


@pytest.mark.case("R-042")
async def test_a_release_in_clear_ends_no_ciphered_association(household: Served) -> None:
    in_clear = encode_wrapper(1, 1, bytes((0x62, 3, 0x80, 1, 0)))

    def work(client: GuruxClient) -> Any:
        client.send(in_clear)
        return client.read(GXDLMSRegister("1.0.1.8.0.255"))

    assert await as_client(household, work, **CIPHERED) > 0
    assert EventCode.RELEASE_NOT_PROTECTED in codes(household)


def _keys(meter: Served) -> Any:
    return meter.meter.device[1].clients[1].config.credentials.keys


def _utc(time: Any) -> datetime:
    """A time of gurux in UTC."""
    value = getattr(time, "value", time)
    return value.astimezone(UTC)
