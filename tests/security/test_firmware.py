"""A container of firmware: what is signed is what is read, and nothing else runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto.curves import P_256, P_384, Curve
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.errors import ConfigError
from dlmskit.security.firmware import (
    MAGIC,
    FirmwareHeader,
    FirmwareRefused,
    FirmwareRule,
    open_firmware,
    read_header,
    sign_firmware,
)

HEADER = FirmwareHeader("SP-100", 7, b"SP-100 1.7")
BODY = bytes(range(256)) * 4


@pytest.fixture(params=[P_256, P_384], ids=lambda curve: curve.name)
def maker(request: pytest.FixtureRequest) -> SigningKey:
    curve: Curve = request.param
    return SigningKey.generate(curve)


def test_round_trip(maker: SigningKey) -> None:
    image = sign_firmware(HEADER, BODY, maker)
    found = open_firmware(image, maker.public)
    assert (found.header, found.body) == (HEADER, BODY)
    assert image.endswith(found.signature)
    assert read_header(image) == HEADER


def test_any_bit_that_changes_is_refused(maker: SigningKey) -> None:
    image = bytearray(sign_firmware(HEADER, b"short", maker))
    for at in range(8 * len(image)):
        image[at // 8] ^= 1 << at % 8
        with pytest.raises(FirmwareRefused):
            open_firmware(bytes(image), maker.public)
        image[at // 8] ^= 1 << at % 8


def test_of_somebody_else(maker: SigningKey) -> None:
    with pytest.raises(FirmwareRefused, match="manufacturer"):
        open_firmware(sign_firmware(HEADER, BODY, SigningKey.generate(P_256)), maker.public)


def test_a_signed_lie_about_its_length_is_refused(maker: SigningKey) -> None:
    plain = sign_firmware(HEADER, BODY, maker)[: -maker.public.curve.signature_octets] + b"more behind the body"
    with pytest.raises(FirmwareRefused, match="body"):
        open_firmware(plain + maker.sign(plain), maker.public)


@pytest.mark.parametrize(
    "header", [HEADER._replace(device_type=""), HEADER._replace(version=-1), HEADER._replace(identification=b"x" * 65)]
)
def test_headers_that_do_not_fit(header: FirmwareHeader) -> None:
    with pytest.raises(ConfigError):
        sign_firmware(header, BODY, SigningKey.generate(P_256))


@given(st.binary(max_size=80))
def test_whatever_it_is_called_an_image(octets: bytes) -> None:
    for image in (octets, MAGIC + octets):
        try:
            read_header(image)
        except FirmwareRefused:
            continue


@pytest.mark.case("R-092")
@pytest.mark.parametrize(
    ("header", "why"),
    [
        (HEADER._replace(device_type="SP-200"), "SP-200"),
        (HEADER._replace(version=4), "older"),
        (HEADER._replace(version=5), ""),
        (HEADER, ""),
    ],
)
def test_what_a_device_takes(header: FirmwareHeader, why: str) -> None:
    maker = SigningKey.generate(P_256)
    rule = FirmwareRule(maker.public, "SP-100", lambda: 5)
    image = sign_firmware(header, BODY, maker)
    if why:
        with pytest.raises(FirmwareRefused, match=why):
            rule.check(image)
    else:
        assert rule.check(image).header == header
