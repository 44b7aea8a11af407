"""The type notation: every type of the interface classes, and what does not follow the grammar."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dlmskit.codec.data import Data
from dlmskit.codec.notation import parse_kind
from dlmskit.errors import ConfigError

# Every type, parameter and result of the interface class tables that the project started from.
NOTATIONS = json.loads((Path(__file__).parent / "notations.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", NOTATIONS)
def test_every_type_of_the_interface_classes(text):
    kind = parse_kind(text)
    default = kind.default()
    assert Data.decode(default.octets) == default
    kind.check(default)
    assert kind.encode(default) == default
    if text != "compact-array":
        assert kind.encode(kind.decode(default)) == default


def test_is_read_once():
    assert parse_kind("array<unsigned>") is parse_kind("array<unsigned>")


def test_the_notation_is_kept():
    kind = parse_kind("structure{ a : array<long>, b : choice{ null-data, octet-string(date) } }")
    assert kind.text == "structure{a:array<long>,b:choice{null-data,octet-string(date)}}"
    assert repr(kind) == f"Kind({kind.text})"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", 0),
        ("unsignd", 7),
        ("array", 5),
        ("array<unsigned", 14),
        ("array<unsigned>>", 15),
        ("structure{}", 10),
        ("structure{a}", 11),
        ("structure{a:unsigned", 20),
        ("structure{a:unsigned,a:long}", 23),
        ("choice{unsigned,}", 16),
        ("enum{1}", 5),
        ("enum{1=a", 8),
        ("unsigned(5)", 11),
        ("integer(1)", 10),
        ("date-time(12)", 13),
        ("octet-string(x)", 15),
        ("array<" * 40 + "unsigned" + ">" * 40, 102),
        ("structure", 9),
        ("dont-care", 9),
        ("delta-x", 7),
    ],
)
def test_refuses(text, at):
    with pytest.raises(ConfigError, match=f"expected at {at} of"):
        parse_kind(text)
