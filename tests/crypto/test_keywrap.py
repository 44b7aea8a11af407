"""AES key wrap against RFC 3394 and all of Wycheproof, with the lengths of DLMS keys alone."""

from __future__ import annotations

import pytest

from dlmskit.crypto.keywrap import unwrap_key, wrap_key
from dlmskit.errors import SecurityError, SecurityReason
from tests.vectors import load, parameters, wycheproof

KEK, KEY = bytes(range(16)), bytes(range(16, 32))


@pytest.mark.parametrize("entry", parameters(load("security", kind="aes_key_wrap")))
def test_rfc_3394(entry) -> None:
    kek, key = bytes.fromhex(entry["inputs"]["kek"]), bytes.fromhex(entry["inputs"]["key_data"])
    wrapped = bytes.fromhex(entry["published"])
    assert wrap_key(kek, key) == wrapped
    assert unwrap_key(kek, wrapped) == key


@pytest.mark.parametrize("entry", parameters(load("security", kind="key_transfer")))
def test_key_transfer(entry) -> None:
    kek, key = bytes.fromhex(entry["inputs"]["kek"]), bytes.fromhex(entry["inputs"]["new_key"])
    assert wrap_key(kek, key).hex().upper() == entry["outputs"]["wrapped"]


def test_wycheproof() -> None:
    opened = 0
    for entry in wycheproof("aes_kw"):
        kek, key, wrapped = (bytes.fromhex(entry[name]) for name in ("key", "msg", "ct"))
        expected = entry["result"] == "valid" and len(key) in (16, 32)
        try:
            assert unwrap_key(kek, wrapped) == key, entry["tcId"]
            assert expected, entry["tcId"]
            assert wrap_key(kek, key) == wrapped
            opened += 1
        except SecurityError:
            assert not expected, entry["tcId"]
    assert opened >= 8


@pytest.mark.case("R-076")
def test_every_bit_counts() -> None:
    wrapped = wrap_key(KEK, KEY)
    for bit in range(len(wrapped) * 8):
        changed = (int.from_bytes(wrapped) ^ 1 << bit).to_bytes(len(wrapped))
        with pytest.raises(SecurityError) as caught:
            unwrap_key(KEK, changed)
        assert caught.value.reason is SecurityReason.DECIPHERING_FAILED
    with pytest.raises(SecurityError):
        unwrap_key(KEY, wrapped)


@pytest.mark.case("R-076")
@pytest.mark.parametrize("size", [0, 8, 15, 17, 24, 33])
def test_other_lengths_are_no_keys(size: int) -> None:
    for kek, key in ((KEK, bytes(size)), (bytes(size), KEY)):
        with pytest.raises(SecurityError) as caught:
            wrap_key(kek, key)
        assert caught.value.reason is SecurityReason.WRONG_KEY_LENGTH
        with pytest.raises(SecurityError) as caught:
            unwrap_key(kek, key + bytes(8))
        assert caught.value.reason is SecurityReason.WRONG_KEY_LENGTH
