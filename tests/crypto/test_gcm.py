"""AES-GCM with the 96-bit tag, against the vectors of its specification and all of Wycheproof, on both sides of 32 KiB."""

from __future__ import annotations

import copy
import pickle

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto import gcm
from dlmskit.crypto.gcm import TWO_CALLS_UP_TO, GcmKey
from tests.vectors import load, parameters, wycheproof

KEY = bytes(range(16))
FIXED, COUNTER = b"fixedfld", b"\x00\x00\x00\x01"


def octets(entry, *names: str) -> list[bytes]:
    return [bytes.fromhex(entry[name]) for name in names]


@pytest.mark.parametrize("entry", parameters(load("security", kind="aes_gcm", verified=True)))
def test_specification(entry) -> None:
    inputs, outputs = entry["inputs"], entry["outputs"]
    key, iv, text = octets(inputs, "key" if "key" in inputs else "ek", "iv", "plaintext")
    assert GcmKey(key).encryption(iv[:8]).protect(iv[8:], text).hex().upper() == outputs["ciphertext"]
    if "tag12" in outputs:
        mode = GcmKey(key).authenticated_encryption(iv[:8], bytes.fromhex(inputs["aad"]))
        protected = bytes.fromhex(outputs["ciphertext"] + outputs["tag12"])
        assert mode.protect(iv[8:], text) == protected
        assert mode.unprotect(iv[8:], protected) == text


def becomes_valid_by_the_cut(entry, tag: bytes, text: bytes, aad: bytes) -> bool:
    """Whether an invalid vector is wrong only in octets 12 to 15 of its tag, which DLMS does not send."""
    key, iv = octets(entry, "key", "iv")
    return AESGCM(key).encrypt(iv, text, aad)[len(text) : len(text) + 12] == tag[:12]


@pytest.fixture(params=["two calls", "streaming"])
def way(request, monkeypatch) -> None:
    """Both ways of checking a tag must say the same of every vector."""
    if request.param == "streaming":
        monkeypatch.setattr(gcm, "_TWO_CALLS_MOST", -1)


def test_wycheproof_gcm(way) -> None:
    accepted = 0
    for entry in wycheproof("aes_gcm"):
        key, iv, aad, text, ciphertext, tag = octets(entry, "key", "iv", "aad", "msg", "ct", "tag")
        mode = GcmKey(key).authenticated_encryption(iv[:8], aad)
        valid = entry["result"] == "valid" or becomes_valid_by_the_cut(entry, tag, text, aad)
        assert (mode.unprotect(iv[8:], ciphertext + tag[:12]) == text) is valid, entry["tcId"]
        if entry["result"] == "valid":
            assert mode.protect(iv[8:], text) == ciphertext + tag[:12]
        accepted += valid
    assert accepted == 79 + 14  # the second number counts those that only the cut octets made invalid


def test_wycheproof_gmac() -> None:
    accepted = 0
    for entry in wycheproof("aes_gmac"):
        key, iv, text, tag = octets(entry, "key", "iv", "msg", "tag")
        mode = GcmKey(key).authentication(iv[:8], b"")
        valid = entry["result"] == "valid" or becomes_valid_by_the_cut(entry, tag, b"", text)
        assert (mode.unprotect(iv[8:], text + tag[:12]) == text) is valid, entry["tcId"]
        accepted += valid
    assert accepted == 30 + 28


@pytest.mark.case("R-049")
@pytest.mark.parametrize("size", [0, 4, 8, 11, 13, 16])
@pytest.mark.parametrize("text", [b"", b"\xc0\x01\x81"])
def test_a_tag_has_exactly_12_octets(way, size: int, text: bytes) -> None:
    whole = AESGCM(KEY).encrypt(FIXED + COUNTER, text, b"aad")
    mode = GcmKey(KEY).authenticated_encryption(FIXED, b"aad")
    assert mode.unprotect(COUNTER, whole[: len(text) + 12]) == text
    assert mode.unprotect(COUNTER, whole[: len(text) + size]) is None
    gmac = GcmKey(KEY).authentication(FIXED, b"aad")
    tag = AESGCM(KEY).encrypt(FIXED + COUNTER, b"", b"aad" + text)
    assert gmac.unprotect(COUNTER, text + tag[:12]) == text
    assert gmac.unprotect(COUNTER, text + tag[:size]) is None


@pytest.mark.parametrize("size", [TWO_CALLS_UP_TO - 1, TWO_CALLS_UP_TO, TWO_CALLS_UP_TO + 1, 100_000])
def test_long_texts_change_the_way_not_the_answer(size: int) -> None:
    text = bytes(range(256)) * (size // 256 + 1)
    text = text[:size]
    mode = GcmKey(KEY).authenticated_encryption(FIXED, b"aad")
    protected = mode.protect(COUNTER, text)
    assert mode.unprotect(COUNTER, protected) == text
    for at in (0, size // 2, size, size + 11):
        changed = bytearray(protected)
        changed[at] ^= 1
        assert mode.unprotect(COUNTER, bytes(changed)) is None


@given(st.binary(max_size=200), st.binary(max_size=40), st.binary(min_size=4, max_size=4))
def test_equals_the_full_tag_of_the_library(text: bytes, aad: bytes, counter: bytes) -> None:
    whole = AESGCM(KEY).encrypt(FIXED + counter, text, aad)
    mode = GcmKey(KEY).authenticated_encryption(FIXED, aad)
    assert mode.protect(counter, text) == whole[:-4]
    assert mode.unprotect(counter, whole[:-4]) == text
    assert GcmKey(KEY).encryption(FIXED).unprotect(counter, whole[:-16]) == text


def test_shows_nothing() -> None:
    key = GcmKey(KEY)
    assert repr(key) == "GcmKey(...)"
    assert KEY.hex() not in repr(key.authenticated_encryption(FIXED, KEY))
    for refused in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            refused(key)
