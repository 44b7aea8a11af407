"""Argon2id against the vector of its specification, and the bounds on what a file may ask of us."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from dlmskit.crypto.passphrase import PassphraseCost, derive_key
from dlmskit.errors import SecurityError, SecurityReason

# RFC 9106, 5.3, uses a secret and associated data, which we do not; so the derivation itself is shown there once with the
# primitive that ours must equal without them.
RFC_TAG = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"


def test_the_primitive_is_argon2id() -> None:
    kdf = Argon2id(
        salt=b"\x02" * 16, length=32, iterations=3, lanes=4, memory_cost=32, secret=b"\x03" * 8, ad=b"\x04" * 12
    )  # fmt: skip
    assert kdf.derive(b"\x01" * 32).hex() == RFC_TAG


def test_parameters_reach_the_primitive() -> None:
    cost = PassphraseCost(iterations=2, lanes=1, memory_kib=64)
    expected = Argon2id(salt=b"salt" * 4, length=32, iterations=2, lanes=1, memory_cost=64).derive(b"pass")
    assert derive_key(b"pass", b"salt" * 4, cost) == expected
    assert derive_key(b"Pass", b"salt" * 4, cost) != expected


@pytest.mark.parametrize(
    "cost", [{"memory_kib": 1 << 21}, {"memory_kib": 31}, {"iterations": 0}, {"iterations": 33}, {"lanes": 0}, {"lanes": 17}]
)
def test_absurd_costs_are_refused(cost: dict[str, int]) -> None:
    with pytest.raises(SecurityError) as caught:
        PassphraseCost(**cost)
    assert caught.value.reason is SecurityReason.KEY_STORE
