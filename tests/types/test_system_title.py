"""System titles: eight octets, text forms, the manufacturer in front."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import ConfigError, DecodeError
from dlmskit.types.system_title import SystemTitle
from tests.vectors import load

GREEN_BOOK_CLIENT = "4D4D4D0000BC614E"


@pytest.mark.parametrize("text", [GREEN_BOOK_CLIENT, GREEN_BOOK_CLIENT.lower(), "4D4D4D00 00BC614E", "4D:4D:4D:00:00:BC:61:4E"])
def test_text_and_octets_make_the_same_title(text):
    title = SystemTitle(text)
    assert title == SystemTitle(bytes.fromhex(GREEN_BOOK_CLIENT)) == SystemTitle(title)
    assert str(title) == GREEN_BOOK_CLIENT
    assert repr(title) == f"SystemTitle('{GREEN_BOOK_CLIENT}')"
    assert title.manufacturer == "MMM"


@pytest.mark.parametrize(
    ("octets", "flag"), [(b"KFM\x00\x00\x00\x00\x01", "KFM"), (b"kfm12345", None), (b"\xc4BC12345", None), (bytes(8), None)]
)
def test_the_manufacturer_is_three_capital_letters_or_unknown(octets, flag):
    assert SystemTitle(octets).manufacturer == flag


@pytest.mark.parametrize("octets", [b"", bytes(7), bytes(9)])
def test_other_lengths_are_refused(octets):
    with pytest.raises(DecodeError, match="8 octets"):
        SystemTitle(octets)


@pytest.mark.parametrize("text", ["", "4D4D4D0000BC61", "4D4D4D0000BC614E00", "MMM0000BC614E", "4D4D4D0000BC614٣"])
def test_text_that_is_no_title_is_refused(text):
    with pytest.raises(ConfigError, match="16 hexadecimal digits"):
        SystemTitle(text)


def test_other_kinds_are_refused_with_our_error():
    with pytest.raises(ConfigError, match="eight octets"):
        SystemTitle(5)  # type: ignore[arg-type]


@given(st.binary(min_size=8, max_size=8))
def test_round_trip(octets):
    title = SystemTitle(octets)
    assert SystemTitle(str(title)).octets == title.octets == bytes(title) == octets
    assert hash(title) == hash(SystemTitle(octets))


def test_titles_of_the_security_vectors_are_titles():
    titles = [
        v for entry in load("security") for k, v in entry.items() if "system_title" in k and isinstance(v, str) and len(v) == 16
    ]
    assert all(SystemTitle(title).octets.hex().upper() == title.upper() for title in titles)
