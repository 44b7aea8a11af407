"""The inputs of `v44.json`: given as octets, or by a rule in the words that the file's `helpers` explain."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

from dlmskit.apps.bench import material
from dlmskit.crypto.v44 import DecoderSettings, EncoderSettings, WhenFull
from dlmskit.crypto.v44.bits import BitWriter
from tests.vectors import captures, load

ENTRIES = load("v44", "entries")


def lcg(seed: int, count: int, modulus: int = 256) -> bytes:
    out = bytearray()
    for _ in range(count):
        seed = (1103515245 * seed + 12345) % 2**31
        out.append((seed >> 16) % modulus)
    return bytes(out)


def _head(rows: int) -> bytes:
    return b"\xc4\x01\xc1\x00\x01" + (bytes((rows,)) if rows < 128 else b"\x82" + rows.to_bytes(2))


def profile(rows: int) -> bytes:
    out = _head(rows)
    for k in range(rows):
        clock = bytes((1 + k // 2976 % 12, 1 + k // 96 % 31, 0xFF, k // 4 % 24, 15 * (k % 4), 0, 0, 0, 0x3C, 0))
        values = b"\x06" + (1000000 + 37 * k).to_bytes(4) + b"\x06" + (2000 + k * k % 977).to_bytes(4)
        out += b"\x02\x04\x09\x0c\x07\xea" + clock + b"\x11\x00" + values
    return out


def profile_null(rows: int) -> bytes:
    clock = b"\x09\x0c\x07\xea\x0b\x15\x05\x00\x00\x00\x00\x00\x3c\x00\x11\x00"
    out = _head(rows)
    for k in range(rows):
        out += b"\x02\x03" + (b"\x00\x00" if k else clock) + b"\x06" + (1000000 + 37 * k).to_bytes(4)
    return out


_WORDS = {"lcg": lcg, "profile": profile, "profile_null": profile_null, "bytes": bytes, "range": range}


def input_of(entry: dict[str, Any]) -> bytes:
    """What was compressed; its digest is checked, so that a rule read wrongly is noticed here."""
    octets = bytes.fromhex(entry["input"]) if "input" in entry else eval(entry["input_rule"], {"__builtins__": {}} | _WORDS)
    assert len(octets) == entry["input_octets"]
    if "input_sha256" in entry:
        assert hashlib.sha256(octets).hexdigest() == entry["input_sha256"]
    return octets


def compressed_of(entry: dict[str, Any]) -> bytes:
    """The stream; three are given by a rule alone."""
    if "compressed" in entry:
        octets = bytes.fromhex(entry["compressed"])
    elif entry["name"] == "4096 octets of 55":
        octets = b"\x55" * 4096
    else:
        octets = _by_rule(entry["compressed_rule"])
    assert len(octets) == entry["compressed_octets"]
    if "compressed_sha256" in entry:
        assert hashlib.sha256(octets).hexdigest() == entry["compressed_sha256"]
    return octets


def _by_rule(rule: str) -> bytes:
    writer = BitWriter(7)
    if rule.startswith("8000 times REINIT"):
        for _ in range(8000):
            writer.reinit()
    else:
        writer.ordinal(0)
        writer.codeword(4)
        writer.extension(253, 255)
        for _ in range(int(rule.split("; ")[3].split(maxsplit=1)[0])):
            writer.codeword(5)
    return writer.finish()


def decoder_settings(entry: dict[str, Any]) -> DecoderSettings:
    """As the legend says: the largest N2, and the N7 and C5 of the entry."""
    return DecoderSettings(string_octets=entry["parameters"].get("N7", 255), ordinal_bits=entry["parameters"]["C5"])


def encoder_settings(entry: dict[str, Any], *, avoid_newest: bool) -> EncoderSettings:
    """The settings under which the reference made the stream."""
    given = entry["parameters"]
    return EncoderSettings(
        codewords=given["N2"] if isinstance(given["N2"], int) else 1525,
        string_octets=given["N7"],
        history_octets=given["N8"] if isinstance(given["N8"], int) else None,
        ordinal_bits=given["C5"],
        when_full=WhenFull(given.get("when_full", "freeze")),
        avoid_newest=avoid_newest,
    )


@cache
def real_apdus() -> list[bytes]:
    """Every APDU of the vectors, and whatever real meters sent."""
    apdus = [bytes.fromhex(entry["hex"]) for entry in load("apdu")]
    return apdus + [bytes.fromhex(entry["hex"]) for entry in captures() if "hex" in entry]


@cache
def own_apdus() -> list[bytes]:
    """What we send ourselves: GET responses with profiles of several shapes, and an object list."""
    made = [material.regular_profile(count) for count in (1, 4, 14)] + [
        material.null_compressed_profile(count) for count in (2, 19)
    ]
    made += [material.ragged_profile(9), material.object_list(4)]
    return [b"\xc4\x01\xc1\x00" + data for data in made]
