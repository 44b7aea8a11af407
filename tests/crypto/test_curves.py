"""The curves: numbers of FIPS 186-4, and one curve for each suite that has one."""

from __future__ import annotations

import pytest

from dlmskit.crypto.curves import CURVES, P_256, P_384, curve_of
from dlmskit.crypto.suites import SUITE_0, SUITE_1, SUITE_2, SUITES
from dlmskit.errors import SecurityError, SecurityReason


@pytest.mark.parametrize(("curve", "size", "hash_name"), [(P_256, 32, "sha256"), (P_384, 48, "sha384")])
def test_numbers(curve, size: int, hash_name: str) -> None:
    assert curve.order == curve.primitive.group_order
    assert (curve.coordinate_octets, curve.public_key_octets, curve.signature_octets) == (size, 2 * size, 2 * size)
    assert curve.hash.name == hash_name
    assert CURVES[curve.name] is curve


def test_of_suites() -> None:
    assert (curve_of(SUITE_1), curve_of(SUITE_2)) == (P_256, P_384)
    for suite in SUITES.values():
        if suite.curve is not None:
            assert suite.hash_name == curve_of(suite).hash.name
    with pytest.raises(SecurityError) as caught:
        curve_of(SUITE_0)
    assert caught.value.reason is SecurityReason.UNSUPPORTED
