"""The meters that a listener knows: their keys by system title, and the one place where a push is verified.

What verifies has moved the receive window of its meter, durably: a repetition is refused after a restart too. No association is
there; title, keys and counter are the whole proof.
"""

from __future__ import annotations

from collections import OrderedDict

from dlmskit.apdu import GeneralCiphering, GeneralSigning, decode_apdu
from dlmskit.client.counters import Counters
from dlmskit.client.parties import correspondence_with, own_entry_name
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.errors import ConfigError, DecodeError, SecurityError, SecurityReason
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security import SUITES, ProtectionRules, SecurityContext, Verified, read_envelope, unprotect
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, Protection, SecurityControl
from dlmskit.security.envelope import FORM_OF_TAG, GENERAL_CIPHERING, GENERAL_SIGNING
from dlmskit.security.key_pairs import KeyPairs
from dlmskit.security.keys import KeySet
from dlmskit.security.vault import KeyVault
from dlmskit.types.system_title import SystemTitle

_RULES = ProtectionRules(incoming=Protection.AUTHENTICATED, outgoing=AUTHENTICATED_ENCRYPTED, accept_empty_title=True)
"""A meter need not know who listens: the recipient may be left out. Who sends it must say (`Meters.verify`)."""
_CONTEXTS_KEPT = 4096


class Meters:
    """Keys and counters of all meters. ``own_title`` is who confirms, and to whom general-ciphering is addressed."""

    def __init__(
        self, vault: KeyVault | None, counters: Counters, own_title: SystemTitle | None = None, limits: Limits = DEFAULT
    ) -> None:
        own = None if vault is None else own_entry_name(vault, own_title)
        self._own_pairs = KeyPairs() if vault is None or own is None else vault[own].pairs
        said = own_title or (None if vault is None or own is None else vault[own].system_title)
        self._vault = KeyVault({}) if vault is None else vault if own is None or len(vault) == 1 else _without(vault, own)
        self._counters = counters
        self._own_title = said or counters.own_title
        self._limits = limits
        self._contexts: OrderedDict[tuple[SystemTitle, int], SecurityContext] = OrderedDict()

    def keys_of(self, title: SystemTitle | None) -> KeySet:
        """What may open a message of this meter; nothing where it is not known."""
        try:
            return self._vault.for_title(title)
        except SecurityError:
            return KeySet()

    def knows(self, title: SystemTitle | None) -> bool:
        """Whether there are keys for it."""
        return any(True for _ in self.keys_of(title).named())

    def verify(self, octets: bytes) -> tuple[Verified, SecurityContext]:
        """Verify one protected APDU. Raises SecurityError, DecodeError; what is refused changes nothing."""
        title = claimed_title(octets)
        if title is None:
            raise SecurityError(SecurityReason.SYSTEM_TITLE_MISSING, "the message does not say who sends it")
        context = self._context(title, octets)
        return unprotect(octets, context), context

    def _context(self, title: SystemTitle, octets: bytes) -> SecurityContext:
        entry = self._vault.entry_for(title)
        suite = _suite_of(octets, entry.pairs.signing_public_key, self._limits)
        known = self._contexts.pop((title, suite), None)
        if known is None:
            known = SecurityContext(
                own_title=self._own_title,
                keys=entry.keys,
                transmit=self._counters.transmit,
                received=self._counters.received,
                peer_title=title,
                suite=SUITES[suite],
                rules=_RULES,
                correspondence=correspondence_with(self._own_pairs, entry.pairs),
                limits=self._limits,
            )
        self._contexts[title, suite] = known
        if len(self._contexts) > _CONTEXTS_KEPT:
            self._contexts.popitem(last=False)
        return known


def claimed_title(octets: bytes) -> SystemTitle | None:
    """Who a protected APDU says that it is from; None where it does not say so, or is none."""
    tag = octets[0] if octets else 0
    try:
        if tag in FORM_OF_TAG:
            return read_envelope(octets).title
        if tag in {GENERAL_CIPHERING, GENERAL_SIGNING}:
            apdu = decode_apdu(octets)
            assert isinstance(apdu, GeneralCiphering | GeneralSigning)  # noqa: S101 - by the tag
            return SystemTitle(apdu.originator_system_title)
    except (DecodeError, ConfigError):
        return None
    return None


def _suite_of(octets: bytes, key: PublicKey | None, limits: Limits) -> int:
    """The security suite that the outermost ciphering names; of a signature over something plain the one of the key."""
    for _ in range(limits.apdu_nesting):
        if octets[:1] and octets[0] in FORM_OF_TAG:
            return _known(read_envelope(octets).header.control.suite)
        if octets[:1] and octets[0] not in {GENERAL_CIPHERING, GENERAL_SIGNING}:
            return _suite_of_key(key)
        apdu = decode_apdu(octets)
        if isinstance(apdu, GeneralCiphering):
            return _known(SecurityControl(apdu.ciphered_content[0]).suite if apdu.ciphered_content else 0)
        assert isinstance(apdu, GeneralSigning)  # noqa: S101 - by the tag
        octets = apdu.content
    raise DecodeError(f"more than {limits.apdu_nesting} layers of protection")


def _known(suite: int) -> int:
    if suite not in SUITES:
        raise SecurityError(SecurityReason.SUITE_MISMATCH, f"security suite {suite} is not known")
    return suite


def _suite_of_key(key: PublicKey | None) -> int:
    if key is None:
        raise SecurityError(SecurityReason.MISSING_KEY, "the public key for signatures of this meter is not known")
    return next(suite.id for suite in SUITES.values() if suite.curve == key.curve.name)


def _without(vault: KeyVault, own: str) -> KeyVault:
    """The entries of meters: our own is nobody's who pushes."""
    return KeyVault({name: vault[name] for name in vault if name != own})
