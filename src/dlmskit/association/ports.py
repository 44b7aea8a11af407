"""What an association needs from outside: randomness, time, objects to serve, somewhere to report to. Small protocols, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

import msgspec

from dlmskit.apdu import CosemAttributeDescriptor, CosemMethodDescriptor, SelectiveAccessDescriptor
from dlmskit.association.authentication import Associated
from dlmskit.codec.data import Data
from dlmskit.cosem.access import Role
from dlmskit.security.control import Protection
from dlmskit.security.protection import Verified
from dlmskit.types.system_title import SystemTitle

T = TypeVar("T")

Exchange = Generator[tuple[bytes, ...], bytes, T]
"""An operation of a client: yields the APDUs to send (none: wait on), is sent one APDU that came back, returns the result.

Whoever drives it throws `TransportTimeout` into it when nothing comes in time, and closes it to give up. `Tell` is sent without
waiting.
"""


class Tell(tuple[bytes, ...]):
    """APDUs of an exchange to which no answer is expected: whoever drives it sends them and goes on at once, with ``b""``."""

    __slots__ = ()


class Random(Protocol):
    """A cryptographically secure source of octets; `secrets.token_bytes` fits."""

    def __call__(self, count: int, /) -> bytes:
        """``count`` fresh octets."""
        ...


class Clock(Protocol):
    """Seconds that only go forward; `time.monotonic` fits."""

    def __call__(self) -> float:
        """Seconds since any fixed moment."""
        ...


class EventCode(StrEnum):
    """What a log of security or of operation should know."""

    ASSOCIATED = "associated"
    RELEASED = "released"
    ABORTED = "aborted"
    """The lower layer was lost, or nothing was heard for too long."""
    AARQ_REFUSED = "aarq-refused"
    AUTHENTICATION_FAILED = "authentication-failed"
    PROTECTION_FAILED = "protection-failed"
    """A received APDU did not pass: the error says why. Its repetition is `COUNTER_REPEATED`."""
    PROTECTION_TOO_WEAK = "protection-too-weak"
    COUNTER_REPEATED = "counter-repeated"
    COUNTER_GAP = "counter-gap"
    COUNTER_WEAR = "counter-wear"
    """Nine tenths of the numbers of a key are used up: change the key before nothing can be protected any more."""
    COUNTERS_LEAPT = "counters-leapt"
    """The state was restored from a backup, or lost: counters go on further, over what may have been used since."""
    CHALLENGE_REPEATED = "challenge-repeated"
    """A peer sent a challenge that it had sent before: its randomness is poor, or somebody replays."""
    RELEASE_NOT_PROTECTED = "release-not-protected"
    ANOTHER_AARQ = "another-aarq"
    UNEXPECTED_APDU = "unexpected-apdu"
    """Of a kind that the state does not allow; answered as the table says, or dropped."""
    UNMATCHED_RESPONSE = "unmatched-response"
    """A response to no request that is outstanding: late, repeated or forged."""
    NOT_DECODED = "not-decoded"
    TRANSFER_DROPPED = "transfer-dropped"
    """A block transfer was not finished: other request, wrong number, too large, too slow."""
    WEAK_SECURITY = "weak-security"
    """Somebody has decided to go on with what can be read, changed or broken on the way."""
    RETIRED_KEY = "retired-key"
    """Somebody came with a key or password that was replaced."""
    SECURITY_CHANGED = "security-changed"
    """Keys, secrets, certificates or the policy of this client: the detail says which."""
    SECURITY_CHANGE_REFUSED = "security-change-refused"
    SWITCHING_REFUSED = "switching-refused"
    """A client switched the supply off too often."""
    STORE_FAILED = "store-failed"
    """The state cannot be written, or was corrupt at the start: the detail says which."""
    STORE_RECOVERED = "store-recovered"
    HANDLER_FAILED = "handler-failed"
    """An object's own code raised something that is not a result of the standard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationEvent:
    """Something for the log. Never a secret, a key, a password or deciphered content."""

    code: EventCode
    client_sap: int
    server_sap: int
    peer_title: SystemTitle | None = None
    detail: str = ""
    error: BaseException | None = None
    """What was raised: the reason code of a `SecurityError` is for the log alone."""


EventSink = Callable[[AssociationEvent], None]


@dataclass(slots=True)
class MessageTally:
    """Ciphered messages of clients, counted for the whole server."""

    verified: int = 0
    refused: int = 0
    """Wrong tag, wrong key, repeated, less protected than demanded."""


def forget(_event: AssociationEvent) -> None:
    """The sink of those who do not listen."""


class Notification(msgspec.Struct, frozen=True, gc=False):
    """An APDU that a server sent without being asked."""

    octets: bytes
    """The plain APDU; still protected where `verified` is None and its tag says so."""
    verified: Verified | None = None
    """The proof of its protection; None for one that came in clear or could not be opened here: not to be trusted."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """Who asks, and what is proven about the message. Only a finished authentication and `unprotect` give its two parts."""

    associated: Associated
    verified: Verified | None = None
    """None for a message in clear."""
    invoke_id: int = 0
    """Invoke-Id-And-Priority as it came."""

    @property
    def protection(self) -> Protection:
        """What was found on the message."""
        return Protection.NONE if self.verified is None else self.verified.protection


class ServiceHandler(Protocol):
    """The objects behind one association. Access is decided before a method is called: whatever arrives here is allowed.

    A result code of the standard is raised as `ServiceError`. Anything else that is raised ends as other-reason for this item
    alone, and as an event with the error for the log.
    """

    def role(self) -> Role:
        """What this client may do, now. Give the same object as long as nothing changed: decisions are remembered for it."""
        ...

    def named(self, short_name: int, /) -> CosemAttributeDescriptor | CosemMethodDescriptor | None:
        """What a short name (0 to FFFF) means for this client; None for nothing. Only asked where those were negotiated."""
        ...

    def get(self, request: Request, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None, /) -> Data:
        """The value of the attribute, or the selected part of it."""
        ...

    def set(
        self, request: Request, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None, value: Data, /
    ) -> None:
        """Write the attribute, wholly or not at all."""
        ...

    def action(self, request: Request, descriptor: CosemMethodDescriptor, parameters: Data | None, /) -> Data | None:
        """Invoke the method; what it returns, if anything."""
        ...
