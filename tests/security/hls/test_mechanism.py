"""The registry of mechanisms: found by number, extended by one file."""

from __future__ import annotations

import pytest

from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.hls import hls_mechanism, mechanism, register


def test_mechanism_5_is_there() -> None:
    assert hls_mechanism(5).id == 5


@pytest.mark.case("R-009")
@pytest.mark.parametrize("unknown", [-1, 0, 1, 8, 255])
def test_unknown_mechanisms_are_refused(unknown: int) -> None:
    with pytest.raises(SecurityError) as caught:
        hls_mechanism(unknown)
    assert caught.value.reason is SecurityReason.UNSUPPORTED


def test_a_mechanism_of_ones_own(monkeypatch) -> None:
    monkeypatch.setattr(mechanism, "_MECHANISMS", {})

    class Own:
        id, shortest_challenge, longest_challenge = 2, 16, 16

        def answer(self, context, own_challenge: bytes, peer_challenge: bytes) -> bytes:
            return peer_challenge

        def verify(self, context, own_challenge: bytes, peer_challenge: bytes, answer: bytes, *, lowest=None) -> None:
            return

    own = Own()
    register(own)
    assert hls_mechanism(2) is own
