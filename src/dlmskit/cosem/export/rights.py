"""An access mode in words: what is allowed, and the protection that request and response must carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlmskit.cosem.access import AccessMode, Protection
from dlmskit.errors import DecodeError

ATTRIBUTE_WORDS, METHOD_WORDS = ("read", "write"), ("call",)
_PROTECTION = {"authenticated": Protection.AUTHENTICATED, "encrypted": Protection.ENCRYPTED, "signed": Protection.SIGNED}


def right_in_words(mode: AccessMode, words: Sequence[str]) -> dict[str, Any]:
    """``{"read": true, "write": false, "request_protection": ["authenticated"], "response_protection": []}``."""
    bits = (AccessMode.READ, AccessMode.WRITE)
    return {
        **{word: bool(mode & bit) for word, bit in zip(words, bits, strict=False)},
        "request_protection": [word for word, bit in _PROTECTION.items() if mode.request & bit],
        "response_protection": [word for word, bit in _PROTECTION.items() if mode.response & bit],
    }


def right_from_words(said: Mapping[str, Any], words: Sequence[str]) -> AccessMode:
    """The same back. Raises DecodeError for anything else."""
    mode = AccessMode.NONE
    for word, bit in zip(words, (AccessMode.READ, AccessMode.WRITE), strict=False):
        if said.get(word) is True:
            mode |= bit
        elif said.get(word) is not False:
            raise DecodeError(f"{word} is true or false", path="rights")
    request, response = (_protection(said.get(name)) for name in ("request_protection", "response_protection"))
    return mode | AccessMode.demanding(request, response)


def _protection(words: Any) -> Protection:
    if not isinstance(words, list) or not all(isinstance(word, str) and word in _PROTECTION for word in words):
        raise DecodeError(f"protection is a list of {', '.join(_PROTECTION)}", path="rights")
    found = Protection.NONE
    for word in words:
        found |= _PROTECTION[word]
    return found
