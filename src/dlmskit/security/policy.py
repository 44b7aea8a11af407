"""Security policy of Security setup, versions 0 and 1, and the rules an association makes of it (class 64, attribute 2).

The bits of version 1 are used inside; version 0 is mapped onto them. Access rights of single attributes are not here:
they are joined with the policy where access is decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

from dlmskit.errors import DecodeError
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, Protection
from dlmskit.types.system_title import SystemTitle


class SecurityPolicy(IntFlag):
    """What every APDU of an association must carry; the bits of Security setup version 1."""

    NOTHING = 0x00
    AUTHENTICATED_REQUEST = 0x04
    ENCRYPTED_REQUEST = 0x08
    SIGNED_REQUEST = 0x10
    AUTHENTICATED_RESPONSE = 0x20
    ENCRYPTED_RESPONSE = 0x40
    SIGNED_RESPONSE = 0x80

    @classmethod
    def from_v0(cls, policy: int) -> SecurityPolicy:
        """From the enumeration of version 0: nothing, authenticated, encrypted, both. Raises `DecodeError` for a reserved one."""
        if not 0 <= policy < len(_V0):
            raise DecodeError(f"security policy {policy} is reserved in version 0", path="security-policy")
        return _V0[policy]

    @classmethod
    def from_v1(cls, policy: int) -> SecurityPolicy:
        """From the bits of version 1. Raises `DecodeError` where bits 0 and 1, which are not used, are set."""
        if policy & 3 or not 0 <= policy <= 0xFF:
            raise DecodeError(f"security policy {policy:#04x} has unused bits set", path="security-policy")
        return cls(policy)

    @property
    def request(self) -> Protection:
        """What a request must carry at least."""
        return _PROTECTIONS[self >> 2 & 7]

    @property
    def response(self) -> Protection:
        """What a response must carry at least."""
        return _PROTECTIONS[self >> 5 & 7]

    def strengthens(self, old: SecurityPolicy) -> bool:
        """Whether nothing that `old` requires is given up: the only change that security_activate allows."""
        return self & old == old

    def to_v0(self) -> int | None:
        """The enumeration of version 0; None where it cannot say this policy."""
        return _V0.index(self) if self in _V0 else None


_PROTECTIONS = tuple(map(Protection, range(8)))

AUTHENTICATED_BOTH_WAYS = SecurityPolicy.AUTHENTICATED_REQUEST | SecurityPolicy.AUTHENTICATED_RESPONSE
ENCRYPTED_BOTH_WAYS = SecurityPolicy.ENCRYPTED_REQUEST | SecurityPolicy.ENCRYPTED_RESPONSE
SIGNED_BOTH_WAYS = SecurityPolicy.SIGNED_REQUEST | SecurityPolicy.SIGNED_RESPONSE
STRONGEST_SYMMETRIC = AUTHENTICATED_BOTH_WAYS | ENCRYPTED_BOTH_WAYS

_V0 = (SecurityPolicy.NOTHING, AUTHENTICATED_BOTH_WAYS, ENCRYPTED_BOTH_WAYS, STRONGEST_SYMMETRIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionRules:
    """What one side of an association demands of received APDUs, owes in sent ones, and tolerates.

    Where an APDU has several layers of protection, all of them together must have what is demanded.

    The defaults are the safe ones.
    """

    incoming: Protection = AUTHENTICATED_ENCRYPTED
    """The least that a received APDU must carry, whatever it says about itself."""
    outgoing: Protection = AUTHENTICATED_ENCRYPTED
    """The least that a sent APDU must carry."""
    accept_encryption_only: bool = False
    """Whether encryption without authentication is taken at all: anyone can change its content and its counter."""
    accept_broadcast: bool = False
    """Whether APDUs under the broadcast key are taken: every meter of the group holds it."""
    accept_empty_title: bool = False
    """Whether general-glo and general-ded may leave out the system title; then the one of the association is used."""
    without_authentication_key: bool = False
    """Whether the authentication key is left out of what is authenticated (the standard allows it, profiles do not)."""
    accept_short_secret: bool = False
    """Whether mechanism 6 runs with an HLS secret shorter than a key: one recorded exchange is enough to search for it."""
    third_parties: frozenset[SystemTitle] = frozenset()
    """Whose general-ciphering and general-signing is taken through this association, beside that of the peer; what is for one of
    them is passed on, its protection untouched."""

    @classmethod
    def for_client(cls, policy: SecurityPolicy = STRONGEST_SYMMETRIC) -> ProtectionRules:
        """The rules of a client: it sends requests and receives responses."""
        return cls(incoming=policy.response, outgoing=policy.request)

    @classmethod
    def for_server(cls, policy: SecurityPolicy = STRONGEST_SYMMETRIC) -> ProtectionRules:
        """The rules of a server: it receives requests and sends responses."""
        return cls(incoming=policy.request, outgoing=policy.response)
