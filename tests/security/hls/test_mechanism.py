"""The registry of mechanisms: found by number, extended by one file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.crypto.suites import SUITE_1
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.hls import hls_mechanism, is_weak, mechanism, register
from dlmskit.security.hls.aes_ecb import AesEcb
from dlmskit.security.keys import Secret
from tests.security.hls.cases import CTOS, STOC
from tests.security.people import keys_of, people


@pytest.mark.parametrize("number", [3, 4, 5, 6, 7])
def test_the_mechanisms_of_the_standard_are_there(number: int) -> None:
    assert hls_mechanism(number).id == number


def test_which_need_the_users_word() -> None:
    assert [is_weak(number) for number in (0, 1, 3, 4, 5, 6, 7)] == [False, True, True, True, False, False, False]
    assert AesEcb().weak
    with pytest.raises(SecurityError):
        is_weak(8)


def test_mechanism_2_must_be_asked_for(monkeypatch) -> None:
    monkeypatch.setattr(mechanism, "_MECHANISMS", dict(mechanism._MECHANISMS))
    with pytest.raises(SecurityError, match="register"):
        hls_mechanism(2)
    register(AesEcb())
    assert isinstance(hls_mechanism(2), AesEcb)
    assert is_weak(2)


@pytest.mark.case("R-009")
@pytest.mark.parametrize("unknown", [-1, 0, 1, 2, 8, 255])
def test_unknown_mechanisms_are_refused(unknown: int) -> None:
    with pytest.raises(SecurityError) as caught:
        hls_mechanism(unknown)
    assert caught.value.reason is SecurityReason.UNSUPPORTED


def test_a_mechanism_of_ones_own(monkeypatch) -> None:
    monkeypatch.setattr(mechanism, "_MECHANISMS", {})

    class Own:
        id, weak, shortest_challenge, longest_challenge = 2, True, 16, 16

        def answer(self, context, own_challenge: bytes, peer_challenge: bytes) -> bytes:
            return peer_challenge

        def verify(self, context, own_challenge: bytes, peer_challenge: bytes, answer: bytes, *, lowest=None) -> None:
            return

    own = Own()
    register(own)
    assert hls_mechanism(2) is own


@pytest.mark.case("R-027", "R-028")
@pytest.mark.parametrize("proved", [2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("demanded", [2, 3, 4, 5, 6, 7])
def test_no_answer_passes_under_another_mechanism(proved: int, demanded: int) -> None:
    """Whoever can be talked into a weak mechanism has not answered a strong one."""
    keys = replace(keys_of(SUITE_1), hls_secret=Secret(bytes(range(16))))
    client, server = people(keys=keys)
    known = {2: AesEcb(), **{number: hls_mechanism(number) for number in range(3, 8)}}
    answer = known[proved].answer(client, CTOS, STOC)
    if proved == demanded:
        known[demanded].verify(server, STOC, CTOS, answer)
        return
    with pytest.raises(SecurityError) as caught:
        known[demanded].verify(server, STOC, CTOS, answer)
    assert caught.value.reason is SecurityReason.AUTHENTICATION_FAILED
