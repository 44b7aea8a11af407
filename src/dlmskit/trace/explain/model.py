"""What the explain engine returns: frames, the tree of each APDU, security verdicts, values, problems. Plain data, no printing.

The codes of `Problem` are a contract: scripts match on them, so they are listed here and in the reference docs.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec

from dlmskit.trace.naming import NamedValue


class Code(StrEnum):
    """What can be wrong with a telegram."""

    FRAME_CHECKSUM = "frame-checksum"
    """The frame check sequence does not fit: octets were changed on the way."""
    FRAME_HEADER_CHECKSUM = "frame-header-checksum"
    """The header check sequence of an HDLC frame does not fit."""
    FRAME_LENGTH = "frame-length"
    """A length field does not agree with the octets that are there."""
    FRAME_TRUNCATED = "frame-truncated"
    """The frame ends before its length says so."""
    FRAME_INVALID = "frame-invalid"
    """Something of a frame is there that no rule of its kind allows."""
    SEGMENT_MISSING = "segment-missing"
    """A message came in link segments, and not all of them are there."""
    BLOCK_MISSING = "block-missing"
    """A message came in general blocks or service blocks, and not all of them are there."""
    UNKNOWN_OCTETS = "unknown-octets"
    """Octets in which no frame and no APDU was found."""
    MALFORMED = "malformed"
    """The APDU does not follow its declaration; the message says where."""
    REPAIRED = "repaired"
    """The APDU was malformed in a known way and is shown as its sender meant it; nothing of it is verified."""
    TOLERATED = "tolerated"
    """A known liberty of real meters."""
    MISSING_KEY = "missing-key"
    """Encrypted, and the key for it is not given."""
    MISSING_AUTHENTICATION_KEY = "missing-authentication-key"
    """The content was deciphered, its tag could not be checked."""
    WRONG_ENCRYPTION_KEY = "wrong-encryption-key"
    """Deciphers to nonsense with every key that was given, under every system title that is known."""
    WRONG_AUTHENTICATION_KEY = "wrong-authentication-key"
    """Deciphers to sense, but the tag does not fit: another authentication key, or a message that was changed."""
    MISSING_SYSTEM_TITLE = "missing-system-title"
    """The form does not carry the sender's system title, and nothing else told it."""
    WRONG_SYSTEM_TITLE = "wrong-system-title"
    """It deciphers under another system title than the one that the message or the user gave."""
    NOT_AUTHENTICATED = "not-authenticated"
    """Encrypted without a tag: anybody on the way could have changed it."""
    COUNTER_REPEATED = "counter-repeated"
    """The invocation counter is not above one of the same sender that came before: a repetition, or a replay."""
    WRONG_MASTER_KEY = "wrong-master-key"
    """The key that the message brings along is wrapped with another master key."""
    KEY_INFO_INVALID = "key-info-invalid"
    """What the message says about its key cannot be followed: an unknown kind or number, a length that is none."""
    PUBLIC_KEY_INVALID = "public-key-invalid"
    """A public key in the message is no point on the curve of its suite: a fault, or an attack on the other party's key."""
    SIGNATURE_INVALID = "signature-invalid"
    """The signature does not fit: another signer, or a message that was changed."""
    MISSING_VERIFICATION_KEY = "missing-verification-key"
    """Signed, and the signer's public key or certificate is not given."""
    HEADER_NOT_AUTHENTICATED = "header-not-authenticated"
    """The tag fits, but leaves out the header of general-ciphering: parties, transaction and time could have been changed."""
    COMPRESSION_INVALID = "compression-invalid"
    """Deciphered, but the content says that it is compressed, and is not V.44, or restores to more than is read."""
    SECURITY_UNSUPPORTED = "security-unsupported"
    """A form of protection that this version does not open; the message says which."""


