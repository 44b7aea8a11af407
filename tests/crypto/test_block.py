"""Single blocks of AES against the example vectors of FIPS 197."""

from __future__ import annotations

import pytest

from dlmskit.crypto.block import encrypt_blocks
from dlmskit.errors import SecurityError, SecurityReason

PLAIN = bytes.fromhex("00112233445566778899AABBCCDDEEFF")


@pytest.mark.parametrize(
    ("key_octets", "expected"), [(16, "69C4E0D86A7B0430D8CDB78070B4C55A"), (32, "8EA2B7CA516745BFEAFC49904B496089")]
)
def test_fips_197(key_octets: int, expected: str) -> None:
    """Appendices C.1 and C.3."""
    assert encrypt_blocks(bytes(range(key_octets)), PLAIN * 2).hex().upper() == expected * 2


@pytest.mark.parametrize(("key_octets", "octets"), [(0, 16), (15, 16), (24, 16), (16, 15), (16, 17)])
def test_other_lengths_are_refused(key_octets: int, octets: int) -> None:
    with pytest.raises(SecurityError) as caught:
        encrypt_blocks(bytes(key_octets), bytes(octets))
    assert caught.value.reason is SecurityReason.WRONG_KEY_LENGTH
