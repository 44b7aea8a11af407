"""Authentication mechanisms with a challenge (HLS, Green Book 9.2.7.4): one file each, found by their number in a registry.

The password of mechanism 1 (LLS) needs no exchange: compare it with `Secret.matches`.
"""

from __future__ import annotations

from dlmskit.security.hls import gmac
from dlmskit.security.hls.challenge import RecentChallenges, check_challenges, make_challenge
from dlmskit.security.hls.mechanism import HlsMechanism, hls_mechanism, register

register(gmac.Gmac())

__all__ = ["HlsMechanism", "RecentChallenges", "check_challenges", "hls_mechanism", "make_challenge", "register"]