NOTES = frozenset(
    {
        Code.TOLERATED,
        Code.NOT_AUTHENTICATED,
        Code.MISSING_AUTHENTICATION_KEY,
        Code.MISSING_VERIFICATION_KEY,
        Code.HEADER_NOT_AUTHENTICATED,
    }
)
"""Codes that are said, but do not make a telegram a failure."""
SECURITY = frozenset(
    {
        Code.MISSING_KEY,
        Code.WRONG_ENCRYPTION_KEY,
        Code.WRONG_AUTHENTICATION_KEY,
        Code.MISSING_SYSTEM_TITLE,
        Code.WRONG_SYSTEM_TITLE,
        Code.COUNTER_REPEATED,
        Code.WRONG_MASTER_KEY,
        Code.KEY_INFO_INVALID,
        Code.PUBLIC_KEY_INVALID,
        Code.SIGNATURE_INVALID,
        Code.SECURITY_UNSUPPORTED,
    }
)
"""Codes that make the outcome a security failure."""


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong, or that one should know."""

    code: Code
    message: str
    offset: int | None = None
    """Octet of the input (of a frame) or of the APDU where it was seen."""

    def to_json(self) -> dict[str, Any]:
        """As an object for scripts."""
        return {"code": self.code.value, "message": self.message, "offset": self.offset}


class Node(msgspec.Struct, frozen=True):
    """One line of the tree: a field by its standard name, what was sent, what it means."""

    name: str
    value: str = ""
    meaning: str = ""
    children: tuple[Node, ...] = ()


class Verdict(StrEnum):
    """What the security check of one layer came to."""

    UNPROTECTED = "unprotected"
    """No protection at all."""
    VERIFIED = "verified"
    """The tag or signature fits: the content is from a holder of the keys and was not changed."""
    UNVERIFIED = "unverified"
    """It can be read, and makes sense, but the tag or signature fails or could not be checked."""
    DECIPHERED = "deciphered"
    """Encrypted without authentication: deciphered to sense; nobody vouches for it."""
    NOT_DECIPHERED = "not-deciphered"
    """The content stayed closed; a problem says why."""


class SecurityLayer(msgspec.Struct, frozen=True):
    """One layer of protection and what became of it."""

    verdict: Verdict
    form: str = ""
    """Standard name of the protected APDU, as in ``general-glo-ciphering``."""
    control: int | None = None
    suite: int | None = None
    authenticated: bool = False
    encrypted: bool = False
    signed: bool = False
    broadcast: bool = False
    compressed: bool = False
    system_title: str | None = None
    """Of who protected it."""
    manufacturer: str | None = None
    invocation_counter: int | None = None
    key: str | None = None
    """Role of the key that opened it."""
    key_info: str | None = None
    """How general-ciphering names its key."""
    recipient: str | None = None
    """System title of who it is for, where the form names him."""
    transaction_id: str | None = None
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """As an object for scripts."""
        return {**msgspec.structs.asdict(self), "verdict": self.verdict.value}


def weakest(layers: tuple[SecurityLayer, ...]) -> SecurityLayer:
    """The layer that decides how far content may be believed."""
    outer = layers[0] if layers else SecurityLayer(Verdict.UNPROTECTED)
    return next((layer for layer in layers if layer.verdict != Verdict.VERIFIED), outer)


class ApduExplanation(msgspec.Struct, frozen=True):
    """One APDU, with everything that came out of it."""

    octets: bytes
    """As it was carried, protection still on."""
    tree: Node
    name: str
    """Standard name of the innermost APDU that could be read, as in ``data-notification``."""
    plain: bytes | None = None
    """Octets of the innermost APDU; None where protection could not be removed."""
    fields: Any = None
    """The innermost APDU as an object of its fields, for JSON."""
    security: tuple[SecurityLayer, ...] = ()
    values: tuple[NamedValue, ...] = ()
    problems: tuple[Problem, ...] = ()
    trusted: bool = True
    """False where the frame around it was damaged or the message is not whole: its values are shown in the tree alone."""

    def to_json(self) -> dict[str, Any]:
        """As an object for scripts."""
        return {
            "name": self.name,
            "trusted": self.trusted,
            "hex": self.octets.hex().upper(),
            "plain": None if self.plain is None else self.plain.hex().upper(),
            "fields": self.fields,
            "security": [layer.to_json() for layer in self.security],
        }


class Explanation(msgspec.Struct, frozen=True):
    """Everything that was found in one input."""

    frames: tuple[Any, ...]
    """Link frames as objects for JSON, in the order of the input."""
    apdus: tuple[ApduExplanation, ...]
    problems: tuple[Problem, ...]

    @property
    def values(self) -> tuple[NamedValue, ...]:
        """The values of every APDU that came whole and undamaged, in order."""
        return tuple(value for apdu in self.apdus if apdu.trusted for value in apdu.values)

    @property
    def main(self) -> ApduExplanation | None:
        """The APDU to look at first: the last one with values, else the last one."""
        return next((apdu for apdu in reversed(self.apdus) if apdu.values), self.apdus[-1] if self.apdus else None)

    @property
    def all_problems(self) -> tuple[Problem, ...]:
        """Problems of the input and of its APDUs."""
        return self.problems + tuple(problem for apdu in self.apdus for problem in apdu.problems)

    @property
    def exit_code(self) -> int:
        """0 done, 4 security, 5 octets that could not be understood."""
        codes = {problem.code for problem in self.all_problems} - NOTES
        if codes - SECURITY:
            return 5
        return 4 if codes else 0

    def with_damaged_values(self) -> Explanation:
        """The same, with the values of damaged and incomplete messages among the values: on the user's word."""
        return msgspec.structs.replace(self, apdus=tuple(msgspec.structs.replace(apdu, trusted=True) for apdu in self.apdus))

    def each_to_json(self) -> Iterator[dict[str, Any]]:
        """An object for each APDU, as of a packet capture, and a last one without APDU for problems of the capture itself."""
        for apdu in self.apdus:
            yield {
                "apdu": apdu.to_json(),
                "security": weakest(apdu.security).to_json(),
                "values": [value.to_json() for value in apdu.values] if apdu.trusted else [],
                "problems": [problem.to_json() for problem in apdu.problems],
            }
        if self.problems:
            yield {"apdu": None, "security": None, "values": [], "problems": [problem.to_json() for problem in self.problems]}

    def to_json(self) -> dict[str, Any]:
        """The contract of ``dlmskit decode --json``."""
        main = self.main
        return {
            "frames": list(self.frames),
            "apdu": main.to_json() if main else None,
            "apdus": [apdu.to_json() for apdu in self.apdus],
            "security": weakest(main.security).to_json() if main else None,
            "values": [value.to_json() for value in self.values],
            "problems": [problem.to_json() for problem in self.all_problems],
        }
