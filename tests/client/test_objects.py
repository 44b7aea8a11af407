"""Objects of a meter whose words are those of their interface class, through both facades."""

from __future__ import annotations

import inspect
import pydoc
import re
from pathlib import Path
from typing import Any, assert_type

import pytest

import dlmskit
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.association_ln import AssociationLnV0
from dlmskit.cosem.classes.charge import Charge
from dlmskit.cosem.classes.profile_generic_v0 import ProfileGenericV0
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.cosem.export import from_json, from_xml, to_json, to_xml, tree_of
from dlmskit.cosem.selective import EntryDescriptor
from dlmskit.errors import ConfigError, EncodeError, ServiceError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.obis import Obis
from scripts.object_types import stubs
from tests.client.conftest import Connect
from tests.client.small_meter import ENERGY, LOAD, MYSTERY, SWITCH, SmallMeter
from tests.cosem.standard_classes import STANDARD

OBJECTS = {"asyncio": dlmskit.objects, "blocking": dlmskit.sync.objects}


async def test_a_register_gives_its_value_scaled(small_meter: SmallMeter, connect: Connect, secured: dict[str, Any]) -> None:
    async with connect(small_meter.url, **secured) as meter:
        energy = meter.register(ENERGY)
        assert await energy.value() == 12345.6
        assert await energy.scaler_unit() == (-1, 30)
        assert str(await energy.reading()) == "12.3456 kWh"
        assert str(await energy) == "12.3456 kWh"
        assert (await energy.get("value")).value == 123456
        with pytest.raises(ServiceError, match="read-write-denied"):
            await energy.set_value(Data.double_long_unsigned(10))
        await energy.reset()
        assert await energy.value() == 0


async def test_words_of_other_classes(small_meter: SmallMeter, connect: Connect, secured: dict[str, Any]) -> None:
    async with connect(small_meter.url, **secured) as meter:
        assert str(await meter.clock().time()).startswith("2026-03-01 01:00:00")
        await meter.clock().set_time_zone(-120)
        assert await meter.clock().time_zone() == -120
        assert await meter.data(MYSTERY).value() == 5
        switch = meter.object(SWITCH)
        await switch.set_control_mode(2)
        assert await switch.control_mode() == 2
        await switch.remote_disconnect()
        assert await switch.output_state() is False
        profile = meter.object(LOAD)
        rows = await profile.buffer(EntryDescriptor(1, 2))
        assert [row[2] for row in rows] == [1000, 1007]
        assert [column.class_id for column in await profile.capture_objects()] == [8, 1, 3]


async def test_everything_of_an_object_at_once(small_meter: SmallMeter, connect: Connect, secured: dict[str, Any]) -> None:
    async with connect(small_meter.url, **secured) as meter:
        found = await meter.register("1.0.2.8.0.255").read_all()
        assert found == {"logical_name": Obis("1.0.2.8.0.255"), "value": 7, "scaler_unit": (0, 30)}
        missing = await meter.register("1.0.3.8.0.255").read_all()
        assert all(isinstance(refusal, ServiceError) for refusal in missing.values())


async def test_an_object_is_taken_for_export(small_meter: SmallMeter, connect: Connect, secured: dict[str, Any]) -> None:
    async with connect(small_meter.url, **secured) as meter:
        assert (await meter.register(ENERGY).record()).rights is None
        entries = await meter.objects()
        records = [await meter.object(entry).record() for entry in entries]
        assert from_xml(to_xml(records)) == from_json(to_json(records)) == records
        energy = next(record for record in records if record.logical_name == ENERGY)
        assert energy.values == {2: Data.double_long_unsigned(123456), 3: small_meter.tree.get(3, ENERGY).get(3)}
        assert energy.rights == next(entry.rights for entry in entries if entry.obis == ENERGY)
        twin = tree_of(records)
        assert twin.get(7, LOAD).get(2) == small_meter.tree.get(7, LOAD).get(2)
        with pytest.raises(ConfigError, match="9999"):
            await meter.object(MYSTERY, class_id=9999).record()


async def test_class_and_version_are_those_of_the_object_list(
    small_meter: SmallMeter, connect: Connect, secured: dict[str, Any]
) -> None:
    old = small_meter.tree.add(ProfileGenericV0("1.0.99.2.0.255", capture_objects=[(1, MYSTERY, 2, 0)], profile_entries=4))
    old.capture()
    async with connect(small_meter.url, **secured) as meter:
        with pytest.raises(ConfigError, match="class"):
            meter.object(MYSTERY)
        guessed = meter.object(old.obis)
        with pytest.raises(ConfigError, match="no 'get_buffer_by_index'"):
            await guessed.call("get_buffer_by_index", (1, 0, 1, 0))
        entries = await meter.objects()
        assert await meter.object(MYSTERY).value() == 5
        assert await meter.object(old.obis).get_buffer_by_index((1, 0, 1, 0)) == [(5,)]
        (entry,) = [entry for entry in entries if entry.obis == old.obis]
        assert await meter.object(entry).get_buffer_by_index((1, 0, 1, 0)) == [(5,)]


