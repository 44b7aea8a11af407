"""Challenges: length, freshness, reflection."""

from __future__ import annotations

import secrets

import pytest

from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.hls import RecentChallenges, check_challenges, hls_mechanism, make_challenge

GMAC = hls_mechanism(5)
FINE = bytes(range(16))


@pytest.mark.case("R-036")
@pytest.mark.parametrize("size", [0, 1, 7, 65, 1000])
def test_lengths_outside_8_to_64(size: int) -> None:
    wrong = secrets.token_bytes(size)
    for own, peer in ((FINE, wrong), (wrong, FINE)):
        with pytest.raises(SecurityError) as caught:
            check_challenges(GMAC, own, peer)
        assert caught.value.reason is SecurityReason.CHALLENGE_INVALID


@pytest.mark.parametrize("size", [8, 9, 32, 64])
def test_lengths_inside(size: int) -> None:
    check_challenges(GMAC, FINE, secrets.token_bytes(size))


@pytest.mark.case("R-036")
@pytest.mark.parametrize("octet", [0, 0xFF])
def test_one_octet_repeated(octet: int) -> None:
    with pytest.raises(SecurityError) as caught:
        check_challenges(GMAC, FINE, bytes((octet,)) * 16)
    assert caught.value.reason is SecurityReason.CHALLENGE_INVALID


@pytest.mark.case("R-031")
def test_our_own_challenge_back() -> None:
    with pytest.raises(SecurityError) as caught:
        check_challenges(GMAC, FINE, bytes(FINE))
    assert caught.value.reason is SecurityReason.CHALLENGE_REFLECTED


def test_made_in_a_length_that_is_allowed() -> None:
    for asked, made in ((0, 8), (8, 8), (32, 32), (64, 64), (1000, 64)):
        assert len(make_challenge(secrets.token_bytes, GMAC, asked)) == made
    assert len({make_challenge(secrets.token_bytes, GMAC) for _ in range(100)}) == 100


@pytest.mark.case("R-036")
def test_a_repeated_challenge_is_noticed() -> None:
    recent = RecentChallenges(kept=3)
    assert not recent.repeated(b"first-challenge")
    assert recent.repeated(b"first-challenge")
    for number in range(3):
        assert not recent.repeated(bytes((number,)) * 8)
    assert not recent.repeated(b"first-challenge")
