"""What is fuzzed: functions that take hostile octets and hold what must hold for all of them. Each has seeds that reach deep.

`test_targets.py` runs them over damaged seeds; ``make fuzz`` runs them with atheris, which looks for inputs by coverage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from dlmskit.apps.bench.forms import CLIENT, FORMS, REQUEST, RESPONSE, SERVER, context_of, protect_with
from dlmskit.crypto.suites import SUITES
from dlmskit.crypto.v44 import EncoderSettings, WhenFull, compress, decompress
from dlmskit.errors import DecodeError, SecurityError
from dlmskit.security.control import Protection
from dlmskit.security.policy import ProtectionRules
from dlmskit.security.protection import unprotect
from tests.crypto.v44.inputs import ENTRIES, compressed_of, real_apdus

LIMIT = 4096
"""Octets that may come out of a compressed stream here."""
_REINIT = EncoderSettings(when_full=WhenFull.REINIT)
_VERIFIED_ALONE = ProtectionRules(incoming=Protection.NONE, outgoing=Protection.NONE)
"""Takes a tag or a signature, whichever; encryption alone, with which anything may come out, it does not take."""


@dataclass(frozen=True)
class Target:
    """One function under fuzzing; ``hold`` raises when something does not."""

    name: str
    hold: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]


def restored(octets: bytes) -> None:
    """A stream ends within the limit or in a typed error that says where; what comes out goes in again."""
    try:
        data = decompress(octets, LIMIT)
    except DecodeError as error:
        if not 0 <= error.offset <= len(octets):
            raise AssertionError(f"an error at {error.offset} of {len(octets)} octets") from error
        return
    assert len(data) <= LIMIT
    assert decompress(compress(data, _REINIT), len(data), _REINIT.decoder) == data


def streams() -> Iterator[bytes]:
    """What foreign encoders made, bombs and refused streams included, and compressed APDUs."""
    yield from (octets for octets in map(compressed_of, ENTRIES) if len(octets) <= LIMIT)
    yield from (compress(apdu[:1000]) for apdu in real_apdus())


def opened(octets: bytes) -> None:
    """Without a key nobody makes a message that is opened: what comes out is one of those that were protected."""
    for suite in SUITES.values():
        server = context_of(SERVER, CLIENT, suite, _VERIFIED_ALONE)
        try:
            plain = unprotect(octets, server).plain
        except (DecodeError, SecurityError):
            continue
        assert plain in (REQUEST, RESPONSE), plain


def messages() -> Iterator[bytes]:
    """Every form in every suite."""
    for form in FORMS:
        for suite in form.suites:
            yield from (protect_with(form, plain, context_of(CLIENT, SERVER, suite)) for plain in (REQUEST, RESPONSE))


TARGETS = {target.name: target for target in (Target("v44", restored, streams), Target("unprotect", opened, messages))}


@cache
def seeds_of(target: Target) -> tuple[bytes, ...]:
    """The seeds, made once."""
    return tuple(target.seeds())
