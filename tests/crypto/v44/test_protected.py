"""Compression inside protection: compress, then protect; bit 7 of the security control octet is under the tag."""

from __future__ import annotations

import pytest

from dlmskit.crypto.gcm import GcmKey, Mode
from dlmskit.crypto.v44 import decompress
from tests.crypto.v44.inputs import ENTRIES, compressed_of
from tests.vectors import parameters

PROTECTED = [entry for entry in ENTRIES if entry["kind"] == "protected_apdu"]


def opened_with(entry, control: int) -> tuple[Mode, bytes, bytes]:
    """How an APDU with this control octet is opened, its counter, and what is under protection."""
    key = GcmKey(bytes.fromhex(entry["ek"]))
    title, ak = bytes.fromhex(entry["system_title"]), bytes.fromhex(entry["ak"])
    content = bytes.fromhex(entry["protected_apdu"])[12:]  # behind DB 08 title, and a length of two octets
    assert content[0] == int(entry["sc"], 16)
    modes = {
        0x30: key.authenticated_encryption(title, bytes((control,)) + ak),
        0x10: key.authentication(title, bytes((control,)) + ak),
        0x20: key.encryption(title),
    }
    return modes[control & 0x30], content[1:5], content[5:]


@pytest.mark.parametrize("entry", parameters(PROTECTED))
def test_both_layers(entry) -> None:
    mode, counter, payload = opened_with(entry, int(entry["sc"], 16))
    octets = mode.unprotect(counter, payload)
    assert octets == compressed_of(entry)
    assert decompress(octets, 2000).hex().upper() == entry["input"]
    assert mode.protect(counter, octets) == payload


@pytest.mark.parametrize("entry", parameters([entry for entry in PROTECTED if entry["sc"] != "A1"]))
def test_the_compression_bit_is_authenticated(entry) -> None:
    mode, counter, payload = opened_with(entry, int(entry["sc"], 16) & 0x7F)
    assert mode.unprotect(counter, payload) is None
