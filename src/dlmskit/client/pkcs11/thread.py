"""The one thread of this process that speaks with tokens: sessions used from several at once raise, or abort the process.

Every call waits for its answer. What the token says no to becomes an error of ours; the names of its errors hold no secrets.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import TypeVar

from pkcs11 import exceptions

from dlmskit.errors import ConfigError, DlmsError, SecurityError, SecurityReason

T = TypeVar("T")

_NAME = "dlmskit-pkcs11"
_PIN = (exceptions.PinIncorrect, exceptions.PinInvalid, exceptions.PinLenRange)


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix=_NAME)


def on_token(work: Callable[[], T]) -> T:
    """Do `work` on the thread of the tokens and give its result.

    Raises `SecurityError` (key-store, missing-key), `ConfigError`; from a thread that would wait for itself, RuntimeError.
    """
    if threading.current_thread().name.startswith(_NAME):
        raise RuntimeError("the thread of the tokens cannot wait for itself")
    try:
        return _thread().submit(work).result()
    except exceptions.PKCS11Error as error:
        refusal = translated(error)
    raise refusal


def when_idle(work: Callable[[], object]) -> None:
    """Do `work` some time later and forget its result; for tidying up, which is not needed when the process ends."""
    with suppress(RuntimeError):
        _thread().submit(work)


def translated(error: exceptions.PKCS11Error) -> DlmsError:
    """An error of the token in our words."""
    if isinstance(error, exceptions.NoSuchToken):
        return ConfigError("no token with this label is there")
    if isinstance(error, exceptions.NoSuchKey):
        return SecurityError(SecurityReason.MISSING_KEY, "no key with this label and use is in the token")
    if isinstance(error, _PIN):
        return SecurityError(SecurityReason.KEY_STORE, "the PIN of the token is another one")
    if isinstance(error, exceptions.PinLocked):
        return SecurityError(SecurityReason.KEY_STORE, "the PIN of the token is locked after too many wrong ones")
    return SecurityError(SecurityReason.KEY_STORE, f"the token refused: {type(error).__name__}")