async def test_the_caller_may_name_class_and_version(small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    async with dlmskit.connect(small_meter.url, **secured) as meter:
        named = meter.object(MYSTERY, dlmskit.objects.Register)
        assert (named.class_id, named.version, repr(named)) == (3, 0, f"Register('{MYSTERY}')")
        old = meter.object("0.0.40.0.0.255", class_id=15, version=AssociationLnV0.version)
        assert not hasattr(old, "user_list")
        unknown = meter.object(MYSTERY, class_id=9999)
        assert (unknown.class_id, unknown.version) == (9999, None)
        with pytest.raises(ServiceError):
            await unknown.get(2)
        with pytest.raises(ConfigError, match="declared"):
            await unknown.read("value")
        with pytest.raises(EncodeError, match="give Data"):
            await unknown.write(2, 5)


def test_a_method_is_not_hidden_by_a_word_that_writes() -> None:
    """Charge has an attribute total_amount_remaining and a method set_total_amount_remaining."""
    word = vars(dlmskit.objects.Charge)["set_total_amount_remaining"]
    assert word.__doc__.startswith(f"Method {Charge.set_total_amount_remaining.number}, ")


def test_help_says_what_a_word_is() -> None:
    text = pydoc.plain(pydoc.render_doc(dlmskit.objects.Clock))
    assert "Attribute 3, time_zone: long." in text
    assert "Method 6, shift_time(long) -> null-data. Shift by -900 to 900 seconds; other-reason beyond." in text
    assert str(inspect.signature(dlmskit.objects.ProfileGeneric.buffer)).count("selection") == 1


@pytest.mark.parametrize("facade", OBJECTS)
@pytest.mark.parametrize("key", STANDARD, ids=str)
def test_every_class_has_its_words_and_no_word_reads_a_secret(key: tuple[int, int], facade: str) -> None:
    declared = STANDARD[key]
    made = getattr(OBJECTS[facade], declared.__name__)
    assert (made.class_id, made.version) == key
    words = {name for name in vars(made) if not name.startswith("__")} - {"class_id", "version"}
    readable = {word.python_name for word in declared.attributes.values() if not word.secret}
    writable = {f"set_{word.python_name}" for word in declared.attributes.values() if word.number != 1}
    assert words == readable | writable | {word.python_name for word in declared.methods.values()}


def test_a_class_that_nobody_declared() -> None:
    with pytest.raises(AttributeError, match="Regster"):
        _ = dlmskit.objects.Regster  # type: ignore[attr-defined]
    assert ScriptTable.__name__ in dir(dlmskit.objects)


def test_the_types_are_those_of_the_declarations() -> None:
    """What `make docs` would write is what is there."""
    for path, text in stubs().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is stale: run make docs"


def test_the_types_name_every_word_of_a_common_class() -> None:
    """The stub against what is made at run time, by another way than the script's."""
    stub = Path(inspect.getfile(dlmskit.objects)).with_suffix(".pyi").read_text(encoding="utf-8")
    for made in (dlmskit.objects.Register, dlmskit.objects.Clock, dlmskit.objects.DisconnectControl):
        body = re.search(rf"^class {made.__name__}\(.*?(?=^class )", stub, re.MULTILINE | re.DOTALL)
        assert body is not None
        written = set(re.findall(r"async def (\w+)\(", body[0])) | {"logical_name"}
        assert written == {name for name, word in vars(made).items() if inspect.isfunction(word)}


async def _types_that_a_checker_knows(meter: dlmskit.Meter, blocking: dlmskit.sync.Meter) -> None:
    """Not run: `make types` holds it."""
    assert_type(await meter.clock().time(), CosemDateTime)
    assert_type(blocking.clock().time_zone(), int)
    assert_type(await meter.register("1.0.1.8.0.255"), dlmskit.Reading)
    assert_type((await meter.object(LOAD, dlmskit.objects.ProfileGeneric).capture_objects())[0].logical_name, Obis)
    await meter.clock().set_tme(0)  # type: ignore[attr-defined]
    await meter.clock().set_time_zone("utc")  # type: ignore[arg-type]
