"""Software behind the door: the list that every provider is held to, and where its randomness comes from."""

from __future__ import annotations

import secrets

import pytest

from dlmskit.crypto.provider import CryptoProvider
from dlmskit.crypto.software import SoftwareProvider
from dlmskit.crypto.suites import SUITE_2
from dlmskit.errors import SecurityError
from tests.crypto.provider_cases import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__.removeprefix("case_"))
def test_software(case: Case) -> None:
    provider: CryptoProvider = SoftwareProvider(secrets.token_bytes)
    case(provider)


def test_generated_keys_are_drawn_from_what_was_passed_in() -> None:
    provider = SoftwareProvider(lambda count: b"\x5a" * count)
    key = provider.generate_cipher_key(SUITE_2, transferable=True)
    kek = provider.wrapping_key(bytes(16))
    assert kek.unwrap_octets(kek.wrap(key)) == b"\x5a" * 32


def test_a_poor_source_is_refused() -> None:
    with pytest.raises(SecurityError):
        SoftwareProvider(lambda count: b"").generate_cipher_key(SUITE_2)
