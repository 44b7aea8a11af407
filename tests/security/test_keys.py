"""Keys and secrets: right lengths and places, and nothing of them to be seen anywhere."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto.suites import SUITE_0, SUITE_2
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.keys import Key, KeyRole, KeySet, Secret
from tests.security.parties import GAK, GUEK

SHOWN = bytes.fromhex("5A17C3E9" * 4)
FORMS = (SHOWN.hex(), SHOWN.hex().upper(), repr(SHOWN), str(SHOWN)[2:-1], str(list(SHOWN)))


def whole_traceback(act) -> str:
    """What the most talkative error report prints: the frames of the library with all their local variables."""
    try:
        act()
    except Exception as error:  # noqa: BLE001
        frames = traceback.TracebackException.from_exception(error, capture_locals=True)
        frames.stack[:] = [frame for frame in frames.stack if "dlmskit" in frame.filename and "tests" not in frame.filename]
        return "".join(frames.format())
    pytest.fail("no error")


def shows(text: str) -> bool:
    return any(form in text for form in FORMS)


@pytest.mark.case("R-112")
def test_nothing_is_shown() -> None:
    key, secret = Key(SHOWN, KeyRole.GAK), Secret(SHOWN)
    keys = KeySet(gak=key, hls_secret=secret)
    for thing in (key, secret, keys, key.gcm):
        assert not shows(f"{thing} {thing!r} {thing:}" + str([thing]) + str(dir(thing)))
    assert not shows(repr(dataclasses.asdict(keys)))
    assert key.fingerprint not in SHOWN.hex()
    with pytest.raises(TypeError):
        json.dumps(key)


@pytest.mark.case("R-112")
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("thing", [Key(SHOWN), Secret(SHOWN), KeySet(guek=Key(SHOWN)), Key(SHOWN).gcm])
def test_nothing_is_pickled(thing, protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(thing, protocol)


def test_a_copy_is_the_thing_itself() -> None:
    key = Key(SHOWN)
    assert copy.copy(key) is key
    assert copy.deepcopy(key) is key
    assert copy.deepcopy(KeySet(guek=key)).guek is key


@pytest.mark.case("R-112")
@pytest.mark.parametrize(
    "act",
    [
        lambda: Key(SHOWN + b"\x00"),
        lambda: Key.from_hex(SHOWN.hex() + "00"),
        lambda: Key.from_hex(SHOWN.hex() + "xx"),
        lambda: Secret.from_hex(SHOWN.hex() + "0"),
        lambda: Key(SHOWN).check_length(SUITE_2),
        lambda: KeySet(gbek=Key(SHOWN, KeyRole.GAK)),
        lambda: hash(Key(SHOWN)),
        lambda: pickle.dumps(Key(SHOWN)),
    ],
)
def test_no_traceback_shows_a_key(act) -> None:
    assert not shows(whole_traceback(act))


def test_equal_by_octets_and_not_hashable() -> None:
    assert Key(SHOWN) == Key(SHOWN, KeyRole.GAK)
    assert Key(SHOWN) != Key(bytes(16))
    assert Secret(SHOWN) != SHOWN
    assert KeySet.from_hex(guek=GUEK) == KeySet.from_hex(guek=GUEK)
    assert KeySet.from_hex(guek=GUEK) != KeySet.from_hex(guek=GAK)
    for thing in (Key(SHOWN), Secret(SHOWN), KeySet(guek=Key(SHOWN))):
        with pytest.raises(TypeError, match="unhashable"):
            hash(thing)


def test_equality_is_constant_time(monkeypatch) -> None:
    """Both `==` and `matches` go through `compare_digest` on digests of one length."""
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr("dlmskit.security.keys.hmac.compare_digest", compare)
    assert Key(SHOWN) == Key(SHOWN)
    assert not Secret(b"short").matches(b"a much longer one")
    assert compared == [(32, 32), (32, 32)]


@pytest.mark.case("R-040")
@pytest.mark.parametrize("guess", [b"", b"1234567", b"12345678\x00", b"123456780", b"12345679", b"\x0012345678", b"12345678 "])
def test_a_password_matches_exactly(guess: bytes) -> None:
    password = Secret.from_text("12345678")
    assert password.matches(b"12345678")
    assert not password.matches(guess)


@pytest.mark.parametrize("size", [0, 15, 17, 24, 31, 33])
def test_other_lengths_are_no_keys(size: int) -> None:
    with pytest.raises(SecurityError) as caught:
        Key(bytes(size))
    assert caught.value.reason is SecurityReason.WRONG_KEY_LENGTH


def test_a_key_belongs_to_suites_of_its_length() -> None:
    Key(bytes(16)).check_length(SUITE_0)
    with pytest.raises(SecurityError) as caught:
        KeySet(guek=Key(bytes(32)), gak=Key(bytes(16), KeyRole.GAK)).check_lengths(SUITE_2)
    assert caught.value.reason is SecurityReason.WRONG_KEY_LENGTH
    assert "gak of 32 octets" in str(caught.value)


def test_a_key_in_another_place_is_refused() -> None:
    with pytest.raises(ConfigError, match="a gak was given as guek"):
        KeySet(guek=Key(bytes(16), KeyRole.GAK))


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_fingerprints_follow_the_octets(first: bytes, second: bytes) -> None:
    assert Key(first).fingerprint == Key(first, KeyRole.GBEK).fingerprint
    assert (Key(first).fingerprint == Key(second).fingerprint) == (first == second)
    assert first.hex()[:8] not in Key(first).fingerprint
