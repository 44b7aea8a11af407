"""xml, key files for commands, values as people type them, and what of a profile is drawn."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from dlmskit.apdu import decode_apdu
from dlmskit.apps.cli.keyfile import key_set
from dlmskit.apps.cli.series import series_of
from dlmskit.apps.cli.values import value_from_text
from dlmskit.codec.data import Data
from dlmskit.codec.notation import parse_kind
from dlmskit.codec.profile import Column, ProfileTable
from dlmskit.errors import ConfigError, DecodeError, EncodeError, SecurityError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.system_title import SystemTitle
from tests.apps.cli.conftest import Run
from tests.client.small_meter import GAK, GUEK, KEYS, TITLE
from tests.vectors import load

GET = "C001C100030100010800FF0200"


@pytest.mark.parametrize("style", ["simple", "standard"])
def test_xml_there_and_back(run: Run, tmp_path: Path, style: str) -> None:
    xml = run("xml", GET, "--style", style)
    assert xml.code == 0
    assert "<" in xml.out
    file = tmp_path / "apdu.xml"
    file.write_text(xml.out)
    assert run("xml", file).out.strip() == GET
    assert run("xml", xml.out.strip()).out.strip() == GET
    assert run("xml", file, "--json").json == {"hex": GET}
    (tmp_path / "apdu.hex").write_text(GET)
    assert run("xml", tmp_path / "apdu.hex", "--style", style, "--json").json["apdus"] == [
        {"style": style, "xml": xml.out.rstrip("\n")}
    ]


def published() -> dict[type, str]:
    """A published vector of each kind of APDU that there is one of."""
    found: dict[type, str] = {}
    for vector in load("apdu"):
        try:
            apdu = decode_apdu(bytes.fromhex(vector["hex"]))
        except DecodeError:
            continue
        if apdu.encode() == bytes.fromhex(vector["hex"]):
            found.setdefault(type(apdu), vector["hex"].upper())
    return found


@pytest.mark.parametrize("style", ["simple", "standard"])
def test_every_kind_of_apdu_in_one_document(run: Run, tmp_path: Path, style: str) -> None:
    octets = list(published().values())
    assert len(octets) > 50
    (tmp_path / "apdus.hex").write_text("\n".join(octets))
    (tmp_path / "apdus.xml").write_text(run("xml", tmp_path / "apdus.hex", "--style", style).out)
    assert run("xml", tmp_path / "apdus.xml").out.split() == octets
    assert run("xml", tmp_path / "apdus.xml", "--json").json == {"hex": octets}


def test_a_document_of_two_styles_and_one_that_is_broken(run: Run) -> None:
    one = run("xml", GET).out
    other = run("xml", GET, "--style", "standard").out.split("?>")[1]
    assert run("xml", f"<APDUs>{one}{other}</APDUs>").out.split() == [GET, GET]
    assert run("xml", f"<APDUs>{one}<a/></APDUs>").code == 5


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [("7EA000", 5, "a frame is no APDU yet: try dlmskit decode --xml"), ("hello", 5, "no octets"), ("<a/>", 5, "not understood")],
)
def test_xml_of_something_else(run: Run, source: str, code: int, message: str) -> None:
    result = run("xml", source)
    assert (result.code, message in result.err) == (code, True), result


OTHER = "00" * 15 + "01"


def test_keys_of_a_command(tmp_path: Path) -> None:
    file = tmp_path / "many.keys"
    file.write_text(
        f'storage = "plain"\n[keys.house]\nsystem_title = "{TITLE}"\nguek = "{GUEK}"\n[keys.4D4D4D0000BC6FFF]\nguek = "{OTHER}"\n'
    )
    file.chmod(0o600)
    titles = [SystemTitle("4D4D4D0000000001"), TITLE]
    assert key_set(file=str(file), titles=titles).guek == KEYS.guek
    assert key_set(file=str(file), titles=[SystemTitle("4D4D4D0000BC6FFF")]).guek != KEYS.guek
    assert key_set(guek=OTHER, gak=GAK, file=str(file), titles=titles) == key_set(guek=OTHER, gak=GAK)
    assert key_set(gak=GAK, file=str(file), titles=titles).guek == KEYS.guek, "the file fills what the options leave open"
    with pytest.raises(ConfigError, match="2 entries and none for this meter"):
        key_set(file=str(file))
    with pytest.raises(ConfigError) as raised:
        key_set(guek="my secret key")
    assert "my secret key" not in str(raised.value)
    with pytest.raises(SecurityError):
        key_set(guek="00")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("5", "long-unsigned", 5),
        ("true", "boolean", True),
        ("0102", "octet-string", b"\x01\x02"),
        ("12345678", "visible-string", "12345678"),
        ("1.0.1.8.0.255", "logical-name", "1.0.1.8.0.255"),
        ("2026-03-01", "octet-string(date)", dt.date(2026, 3, 1)),
        ("06:30", "octet-string(time)", dt.time(6, 30)),
        ("2026-03-01T06:30", "octet-string(date-time)", dt.datetime(2026, 3, 1, 6, 30)),
        ("[-1, 30]", "structure{scaler:integer,unit:enum}", (-1, 30)),
        ('{"scaler": -1, "unit": 30}', "structure{scaler:integer,unit:enum}", {"scaler": -1, "unit": 30}),
        ('[{"a": "ff", "b": 1}]', "array<structure{a:octet-string,b:unsigned}>", [{"a": b"\xff", "b": 1}]),
        ("mode_1", "enum{1=mode_1}", "mode_1"),
        ("five", None, "five"),
    ],
)
def test_values_as_people_type_them(text: str, kind: str | None, value: Any) -> None:
    declared = None if kind is None else parse_kind(kind)
    found = value_from_text(text, declared)
    assert found == value
    if declared is not None:
        declared.encode(found)


def test_values_of_a_named_type() -> None:
    assert value_from_text("5", None, "long-unsigned") == Data.long_unsigned(5)
    assert value_from_text("FF", None, "octet-string") == Data.octet_string(b"\xff")
    now = value_from_text("now", parse_kind("octet-string(date-time)"))
    assert now.tzinfo is not None
    for text, kind in (("xy", "octet-string"), ("noon", "octet-string(time)")):
        with pytest.raises(EncodeError):
            value_from_text(text, parse_kind(kind))
    with pytest.raises(EncodeError, match="is no data type"):
        value_from_text("1", None, "longish")


def _table(unit: int, values: list[Any], period: int = 900) -> ProfileTable:
    start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    times = [CosemDateTime.from_datetime(start + index * dt.timedelta(seconds=period or 900)) for index in range(len(values))]
    rows = [(time.octets, value) for time, value in zip(times, values, strict=True)]
    return ProfileTable(rows, [Column("clock", clock=True), Column("1.0.1.8.0.255", 0, unit)], period)


@pytest.mark.parametrize(
    ("unit", "values", "period", "drawn", "drawn_unit"),
    [
        (30, [1000, 1100, 1300], 900, [400, 800], 27),  # Wh that count up, in quarters of an hour: W
        (30, [1000, 1100, 1300], 86400, [100, 200], 30),
        (30, [1000, 1100, 1300], 0, [100, 200], 30),
        (27, [100, 50, 70], 900, [100, 50, 70], 27),
        (27, [100, 50, None, 70], 900, [100, 50, 50, 70], 27),  # null-data is the value before
        (30, [0, 500, 900], 900, [0, 500, 900], 30),  # energies of each period, not a total
        (35, [230, 230, 230], 900, [230, 230, 230], 35),
    ],
)
def test_what_is_drawn_of_a_column(unit: int, values: list[Any], period: int, drawn: list[float], drawn_unit: int) -> None:
    (series,) = series_of(_table(unit, values, period))
    assert ([value for _, value in series.points], series.unit) == (drawn, drawn_unit)


def test_nothing_to_draw() -> None:
    assert not list(series_of(_table(30, [5])))
    assert not list(series_of(ProfileTable([(1,), (2,)], [Column("a")])))
