"""Opens one ciphered layer with any subset of keys and titles, and says precisely what it came to.

This is for looking, not for trusting: it shows content whose tag fails, marked so. What acts on messages uses
`dlmskit.security.unprotect`, which never lets such content out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from dlmskit.crypto.gcm import TAG_OCTETS
from dlmskit.crypto.suites import SUITES
from dlmskit.crypto.v44 import DecoderSettings, decompress
from dlmskit.errors import DecodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security.control import SecurityHeader
from dlmskit.security.envelope import PLAIN_TAG, Envelope
from dlmskit.security.keys import Key
from dlmskit.trace.explain.keyring import KeyRing, is_request, key_role_label
from dlmskit.trace.explain.model import Code, Problem, SecurityLayer, Verdict
from dlmskit.types.system_title import SystemTitle

_FORMS = {0xDB: "general-glo-ciphering", 0xDC: "general-ded-ciphering"}
_READING = DecoderSettings(ignore_after_flush=True)

Sane = Callable[[bytes], bool]
"""Tells a plain APDU from the noise that a wrong key makes."""


class Opened(msgspec.Struct, frozen=True):
    """One layer, its content where it could be read, and what there is to say."""

    layer: SecurityLayer
    plain: bytes | None
    problems: tuple[Problem, ...] = ()
    key: Key | None = None
    """The key that opened it."""


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """One ciphered layer, read from outside, with everything that may open it."""

    layer: SecurityLayer
    header: SecurityHeader
    content: bytes
    keys: list[Key]
    titles: list[SystemTitle]
    expected_title: SystemTitle | None
    missing: tuple[Code, str]
    """What to say where there is no key."""
    plain_tag: int | None = None
    """The tag that must come out; None where any APDU may be inside."""
    general_header: bytes = b""
    """What general-ciphering authenticates beside the content."""
    problems: tuple[Problem, ...] = ()
    """What was seen before anything was opened."""
    most: int = DEFAULT.apdu_octets
    """How much compressed content may become."""

    @property
    def counter(self) -> bytes:
        """The invocation counter as it stands in the IV."""
        return self.header.invocation_counter.to_bytes(4, "big")


def layer_of(form: str, header: SecurityHeader, title: SystemTitle | None) -> SecurityLayer:
    """A layer of which nothing is known but its outside."""
    control = header.control
    return SecurityLayer(
        Verdict.NOT_DECIPHERED,
        form,
        int(control),
        control.suite,
        authenticated=control.authenticated,
        encrypted=control.encrypted,
        broadcast=control.broadcast,
        compressed=control.compressed,
        system_title=str(title) if title else None,
        manufacturer=title.manufacturer if title else None,
        invocation_counter=header.invocation_counter,
    )


def open_layer(envelope: Envelope, name: str, ring: KeyRing, is_sane: Sane, limits: Limits = DEFAULT) -> Opened:
    """Open glo-, ded-, general-glo- or general-ded-ciphering: try every key and title that may fit."""
    plain_tag, control = PLAIN_TAG.get(envelope.tag), envelope.header.control
    wanted = "dedicated key" if envelope.form.dedicated else "GBEK" if control.broadcast else "GUEK"
    detail = " (it travels in the InitiateRequest of the association)" if envelope.form.dedicated else ""
    liberty = "compressed in a service-specific form, for which the standard has no compression"
    sealed = Sealed(
        layer=layer_of(_FORMS.get(envelope.tag, name), envelope.header, envelope.title),
        header=envelope.header,
        content=envelope.content,
        keys=ring.encryption_keys(envelope),
        titles=ring.titles_for(envelope, plain_tag),
        expected_title=ring.expected_title(envelope),
        missing=(Code.MISSING_KEY, f"encrypted with the {wanted}, which is not given{detail}"),
        plain_tag=plain_tag,
        problems=(Problem(Code.TOLERATED, liberty),) * (control.compressed and plain_tag is not None),
        most=limits.apdu_octets,
    )
    return open_sealed(sealed, ring, is_sane)


def open_sealed(sealed: Sealed, ring: KeyRing, is_sane: Sane) -> Opened:
    """Open a layer of any form."""
    control = sealed.header.control
    suite = SUITES.get(control.suite)
    if suite is None:
        return closed(sealed, Code.SECURITY_UNSUPPORTED, f"security suite {control.suite} cannot be opened")
    if control.compressed and not suite.compression:
        return closed(sealed, Code.SECURITY_UNSUPPORTED, f"security suite {control.suite} has no compression")
    if not control.authenticated and not control.encrypted:
        message = "the security control octet says neither authenticated nor encrypted"
        return closed(sealed, Code.SECURITY_UNSUPPORTED, message)
    if control.authenticated and len(sealed.content) < TAG_OCTETS:
        message = f"{len(sealed.content)} octets of content do not hold a tag of {TAG_OCTETS}"
        return closed(sealed, Code.MALFORMED, message)
    if control.authenticated and (found := _verified(sealed, ring)):
        text, key, title, notes = found
        return _finish(sealed, ring, Verdict.VERIFIED, text, key, title, notes)
    if not control.encrypted:
        return _only_authenticated(sealed, ring)
    return _encrypted(sealed, ring, is_sane)


def closed(sealed: Sealed, code: Code, message: str) -> Opened:
    """A layer that stays closed, for this reason."""
    layer = msgspec.structs.replace(sealed.layer, reason=code.value)
    return Opened(layer, None, (*sealed.problems, Problem(code, message)))


def _verified(sealed: Sealed, ring: KeyRing) -> tuple[bytes, Key, SystemTitle, tuple[Problem, ...]] | None:
    """The content whose tag fits, with the key and title that fit."""
    control = sealed.header.control
    prefix = bytes((control,)) + (ring.keys.gak.reveal() if ring.keys.gak else b"")
    without = Problem(Code.HEADER_NOT_AUTHENTICATED, "the tag does not cover the header of general-ciphering")
    ways: list[tuple[bytes, tuple[Problem, ...]]] = [(prefix + sealed.general_header, ())]
    if sealed.general_header:
        ways.append((prefix, (without,)))
    for key, title in _pairs(sealed):
        make = key.gcm.authenticated_encryption if control.encrypted else key.gcm.authentication
        for aad, notes in ways:
            text = make(title.octets, aad).unprotect(sealed.counter, sealed.content)
            if text is not None:
                return text, key, title, notes
    return None


def _pairs(sealed: Sealed) -> Iterator[tuple[Key, SystemTitle]]:
    size = SUITES[sealed.header.control.suite].key_octets
    return ((key, title) for title in sealed.titles for key in sealed.keys if len(key) == size)


def _only_authenticated(sealed: Sealed, ring: KeyRing) -> Opened:
    """The content is readable without any key; only its tag is in question."""
    if not sealed.keys and sealed.missing[0] is not Code.MISSING_KEY:
        problem = Problem(*sealed.missing)
    elif not sealed.keys or not ring.keys.gak:
        missing = "the encryption key" if not sealed.keys else "the authentication key"
        problem = Problem(Code.MISSING_AUTHENTICATION_KEY, f"the tag was not checked: {missing} is not given")
    elif not sealed.titles:
        problem = Problem(Code.MISSING_SYSTEM_TITLE, "the tag was not checked: the sender's system title is not known")
    else:
        problem = Problem(
            Code.WRONG_AUTHENTICATION_KEY,
            "the tag does not fit: a key or the system title is another one, or the message was changed",
        )
    text, faults = _restored(sealed, sealed.content[:-TAG_OCTETS])
    layer = msgspec.structs.replace(sealed.layer, verdict=Verdict.UNVERIFIED, reason=problem.code.value)
    return Opened(layer, text, (*sealed.problems, problem, *faults))


def _encrypted(sealed: Sealed, ring: KeyRing, is_sane: Sane) -> Opened:
    """No tag that fits: decipher and see whether it makes sense."""
    control = sealed.header.control
    if not sealed.keys:
        return closed(sealed, *sealed.missing)
    if not sealed.titles:
        message = "this form does not carry the sender's system title; give it with --system-title, or with the AARQ and AARE"
        return closed(sealed, Code.MISSING_SYSTEM_TITLE, message)
    content = sealed.content[:-TAG_OCTETS] if control.authenticated else sealed.content
    for key, title in _pairs(sealed):
        text = key.gcm.encryption(title.octets).unprotect(sealed.counter, content)
        if text is not None and _makes_sense(sealed, text, is_sane):
            verdict = Verdict.UNVERIFIED if control.authenticated else Verdict.DECIPHERED
            return _finish(sealed, ring, verdict, text, key, title)
    return closed(sealed, Code.WRONG_ENCRYPTION_KEY, _why_not(sealed))


def _makes_sense(sealed: Sealed, text: bytes, is_sane: Sane) -> bool:
    plain, _ = _restored(sealed, text)
    return bool(plain) and plain is not None and sealed.plain_tag in (None, plain[0]) and is_sane(plain)


def _restored(sealed: Sealed, text: bytes) -> tuple[bytes | None, tuple[Problem, ...]]:
    """The content without its compression."""
    if not sealed.header.control.compressed:
        return text, ()
    try:
        return decompress(text, sealed.most, _READING), ()
    except DecodeError as error:
        return None, (Problem(Code.COMPRESSION_INVALID, f"the content does not restore from V.44: {error}"),)


def _why_not(sealed: Sealed) -> str:
    suite = SUITES[sealed.header.control.suite]
    if all(len(key) != suite.key_octets for key in sealed.keys):
        return f"suite {suite.id} needs a key of {suite.key_octets} octets, the given one has {len(sealed.keys[0])}"
    tried = ", ".join(key_role_label(key) for key in sealed.keys)
    under = ", ".join(map(str, sealed.titles))
    return f"deciphers to nonsense with {tried} under system title {under}: another key, or another system title"


def _finish(
    sealed: Sealed,
    ring: KeyRing,
    verdict: Verdict,
    text: bytes,
    key: Key,
    title: SystemTitle,
    notes: tuple[Problem, ...] = (),
) -> Opened:
    """What there is to say of content that could be read."""
    plain, faults = _restored(sealed, text)
    problems = [*sealed.problems, *notes, *_of_verdict(verdict, ring), *faults]
    if sealed.expected_title is not None and title != sealed.expected_title:
        message = f"said to be from {sealed.expected_title}, but it opens under {title}"
        problems.append(Problem(Code.WRONG_SYSTEM_TITLE, message))
    elif ring.given_titles and title not in ring.given_titles and plain and not is_request(plain[0]):
        given = " or ".join(map(str, ring.given_titles))
        problems.append(Problem(Code.WRONG_SYSTEM_TITLE, f"the message is from {title}, not from {given} as given"))
    counter = sealed.header.invocation_counter
    if (last := ring.take_counter(key, title, counter)) is not None:
        message = f"invocation counter {counter} of {title} is not above {last}, which came before"
        problems.append(Problem(Code.COUNTER_REPEATED, message))
    layer = msgspec.structs.replace(
        sealed.layer,
        verdict=verdict,
        system_title=str(title),
        manufacturer=title.manufacturer,
        key=key_role_label(key),
        reason=problems[0].code.value if problems else "",
    )
    return Opened(layer, plain, tuple(problems), key)


def _of_verdict(verdict: Verdict, ring: KeyRing) -> list[Problem]:
    if verdict == Verdict.DECIPHERED:
        return [Problem(Code.NOT_AUTHENTICATED, "encrypted without authentication: nobody vouches for the content")]
    if verdict != Verdict.UNVERIFIED:
        return []
    if ring.keys.gak is None:
        message = "deciphered; the tag was not checked: no authentication key given"
        return [Problem(Code.MISSING_AUTHENTICATION_KEY, message)]
    message = "deciphers to sense, but the tag does not fit: another authentication key, or the message was changed"
    return [Problem(Code.WRONG_AUTHENTICATION_KEY, message)]
