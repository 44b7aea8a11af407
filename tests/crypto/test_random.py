"""Randomness comes in through one door, which does not pass on less than was asked for."""

from __future__ import annotations

import secrets

import pytest

from dlmskit.crypto.random import draw
from dlmskit.errors import SecurityError


def test_draws() -> None:
    assert len(draw(secrets.token_bytes, 17)) == 17
    assert draw(lambda count: b"\x07" * count, 3) == b"\x07\x07\x07"


@pytest.mark.parametrize("source", [lambda count: b"", lambda count: b"x" * (count - 1), lambda count: b"x" * (count + 1)])
def test_another_length_is_refused(source) -> None:
    with pytest.raises(SecurityError):
        draw(source, 8)
