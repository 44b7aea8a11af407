"""Settings outside what V.44 allows are refused when they are made."""

from __future__ import annotations

import pytest

from dlmskit.crypto.v44 import DecoderSettings, EncoderSettings
from dlmskit.crypto.v44.settings import codeword_bits, long_extension_bits
from dlmskit.errors import ConfigError


@pytest.mark.parametrize("kind", [DecoderSettings, EncoderSettings])
@pytest.mark.parametrize(
    "wrong",
    [
        {"codewords": 255},
        {"codewords": 65536},
        {"string_octets": 31},
        {"string_octets": 256},
        {"ordinal_bits": 6},
        {"ordinal_bits": 9},
    ],
)
def test_refuses(kind, wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        kind(**wrong)


def test_refuses_a_short_history() -> None:
    with pytest.raises(ConfigError, match="at least 512"):
        EncoderSettings(history_octets=511)
    assert EncoderSettings(history_octets=512).decoder == DecoderSettings(codewords=1024)


@pytest.mark.parametrize(("codewords", "bits"), [(256, 8), (1024, 10), (1525, 11), (65535, 16)])
def test_codeword_bits(codewords: int, bits: int) -> None:
    assert codeword_bits(codewords) == bits


@pytest.mark.parametrize(("longest", "bits"), [(32, 5), (46, 5), (47, 6), (78, 6), (79, 7), (142, 7), (143, 8), (255, 8)])
def test_extension_bits(longest: int, bits: int) -> None:
    assert long_extension_bits(longest) == bits
