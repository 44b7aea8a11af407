"""Opens general-ciphering and judges general-signing, with whatever keys there are: for looking, not for trusting.

Where deployed peers differ, every known way is tried and the one that fits is told: what is authenticated, what is signed, which
algorithm id a key is derived with. What acts on messages uses one way, the configured one.
"""

from __future__ import annotations

import msgspec

from dlmskit.apdu import AgreedKey, GeneralCiphering, GeneralSigning, IdentifiedKey, WrappedKey
from dlmskit.crypto.curves import Curve, curve_of
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdsa import verify
from dlmskit.crypto.kdf import algorithm_id, one_pass_info, static_unified_info
from dlmskit.crypto.suites import SUITES, SecuritySuite
from dlmskit.errors import DecodeError, SecurityError, SecurityReason
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security.control import HEADER_OCTETS, SecurityHeader
from dlmskit.security.conventions import SigningProfile
from dlmskit.security.general_header import GeneralHeader
from dlmskit.security.general_signing import signed_octets
from dlmskit.security.keys import Key, KeyRole
from dlmskit.trace.explain.keyring import KeyRing
from dlmskit.trace.explain.model import Code, Problem, SecurityLayer, Verdict
from dlmskit.trace.explain.opening import Opened, Sane, Sealed, layer_of, open_sealed
from dlmskit.types.system_title import SystemTitle

_ONE_PASS, _STATIC = b"\x01", b"\x02"


class _Keys(msgspec.Struct, frozen=True):
    """What key-info came to."""

    label: str
    keys: list[Key]
    missing: tuple[Code, str] = (Code.MISSING_KEY, "")
    problems: tuple[Problem, ...] = ()


def open_general_ciphering(apdu: GeneralCiphering, ring: KeyRing, is_sane: Sane, limits: Limits = DEFAULT) -> Opened:
    """Open general-ciphering with the key that it names."""
    header = GeneralHeader.of(apdu)
    try:
        security_header = SecurityHeader.decode(apdu.ciphered_content)
    except DecodeError as error:
        layer = _with_header(SecurityLayer(Verdict.NOT_DECIPHERED, "general-ciphering", reason=Code.MALFORMED.value), header)
        return Opened(layer, None, (Problem(Code.MALFORMED, str(error), error.offset),))
    named = _named_keys(apdu, header, SUITES.get(security_header.control.suite), ring)
    layer = _with_header(layer_of("general-ciphering", security_header, header.originator), header)
    titles = [header.originator] if header.originator else [*ring.given_titles, *ring.seen_titles]
    sealed = Sealed(
        layer=msgspec.structs.replace(layer, key_info=named.label),
        header=security_header,
        content=apdu.ciphered_content[HEADER_OCTETS:],
        keys=named.keys,
        titles=list(dict.fromkeys(titles)),
        expected_title=header.originator,
        missing=named.missing,
        general_header=header.encode(),
        problems=named.problems,
        most=limits.apdu_octets,
    )
    opened = open_sealed(sealed, ring, is_sane)
    if opened.key is not None and opened.key.role is KeyRole.CEK:
        ring.established[header.originator, header.recipient] = opened.key
    return opened


def judge_signature(apdu: GeneralSigning, ring: KeyRing) -> Opened:
    """Check the signature with the key that is known of its signer; the content can be read in any case."""
    header = GeneralHeader.of(apdu)
    title = header.originator
    layer = _with_header(
        SecurityLayer(
            Verdict.UNVERIFIED,
            "general-signing",
            signed=True,
            system_title=str(title) if title else None,
            manufacturer=title.manufacturer if title else None,
        ),
        header,
    )
    known = ring.verification_keys
    keys = [known[title]] if title in known else list(known.values()) if title is None else []
    if not keys:
        problem = Problem(
            Code.MISSING_VERIFICATION_KEY, f"the signature was not checked: no public key of {title or 'the signer'} is given"
        )
        return Opened(msgspec.structs.replace(layer, reason=problem.code.value), apdu.content, (problem,))
    for profile in SigningProfile:
        for key in keys:
            if _fits(key, signed_octets(header, apdu.content, profile), apdu.signature):
                usual = profile is SigningProfile.CONTENT_WITHOUT_LENGTH
                notes = () if usual else (Problem(Code.TOLERATED, f"signed is the {profile.value}"),)
                layer = msgspec.structs.replace(layer, verdict=Verdict.VERIFIED, suite=_suite_of(key.curve))
                return Opened(layer, apdu.content, notes)
    message = "the signature does not fit: another signer, or the message was changed"
    size, expected = len(apdu.signature), keys[0].curve.signature_octets
    if size != expected:
        message = f"a signature on {keys[0].curve.name} has {expected} octets (r || s), this one has {size}"
    problem = Problem(Code.SIGNATURE_INVALID, message)
    return Opened(msgspec.structs.replace(layer, reason=problem.code.value), apdu.content, (problem,))


def _with_header(layer: SecurityLayer, header: GeneralHeader) -> SecurityLayer:
    return msgspec.structs.replace(
        layer,
        recipient=str(header.recipient) if header.recipient else None,
        transaction_id=header.transaction_id.hex().upper() or None,
    )


def _suite_of(curve: Curve) -> int | None:
    return next((suite.id for suite in SUITES.values() if suite.curve == curve.name), None)


def _fits(key: PublicKey, message: bytes, signature: bytes) -> bool:
    try:
        verify(key, message, signature)
    except SecurityError:
        return False
    return True


# Key-info.


