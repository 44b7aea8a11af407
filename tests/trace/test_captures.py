"""The explain engine on telegrams of real meters: every expected value, every expected refusal (tests/data/captures)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from dlmskit.security.keys import KeySet
from dlmskit.trace.explain import Code, Explanation, KeyRing, Verdict, explain
from tests.vectors import captures, parameters

PUSHES = captures(kind="push")
READOUTS = captures(kind="p1-ascii")
SESSIONS = captures("sessions")
WITHOUT_SCALERS = "kfm-ma304h4pse-se"
"""Its reader showed voltages and currents of this meter as sent, ten times too high."""
CHANGED_ON_THE_WAY = {"3.1.1.7.0.255"}
"""The bit error of kam-no-badfcs-1 is in an OBIS code, which makes it one of no medium."""


def explained(entry: dict[str, Any], **keys: Any) -> Explanation:
    given = {"guek": entry.get("guek"), "gak": entry.get("ak"), **keys}
    return explain(bytes.fromhex(entry["hex"]), KeyRing(KeySet.from_hex(**given)))


def dotted(code: str) -> str:
    """``1-0:1.8.0.255`` of the captures as ``1.0.1.8.0.255``."""
    return re.sub("[-:]", ".", code)


def same(expected: Any, found: dict[str, Any]) -> bool:
    """Whether a value is the expected one, allowing for the ways in which the captures write dates, octets and padding."""
    if isinstance(expected, str):
        moment = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d) dev=", expected)
        if moment:
            return str(found["value"]).startswith(moment[1])
        if expected.startswith("0x"):
            return expected[2:].upper() == found["raw"]
        padded = expected.replace("\\0", "\0")
        return padded.rstrip("\0") == str(found["value"]).rstrip("\0") or padded.encode().hex().upper() == found["raw"]
    if isinstance(expected, list):
        return len(expected) == len(found["raw"])
    return expected in (found["value"], found["raw"])


def damaged(entry: dict[str, Any]) -> bool:
    return bool({"malformed", "bad-fcs", "incomplete"} & set(entry["features"]))


@pytest.mark.parametrize("entry", parameters([one for one in PUSHES if one.get("expected")]))
def test_every_expected_value_is_found(entry: dict[str, Any]) -> None:
    explanation = explained(entry)
    if "bad-fcs" in entry["features"]:
        assert not explanation.values
        explanation = explanation.with_damaged_values()
    found = {str(value.obis): value.to_json() for value in explanation.values}
    for code, expected in entry["expected"].items():
        if dotted(code) in CHANGED_ON_THE_WAY:
            continue
        value = found[dotted(code)]
        assert same(expected["value"], value), (code, expected, value)
        if expected["unit"]:
            assert (value["value"], value["unit"]) == (expected["value"], expected["unit"])


@pytest.mark.parametrize("entry", parameters([one for one in PUSHES if one.get("expected_positional")]))
def test_every_positional_value_is_found_and_named(entry: dict[str, Any]) -> None:
    values = [value.to_json() for value in explained(entry).values]
    assert len(values) == len(entry["expected_positional"])
    for expected, value in zip(entry["expected_positional"], values, strict=True):
        assert same(expected, value), (expected, value)
        assert value["obis"]


NAMED = {
    "active_import_W": ({"1.0.1.7.0.255", "1.1.1.7.0.255"}, "W", 1),
    "U1_V": ({"1.0.32.7.0.255", "1.1.32.7.0.255"}, "V", 1),
    "U2_V": ({"1.0.52.7.0.255", "1.1.52.7.0.255"}, "V", 1),
    "U3_V": ({"1.0.72.7.0.255", "1.1.72.7.0.255"}, "V", 1),
    "I1_A": ({"1.0.31.7.0.255", "1.1.31.7.0.255"}, "A", 1),
    "I2_A": ({"1.0.51.7.0.255", "1.1.51.7.0.255"}, "A", 1),
    "I3_A": ({"1.0.71.7.0.255", "1.1.71.7.0.255"}, "A", 1),
    "import_kWh": ({"1.0.1.8.0.255", "1.1.1.8.0.255"}, "Wh", 1000),
}


@pytest.mark.parametrize(
    "entry", parameters([one for one in PUSHES if one.get("expected_named") and one["id"] != WITHOUT_SCALERS])
)
def test_physical_values_agree_with_another_reader(entry: dict[str, Any]) -> None:
    """``expected_named`` is what an independent reader showed for the same telegram, in physical units."""
    values = [value for value in explained(entry).values if value.obis and value.unit]
    compared = 0
    for name, expected in entry["expected_named"].items():
        codes, unit, factor = NAMED.get(name, (set(), "", 1))
        for value in values:
            if str(value.obis) in codes:
                assert value.unit == unit
                assert float(value.value) == pytest.approx(expected * factor, abs=0.01 * factor)
                compared += 1
    assert compared or not set(entry["expected_named"]) & set(NAMED)


@pytest.mark.parametrize("entry", parameters([one for one in PUSHES if one.get("expected_plain_apdu")]))
def test_plain_apdu_is_the_published_one(entry: dict[str, Any]) -> None:
    plain = [apdu.plain.hex().upper() for apdu in explained(entry).apdus if apdu.security and apdu.plain]
    assert plain == entry["expected_plain_apdu"]


@pytest.mark.parametrize("entry", parameters([one for one in PUSHES if "no-key" in one["features"]]))
def test_missing_key_is_said_and_nothing_is_made_up(entry: dict[str, Any]) -> None:
    explanation = explained(entry)
    codes = {problem.code for problem in explanation.all_problems}
    assert Code.MISSING_KEY in codes or Code.BLOCK_MISSING in codes
    assert not explanation.values
    assert explanation.exit_code in (4, 5)


@pytest.mark.parametrize("entry", parameters([one for one in PUSHES if damaged(one)]))
def test_damaged_and_incomplete_telegrams_fail_with_a_reason(entry: dict[str, Any]) -> None:
    explanation = explained(entry)
    assert explanation.exit_code == 5
    assert explanation.all_problems
    assert not explanation.values or "axdr-bug" in entry["features"]


@pytest.mark.parametrize("entry", parameters([one for one in PUSHES if not damaged(one)]))
def test_sound_telegrams_come_through(entry: dict[str, Any]) -> None:
    explanation = explained(entry)
    assert explanation.exit_code == (4 if not explanation.values else 0) or "longL" in entry["features"]
    assert json.loads(json.dumps(explanation.to_json())).keys() == {"frames", "apdu", "apdus", "security", "values", "problems"}


@pytest.mark.parametrize("entry", parameters(READOUTS))
def test_ascii_telegrams(entry: dict[str, Any]) -> None:
    explanation = explained(entry)
    if "<redacted>" in bytes.fromhex(entry["hex"]).decode("ascii"):  # which made its CRC wrong
        assert [problem.code for problem in explanation.problems] == [Code.FRAME_CHECKSUM]
        explanation = explanation.with_damaged_values()
    found: dict[str, list[dict[str, Any]]] = {}
    for value in explanation.values:
        found.setdefault(str(value.obis), []).append(value.to_json())
    for code, expected in entry["expected"].items():
        assert any(value["value"] == expected["value"] and value["unit"] == expected["unit"] for value in found[dotted(code)]), (
            code
        )


def test_wrong_authentication_key_is_told_from_wrong_encryption_key() -> None:
    entry = next(one for one in PUSHES if one["id"] == "lgz-e450-gbt-glo-1")
    wrong = "00" * 16
    good, bad_gak, no_gak, bad_guek = (
        explained(entry),
        explained(entry, gak=wrong),
        explained(entry, gak=None),
        explained(entry, guek=wrong),
    )
    assert [layer.verdict for layer in good.apdus[-1].security] == [Verdict.VERIFIED]
    assert [problem.code for problem in bad_gak.all_problems] == [Code.WRONG_AUTHENTICATION_KEY]
    assert [value.value for value in bad_gak.values] == [value.value for value in good.values]
    assert [problem.code for problem in no_gak.all_problems] == [Code.MISSING_AUTHENTICATION_KEY]
    assert [layer.verdict for layer in no_gak.apdus[-1].security] == [Verdict.UNVERIFIED]
    assert [problem.code for problem in bad_guek.all_problems] == [Code.WRONG_ENCRYPTION_KEY]
    assert not bad_guek.values
    assert (good.exit_code, bad_gak.exit_code, no_gak.exit_code, bad_guek.exit_code) == (0, 4, 0, 4)


def test_repeated_counter_is_said() -> None:
    entry = next(one for one in PUSHES if one["id"] == "lgz-e450-gbt-glo-1")
    twice = explain(bytes.fromhex(entry["hex"]) * 2, KeyRing(KeySet.from_hex(guek=entry["guek"], gak=entry["ak"])))
    assert [problem.code for problem in twice.all_problems] == [Code.COUNTER_REPEATED]


@pytest.mark.parametrize("entry", parameters(SESSIONS))
def test_sessions_are_walked_in_order(entry: dict[str, Any]) -> None:
    """Titles, keys and requests of an association name what follows: no APDU that came whole stays unknown."""
    octets = b"".join(bytes.fromhex(frame["hex"]) for frame in entry["frames"])
    explanation = explain(octets, KeyRing(KeySet.from_hex(guek=entry.get("guek"), gak=entry.get("ak"))))
    assert len(explanation.frames) == len(entry["frames"])
    assert "unknown" not in {apdu.name for apdu in explanation.apdus if apdu.trusted}


def test_session_with_gmac_names_values_by_their_requests() -> None:
    entry = next(one for one in SESSIONS if one["id"] == "ses-india-is15959-open")
    octets = b"".join(bytes.fromhex(frame["hex"]) for frame in entry["frames"])
    found = {str(value.obis): value.value for value in explain(octets).values}
    assert found["0.0.43.1.3.255"] == 1715
