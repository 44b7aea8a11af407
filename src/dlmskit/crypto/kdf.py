"""Key derivation: NIST SP 800-56A, concatenation in a single step, for the three agreement schemes (Green Book, 9.2.3.4.6).

    key = leftmost 16 or 32 octets of H(00000001 || Z || OtherInfo),   OtherInfo = AlgorithmID || PartyUInfo || PartyVInfo

The hash is `ConcatKDFHash` of `cryptography`; what is ours is OtherInfo, a plain concatenation without lengths but the one of
the transaction id. The first printing of Green Book 8, and meters made after it, have another AlgorithmID: `legacy`.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from dlmskit.crypto.curves import curve_of
from dlmskit.crypto.suites import SecuritySuite
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.types.system_title import SystemTitle

_ALGORITHMS = bytes.fromhex("608574050803")  # 2.16.756.5.8.3, content octets
_LEGACY_ALGORITHMS = bytes.fromhex("608574060803")


def algorithm_id(suite: SecuritySuite, *, wrapping: bool = False, legacy: bool = False) -> bytes:
    """AlgorithmID, 7 octets: what the derived key is for, AES-GCM or (`wrapping`, for a master key) AES key wrap.

    Raises `SecurityError` (unsupported) for a suite without key agreement.
    """
    curve_of(suite)
    arc = suite.wrapping_algorithm if wrapping else suite.ciphering_algorithm
    return (_LEGACY_ALGORITHMS if legacy else _ALGORITHMS) + bytes((arc,))


def ephemeral_unified_info(algorithm: bytes, client: SystemTitle, server: SystemTitle) -> bytes:
    """OtherInfo of C(2e, 0s), the method key_agreement: the client is party U whoever spoke first."""
    return algorithm + client.octets + server.octets


def one_pass_info(algorithm: bytes, originator: SystemTitle, recipient: SystemTitle) -> bytes:
    """OtherInfo of C(1e, 1s), the one-pass Diffie-Hellman of general-ciphering."""
    return algorithm + originator.octets + recipient.octets


def static_unified_info(algorithm: bytes, originator: SystemTitle, recipient: SystemTitle, transaction_id: bytes) -> bytes:
    """OtherInfo of C(0e, 2s): the transaction id, with its length, is all that makes one key differ from the next.

    Raises `SecurityError` (unsupported) for an empty one, and for one of more than 127 octets.
    """
    if not 0 < len(transaction_id) < 128:
        raise SecurityError(SecurityReason.UNSUPPORTED, "the static unified scheme needs a transaction id of 1 to 127 octets")
    return algorithm + originator.octets + bytes((len(transaction_id),)) + transaction_id + recipient.octets


def derive_key(suite: SecuritySuite, z: bytes, other_information: bytes) -> bytes:
    """The key of `suite` that both sides get from their shared secret `z` (x of the agreed point, leading zeros kept).

    Raises `SecurityError`: unsupported for a suite without key agreement, wrong-key-length where `z` is not one coordinate.
    """
    curve = curve_of(suite)
    if len(z) != curve.coordinate_octets:
        del z
        raise SecurityError(
            SecurityReason.WRONG_KEY_LENGTH, f"a shared secret on {curve.name} has {curve.coordinate_octets} octets"
        )
    return ConcatKDFHash(curve.hash, suite.key_octets, other_information).derive(z)
