"""The OBIS catalog: descriptions as an engineer would read them, default classes compared with a foreign list of codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.cosem.catalog import class_for, classes_for, describe
from dlmskit.types.obis import Obis

# code | usual class | description
CODES = [
    ("1.0.1.8.0.255", 3, "Active energy import (+A), total"),
    ("1.0.1.8.1.255", 3, "Active energy import (+A), rate 1"),
    ("1.0.2.8.2.255", 3, "Active energy export (-A), rate 2"),
    ("1.0.3.8.0.255", 3, "Reactive energy import (+R), total"),
    ("1.0.5.8.0.255", 3, "Reactive energy QI, total"),
    ("1.0.9.8.0.255", 3, "Apparent energy import (+S), total"),
    ("1.0.15.8.0.255", 3, "Active energy absolute sum (|+A|+|-A|), total"),
    ("1.0.1.7.0.255", 3, "Active power import (+A), instantaneous value"),
    ("1.0.16.7.0.255", 3, "Active power net (|+A|-|-A|), instantaneous value"),
    ("1.0.21.7.0.255", 3, "L1 active power import (+A), instantaneous value"),
    ("1.0.31.7.0.255", 3, "L1 current, instantaneous value"),
    ("1.0.52.7.0.255", 3, "L2 voltage, instantaneous value"),
    ("1.0.13.7.0.255", 3, "Power factor (signed, import direction), instantaneous value"),
    ("1.0.14.7.0.255", 3, "Supply frequency, instantaneous value"),
    ("1.0.1.6.0.255", 4, "Active power import (+A), maximum 1"),
    ("1.0.1.6.1.101", 4, "Active power import (+A), maximum 1, rate 1, most recent closed billing period"),
    ("1.0.1.4.0.255", 5, "Active power import (+A), current average 1"),
    ("1.0.1.29.0.255", 3, "Active energy import (+A), recording interval 1, total"),
    ("1.0.1.9.1.255", 3, "Active energy import (+A), since start of the billing period, rate 1"),
    ("1.0.1.8.0.5", 3, "Active energy import (+A), total, historical value 5"),
    ("1.0.1.8.0.102", 3, "Active energy import (+A), total, billing period 2 before the current one"),
    ("1.0.1.8.0.126", 7, "Active energy import (+A), total, unspecified number of billing periods"),
    ("1.0.31.7.5.255", 3, "L1 current, instantaneous value, harmonic 5"),
    ("1.0.32.7.124.255", 3, "L1 voltage, instantaneous value, total harmonic distortion"),
    ("1.0.32.24.1.255", 3, "L1 voltage, current average 3, fundamental"),
    ("1.0.81.7.4.255", 3, "Phase angle of I(L1) to U(L1)"),
    ("1.0.81.7.255.255", 61, "Phase angles, all"),
    ("1.0.83.8.1.255", 3, "Active line losses +"),
    ("1.0.32.32.0.255", 1, "L1 voltage, under limit occurrence counter"),
    ("1.0.32.32.12.255", 1, "L1 voltage, under limit occurrence counter, dips of 15..30 %, 0.5..1 s"),
    ("1.0.31.8.0.255", 3, "L1 current, time integral, total"),
    ("1.0.88.8.0.255", 3, "Ampere-squared hours, total"),
    ("1.1.1.8.0.255", 3, "Active energy import (+A), total, channel 1"),
    ("1.65.1.8.0.255", 3, "Active energy import (+A), total, utility specific channel 65"),
    ("1.1.0.2.129.255", None, "Manufacturer specific code (electricity), channel 1"),
    ("1.0.0.4.2.255", 1, "Transformer ratio current (numerator)"),
    ("1.0.99.1.0.255", 7, "Load profile 1"),
    ("1.0.99.2.1.255", 7, "Load profile 2, instance 2"),
    ("1.0.98.1.0.255", 7, "Data of billing period, scheme 1"),
    ("1.0.94.31.0.255", None, "Country specific object 0, Netherlands"),
    ("0.0.1.0.0.255", 8, "Clock"),
    ("0.0.1.0.1.255", 8, "Clock 2"),
    ("0.0.40.0.0.255", 15, "Current association"),
    ("0.0.40.0.3.255", 15, "Association 3"),
    ("0.0.41.0.0.255", 17, "SAP assignment"),
    ("0.0.42.0.0.255", 1, "COSEM logical device name"),
    ("0.0.43.0.0.255", 64, "Security setup"),
    ("0.0.43.1.1.255", 1, "Invocation counter, security setup 1"),
    ("0.0.44.0.0.255", 18, "Image transfer"),
    ("0.0.96.1.0.255", 1, "Device ID 1, manufacturing (serial) number"),
    ("0.1.96.1.0.255", 1, "Device ID 1, manufacturing (serial) number, channel 1"),
    ("0.0.96.14.0.255", 1, "Currently active tariff"),
    ("0.0.96.3.10.255", 70, "Disconnect control"),
    ("0.0.97.98.10.255", 1, "Alarm filter 1"),
    ("0.0.99.98.1.255", 7, "Event log 1"),
    ("0.0.96.11.1.255", 1, "Event code, event log 1"),
    ("0.0.25.9.0.255", 40, "Push setup"),
    ("0.2.25.9.0.255", 40, "Push setup, instance 2"),
    ("0.1.24.1.0.255", 72, "M-Bus client, channel 1"),
    ("0.1.24.2.1.255", 4, "M-Bus value 1, channel 1"),
    ("0.0.10.0.100.255", 9, "Tariffication script table"),
    ("0.0.15.0.0.255", 22, "End of billing period single action schedule"),
    ("0.0.19.12.3.255", 112, "Credit 2, instance 3"),
    ("0.0.65.17.3.255", 26, "Manufacturer utility table 131"),
    ("0.0.2.9.0.255", None, "Abstract object: modem, 9.0"),
    ("7.0.3.0.0.255", 3, "Gas: forward absolute meter volume, index, at metering conditions"),
    ("7.1.11.2.1.255", 3, "Gas: forward undisturbed converter volume, index, at base conditions, rate 1, channel 1"),
    ("7.0.43.19.0.255", 3, "Gas: flow rate, last average of averaging period 1, at metering conditions"),
    ("7.0.53.10.1.255", 3, "Gas: compressibility factor Z, instantaneous value, actual, weighted value"),
    ("7.0.70.67.0.255", 3, "Gas: natural gas analysis, Methane CH4, current value, process independent"),
    ("7.0.99.43.19.255", 7, "Gas load profile, flow rate"),
    ("6.0.1.0.0.255", 3, "Heating: energy, current value"),
    ("8.0.1.0.0.255", 3, "Cold water: accumulated volume, current value"),
    ("9.0.1.3.0.255", 3, "Hot water: accumulated volume, billing date value"),
    ("4.0.2.0.0.255", 3, "Heat cost allocator: rated integral, current value"),
    ("2.0.1.8.0.255", 3, "DC energy import, total"),
    ("3.0.1.0.0.255", None, "Medium 3: quantity 1, 0.0"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "class_id", "text"), CODES)
def test_codes_read_as_an_engineer_says_them(code, class_id, text):
    assert describe(Obis(code)) == text
    assert class_for(Obis(code)) == class_id


def test_the_class_decides_between_entries_and_never_loses_one():
    association = Obis("0.0.40.0.0.255")
    assert classes_for(association) == (15, 12)
    assert describe(association, 12) == describe(association, 15) == describe(association, 9999) == "Current association"


@given(st.binary(min_size=6, max_size=6), st.none() | st.integers(0, 0xFFFF))
def test_every_code_has_a_description_of_one_line(octets, class_id):
    text = describe(Obis(octets), class_id)
    assert text
    assert text == text.strip()
    assert text[0].isupper()
    assert len(text) < 200
    assert not set(text) & set("{}[]\n")


@given(
    st.sampled_from([0, 1, 7]), st.integers(0, 127), st.integers(0, 99), st.integers(0, 127), st.sampled_from([255, 0, 101, 126])
)
def test_codes_near_the_tables_leave_no_placeholder(a, c, d, e, f):
    assert not set(describe(Obis(bytes([a, 1, c, d, e, f])))) & set("{}[]")


@given(st.binary(min_size=6, max_size=6))
def test_the_usual_class_is_the_first_of_the_allowed_ones(octets):
    obis = Obis(octets)
    assert class_for(obis) == next(iter(classes_for(obis)), None)


def foreign_rows() -> Iterator[tuple[Obis, set[int]]]:
    """The first code of every pattern of a foreign list that names interface classes, with these classes."""
    text = resources.files("gurux_dlms").joinpath("OBISCodes.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        pattern, classes = line.split(";")[:2] if line else ("", "")
        numbers = {int(number) for number in classes.replace(".", ",").split(",") if number.isdigit()}
        if numbers:
            yield Obis(bytes(int(group.split(",")[0].split("-")[0]) for group in pattern.split("."))), numbers


OTHERWISE_THERE = {
    "0.0.21.0.0.255", "0.0.21.0.1.255", "0.0.23.3.0.255",  # there the parametrisation of a readout, as Data; here its profile
    "1.0.0.7.5.255",  # a constant, here first a Register as its neighbours
    "0.0.96.20.29.255", "1.0.0.9.3.255", "1.0.0.9.4.255",  # reserved
    "1.0.0.2.1.1",  # a line of the parameter record
    "0.0.96.50.0.0", "1.0.96.50.0.0", "7.0.96.50.0.0",  # manufacturer specific: nothing is usual
}  # fmt: skip


def test_usual_classes_are_among_those_of_the_foreign_list():
    compared = 0
    for obis, classes in foreign_rows():
        if classes == {21} or str(obis) in OTHERWISE_THERE:  # 21: monitors of a quantity, named by the code of the quantity
            continue
        assert class_for(obis) in classes, (str(obis), describe(obis), classes)
        compared += 1
    assert compared > 1200


def test_the_data_say_where_they_come_from_and_every_pattern_has_six_groups():
    data = json.loads(resources.files("dlmskit.cosem.catalog").joinpath("obis.json").read_text(encoding="utf-8"))
    assert data["origin"]
    for pattern, text, classes in data["objects"]:
        assert len(pattern.split(".")) == 6, pattern
        assert text
        assert all(0 < class_id <= 0xFFFF for class_id in classes)
