"""The one thread of this process that speaks with tokens: sessions used from several at once raise, or abort the process.

Every call waits for its answer. What the token says no to becomes an error of ours; the names of its errors hold no secrets.

The garbage collector may run anywhere: in the middle of handing work over, and on the thread of the tokens itself. So a
finalizer takes no lock, waits for nothing and calls no token: it leaves its work behind, and the next call does it. For the same
reason an error of the library never leaves this thread, since its traceback keeps operations of the session alive, which end
where the traceback ends.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from pkcs11 import exceptions

from dlmskit.errors import ConfigError, DlmsError, SecurityError, SecurityReason

T = TypeVar("T")

_NAME = "dlmskit-pkcs11"
_PIN = (exceptions.PinIncorrect, exceptions.PinInvalid, exceptions.PinLenRange)
_left_behind: deque[Callable[[], object]] = deque()


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix=_NAME)


os.register_at_fork(after_in_child=_thread.cache_clear)  # a child has no such thread: it would wait for ever


def on_token(work: Callable[[], T]) -> T:
    """Do `work` on the thread of the tokens and give its result.

    Raises `SecurityError` (key-store, missing-key), `ConfigError`; from a thread that would wait for itself, RuntimeError.
    """
    if threading.current_thread().name.startswith(_NAME):
        raise RuntimeError("the thread of the tokens cannot wait for itself")
    outcome = _thread().submit(_do, work).result()
    if isinstance(outcome, _Refused):
        raise outcome.error
    return outcome


def when_idle(work: Callable[[], object]) -> None:
    """Leave `work` for the thread of the tokens to do before its next call, and forget the result; for finalizers."""
    _left_behind.append(work)


@dataclass(frozen=True, slots=True)
class _Refused:
    error: DlmsError


def _do(work: Callable[[], T]) -> T | _Refused:
    """The result, or the error in our words and without what led to it."""
    _tidy_up()
    try:
        return work()
    except exceptions.PKCS11Error as error:
        refusal = translated(error)
    except DlmsError as error:
        refusal = error.with_traceback(None)
        refusal.__context__ = None
    return _Refused(refusal)


def _tidy_up() -> None:
    for _ in range(len(_left_behind)):
        with suppress(exceptions.PKCS11Error):  # the session may be closed, and its objects gone with it
            _left_behind.popleft()()


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
