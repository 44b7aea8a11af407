"""The security context of one association: suite, titles, keys, counters and rules of two parties.

Everything that is the same for all APDUs with one form and security control octet is checked and prepared once, in a
channel; protecting an APDU is then little more than the call of AES-GCM. What general-ciphering and signatures need beside
that (other parties, keys that come with messages) is in `parties` and `fresh_keys`. The context belongs to one association
and one thread; the counters and windows it uses may be shared.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

from msgspec import structs

from dlmskit.crypto.gcm import Mode
from dlmskit.crypto.suites import SUITE_0, SecuritySuite
from dlmskit.errors import EncodeError, SecurityError, SecurityReason
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security.channels import Incoming, Outgoing, heads_of, moves_nothing, then_decompressed
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, Protection, SecurityControl
from dlmskit.security.conventions import Conventions
from dlmskit.security.counters import InvocationCounter, MemoryCounterStore, TransmitCounters
from dlmskit.security.envelope import FORM_OF_TAG, PLAIN_TAG, Form
from dlmskit.security.fresh_keys import FreshKeys
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.parties import Correspondence, Correspondents
from dlmskit.security.policy import ProtectionRules
from dlmskit.security.transactions import Transactions
from dlmskit.security.windows import ReceivedCounters, ReceiveWindow
from dlmskit.types.system_title import SystemTitle


class SecurityContext:
    """The security of one association, as one of its two sides sees it.

    Raises `SecurityError`: wrong-key-length for keys of another suite, system-title-mismatch where both titles are the same.
    """

    def __init__(
        self,
        *,
        own_title: SystemTitle,
        keys: KeySet,
        transmit: TransmitCounters,
        received: ReceivedCounters,
        peer_title: SystemTitle | None = None,
        suite: SecuritySuite = SUITE_0,
        rules: ProtectionRules = ProtectionRules(),  # noqa: B008  frozen
        correspondence: Correspondence = Correspondence(),  # noqa: B008  frozen
        conventions: Conventions = Conventions(),  # noqa: B008  frozen
        limits: Limits = DEFAULT,
    ) -> None:
        keys.check_lengths(suite)
        self.suite: Final = suite
        self.own_title: Final = own_title
        self.keys: Final = keys
        self.rules: Final = rules
        self.conventions: Final = conventions
        self.limits: Final = limits
        self.control: Final = SecurityControl.of(suite, rules.outgoing if int(rules.outgoing) & 3 else AUTHENTICATED_ENCRYPTED)
        """What the rules ask for in sent APDUs, under the unicast key; where they ask nothing, authenticated encryption."""
        self.transmit: Final = transmit
        self.received: Final = received
        self.parties: Final = Correspondents(own_title, keys, suite, rules.third_parties, correspondence)
        self._peer_title: SystemTitle | None = None
        self.peer_field = b""
        """The peer's title with its length, as it stands in a general form; empty as long as it is not known."""
        self._dedicated_key: Key | None = None
        self._dedicated_counter: InvocationCounter | None = None
        self._dedicated_window: ReceiveWindow | None = None
        self.outgoing_channels: Final[dict[int, Outgoing]] = {}
        self.incoming_channels: Final[dict[int, Incoming]] = {}
        self._layer_channels: dict[tuple[int, int, bool], Incoming] = {}
        if peer_title is not None:
            self.pin_peer(peer_title)

    # Most associations need neither of these two.

    @cached_property
    def fresh_keys(self) -> FreshKeys:
        """Keys of general-ciphering that came into being in this association."""
        return FreshKeys()

    @cached_property
    def transactions(self) -> Transactions:
        """The transaction ids of this association."""
        return Transactions(self.own_title, self.transmit, self.received)

    @property
    def peer_title(self) -> SystemTitle | None:
        """The peer's system title; None as long as it was not told."""
        return self._peer_title

    def pin_peer(self, title: SystemTitle) -> None:
        """Tie the association to this peer, once. Raises `SecurityError` (system-title-mismatch) for another or the own title."""
        if title == self.own_title:
            raise SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, f"the peer has our own system title {title}")
        if self._peer_title not in (None, title):
            raise SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, f"the peer was {self._peer_title} and now is {title}")
        self._peer_title = self.parties.peer = title
        self.peer_field = b"\x08" + title.octets

    @property
    def has_dedicated_key(self) -> bool:
        """Whether a dedicated key is in force."""
        return self._dedicated_key is not None

    def use_dedicated_key(self, key: Key) -> None:
        """Put a dedicated key in force for the rest of the association; its counters start at 0 on both sides.

        Raises `SecurityError`: wrong-key-length; unsupported for a key that is no fresh one (equal to a global key or
        to the dedicated key before it, or one octet repeated), because counters that restart would repeat IVs.
        """
        self.check_fresh(key)
        self._end_dedicated_key()
        self._dedicated_key = key
        self._dedicated_counter = InvocationCounter(MemoryCounterStore(), KeyRole.DEDICATED.value)
        self._dedicated_window = ReceiveWindow()

    def check_fresh(self, key: Key) -> None:
        """Refuse a key that others know or that is in use: counters that restart would repeat IVs.

        Raises `SecurityError`: wrong-key-length; unsupported where it is equal to a global key or to the dedicated one, or is
        one octet repeated.
        """
        key.check_length(self.suite)
        octets = key.reveal()
        known = [*(known for _, known in self.keys.named()), *([self._dedicated_key] if self._dedicated_key else [])]
        weak = octets == octets[:1] * len(octets) or any(key == other for other in known)
        del octets
        if weak:
            raise SecurityError(SecurityReason.UNSUPPORTED, f"the {key.role.value} is not a fresh one")

    def drop_dedicated_key(self) -> None:
        """Forget the dedicated key, and the fresh keys of general-ciphering: at release, and when the connection is lost."""
        self._end_dedicated_key()
        self.__dict__.pop("fresh_keys", None)

    def _end_dedicated_key(self) -> None:
        self._dedicated_key = self._dedicated_counter = None
        self.outgoing_channels.clear()
        self.incoming_channels.clear()
        self._layer_channels.clear()

    def with_keys(self, keys: KeySet) -> SecurityContext:
        """The same association under changed global keys (after key_transfer); counters of unchanged keys go on."""
        changed = SecurityContext(
            own_title=self.own_title, keys=keys, transmit=self.transmit, received=self.received,
            peer_title=self._peer_title, suite=self.suite, rules=self.rules, conventions=self.conventions,
            correspondence=self.parties.correspondence, limits=self.limits,
        )  # fmt: skip
        changed.parties.introduced.update(self.parties.introduced)
        changed._dedicated_key = self._dedicated_key
        changed._dedicated_counter = self._dedicated_counter
        changed._dedicated_window = self._dedicated_window
        return changed

    # Keys, counters and windows by role: for the channels below and for HLS.

    def encryption_key(self, role: KeyRole) -> Key:
        """The key in force for this role. Raises `SecurityError` (missing-key)."""
        key = self._dedicated_key if role is KeyRole.DEDICATED else getattr(self.keys, role, None)
        if not isinstance(key, Key):
            raise SecurityError(SecurityReason.MISSING_KEY, f"there is no {role.value}")
        return key

    def counter(self, role: KeyRole) -> InvocationCounter:
        """The counter of what we send under this key. Raises `SecurityError` (missing-key)."""
        key = self.encryption_key(role)
        if role is KeyRole.DEDICATED and self._dedicated_counter is not None:
            return self._dedicated_counter
        return self.transmit.of(key, self.own_title)

    def window(self, role: KeyRole) -> ReceiveWindow:
        """What the peer may still use under this key. Raises `SecurityError`: missing-key, system-title-missing."""
        key = self.encryption_key(role)
        if role is KeyRole.DEDICATED and self._dedicated_window is not None:
            return self._dedicated_window
        return self.received.of(key, self.known_peer_title())

    def known_peer_title(self) -> SystemTitle:
        """The peer's title. Raises `SecurityError` (system-title-missing)."""
        if self._peer_title is None:
            raise SecurityError(SecurityReason.SYSTEM_TITLE_MISSING, "the peer's system title is not known")
        return self._peer_title

    def authenticated_prefix(self, control: SecurityControl) -> bytes:
        """SC || AK, the start of everything that is authenticated; a secret. Raises `SecurityError` (missing-key)."""
        if self.rules.without_authentication_key:
            return bytes((control,))
        return bytes((control,)) + self.encryption_key(KeyRole.GAK).reveal()

    # Channels: looked up for every APDU, made at the first one of their kind.

    def outgoing(self, form: Form, control: SecurityControl) -> Outgoing:
        """The channel for APDUs that we send. Raises `SecurityError` where rules, suite or keys do not allow it."""
        self._check(form, control)
        self.check_enough(control.protection, self.rules.outgoing)
        channel = self._outgoing(form, control)
        if not control.compressed:  # whether compression makes sense is decided for each APDU
            self.outgoing_channels[form << 8 | control] = channel
        return channel

    def outgoing_layer(self, form: Form, control: SecurityControl) -> Outgoing:
        """The same for one layer of several: whether they are enough is not asked."""
        self._check(form, control)
        return self._outgoing(form, control)

    def _outgoing(self, form: Form, control: SecurityControl) -> Outgoing:
        role = self._role(form, control)
        return Outgoing(
            form=form,
            control=control,
            key_role=role,
            system_title=self.own_title,
            protect=self._mode(control, role, self.own_title).protect,
            take=self.counter(role).take,
            control_octet=bytes((control,)),
            heads=heads_of(form),
        )

    def incoming(self, tag: int, octet: int) -> Incoming:
        """The channel for APDUs that the peer sends. Raises `SecurityError` where rules, suite or keys do not allow it."""
        form = FORM_OF_TAG[tag]
        for known in self.incoming_channels.values():
            if known.form is form and known.control == octet:  # then all is checked, and what must come out alone differs
                channel = structs.replace(known, inner_tag=PLAIN_TAG.get(tag))
                break
        else:
            channel = self._incoming(tag, octet, self.rules.incoming)
        self.incoming_channels[tag << 8 | octet] = channel
        return channel

    def incoming_layer(self, tag: int, octet: int, *, covered: bool) -> Incoming:
        """The same for one layer of several. ``covered``: one around it authenticates it, whatever it does itself."""
        channel = self._layer_channels.get((tag, octet, covered))
        if channel is None:
            channel = self._layer_channels[tag, octet, covered] = self._incoming(tag, octet, Protection.NONE, covered=covered)
        return channel

    def _incoming(self, tag: int, octet: int, required: Protection, *, covered: bool = False) -> Incoming:
        form, control = FORM_OF_TAG[tag], SecurityControl(octet)
        if form.dedicated:
            self.encryption_key(KeyRole.DEDICATED)
        title = self.known_peer_title()
        control.check(self.suite)
        self.check_enough(control.protection, required)
        self._check_form(form, control)
        self.check_tolerated(control, covered=covered)
        role = self._role(form, control)
        window = self.window(role)
        unprotect = self._mode(control, role, title).unprotect
        if control.compressed:
            unprotect = then_decompressed(unprotect, self.limits.apdu_octets, self.conventions.decompressing)
        return Incoming(
            form=form,
            control=control,
            key_role=role,
            system_title=title,
            unprotect=unprotect,
            inner_tag=PLAIN_TAG.get(tag),
            window=window,
            accept=window.accept if control.authenticated or covered else moves_nothing,
        )

    def is_enough(self, octet: int) -> bool:
        """Whether one layer with this security control octet has everything that a received APDU must have."""
        return not int(self.rules.incoming) & ~(octet >> 4 & 3)

    def _role(self, form: Form, control: SecurityControl) -> KeyRole:
        if not form.dedicated:
            return KeyRole.GBEK if control.broadcast else KeyRole.GUEK
        if control.broadcast:
            raise SecurityError(SecurityReason.SECURITY_CONTROL_INVALID, "a dedicated key is not a broadcast key")
        return KeyRole.DEDICATED

    def _mode(self, control: SecurityControl, role: KeyRole, title: SystemTitle) -> Mode:
        gcm = self.encryption_key(role).gcm
        if not control.authenticated:
            return gcm.encryption(title.octets)
        bind = gcm.authenticated_encryption if control.encrypted else gcm.authentication
        return bind(title.octets, self.authenticated_prefix(control))

    def _check(self, form: Form, control: SecurityControl) -> None:
        control.check(self.suite)
        self._check_form(form, control)

    def _check_form(self, form: Form, control: SecurityControl) -> None:
        if form >= Form.GENERAL_CIPHERING:
            raise EncodeError(f"{form.label} is a layer of its own: use protect_layers")
        if control.compressed and not (form.general or self.conventions.compressed_service_specific):
            raise SecurityError(SecurityReason.SECURITY_CONTROL_INVALID, f"{form.label} APDUs are never compressed")

    def check_enough(self, found: Protection, required: Protection) -> None:
        """Refuse protection that leaves out what is required. Raises `SecurityError` (protection-too-weak)."""
        if int(required) & ~int(found):
            message = f"the APDU is {found.label}, missing: {(required & ~found).label}"
            raise SecurityError(SecurityReason.PROTECTION_TOO_WEAK, message)

    def check_tolerated(self, control: SecurityControl, *, covered: bool) -> None:
        """Refuse what the rules take only on demand. Raises `SecurityError`."""
        if control.broadcast and not self.rules.accept_broadcast:
            raise SecurityError(SecurityReason.SECURITY_CONTROL_INVALID, "the broadcast key is not accepted here")
        if not (control.authenticated or covered or self.rules.accept_encryption_only):
            raise SecurityError(SecurityReason.PROTECTION_TOO_WEAK, "encryption without authentication is not accepted")

    def __repr__(self) -> str:
        return f"SecurityContext({self.own_title} with {self._peer_title}, suite {self.suite.id})"
