"""The suites say the lengths that the Green Book's table says; nothing else is a suite."""

from __future__ import annotations

import pytest

from dlmskit.crypto.suites import SUITES, suite_of
from dlmskit.errors import SecurityError, SecurityReason


@pytest.mark.parametrize(
    ("suite_id", "key", "wrapped", "public_key", "signature", "curve", "compression"),
    [(0, 16, 24, 0, 0, None, False), (1, 16, 24, 64, 64, "P-256", True), (2, 32, 40, 96, 96, "P-384", True)],
)
def test_lengths(suite_id, key, wrapped, public_key, signature, curve, compression) -> None:
    suite = suite_of(suite_id)
    assert (suite.id, suite.tag_octets) == (suite_id, 12)
    assert (suite.key_octets, suite.wrapped_key_octets) == (key, wrapped)
    assert (suite.public_key_octets, suite.signature_octets) == (public_key, signature)
    assert (suite.curve, suite.compression) == (curve, compression)


@pytest.mark.case("R-009")
@pytest.mark.parametrize("reserved", [3, 15, 16, -1])
def test_reserved_suites_are_refused(reserved: int) -> None:
    assert reserved not in SUITES
    with pytest.raises(SecurityError) as caught:
        suite_of(reserved)
    assert caught.value.reason is SecurityReason.UNSUPPORTED
