"""The little DER: written as another implementation writes it, read without looking beyond what is there."""

from __future__ import annotations

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto.certificates import der
from dlmskit.errors import DecodeError


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        (0, "020100"),
        (1, "020101"),
        (127, "02017f"),
        (128, "02020080"),
        (255, "020200ff"),
        (256, "02020100"),
        (32768, "0203008000"),
    ],
)
def test_integers(value: int, octets: str) -> None:
    assert der.integer(value).hex() == octets


@pytest.mark.parametrize(
    ("dotted", "octets"),
    [
        ("2.5.29.15", "0603551d0f"),
        ("1.2.840.10045.4.3.2", "06082a8648ce3d040302"),
        ("1.3.132.0.34", "06052b81040022"),
        ("2.16.756.5.8.3.0", "060760857405080300"),
    ],
)
def test_object_identifiers(dotted: str, octets: str) -> None:
    """As X.690, SEC 2 and the Green Book print them."""
    assert der.oid(dotted).hex() == octets


@given(st.binary(max_size=300), st.integers(0, 255))
def test_elements_round_trip(content: bytes, tag: int) -> None:
    octets = der.element(tag, content)
    assert der.read_element(octets) == (tag, content, octets)


def test_long_lengths() -> None:
    for size in (127, 128, 255, 256, 65535, 65536):
        assert len(der.read_element(der.element(4, bytes(size))).content) == size


def test_names_are_what_is_expected_of_the_other_reader() -> None:
    name = x509.Name.from_rfc4514_string("CN=4D4D4D0000BC614E").public_bytes()
    (relative,) = der.read_elements(der.read_element(name).content)
    assert relative.tag == der.SET


@pytest.mark.parametrize(
    "octets",
    ["", "30", "3001", "308100", "30817f", "30820080", "3080", "3084000000", "30840000000100", "300000", "3003020100ff"],
)
def test_refuses(octets: str) -> None:
    with pytest.raises(DecodeError):
        der.read_element(bytes.fromhex(octets))


def test_the_number_of_elements_is_bounded() -> None:
    assert len(der.read_elements(b"\x05\x00" * 64)) == 64
    with pytest.raises(DecodeError, match="more than 64"):
        der.read_elements(b"\x05\x00" * 65)


@given(st.binary(max_size=60))
def test_any_octets(octets: bytes) -> None:
    try:
        elements = der.read_elements(octets)
    except DecodeError:
        return
    assert b"".join(element.octets for element in elements) == octets
