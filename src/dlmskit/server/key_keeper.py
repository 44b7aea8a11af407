"""The keeper behind a security setup (class 64): key transfer, key agreement, policy, HLS and LLS secrets of one client.

Everything is checked before anything is changed, and a change is one write (security concept, 5.1 and 6). What the client is
told of a refusal is other-reason; the log has the reason. The answer leaves under the old keys and the old policy; from the
next APDU on the new ones hold, in associations that are open too (robustness R-079).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dlmskit.cosem.access import AccessMode
from dlmskit.cosem.classes.security_setup import KeyData, KeyId
from dlmskit.crypto import ecdsa
from dlmskit.crypto.curves import Curve, curve_of
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.kdf import algorithm_id, ephemeral_unified_info
from dlmskit.crypto.software import SoftwareProvider
from dlmskit.crypto.suites import SecuritySuite
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.keys import Key, KeyRole, KeySet, Secret
from dlmskit.security.policy import SecurityPolicy
from dlmskit.server.certificate_store import CertificateStore
from dlmskit.types.enums import Mechanism

ROLES = {
    KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY: KeyRole.GUEK,
    KeyId.GLOBAL_BROADCAST_ENCRYPTION_KEY: KeyRole.GBEK,
    KeyId.AUTHENTICATION_KEY: KeyRole.GAK,
    KeyId.MASTER_KEY: KeyRole.KEK,
}
"""What each key id stands for."""
_OPENING = frozenset((KeyRole.GUEK, KeyRole.GAK))
"""Keys that associations are opened with: losing one of them is losing the meter."""
SHORTEST_PASSWORD = 8
LONGEST_SECRET = 64


class KeyKeeper(CertificateStore):
    """A `KeyKeeper` of class 64 for one client. Certificates and key pairs are in the base class."""

    # --- Policy ---

    def activate(self, present: AccessMode, wanted: AccessMode) -> None:
        """Take a stronger policy, where this very request would pass under it: nobody locks himself out."""
        with self.act(f"security policy {int(wanted):#04x}"):
            demanded = SecurityPolicy(int(wanted))
            if not demanded.strengthens(SecurityPolicy(int(present))):
                raise SecurityError(SecurityReason.PROTECTION_TOO_WEAK, "a policy may only become stronger")
            found = int(self._around.current.protection)
            if int(demanded.request) & ~found:
                raise SecurityError(SecurityReason.PROTECTION_TOO_WEAK, "the request itself does not meet the policy it asks for")
            if demanded & SecurityPolicy.SIGNED_RESPONSE:
                self.signing_key()
            self._keys.on_change()

    # --- Keys ---

    def transfer_keys(self, keys: Sequence[KeyData]) -> None:
        """Unwrap all under the master key, check all, then take all."""
        with self.act(f"key transfer: {_names(keys)}"):
            base = self._keys.state.in_use
            if base.kek is None:
                raise SecurityError(SecurityReason.MISSING_KEY, "there is no master key")
            master = base.kek.master
            new = {ROLES[KeyId(one.key_id)]: master.unwrap_octets(one.octets) for one in keys}
            self._keys.change(self._keys.state.changed(_with(base, new, self.suite)))

    def agree_keys(self, keys: Sequence[KeyData]) -> list[KeyData]:
        """The ephemeral unified model: one fresh key pair of ours for each key; all signatures are checked before any is used.

        The keys before stay good until the client has used the new ones: the answer may be lost on its way.
        """
        with self.act(f"key agreement: {_names(keys)}"):
            base, curve, signer = self._keys.state.in_use, curve_of(self.suite), self.signing_key()
            client = self._around.current.client_title
            if client is None:
                raise SecurityError(SecurityReason.SYSTEM_TITLE_MISSING, "the client has no system title")
            verifier = self.verification_key_of(client)
            offered = [(KeyId(one.key_id), _offer(one, curve, verifier)) for one in keys]
            provider = SoftwareProvider(self._around.random)
            new: dict[KeyRole, bytes] = {}
            answers = []
            for key_id, public in offered:
                pair = provider.generate_agreement_key(curve)
                algorithm = algorithm_id(self.suite, wrapping=key_id is KeyId.MASTER_KEY)
                info = ephemeral_unified_info(algorithm, client, self.own_title)
                new[ROLES[key_id]] = pair.derive(public, self.suite, info)
                signature = signer.sign(bytes((key_id,)) + pair.public.octets)
                answers.append(KeyData(int(key_id), pair.public.octets + signature))
            before = base if _OPENING & new.keys() else None
            self._keys.change(self._keys.state.changed(_with(base, new, self.suite), before))
            return answers

    # --- Secrets of authentication ---

    @property
    def has_secret(self) -> bool:
        """Whether the client authenticates with a secret that can be changed: a password, or that of HLS 2, 3, 4 and 6."""
        return self._settings().mechanism in _WITH_SECRET

    def new_secret(self, secret: bytes) -> None:
        """Take a new password or HLS secret. That the request was encrypted, access control has seen to."""
        with self.act("secret"):
            lls = self._settings().mechanism is Mechanism.LLS
            shortest = SHORTEST_PASSWORD if lls else self.suite.key_octets
            if not self.has_secret or not shortest <= len(secret) <= LONGEST_SECRET:
                del secret
                raise SecurityError(SecurityReason.WRONG_KEY_LENGTH, f"a secret has {shortest} to {LONGEST_SECRET} octets")
            state, new = self._keys.state, Secret(secret)
            base = state.in_use
            self._keys.change(state.changed(replace(base, lls_password=new) if lls else replace(base, hls_secret=new)))


_WITH_SECRET = frozenset((Mechanism.LLS, Mechanism.HLS_MANUFACTURER, Mechanism.HLS_MD5, Mechanism.HLS_SHA1, Mechanism.HLS_SHA256))


def _with(base: KeySet, new: dict[KeyRole, bytes], suite: SecuritySuite) -> KeySet:
    """The set with other keys in it. Raises SecurityError (wrong-key-length)."""
    changed = replace(base, **{role.value: Key(octets, role) for role, octets in new.items()})
    changed.check_lengths(suite)
    return changed


def _offer(one: KeyData, curve: Curve, verifier: PublicKey) -> PublicKey:
    """The client's ephemeral public key, signed with its key id. Raises SecurityError."""
    size = curve.public_key_octets
    ecdsa.verify(verifier, bytes((one.key_id,)) + one.octets[:size], one.octets[size:])
    return PublicKey(curve, one.octets[:size])


def _names(keys: Sequence[KeyData]) -> str:
    return ", ".join(ROLES[KeyId(one.key_id)].value for one in keys)