def _named_keys(apdu: GeneralCiphering, header: GeneralHeader, suite: SecuritySuite | None, ring: KeyRing) -> _Keys:
    info = apdu.key_info
    if info is None:
        key = ring.established.get((header.originator, header.recipient))
        message = "it names no key, and none was established before in this direction"
        return _Keys("established", [key] if key else [], (Code.MISSING_KEY, message))
    if isinstance(info, IdentifiedKey):
        return _identified(info, ring)
    if isinstance(info, WrappedKey):
        return _wrapped(info, ring)
    if suite is None or suite.curve is None:
        message = "key agreement, in a suite that has none"
        return _Keys("agreed", [], (Code.KEY_INFO_INVALID, message))
    if info.key_parameters == _ONE_PASS:
        return _one_pass(info, header, suite, ring)
    if info.key_parameters == _STATIC:
        return _static(header, suite, ring)
    parameters = info.key_parameters[:8].hex().upper() or "missing"
    return _Keys("agreed", [], (Code.KEY_INFO_INVALID, f"key agreement with parameters {parameters} is not known"))


def _identified(info: IdentifiedKey, ring: KeyRing) -> _Keys:
    if info.key_id not in (0, 1):
        return _Keys("identified", [], (Code.KEY_INFO_INVALID, f"an identified key with the number {info.key_id} is not known"))
    named, other = (ring.keys.guek, ring.keys.gbek) if info.key_id == 0 else (ring.keys.gbek, ring.keys.guek)
    wanted = ("GUEK", "GBEK")[info.key_id]
    return _Keys(
        f"identified: {wanted}",
        [key for key in (named, other) if key is not None],
        (Code.MISSING_KEY, f"encrypted with the {wanted}, which is not given"),
    )


def _wrapped(info: WrappedKey, ring: KeyRing) -> _Keys:
    if info.kek_id != 0:
        message = f"a key that wraps with the number {info.kek_id} is not known"
        return _Keys("wrapped", [], (Code.KEY_INFO_INVALID, message))
    if ring.keys.kek is None:
        return _Keys("wrapped", [], (Code.MISSING_KEY, "its key is wrapped with the master key (KEK), which is not given"))
    try:
        return _Keys("wrapped", [Key(ring.keys.kek.master.unwrap_octets(info.key_ciphered_data), KeyRole.CEK)])
    except SecurityError as error:
        code = Code.KEY_INFO_INVALID if error.reason is SecurityReason.WRONG_KEY_LENGTH else Code.WRONG_MASTER_KEY
        return _Keys("wrapped", [], (code, str(error).partition(": ")[2]))


def _one_pass(info: AgreedKey, header: GeneralHeader, suite: SecuritySuite, ring: KeyRing) -> _Keys:
    label, curve = "agreed in one pass", curve_of(suite)
    size = curve.public_key_octets
    if len(info.key_ciphered_data) != size + curve.signature_octets:
        message = f"a public key and its signature have {size + curve.signature_octets} octets, these have"
        return _Keys(label, [], (Code.KEY_INFO_INVALID, f"{message} {len(info.key_ciphered_data)}"))
    try:
        ephemeral = PublicKey(curve, info.key_ciphered_data[:size])
    except SecurityError as error:
        return _Keys(label, [], (Code.PUBLIC_KEY_INVALID, f"the ephemeral key: {str(error).partition(': ')[2]}"))
    problems: tuple[Problem, ...] = ()
    signer = ring.verification_keys.get(header.originator) if header.originator else None
    if signer is not None and not _fits(signer, info.key_ciphered_data[:size], info.key_ciphered_data[size:]):
        problems = (Problem(Code.SIGNATURE_INVALID, "the signature of the ephemeral key does not fit"),)
    keys = []
    if header.originator is not None:
        for recipient in _recipients(header, ring):
            own = ring.private_agreement_keys.get(recipient)
            if own is not None and own.public.curve == curve:
                keys += [
                    Key(own.derive(ephemeral, suite, one_pass_info(algorithm, header.originator, recipient)), KeyRole.CEK)
                    for algorithm in _algorithms(suite)
                ]
    missing = "its key is agreed in one pass; the private key of the recipient is not given"
    return _Keys(label, keys, (Code.MISSING_KEY, missing), problems)


def _static(header: GeneralHeader, suite: SecuritySuite, ring: KeyRing) -> _Keys:
    label = "agreed between static keys"
    if not 0 < len(header.transaction_id) < 128:
        return _Keys(label, [], (Code.KEY_INFO_INVALID, "a statically agreed key needs a transaction id of 1 to 127 octets"))
    originator = header.originator
    keys: list[Key] = []
    for recipient in _recipients(header, ring) if originator else ():
        keys += _statically_agreed(originator or recipient, recipient, header.transaction_id, suite, ring)
    missing = "its key is agreed between static keys; the private key of one party and the public key of the other are needed"
    return _Keys(label, keys, (Code.MISSING_KEY, missing))


def _statically_agreed(
    originator: SystemTitle, recipient: SystemTitle, transaction_id: bytes, suite: SecuritySuite, ring: KeyRing
) -> list[Key]:
    """With the private key of either party."""
    keys = []
    for mine, other in ((recipient, originator), (originator, recipient)):
        private, public = ring.private_agreement_keys.get(mine), ring.agreement_keys.get(other)
        if private is None or public is None or not private.public.curve == public.curve == curve_of(suite):
            continue
        for algorithm in _algorithms(suite):
            information = static_unified_info(algorithm, originator, recipient, transaction_id)
            keys.append(Key(private.derive(public, suite, information), KeyRole.CEK))
    return keys


def _recipients(header: GeneralHeader, ring: KeyRing) -> tuple[SystemTitle, ...]:
    return (header.recipient,) if header.recipient else (*ring.given_titles, *ring.seen_titles)


def _algorithms(suite: SecuritySuite) -> tuple[bytes, bytes]:
    return algorithm_id(suite), algorithm_id(suite, legacy=True)
