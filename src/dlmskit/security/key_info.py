"""Key-info of general-ciphering: which key, and how both parties come to it (Green Book, 9.2.7.2.4.6; keys: 9.2.3.4.6).

Identified: one of the keys that both hold. Wrapped: a fresh key under the master key. Agreed: a fresh key out of key pairs,
in one pass or between static ones. Absent: the fresh key last named in this direction. Nothing is kept here: a key becomes
the established one when its message was sent, or was verified.
"""

from __future__ import annotations

from typing import TypeVar

from dlmskit.apdu.ciphering import AgreedKey, IdentifiedKey, WrappedKey
from dlmskit.crypto.curves import curve_of
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdsa import verify
from dlmskit.crypto.kdf import algorithm_id, one_pass_info, static_unified_info
from dlmskit.crypto.random import draw
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.counters import InvocationCounter, MemoryCounterStore
from dlmskit.security.fresh_keys import ReceivingKey, SendingKey
from dlmskit.security.general_header import GeneralHeader
from dlmskit.security.keys import Key, KeyRole
from dlmskit.security.layers import KeyChoice
from dlmskit.security.parties import KnownParty

KeyInfo = IdentifiedKey | WrappedKey | AgreedKey

_IDENTIFIED = {0: KeyRole.GUEK, 1: KeyRole.GBEK}
_MASTER_KEY = 0
_ONE_PASS, _STATIC = b"\x01", b"\x02"
_KeyT = TypeVar("_KeyT", SendingKey, ReceivingKey)


def key_to_send(
    context: SecurityContext, choice: KeyChoice, party: KnownParty, header: GeneralHeader
) -> tuple[SendingKey, KeyInfo | None]:
    """The key to protect with, and the key-info that tells `party` about it.

    Raises `SecurityError`: missing-key, public-key-invalid, unsupported (no randomness, a suite without key agreement).
    """
    if choice is KeyChoice.ESTABLISHED:
        return _established(context.fresh_keys.sending.get(party.title), party), None
    if choice is KeyChoice.GUEK or choice is KeyChoice.GBEK:
        role, number = (KeyRole.GUEK, 0) if choice is KeyChoice.GUEK else (KeyRole.GBEK, 1)
        key = _shared(context, party, role)
        return SendingKey(key, role, choice, context.transmit.of(key, context.own_title)), IdentifiedKey(number)
    info: KeyInfo
    if choice is KeyChoice.WRAPPED:
        key, info = _wrap(context, party)
    elif choice is KeyChoice.ONE_PASS:
        key, info = _agree_in_one_pass(context, party)
    else:
        key, info = _agree_statically(context, party, header, we_send=True), AgreedKey(_STATIC, b"")
    context.check_fresh(key)
    return SendingKey(key, KeyRole.CEK, choice, _counter(context, choice, key)), info


def key_received(context: SecurityContext, info: KeyInfo | None, party: KnownParty, header: GeneralHeader) -> ReceivingKey:
    """The key that `party` protected with.

    Raises `SecurityError`: missing-key, deciphering-failed (wrapped under another master key), signature-invalid,
    public-key-invalid, wrong-key-length, unsupported; security-control-invalid for the broadcast key where it is not accepted.
    """
    if info is None:
        return _established(context.fresh_keys.receiving.get(party.title), party)
    if isinstance(info, IdentifiedKey):
        return _identified(context, info, party)
    if isinstance(info, WrappedKey):
        key, choice = _unwrap(context, info, party), KeyChoice.WRAPPED
    elif info.key_parameters == _ONE_PASS:
        key, choice = _agreed_in_one_pass(context, info.key_ciphered_data, party), KeyChoice.ONE_PASS
    elif info.key_parameters == _STATIC and not info.key_ciphered_data:
        key, choice = _agree_statically(context, party, header, we_send=False), KeyChoice.STATIC
    else:
        message = f"key agreement with parameters {info.key_parameters[:8].hex().upper() or 'missing'} is not known"
        raise SecurityError(SecurityReason.UNSUPPORTED, message)
    context.check_fresh(key)
    return ReceivingKey(key, KeyRole.CEK, choice, context.received.fresh(key, party.title))


def _established(key: _KeyT | None, party: KnownParty) -> _KeyT:
    if key is None:
        raise SecurityError(SecurityReason.MISSING_KEY, f"no key was established with {party.title} in this direction")
    return key


