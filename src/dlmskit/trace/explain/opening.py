"""Opens one layer of protection with any subset of keys and titles, and says precisely what it came to.

This is for looking, not for trusting: it shows content whose tag fails, marked so. What acts on messages uses
`dlmskit.security.unprotect`, which never lets such content out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from dlmskit.crypto.gcm import TAG_OCTETS
from dlmskit.crypto.suites import SUITES
from dlmskit.security.envelope import PLAIN_TAG, Envelope
from dlmskit.security.keys import Key
from dlmskit.trace.explain.keyring import KeyRing, key_role_label
from dlmskit.trace.explain.model import Code, Problem, SecurityLayer, Verdict
from dlmskit.types.system_title import SystemTitle

_FORMS = {0xDB: "general-glo-ciphering", 0xDC: "general-ded-ciphering"}


class Opened(msgspec.Struct, frozen=True):
    """One layer, its content where it could be read, and what there is to say."""

    layer: SecurityLayer
    plain: bytes | None
    problems: tuple[Problem, ...] = ()


def open_layer(envelope: Envelope, name: str, ring: KeyRing, is_sane: Callable[[bytes], bool]) -> Opened:
    """Try every key and title that may fit. ``is_sane`` tells a plain APDU from the noise that a wrong key makes."""
    plain_tag = PLAIN_TAG.get(envelope.tag)

    def sane(text: bytes) -> bool:
        return bool(text) and (plain_tag is None or text[0] == plain_tag) and is_sane(text)

    control = envelope.header.control
    layer = SecurityLayer(
        Verdict.NOT_DECIPHERED,
        _FORMS.get(envelope.tag, name),
        int(control),
        control.suite,
        control.authenticated,
        control.encrypted,
        control.broadcast,
        control.compressed,
        str(envelope.title) if envelope.title else None,
        envelope.title.manufacturer if envelope.title else None,
        envelope.header.invocation_counter,
    )
    if control.compressed or control.suite not in SUITES:
        what = "compressed content" if control.compressed else f"security suite {control.suite}"
        return _closed(layer, Code.SECURITY_UNSUPPORTED, f"{what} cannot be opened")
    if not control.authenticated and not control.encrypted:
        return _closed(layer, Code.SECURITY_UNSUPPORTED, "the security control octet says neither authenticated nor encrypted")
    keys, titles = ring.encryption_keys(envelope), ring.titles_for(envelope, plain_tag)
    if control.authenticated and len(envelope.content) < TAG_OCTETS:
        return _closed(layer, Code.MALFORMED, f"{len(envelope.content)} octets of content do not hold a tag of {TAG_OCTETS}")
    if control.authenticated and (found := _verified(envelope, ring, keys, titles)):
        return _finish(layer, envelope, ring, Verdict.VERIFIED, *found)
    if not control.encrypted:
        return _only_authenticated(layer, envelope, ring, keys, titles)
    return _encrypted(layer, envelope, ring, keys, titles, sane)


def _closed(layer: SecurityLayer, code: Code, message: str) -> Opened:
    return Opened(msgspec.structs.replace(layer, reason=code.value), None, (Problem(code, message),))


def _verified(
    envelope: Envelope, ring: KeyRing, keys: list[Key], titles: list[SystemTitle]
) -> tuple[bytes, Key, SystemTitle] | None:
    """The content whose tag fits, with the key and title that fit."""
    counter = envelope.header.invocation_counter.to_bytes(4, "big")
    authentication_keys = [ring.keys.gak.reveal()] if ring.keys.gak else [b""]
    for key, title in _pairs(keys, titles, envelope):
        for authentication_key in authentication_keys:
            prefix = bytes((envelope.header.control,)) + authentication_key
            control = envelope.header.control
            make = key.gcm.authenticated_encryption if control.encrypted else key.gcm.authentication
            text = make(title.octets, prefix).unprotect(counter, envelope.content)
            if text is not None:
                return text, key, title
    return None


def _pairs(keys: list[Key], titles: list[SystemTitle], envelope: Envelope) -> Iterator[tuple[Key, SystemTitle]]:
    size = SUITES[envelope.header.control.suite].key_octets
    return ((key, title) for title in titles for key in keys if len(key) == size)


def _only_authenticated(
    layer: SecurityLayer, envelope: Envelope, ring: KeyRing, keys: list[Key], titles: list[SystemTitle]
) -> Opened:
    """The content is readable without any key; only its tag is in question."""
    text = envelope.content[:-TAG_OCTETS]
    if not keys or not ring.keys.gak:
        missing = "the encryption key" if not keys else "the authentication key"
        problem = Problem(Code.MISSING_AUTHENTICATION_KEY, f"the tag was not checked: {missing} is not given")
    elif not titles:
        problem = Problem(Code.MISSING_SYSTEM_TITLE, "the tag was not checked: the sender's system title is not known")
    else:
        problem = Problem(
            Code.WRONG_AUTHENTICATION_KEY,
            "the tag does not fit: a key or the system title is another one, or the message was changed",
        )
    layer = msgspec.structs.replace(layer, verdict=Verdict.UNVERIFIED, reason=problem.code.value)
    return Opened(layer, text, (problem,))


def _encrypted(
    layer: SecurityLayer,
    envelope: Envelope,
    ring: KeyRing,
    keys: list[Key],
    titles: list[SystemTitle],
    sane: Callable[[bytes], bool],
) -> Opened:
    """No tag that fits: decipher and see whether it makes sense."""
    control = envelope.header.control
    if not keys:
        wanted = "dedicated key" if envelope.form.dedicated else "GBEK" if control.broadcast else "GUEK"
        detail = " (it travels in the InitiateRequest of the association)" if envelope.form.dedicated else ""
        return _closed(layer, Code.MISSING_KEY, f"encrypted with the {wanted}, which is not given{detail}")
    if not titles:
        return _closed(
            layer,
            Code.MISSING_SYSTEM_TITLE,
            "this form does not carry the sender's system title; give it with --system-title, or with the AARQ and AARE",
        )
    counter = envelope.header.invocation_counter.to_bytes(4, "big")
    content = envelope.content[:-TAG_OCTETS] if control.authenticated else envelope.content
    for key, title in _pairs(keys, titles, envelope):
        text = key.gcm.encryption(title.octets).unprotect(counter, content)
        if text is not None and sane(text):
            verdict = Verdict.UNVERIFIED if control.authenticated else Verdict.DECIPHERED
            return _finish(layer, envelope, ring, verdict, text, key, title)
    return _closed(layer, Code.WRONG_ENCRYPTION_KEY, _why_not(envelope, keys, titles))


def _why_not(envelope: Envelope, keys: list[Key], titles: list[SystemTitle]) -> str:
    size = SUITES[envelope.header.control.suite].key_octets
    if all(len(key) != size for key in keys):
        return f"suite {envelope.header.control.suite} needs a key of {size} octets, the given one has {len(keys[0])}"
    tried = ", ".join(key_role_label(key) for key in keys)
    under = ", ".join(map(str, titles))
    return f"deciphers to nonsense with {tried} under system title {under}: another key, or another system title"


def _finish(
    layer: SecurityLayer,
    envelope: Envelope,
    ring: KeyRing,
    verdict: Verdict,
    text: bytes,
    key: Key,
    title: SystemTitle,
) -> Opened:
    """What there is to say of content that could be read."""
    problems = []
    if verdict == Verdict.UNVERIFIED and ring.keys.gak is None:
        message = "deciphered; the tag was not checked: no authentication key given"
        problems.append(Problem(Code.MISSING_AUTHENTICATION_KEY, message))
    elif verdict == Verdict.UNVERIFIED:
        problems.append(
            Problem(
                Code.WRONG_AUTHENTICATION_KEY,
                "deciphers to sense, but the tag does not fit: another authentication key, or the message was changed",
            )
        )
    elif verdict == Verdict.DECIPHERED:
        problems.append(Problem(Code.NOT_AUTHENTICATED, "encrypted without authentication: nobody vouches for the content"))
    expected = ring.expected_title(envelope)
    if expected is not None and title != expected:
        problems.append(Problem(Code.WRONG_SYSTEM_TITLE, f"said to be from {expected}, but it opens under {title}"))
    if (last := ring.take_counter(envelope, title)) is not None:
        counter = envelope.header.invocation_counter
        problems.append(
            Problem(Code.COUNTER_REPEATED, f"invocation counter {counter} of {title} is not above {last}, which came before")
        )
    layer = msgspec.structs.replace(
        layer,
        verdict=verdict,
        system_title=str(title),
        manufacturer=title.manufacturer,
        key=key_role_label(key),
        reason=problems[0].code.value if problems else "",
    )
    return Opened(layer, text, tuple(problems))
