"""Short messages as a modem takes and gives them, as another decoder reads them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.tpdu import Delivered, decode_deliver, encode_submit
from tests.vectors import load, parameters


@pytest.mark.parametrize("entry", parameters(load("tpdu", kind="submit")))
def test_what_is_sent(entry: dict[str, Any]) -> None:
    octets = encode_submit(entry["number"], bytes.fromhex(entry["user_data"]), header=entry["header"])
    assert octets.hex().upper() == entry["hex"]


@pytest.mark.parametrize("entry", parameters(load("tpdu", kind="deliver")))
def test_what_comes(entry: dict[str, Any]) -> None:
    expected = Delivered(entry["number"], bytes.fromhex(entry["user_data"]), entry["header"])
    assert decode_deliver(bytes.fromhex(entry["hex"])) == expected


@pytest.mark.parametrize("entry", parameters(load("tpdu", kind="text")))
def test_a_text_is_not_for_us(entry: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match="a text"):
        decode_deliver(bytes.fromhex(entry["hex"]))


@pytest.mark.parametrize("number", ["", "+", "12", "+49 170", "1" * 21, "abc", "+12x45"])
def test_what_is_no_number(number: str) -> None:
    with pytest.raises(EncodeError, match="telephone number"):
        encode_submit(number, b"x", header=False)


@pytest.mark.parametrize("size", [0, 141])
def test_what_does_not_fit_a_message(size: int) -> None:
    with pytest.raises(EncodeError, match="1 to 140"):
        encode_submit("+491701234567", bytes(size), header=False)


def test_a_sender_with_letters_is_shown_as_octets() -> None:
    assert decode_deliver(bytes.fromhex("000008D0C2A7D31A0004427021103080400101")).number == "0xc2a7d31a"


@given(st.binary(max_size=200))
def test_noise_is_refused_or_read(octets: bytes) -> None:
    try:
        message = decode_deliver(octets)
    except DecodeError:
        return
    assert 0 < len(message.user_data) <= 140


@pytest.mark.parametrize("entry", parameters(load("tpdu", kind="deliver")))
def test_what_is_cut_is_refused(entry: dict[str, Any]) -> None:
    octets = bytes.fromhex(entry["hex"])
    for end in range(len(octets)):
        with pytest.raises(DecodeError):
            decode_deliver(octets[:end])