def _counter(context: SecurityContext, choice: KeyChoice, key: Key) -> InvocationCounter:
    """A random key is new for certain; one that is derived from stored inputs may come again, so its counter is stored."""
    if choice is KeyChoice.STATIC:
        counter = context.transmit.derived(key, context.own_title)
    else:
        counter = InvocationCounter(MemoryCounterStore(), key.role.value)
    counter.advance_to(context.conventions.first_counter, largest_jump=COUNTER_MAX)
    return counter


# Identified and wrapped keys: symmetric.


def _shared(context: SecurityContext, party: KnownParty, role: KeyRole) -> Key:
    key = getattr(party.keys, role.value)
    if not isinstance(key, Key):
        raise SecurityError(SecurityReason.MISSING_KEY, f"there is no {role.value} with {party.title}")
    key.check_length(context.suite)
    return key


def _identified(context: SecurityContext, info: IdentifiedKey, party: KnownParty) -> ReceivingKey:
    role = _IDENTIFIED.get(info.key_id)
    if role is None:
        raise SecurityError(SecurityReason.UNSUPPORTED, f"an identified key with the number {info.key_id} is not known")
    if role is KeyRole.GBEK and not context.rules.accept_broadcast:
        raise SecurityError(SecurityReason.SECURITY_CONTROL_INVALID, "the broadcast key is not accepted here")
    key = _shared(context, party, role)
    choice = KeyChoice.GUEK if role is KeyRole.GUEK else KeyChoice.GBEK
    return ReceivingKey(key, role, choice, context.received.of(key, party.title))


def _wrap(context: SecurityContext, party: KnownParty) -> tuple[Key, WrappedKey]:
    random = context.parties.correspondence.random
    if random is None:
        raise SecurityError(SecurityReason.UNSUPPORTED, "there is no source of randomness for a fresh key")
    kek = _shared(context, party, KeyRole.KEK)
    key = Key(draw(random, context.suite.key_octets), KeyRole.CEK)
    return key, WrappedKey(_MASTER_KEY, kek.master.wrap_octets(key.reveal()))


def _unwrap(context: SecurityContext, info: WrappedKey, party: KnownParty) -> Key:
    if info.kek_id != _MASTER_KEY:
        raise SecurityError(SecurityReason.UNSUPPORTED, f"a key that wraps with the number {info.kek_id} is not known")
    return Key(_shared(context, party, KeyRole.KEK).master.unwrap_octets(info.key_ciphered_data), KeyRole.CEK)


# Agreed keys.


def _agree_in_one_pass(context: SecurityContext, party: KnownParty) -> tuple[Key, AgreedKey]:
    curve, static = curve_of(context.suite), context.parties.agreement_key_of(party.title)
    make = context.parties.correspondence.ephemeral
    if make is None:
        raise SecurityError(SecurityReason.UNSUPPORTED, "nothing makes ephemeral key pairs for an agreement")
    ephemeral, signer = make(curve), context.parties.signing_key()
    point = ephemeral.public.octets
    other_information = one_pass_info(_algorithm(context), context.own_title, party.title)
    key = Key(ephemeral.derive(static, context.suite, other_information), KeyRole.CEK)
    return key, AgreedKey(_ONE_PASS, point + signer.sign(point))


def _agreed_in_one_pass(context: SecurityContext, data: bytes, party: KnownParty) -> Key:
    """The point is signed by the originator, and is on the curve, before our static key meets it."""
    curve, own = curve_of(context.suite), context.parties.agreement_key()
    point, signature = data[: curve.public_key_octets], data[curve.public_key_octets :]
    ephemeral = PublicKey(curve, point)
    verify(context.parties.verification_key_of(party.title), point, signature)
    other_information = one_pass_info(_algorithm(context), party.title, context.own_title)
    return Key(own.derive(ephemeral, context.suite, other_information), KeyRole.CEK)


def _agree_statically(context: SecurityContext, party: KnownParty, header: GeneralHeader, *, we_send: bool) -> Key:
    own, static = context.parties.agreement_key(), context.parties.agreement_key_of(party.title)
    originator, recipient = (context.own_title, party.title) if we_send else (party.title, context.own_title)
    other_information = static_unified_info(_algorithm(context), originator, recipient, header.transaction_id)
    return Key(own.derive(static, context.suite, other_information), KeyRole.CEK)


def _algorithm(context: SecurityContext) -> bytes:
    return algorithm_id(context.suite, legacy=context.conventions.legacy_algorithm_id)
