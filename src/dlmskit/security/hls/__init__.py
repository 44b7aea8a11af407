"""Authentication mechanisms with a challenge (HLS, Green Book 9.2.7.4): one file each, found by their number in a registry.

The password of mechanism 1 (LLS) needs no exchange: compare it with `Secret.matches`. Mechanism 2 is the manufacturer's own:
register one, such as `dlmskit.security.hls.aes_ecb.AesEcb`.
"""

from __future__ import annotations

from dlmskit.security.hls import ecdsa, gmac, md5, sha1, sha256
from dlmskit.security.hls.challenge import RecentChallenges, check_challenges, make_challenge
from dlmskit.security.hls.mechanism import HlsMechanism, hls_mechanism, is_weak, register

for _mechanism in (md5.Md5(), sha1.Sha1(), gmac.Gmac(), sha256.Sha256(), ecdsa.Ecdsa()):
    register(_mechanism)

__all__ = ["HlsMechanism", "RecentChallenges", "check_challenges", "hls_mechanism", "is_weak", "make_challenge", "register"]
