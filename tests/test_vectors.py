"""The data files are whole: they parse, every entry has its name once, and hexadecimal fields are hexadecimal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.vectors import CAPTURES, DATA, captures, document, entry_id, load, wycheproof

FILES = sorted(str(path.relative_to(DATA).with_suffix("")) for path in DATA.rglob("*.json"))

# Counts at the time of copying: a file that lost entries on the way would otherwise only test less.
COUNTS = {
    "apdu": 253,
    "security": 67,
    "gbt": 72,
    "tpdu": 6,
    "robustness-cases": 118,
    "captures/aidon": 3,
    "captures/iskraemeco": 11,
    "captures/kaifa": 13,
    "captures/kamstrup": 12,
    "captures/landisgyr": 17,
    "captures/other": 2,
    "captures/p1_ascii": 4,
    "captures/sagemcom": 7,
    "captures/sessions": 6,
}
SECTIONS = {
    "hdlc": {"crc": 3, "addresses": 14, "control": 21, "negotiation": 7, "negotiation_reject": 4, "frames": 22}
    | {"segmentation": 3, "must_reject": 19, "scripts": 8, "en13757_crc": 1},
    "wrapper": {"tcp": 6, "streams": 4, "udp": 5, "must_reject": 7, "mode_e": 7, "gateway": 7, "mbus": 6, "sms": 2, "coap": 3},
    "push-layouts": {"layouts": 28},
    "v44": {"entries": 144},
}
WYCHEPROOF = {"aes_gcm": 133, "aes_gmac": 138, "aes_kw": 110, "ecdsa_p256_sha256_p1363": 262, "ecdsa_p384_sha384_p1363": 280} | {
    "ecdh_p256_point": 355,
    "ecdh_p384_point": 790,
    "ecdh_p256_spki": 285,
    "ecdh_p384_spki": 277,
}


def sections(name: str) -> list[list[dict[str, Any]]]:
    """The lists of entries of one file."""
    if name in COUNTS:
        return [load(name)]
    if name in SECTIONS:
        return [load(name, section) for section in SECTIONS[name]]
    return [wycheproof(Path(name).name)]


def test_every_file_says_where_it_comes_from() -> None:
    origin = (DATA / "README.md").read_text(encoding="utf-8")
    assert [name for name in FILES if f"`{name}.json`" not in origin] == []


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_lists_are_complete(name: str, count: int) -> None:
    assert len(load(name)) == count


@pytest.mark.parametrize(("name", "section", "count"), [(n, s, c) for n, parts in SECTIONS.items() for s, c in parts.items()])
def test_sections_are_complete(name: str, section: str, count: int) -> None:
    assert len(load(name, section)) == count


@pytest.mark.parametrize(("name", "count"), WYCHEPROOF.items())
def test_wycheproof_files_are_complete(name: str, count: int) -> None:
    assert len(wycheproof(name)) == count == document(f"wycheproof/{name}")["numberOfTests"]


@pytest.mark.parametrize("name", [*COUNTS, *SECTIONS, *(f"wycheproof/{name}" for name in WYCHEPROOF)])
def test_entries_are_named_once(name: str) -> None:
    for entries in sections(name):
        names = [entry_id(entry) for entry in entries]
        assert len(set(names)) == len(names)
        assert "None" not in names


def test_captures_name_their_source() -> None:
    assert len(captures()) == sum(count for name, count in COUNTS.items() if name.startswith("captures/"))
    assert [entry["id"] for entry in captures() if not entry["source"]] == []
    assert set(CAPTURES) == {Path(name).name for name in COUNTS if name.startswith("captures/")}


@pytest.mark.parametrize("entries", [load("apdu"), captures("aidon", "kaifa", "kamstrup", "landisgyr"), load("hdlc", "frames")])
def test_octets_are_hexadecimal(entries: list[dict[str, Any]]) -> None:
    assert all(bytes.fromhex(entry["hex"]) for entry in entries)


def test_a_file_with_sections_wants_one_named() -> None:
    with pytest.raises(TypeError, match="sections crc, addresses"):
        load("hdlc")
