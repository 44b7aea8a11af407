"""Every error that leaves dlmskit. Blame is the type: read the tree, then decide what to catch.

DlmsError
├── DecodeError          octets (or XML) do not follow the declaration: offset, field path, reason
├── EncodeError          a value does not fit the type it was given for
├── ProtocolError        well-formed, but not allowed now
│   ├── LocalProtocolError      our caller asked for it
│   └── RemoteProtocolError     the peer did it; knows the answer a server owes for it
├── SecurityError        protection, authentication or counters: a reason code, never told to the peer
├── ServiceError         the peer answered with one of the standard's result codes
├── TransportError       the medium failed
│   ├── TransportTimeout        also a TimeoutError
│   └── OutcomeUnknown          a write or a call was sent, and nobody knows whether it was executed
└── ConfigError          a file, URL or setting of the user
"""

from __future__ import annotations

from enum import StrEnum


class DlmsError(Exception):
    """Base of the tree; nothing else leaves the library for bad input."""


class DecodeError(DlmsError):
    """The octets do not follow the declaration."""

    def __init__(self, reason: str, offset: int = 0, path: str = "") -> None:
        super().__init__(reason, offset, path)
        self.reason = reason
        """What is wrong, in plain words."""
        self.offset = offset
        """Where, counted in octets from the start of what was decoded."""
        self.path = path
        """The field, as in ``GetResponseNormal.result.data``; empty when no field was reached yet."""

    def within(self, outer: str) -> DecodeError:
        """The same error seen from the field ``outer`` that contains the one that failed."""
        inner = self.path
        joint = "" if not inner or inner.startswith("[") else "."
        return DecodeError(self.reason, self.offset, f"{outer}{joint}{inner}")

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{where}{self.reason} (at octet {self.offset})"


class EncodeError(DlmsError):
    """A value does not fit the type it was given for."""


class ProtocolError(DlmsError):
    """A well-formed message that is not allowed in this state, or a request that this state forbids."""


class LocalProtocolError(ProtocolError):
    """Our own caller asked for something that the association does not allow."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol. ``answer`` holds the octets that a server owes for it (empty: silence)."""

    def __init__(self, message: str, answer: bytes = b"") -> None:
        super().__init__(message)
        self.answer = answer


class SecurityReason(StrEnum):
    """Why protection or authentication failed. For the local log and user; the peer is never told."""

    MISSING_KEY = "missing-key"
    WRONG_KEY_LENGTH = "wrong-key-length"
    DECIPHERING_FAILED = "deciphering-failed"
    AUTHENTICATION_FAILED = "authentication-failed"
    SYSTEM_TITLE_MISSING = "system-title-missing"
    SYSTEM_TITLE_MISMATCH = "system-title-mismatch"
    COUNTER_REPEATED = "counter-repeated"
    COUNTER_EXHAUSTED = "counter-exhausted"
    COUNTER_JUMP = "counter-jump"
    PROTECTION_TOO_WEAK = "protection-too-weak"
    SUITE_MISMATCH = "suite-mismatch"
    SECURITY_CONTROL_INVALID = "security-control-invalid"
    INNER_TAG_MISMATCH = "inner-tag-mismatch"
    MECHANISM_MISMATCH = "mechanism-mismatch"
    CHALLENGE_INVALID = "challenge-invalid"
    CHALLENGE_REFLECTED = "challenge-reflected"
    SIGNATURE_INVALID = "signature-invalid"
    PUBLIC_KEY_INVALID = "public-key-invalid"
    CERTIFICATE_REFUSED = "certificate-refused"
    UNSUPPORTED = "unsupported"
    KEY_STORE = "key-store"


class SecurityError(DlmsError):
    """Protection, authentication or a counter is not as it must be."""

    def __init__(self, reason: SecurityReason, message: str) -> None:
        super().__init__(f"{reason.value}: {message}")
        self.reason = reason


class ServiceError(DlmsError):
    """The peer (or our own object) answered with a result code of the standard.

    ``code`` is an enumeration member of `dlmskit.types.enums` (DataAccessResult, ActionResult, ...) or, for a number
    that the standard does not name, an int. ``where`` names the attribute or method.
    """

    def __init__(self, code: int, where: str = "", detail: str = "") -> None:
        name = getattr(code, "label", None) or f"unknown({int(code)})"
        super().__init__(": ".join(part for part in (where, name, detail) if part))
        self.code = code
        self.where = where


class TransportError(DlmsError):
    """The medium failed: refused, closed, cut, or used wrongly."""


class TransportTimeout(TransportError, TimeoutError):
    """Nothing came in time."""


class OutcomeUnknown(TransportError):
    """A request that changes something was sent, and its answer did not come: it was executed once or not at all.

    Nothing repeats it: look what the meter says before you do.
    """


class OutcomeUnknownTimeout(OutcomeUnknown, TransportTimeout):
    """The same, where nothing came in time."""


class ConfigError(DlmsError):
    """A file, URL or setting of the user cannot be used; the message says which, where and what to do."""
