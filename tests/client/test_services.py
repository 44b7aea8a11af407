"""Reading, writing and calling, over both facades."""

from __future__ import annotations

from typing import Any

import pytest

import dlmskit
from dlmskit.association.settings import SUPPORTED
from dlmskit.codec.data import Data
from dlmskit.errors import ConfigError, EncodeError, LocalProtocolError, ServiceError
from dlmskit.types.conformance import Conformance
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis
from tests.client.conftest import Connect
from tests.client.small_meter import CLOCK, ENERGY, MYSTERY, SWITCH, SmallMeter

NO_ACCESS = SUPPORTED & ~Conformance.ACCESS
NO_LISTS = NO_ACCESS & ~Conformance.MULTIPLE_REFERENCES


async def test_values_come_in_their_declared_types(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    async with connect(small_meter.url, **secured) as meter:
        assert await meter.read(ENERGY) == 123456
        assert await meter.read("1-0:1.8.0*255", "value") == 123456
        assert await meter.read(ENERGY, 1) == ENERGY
        assert await meter.read(ENERGY, "Scaler Unit") == (-1, 30)
        assert (await meter.read(ENERGY, "scaler_unit")).unit == 30
        assert await meter.read(CLOCK, ["time_zone", 2]) == [-60, CosemDateTime(bytes.fromhex("07ea03010701000000ffc400"))]
        assert await meter.get(ENERGY) == Data.double_long_unsigned(123456)


@pytest.mark.parametrize(("conformance", "requests"), [(SUPPORTED, 2), (NO_ACCESS, 2), (NO_LISTS, 5)])
async def test_many_values_and_a_refusal(
    connect: Connect, secured: dict[str, Any], conformance: Conformance, requests: int
) -> None:
    """One request for the values and one for the scalers where lists were negotiated; one for each where not."""
    with SmallMeter(conformance=conformance).listening() as small_meter:
        async with connect(small_meter.url, **secured) as meter:
            before = len(small_meter.requests)
            energy, other, missing = await meter.read_many([ENERGY, ("1.0.2.8.0.255", "value"), "1.0.3.8.0.255"])
            assert len(small_meter.requests) - before == requests
            assert (energy.value, energy.unit_symbol, str(energy)) == (12345.6, "Wh", "12.3456 kWh")
            assert (other.value, other.scaler, other.data) == (7, 0, Data.double_long_unsigned(7))
            assert "Active energy import" in energy.description
            assert isinstance(missing, ServiceError)
            assert missing.code == DataAccessResult.OBJECT_UNDEFINED
            assert "1.0.3.8.0.255 value" in str(missing)
            assert "it may be" in str(missing), "the class was a guess, and the error says so"
            before = len(small_meter.requests)
            await meter.register(ENERGY)
            assert len(small_meter.requests) - before == 1, "scalers are read once"


async def test_a_long_list_goes_in_parts_that_fit(connect: Connect, secured: dict[str, Any]) -> None:
    with SmallMeter(max_pdu_size=160).listening() as small_meter:
        async with connect(small_meter.url, **secured) as meter:
            found = await meter.read_many([(ENERGY, 1)] * 30)
    assert [one.value for one in found] == [ENERGY] * 30


async def test_where_the_class_of_a_code_comes_from(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    async with connect(small_meter.url, **secured) as meter:
        with pytest.raises(ConfigError, match=r"class of 0\.0\.96\.50\.77\.255 is not known: say class_id"):
            await meter.read(MYSTERY)
        assert await meter.read(MYSTERY, class_id=1) == 5
        entries = {entry.obis: entry for entry in await meter.objects()}
        assert await meter.read(MYSTERY) == 5
        assert (entries[ENERGY].class_id, entries[ENERGY].version, entries[ENERGY].class_name) == (3, 0, "Register")
        assert entries[ENERGY].rights.attributes[2].name == "READ"
        assert Obis("0.0.40.0.0.255") in entries
        before = len(small_meter.requests)
        assert await meter.objects() == tuple(entries.values())
        assert len(small_meter.requests) == before, "the list is read once"


@pytest.mark.parametrize(
    ("attribute", "class_id", "message"),
    [
        ("valeu", None, "Register has no 'valeu' among its attributes: logical_name, value, scaler_unit"),
        ("value", 9999, "interface class 9999 is not declared here: give numbers in place of 'value'"),
    ],
)
async def test_names_that_mean_nothing(
    connect: Connect, small_meter: SmallMeter, secured: dict[str, Any], attribute: str, class_id: int | None, message: str
) -> None:
    async with connect(small_meter.url, **secured) as meter:
        with pytest.raises(ConfigError, match=message):
            await meter.read(ENERGY, attribute, class_id=class_id)


async def test_writing_keeps_to_the_type(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    async with connect(small_meter.url, **secured) as meter:
        await meter.write(CLOCK, "time_zone", -120)
        assert small_meter.tree.get(8, CLOCK).get(3) == Data.long(-120)
        await meter.write(CLOCK, 3, Data.long(-60))
        assert await meter.read(CLOCK, 3) == -60
        with pytest.raises(ServiceError, match="read-write-denied"):
            await meter.write(ENERGY, "value", 5)  # a choice of types: the present one is read and kept
        with pytest.raises(EncodeError, match="time_zone"):
            await meter.write(CLOCK, "time_zone", "noon")
        with pytest.raises(EncodeError, match="give Data"):
            await meter.write(CLOCK, 99, 5)


async def test_the_type_of_a_choice_is_the_one_it_has(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    """The declared type of Data.value is any: number 7 alone would not tell which of ten."""
    async with connect(small_meter.url, **secured) as meter:
        await meter.write(MYSTERY, "value", 7, class_id=1)
        await meter.write("0.0.96.1.0.255", "value", b"new")
    assert small_meter.tree.get(1, MYSTERY).get(2) == Data.long_unsigned(7)
    assert small_meter.tree.get(1, Obis("0.0.96.1.0.255")).get(2) == Data.octet_string(b"new")


async def test_calling_methods(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    async with connect(small_meter.url, **secured) as meter:
        assert await meter.call(SWITCH, "remote_disconnect") is None
        assert await meter.read(SWITCH, "output_state") is False
        assert await meter.call(SWITCH, 2) is None
        assert await meter.read(SWITCH, "output_state") is True
        await meter.call(CLOCK, "shift_time", 30)
        assert (await meter.read(CLOCK, "time")).time.second == 30
        with pytest.raises(ServiceError, match=r"0\.0\.1\.0\.0\.255 shift_time: other-reason"):
            await meter.call(CLOCK, "shift_time", 901)


async def test_the_public_client_needs_nothing_and_sees_little(connect: Connect, small_meter: SmallMeter) -> None:
    async with connect(small_meter.url) as meter:
        assert meter.context.client_sap == 16
        assert str(await meter.read(CLOCK, "time")).startswith("2026-03-01")
        with pytest.raises(ServiceError, match="object-undefined"):
            await meter.read(ENERGY)


async def test_after_the_end_nothing_works(connect: Connect, small_meter: SmallMeter) -> None:
    async with connect(small_meter.url) as meter:
        pass
    with pytest.raises(LocalProtocolError, match="the connection is not open"):
        await meter.read(CLOCK, "time")


async def test_notifications_are_kept(connect: Connect, small_meter: SmallMeter) -> None:
    push = bytes.fromhex("0F40000001000C07EA03010700000000FFC40000")[:7] + bytes.fromhex("00") + bytes.fromhex("0600000001")
    async with connect(small_meter.url) as meter:
        small_meter.clients[-1].connection.send(1, 16, push)
        await meter.read(CLOCK, "time")
        assert [one.octets for one in meter.notifications] == [push]
        small_meter.clients[-1].connection.send(1, 16, push)
        meter.notifications.clear()
        assert (await meter.next_notification(0.5)).octets == push


async def test_over_a_real_socket(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    """The public client reads the counter over a connection of its own, which is closed before the other one opens."""
    with small_meter.listening_on_tcp() as url:
        words = {"keys": secured["keys"], "client_title": secured["client_title"], "pdu": 300}
        async with connect(url, **words) as meter:
            assert await meter.read(ENERGY) == 123456
            assert len(await meter.profile("1.0.99.1.0.255").read()) == 96
            assert small_meter.open_connections == 1
        assert small_meter.aarqs == [16, 1]


def test_the_two_facades_are_twins() -> None:
    """Same names, same parameters; one waits and the other blocks."""
    import inspect

    for kind in ("Meter", "Profile"):
        pair = [getattr(module, kind) for module in (dlmskit, dlmskit.sync)]
        names = [{name for name in vars(one) if not name.startswith("_")} for one in pair]
        assert names[0] == names[1]
        for name in names[0]:
            members = [inspect.getattr_static(one, name) for one in pair]
            assert members[0].__doc__ == members[1].__doc__
            if inspect.isfunction(members[0]):
                assert inspect.signature(members[0]).parameters == inspect.signature(members[1]).parameters
    assert inspect.signature(dlmskit.connect).parameters == inspect.signature(dlmskit.sync.connect).parameters


def test_the_public_door_re_exports_what_it_says() -> None:
    for name in dlmskit.__all__:
        assert getattr(dlmskit, name) is not None
    assert set(dlmskit.__all__) <= set(dir(dlmskit))
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        _ = dlmskit.conect


# --- Several acts in one request ---


async def test_acts_in_their_order_in_one_request(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    acts = [
        dlmskit.Write(MYSTERY, 2, Data.long_unsigned(77), class_id=1),
        dlmskit.Read(MYSTERY, 2, class_id=1),
        dlmskit.Call(SWITCH, "remote_disconnect"),
        dlmskit.Read(ENERGY, "scaler_unit"),
    ]
    async with connect(small_meter.url, **secured) as meter:
        before = len(small_meter.requests)
        assert await meter.in_order(acts) == [None, 77, None, (-1, 30)]
        assert len(small_meter.requests) - before == 1


@pytest.mark.parametrize("conformance", [SUPPORTED, NO_ACCESS], ids=["ACCESS", "one by one"])
@pytest.mark.parametrize(("breaks", "value"), [(True, 5), (False, 6)])
async def test_a_refusal_stops_the_rest_where_that_is_wanted(
    connect: Connect, secured: dict[str, Any], conformance: Conformance, breaks: bool, value: int
) -> None:
    acts = [dlmskit.Read("1.0.3.8.0.255"), dlmskit.Write(MYSTERY, 2, Data.long_unsigned(6), class_id=1)]
    with SmallMeter(conformance=conformance).listening() as small_meter:
        async with connect(small_meter.url, **secured) as meter:
            refused, second = await meter.in_order(acts, break_on_error=breaks)
            assert isinstance(refused, ServiceError)
            assert refused.code == DataAccessResult.OBJECT_UNDEFINED
            assert isinstance(second, ServiceError) is breaks
            assert await meter.read(MYSTERY, class_id=1) == value


async def test_what_does_not_fit_into_one_answer_is_read_alone(connect: Connect, secured: dict[str, Any]) -> None:
    """ACCESS has no blocks, GET has: the caller does not notice."""
    with SmallMeter(conformance=SUPPORTED & ~Conformance.GENERAL_BLOCK_TRANSFER, max_pdu_size=400).listening() as small_meter:
        async with connect(small_meter.url, pdu=400, **secured) as meter:
            period, buffer, entries = await meter.read("1.0.99.1.0.255", ["capture_period", "buffer", "entries_in_use"])
    assert (period, len(buffer), entries) == (900, 96, 96)


async def test_a_meter_that_refuses_access_is_asked_by_list(
    connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]
) -> None:
    small_meter.interfere = lambda sap, apdu: (bytes.fromhex("D80102"),) if sap == 1 and apdu[0] == 0xDB else None
    async with connect(small_meter.url, **secured) as meter:
        before = len(small_meter.requests)
        assert await meter.read(CLOCK, ["time_zone", "clock_base"]) == [-60, 1]
        assert await meter.read(CLOCK, ["clock_base", "time_zone"]) == [1, -60]
        assert len(small_meter.requests) - before == 3, "asked once by ACCESS, twice by list"


# --- Without an answer ---


@pytest.mark.parametrize("words", [{}, {"client": 48, "names": "short"}], ids=["logical names", "short names"])
async def test_written_and_invoked_without_an_answer(
    connect: Connect, small_meter: SmallMeter, secured: dict[str, Any], words: dict[str, Any]
) -> None:
    """It is executed, and nothing is waited for: the next answer is that of the next request."""
    async with connect(small_meter.url, **words, **secured) as meter:
        await meter.write(CLOCK, "time_zone", -90, confirmed=False)
        assert await meter.call(SWITCH, "remote_disconnect", confirmed=False) is None
        await meter.write(ENERGY, 1, Data.null(), confirmed=False)
        assert await meter.read(CLOCK, "time_zone") == -90
        assert await meter.read(SWITCH, "output_state") is False
        if words:
            with pytest.raises(LocalProtocolError, match="not in the object list"):
                await meter.write("1.0.3.8.0.255", 2, Data.null(), confirmed=False)


# --- Attribute 0 ---


async def test_all_attributes_read_and_written_at_once(
    connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]
) -> None:
    """A structure of all, null-data for what stays as it is; one that may not be written lets nothing be written."""
    async with connect(small_meter.url, **secured) as meter:
        everything = await meter.get(CLOCK, 0)
        assert len(everything.elements()) == 9
        assert everything.elements()[2] == Data.long(-60)
        only_zone = Data.structure([Data.null()] * 2 + [Data.long(-15)] + [Data.null()] * 6)
        await meter.write(CLOCK, 0, only_zone)
        assert await meter.read(CLOCK, "time_zone") == -15
        and_status = Data.structure([Data.null()] * 2 + [Data.long(-30), Data.unsigned(1)] + [Data.null()] * 5)
        for refused in (and_status, Data.structure([Data.long(1)]), Data.unsigned(1)):
            with pytest.raises(ServiceError):
                await meter.write(CLOCK, 0, refused)
        assert await meter.read(CLOCK, "time_zone") == -15
    with SmallMeter(conformance=SUPPORTED & ~Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET).listening() as other:
        async with connect(other.url, **secured) as meter:
            with pytest.raises(LocalProtocolError, match="attribute0-supported-with-set"):
                await meter.write(CLOCK, 0, only_zone)
