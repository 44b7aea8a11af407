"""Tokens that key files name by label: which PKCS#11 library opens them, and the PIN, the environment says.

No file says which library is loaded: who can write a key file must not choose the code of this process. A token is opened once
and stays open, since a process logs in to a token once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from dlmskit.client.pkcs11 import open_token
from dlmskit.errors import ConfigError
from dlmskit.security.keys import Secret

if TYPE_CHECKING:
    from dlmskit.client.pkcs11.provider import TokenProvider

LIBRARY = "DLMSKIT_PKCS11"
"""The environment variable with the PKCS#11 library of the tokens."""
PIN = "DLMSKIT_PIN"
"""The environment variable with the PIN of the token."""

_open: dict[tuple[str, str], TokenProvider] = {}
_lock = Lock()


def pin_from_environment(label: str) -> Secret:
    """The PIN; ConfigError where the variable is not set."""
    pin = os.environ.get(PIN)
    if pin is None:
        raise ConfigError(f"keys are in the token {label!r}: put its PIN into the environment variable {PIN}")
    return Secret.from_text(pin)


def token_named(label: str, pin: Callable[[str], Secret] = pin_from_environment) -> TokenProvider:
    """The open token with this label. Raises ConfigError, SecurityError (key-store)."""
    if not label:
        raise ConfigError('keys named by labels need token = "LABEL", the token that they are in')
    library = os.environ.get(LIBRARY)
    if library is None:
        raise ConfigError(
            f"keys are in the token {label!r}: put the path of its PKCS#11 library into the environment variable {LIBRARY}"
        )
    with _lock:
        found = _open.get((library, label))
        if found is None:
            found = _open[library, label] = open_token(library, label, pin(label))
        return found


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open.clear)  # the sessions are the parent's
