"""ASCII telegrams of real meters, whole and cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError
from dlmskit.link.p1 import ascii_prefix, read_telegram
from tests.vectors import captures, parameters

TELEGRAMS = captures("p1_ascii")


@pytest.mark.parametrize("entry", parameters(TELEGRAMS))
def test_telegram(entry):
    octets = bytes.fromhex(entry["hex"])
    telegram = read_telegram(b"noise\n" + octets + b"/NEXT5\r\n", 6)
    assert telegram.size == len(octets)
    assert telegram.crc_ok is entry["verified"]["crc16_ok"]
    assert octets.startswith(f"/{telegram.identification}\r\n".encode())
    assert all(line and line.endswith(")") for line in telegram.lines)


@pytest.mark.parametrize("entry", parameters(TELEGRAMS))
def test_cut_telegram_is_refused(entry):
    octets = bytes.fromhex(entry["hex"])
    for end in range(0, octets.index(b"!"), 7):
        with pytest.raises(DecodeError):
            read_telegram(octets[:end])


@pytest.mark.parametrize(
    ("octets", "size"),
    [
        (b"/EGM5G35\r\n\r\n\x00\x82\x01\x00", 12),
        (b"/EGM5G35\r\n\xdb\x08", 10),
        (b"/EGM5G35\r\n\r\n1-0:1.8.0(1)\r\n", 0),
        (b"/EGM5G35\r\n", 0),
        (b"EGM5G35\r\n\x00", 0),
        (b"", 0),
    ],
)
def test_line_in_front_of_binary(octets, size):
    assert ascii_prefix(octets) == size


@given(st.binary(max_size=100))
def test_random_octets_are_refused(octets):
    assert ascii_prefix(octets) <= len(octets)
    with pytest.raises(DecodeError):
        read_telegram(b"/ABC5\r\n" + octets.replace(b"!", b"?"))
