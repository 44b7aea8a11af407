"""read, write, call, objects and profile: what they print, for people and for scripts, and their exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from dlmskit.codec.data import Data
from tests.apps.cli.conftest import Run
from tests.client.small_meter import CLOCK, GAK, GUEK, MYSTERY, PASSWORD, SWITCH, SmallMeter


def test_read_for_people(run: Run, url: str, keys: Path) -> None:
    result = run("read", url, "1.0.1.8.0.255", "0.0.1.0.0.255:time", "1-0:1.8.0*255:scaler_unit", "--keys", keys)
    assert result.code == 0
    assert "12.3456 kWh" in result.out
    assert "Active energy import (+A), total" in result.out
    assert "2026-03-01 01:00:00 +01:00" in result.out
    assert "\x1b" not in result.out, "no colours in a pipe"
    assert not result.err


def test_read_for_scripts(run: Run, url: str, keys: Path) -> None:
    result = run("read", url, "1.0.1.8.0.255", "0.0.1.0.0.255:time", "0.0.96.1.0.255", "--json", "--keys", keys)
    energy, clock, serial = result.json["values"]
    assert energy == {
        "obis": "1.0.1.8.0.255",
        "name": "Active energy import (+A), total",
        "class_id": 3,
        "attribute": 2,
        "attribute_name": "value",
        "value": 12345.6,
        "unit": "Wh",
        "scaler": -1,
        "raw": 123456,
        "type": "double-long-unsigned",
    }
    assert (clock["value"], clock["unit"], serial["value"]) == ("2026-03-01T01:00:00+01:00", None, "12345678")


def test_a_refusal_is_told_beside_the_rest(run: Run, url: str, keys: Path) -> None:
    words = ("read", url, "1.0.1.8.0.255", "1.0.3.8.0.255", "--keys", keys)
    result = run(*words)
    assert result.code == 1
    assert "12.3456 kWh" in result.out
    assert "object-undefined" in result.out
    result = run(*words, "--json")
    assert result.code == 1
    assert result.json["values"][1]["error"]["code"] == "object-undefined"
    assert result.json["values"][0]["value"] == 12345.6


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["read", "URL", "1.0.1.8"], 2, "not an OBIS code"),
        (["read", "URL", "1.0.1.8.0.255:valeu", "--keys", "KEYS"], 2, "has no 'valeu'"),
        (["read", "URL", "0.0.96.50.77.255", "--keys", "KEYS"], 2, "say class_id"),
        (["read", "URL?client=1", "1.0.1.8.0.255"], 2, "values travel in clear"),
        (["read", "URL?klient=1", "1.0.1.8.0.255"], 2, "'klient', which is not known"),
        (["read", "tcp://127.0.0.1:1", "1.0.1.8.0.255"], 3, "no connection to 127.0.0.1:1"),
        (["read", "URL?server_title=4D4D4D0000BC6FFF", "1.0.1.8.0.255", "--keys", "KEYS"], 4, "system-title-mismatch"),
        (["read", "URL", "1.0.1.8.0.255", "--keys", "nothing.keys"], 2, "cannot be read"),
        (["profile", "URL", "1.0.99.1.0.255", "--from", "noon", "--keys", "KEYS"], 2, "'noon' is no time"),
        (["profile", "URL", "1.0.99.1.0.255", "--entries", "x", "--keys", "KEYS"], 2, "write A:B"),
        (["profile", "URL", "1.0.99.1.0.255", "--entries", "1:2", "--from", "today", "--keys", "KEYS"], 2, "not by both"),
        (["call", "URL", "0.0.1.0.0.255:shift_time", "901", "--keys", "KEYS"], 1, "other-reason"),
        (["write", "URL", "0.0.1.0.0.255:time_zone", "noon", "--keys", "KEYS"], 2, "time_zone"),
        (["read", "URL"], 2, "Missing argument"),
    ],
)
def test_what_goes_wrong(run: Run, url: str, keys: Path, words: list[str], code: int, message: str) -> None:
    typed = [word.replace("URL", url).replace("KEYS", str(keys)) for word in words]
    result = run(*typed)
    assert message in " ".join(result.err.split())
    assert result.code == code
    assert "Traceback" not in result.err
    if "Missing" not in message:
        scripted = run(*typed, "--json")
        assert scripted.code == code
        assert scripted.json["error"]["exit_code"] == code
    for secret in (GUEK, GAK, PASSWORD):
        assert secret not in result.err + result.out


def test_weakness_is_warned_of(run: Run, url: str, keys: Path) -> None:
    """The word in the URL and the option are the same; without either nothing is sent."""
    weak = f"{url}?client=32&mechanism=lls&context=plain"
    for words in ((f"{weak}&allow_weak=yes",), (weak, "--allow-weak")):
        result = run("read", words[0], "1.0.1.8.0.255", "--keys", keys, *words[1:])
        assert result.code == 0
        assert "12.3456 kWh" in result.out
        assert "weak: client 32: LLS sends the password in clear" in result.err
    refused = run("read", weak, "1.0.1.8.0.255", "--keys", keys)
    assert refused.code == 2
    assert "allow_weak=yes" in refused.err


def test_write_and_call(run: Run, url: str, keys: Path, small_meter: SmallMeter) -> None:
    assert run("write", url, "0.0.1.0.0.255:time_zone", "-120", "--keys", keys).out == "written 0.0.1.0.0.255:time_zone\n"
    assert small_meter.tree.get(8, CLOCK).get(3) == Data.long(-120)
    assert run("write", url, f"{MYSTERY}:2", "9", "--class-id", 1, "--json", "--keys", keys).json["written"] is True
    assert small_meter.tree.get(1, MYSTERY).get(2) == Data.long_unsigned(9)
    assert run("write", url, f"{MYSTERY}:2", "FF00", "--class-id", 1, "--type", "octet-string", "--keys", keys).code == 0
    assert small_meter.tree.get(1, MYSTERY).get(2) == Data.octet_string(b"\xff\x00")
    assert run("write", url, f"{MYSTERY}:2", "12345678", "--class-id", 1, "--keys", keys).code == 0, "in the type that it has"
    assert small_meter.tree.get(1, MYSTERY).get(2) == Data.octet_string(b"\x12\x34\x56\x78")
    assert run("write", url, "0.0.1.0.0.255:time", "2027-01-02T03:04:05+01:00", "--keys", keys).code == 0
    assert "2027-01-02" in run("read", url, "0.0.1.0.0.255:time", "--keys", keys).out
    assert run("call", url, f"{SWITCH}:remote_disconnect", "--keys", keys).out == "done 0.0.96.3.10.255:remote_disconnect\n"
    result = run("call", url, f"{SWITCH}:2", "--json", "--keys", keys)
    assert result.json == {"obis": str(SWITCH), "method": 2, "returned": None}


def test_objects(run: Run, url: str, keys: Path) -> None:
    people = run("objects", url, "--keys", keys)
    assert people.code == 0
    line = next(line for line in people.out.splitlines() if "1.0.1.8.0.255" in line)
    assert line.split()[:3] == ["3v0", "Register", "1.0.1.8.0.255"]
    entries = {entry["obis"]: entry for entry in run("objects", url, "--json", "--keys", keys).json["objects"]}
    energy = entries["1.0.1.8.0.255"]
    assert (energy["class_id"], energy["class"], energy["version"]) == (3, "Register", 0)
    assert energy["attributes"][1]["name"] == "value"
    assert energy["attributes"][1]["read"] is True
    assert energy["attributes"][1]["write"] is False
    assert energy["methods"][0] == {
        "number": 1,
        "name": "reset",
        "call": True,
        "request_protection": [],
        "response_protection": [],
    }


def test_profile_in_every_format(run: Run, url: str, keys: Path) -> None:
    words = ("profile", url, "1.0.99.1.0.255", "--from", "2026-03-01T00:00", "--to", "2026-03-01T00:30", "--keys", keys)
    table = run(*words)
    assert "1.0.1.8.0.255 [Wh]" in table.out
    assert "3 rows" in table.out
    rows = list(csv.reader(io.StringIO(run(*words, "--format", "csv").out)))
    assert rows[0] == ["clock", "0.0.96.10.1.255", "1.0.1.8.0.255 [Wh]"]
    assert rows[2] == ["2026-03-01T00:15:00+00:00", "0", "100.7"]
    lines = [json.loads(line) for line in run(*words, "--format", "jsonl").out.splitlines()]
    assert [line["1.0.1.8.0.255"] for line in lines] == [100, 100.7, 101.4]
    whole = run(*words, "--json").json
    assert (whole["capture_period"], len(whole["rows"]), whole["columns"][2]["unit"]) == (900, 3, "Wh")


def test_a_plot_has_axes_and_units(run: Run, url: str, keys: Path) -> None:
    result = run("profile", url, "1.0.99.1.0.255", "--format", "plot", "--keys", keys)
    assert result.code == 0
    assert "Active energy import (+A), total: mean power of each 15 minutes" in result.out
    assert " W" in result.out
    assert "00:00" in result.out
    assert "█" in result.out


@pytest.mark.parametrize(("entries", "rows"), [("2:3", 2), ("95:", 2), (":4", 4), ("7", 1)])
def test_rows_by_number(run: Run, url: str, keys: Path, entries: str, rows: int) -> None:
    result = run("profile", url, "1.0.99.1.0.255", "--entries", entries, "--json", "--keys", keys)
    assert len(result.json["rows"]) == rows


@pytest.mark.parametrize("command", ["read", "write", "call", "profile", "objects", "xml", "keys new"])
def test_help_has_an_example(run: Run, command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.code == 0
    assert f"Example: dlmskit {command}" in " ".join(result.out.replace("│", " ").split())
    assert "--json" in result.out


@pytest.mark.parametrize("in_one", [(), ("--in-one",)], ids=["one by one", "in one"])
def test_several_writes_and_calls(run: Run, url: str, keys: Path, in_one: tuple[str, ...]) -> None:
    several = "0.0.1.0.0.255:time_zone=-120", "0.0.1.0.0.255:3=60"
    told = run("write", url, *several, *in_one, "--keys", keys)
    assert (told.code, told.out) == (0, "written 0.0.1.0.0.255:time_zone\nwritten 0.0.1.0.0.255:3\n")
    refused = "9.9.9.9.9.9:2=1", "0.0.1.0.0.255:3=0"
    result = run("write", url, *refused, "--class-id", 8, "--type", "long", *in_one, "--json", "--keys", keys)
    first, second = result.json["results"]
    assert (result.code, first["error"]["code"]) == (1, "object-undefined")
    assert ("error" in second) is bool(in_one), "behind a refusal nothing of one request is executed"
    told = run("call", url, f"{SWITCH}:remote_disconnect", f"{SWITCH}:2=0", *in_one, "--keys", keys)
    assert (told.code, told.out) == (0, f"done {SWITCH}:remote_disconnect\ndone {SWITCH}:2\n")


def test_an_item_without_a_value(run: Run) -> None:
    result = run("write", "tcp://127.0.0.1:1", "0.0.1.0.0.255:time", "0.0.1.0.0.255:3=1")
    assert result.code == 2
    assert "write 0.0.1.0.0.255:time=VALUE" in result.err
