"""The security header: security control octet and invocation counter (Green Book, 9.2.7.2.4.1 and 9.2.7.2.4.2).

What an octet says about itself is only read here. Whether it is enough is decided by policy, in `context`.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Any, Self

import msgspec

from dlmskit.crypto.suites import SecuritySuite
from dlmskit.errors import DecodeError, SecurityError, SecurityReason

COUNTER_MAX = 0xFFFFFFFF
"""The last value of an invocation counter; behind it the key is used up."""
HEADER_OCTETS = 5


class Protection(IntFlag):
    """What is applied to an APDU, or required of it."""

    NONE = 0
    AUTHENTICATED = 1
    ENCRYPTED = 2
    SIGNED = 4

    @property
    def label(self) -> str:
        """For people: ``authenticated and encrypted``."""
        return " and ".join(str(flag.name).lower() for flag in type(self) if flag in self) or "not protected"


AUTHENTICATED_ENCRYPTED = Protection.AUTHENTICATED | Protection.ENCRYPTED

_PROTECTIONS = tuple(map(Protection, range(4)))

_AUTHENTICATED = 0x10
_ENCRYPTED = 0x20
_BROADCAST = 0x40
_COMPRESSED = 0x80


_CONTROLS: dict[int, Any] = {}


class SecurityControl(int):
    """The security control octet: an int with views on its bits. Every octet can be held and shown; `check` judges it."""

    __slots__ = ()

    def __new__(cls, octet: int) -> Self:
        """From one octet. Raises `DecodeError` for a number that is none."""
        known = _CONTROLS.get(octet)  # one object for each octet, however many associations hold it
        if known is not None:
            return known  # type: ignore[no-any-return]
        if not 0 <= octet <= 0xFF:
            raise DecodeError(f"a security control octet is 0 to 255, not {octet}")
        made = _CONTROLS[octet] = super().__new__(cls, octet)
        return made

    @classmethod
    def of(cls, suite: SecuritySuite, protection: int, *, broadcast: bool = False, compressed: bool = False) -> Self:
        """The octet for this suite and this number of `Protection`. A signature has no bit here: it is a layer of its own."""
        octet = suite.id | (int(protection) & 3) << 4
        return cls(octet | _BROADCAST * broadcast | _COMPRESSED * compressed)

    @property
    def suite(self) -> int:
        """The security suite id, bits 0 to 3."""
        return self & 0x0F

    @property
    def authenticated(self) -> bool:
        """Bit 4: a tag follows the content."""
        return bool(self & _AUTHENTICATED)

    @property
    def encrypted(self) -> bool:
        """Bit 5: the content is ciphertext."""
        return bool(self & _ENCRYPTED)

    @property
    def broadcast(self) -> bool:
        """Whether the key is the broadcast key (GBEK) and not the unicast one."""
        return bool(self & _BROADCAST)

    @property
    def compressed(self) -> bool:
        """Bit 7: V.44 was applied before the protection."""
        return bool(self & _COMPRESSED)

    @property
    def without_compression(self) -> Self:
        """The same octet with bit 7 clear."""
        return type(self)(self & ~_COMPRESSED)

    @property
    def protection(self) -> Protection:
        """The A and E bits as `Protection`."""
        return _PROTECTIONS[self >> 4 & 3]

    def check(self, suite: SecuritySuite) -> None:
        """Refuse what no ciphered APDU of this suite may carry.

        Raises `SecurityError`: suite-mismatch, security-control-invalid (neither A nor E; compression in a suite without).
        """
        if self & 0x0F != suite.id:
            raise SecurityError(SecurityReason.SUITE_MISMATCH, f"the APDU says suite {self.suite}, suite {suite.id} is set")
        if not self & (_AUTHENTICATED | _ENCRYPTED):
            raise SecurityError(SecurityReason.SECURITY_CONTROL_INVALID, "neither authenticated nor encrypted")
        if self & _COMPRESSED and not suite.compression:
            raise SecurityError(SecurityReason.SECURITY_CONTROL_INVALID, f"suite {suite.id} has no compression")

    def __str__(self) -> str:
        words = [f"suite {self.suite}", self.protection.label]
        words += ["broadcast key"] * self.broadcast + ["compressed"] * self.compressed
        return ", ".join(words)

    def __repr__(self) -> str:
        return f"SecurityControl(0x{int(self):02X}: {self})"


class SecurityHeader(msgspec.Struct, frozen=True, gc=False):
    """Security control and invocation counter, as they precede protected content: 5 octets."""

    control: SecurityControl
    invocation_counter: int

    @classmethod
    def decode(cls, octets: bytes, at: int = 0) -> SecurityHeader:
        """Read the header that starts at `at`. Raises `DecodeError` where it is cut."""
        if len(octets) - at < HEADER_OCTETS:
            raise DecodeError("ends inside the security header", at, "security-header")
        return cls(SecurityControl(octets[at]), int.from_bytes(octets[at + 1 : at + HEADER_OCTETS], "big"))

    def encode(self) -> bytes:
        """The 5 octets."""
        return bytes((self.control,)) + self.invocation_counter.to_bytes(4, "big")
