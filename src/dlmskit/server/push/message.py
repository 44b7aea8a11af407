"""The APDU of a push: a DataNotification, protected as the association of the push client and the Push setup say.

Without push_protection_parameters the security context of the association protects: general-glo-ciphering with what its policy
demands of responses, and a signature where it demands one. With them each entry is a layer of general-ciphering or
general-signing, the first one innermost; together they must give what the policy demands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlmskit.apdu import DataNotification, DataNotificationConfirm, decode_apdu
from dlmskit.codec.data import Data
from dlmskit.errors import ConfigError, DlmsError
from dlmskit.security import Ciphered, GeneralCiphered, KeyChoice, SecurityContext, Signed, Step
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, Protection
from dlmskit.security.envelope import PROTECTED_TAGS, Form
from dlmskit.security.protection import admit_plain, protect_layers, unprotect
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.system_title import SystemTitle

CONFIRMED = 1 << 30
"""Service class of Long-Invoke-Id-And-Priority: the receiver shall confirm."""
LONG_INVOKE_IDS = 1 << 24
_TYPES = (Protection.AUTHENTICATED, Protection.ENCRYPTED, AUTHENTICATED_ENCRYPTED)
_SIGNATURE = 3
_IDENTIFIED, _WRAPPED, _AGREED = range(3)


@dataclass(frozen=True, slots=True)
class PushMessage:
    """What is pushed; all attempts carry the same plain octets."""

    long_invoke_id: int
    date_time: CosemDateTime | None
    body: Data
    confirmed: bool = False

    @property
    def plain(self) -> bytes:
        """The APDU before protection."""
        number = self.long_invoke_id | (CONFIRMED if self.confirmed else 0)
        return DataNotification(number, b"" if self.date_time is None else self.date_time.octets, self.body).encode()

    def protected(self, context: SecurityContext | None, steps: tuple[Step, ...]) -> bytes:
        """The APDU of one attempt. Uses up an invocation counter where it is ciphered. Raises SecurityError."""
        return protect_layers(self.plain, context, steps) if context is not None and steps else self.plain

    def is_confirmed_by(self, octets: bytes, context: SecurityContext | None) -> bool:
        """Whether a received APDU is the confirmation; what fails to verify, or answers another push, is none."""
        try:
            octets = _opened(octets, context)
            answer = decode_apdu(octets)
        except DlmsError:
            return False
        wanted = self.long_invoke_id & (LONG_INVOKE_IDS - 1)
        return isinstance(answer, DataNotificationConfirm) and answer.long_invoke_id_and_priority % LONG_INVOKE_IDS == wanted


def _opened(octets: bytes, context: SecurityContext | None) -> bytes:
    if context is None:
        return octets
    if octets[:1] and octets[0] in PROTECTED_TAGS:
        return unprotect(octets, context).plain
    admit_plain(octets, context)
    return octets


def steps_of(parameters: Data | None, demanded: Protection) -> tuple[Step, ...]:
    """The layers of a push, innermost first. Raises ConfigError for parameters that cannot be followed."""
    entries = parameters.elements() if parameters is not None else ()
    if entries:
        return tuple(map(_step, entries))
    symmetric = demanded & AUTHENTICATED_ENCRYPTED
    ciphered = (Ciphered(form=Form.GENERAL_GLO, protection=symmetric),) if symmetric else ()
    return (*ciphered, Signed()) if Protection.SIGNED in demanded else ciphered


def _step(entry: Data) -> Step:
    kind, options = entry.elements()
    transaction, originator, recipient, other, key_info = options.elements()
    words: dict[str, Any] = {
        "recipient": _title(bytes(recipient.value)),
        "transaction_id": bytes(transaction.value) or None,
        "other_information": bytes(other.value),
    }
    if originator.value and len(originator.value) != 8:
        raise ConfigError("originator_system_title has 8 octets")
    if kind.value == _SIGNATURE:
        return Signed(**words)
    if kind.value >= len(_TYPES):
        raise ConfigError(f"protection_type {kind.value} is not known")
    return GeneralCiphered(**words, protection=_TYPES[kind.value], key=_key(key_info))


def _key(key_info: Data) -> KeyChoice:
    kind, options = key_info.elements()
    if kind.value == _IDENTIFIED:
        return KeyChoice.GBEK if options.value == 1 else KeyChoice.GUEK
    if kind.value == _WRAPPED:
        return KeyChoice.WRAPPED
    parameters = bytes(options.elements()[0].value) if kind.value == _AGREED else b""
    if parameters not in _AGREEMENTS:
        raise ConfigError("key_parameters of an agreed key are 01 (one-pass) or 02 (static unified model)")
    return _AGREEMENTS[parameters]


_AGREEMENTS = {b"\x01": KeyChoice.ONE_PASS, b"\x02": KeyChoice.STATIC}


def _title(octets: bytes) -> SystemTitle | None:
    if octets and len(octets) != 8:
        raise ConfigError("recipient_system_title has 8 octets")
    return SystemTitle(octets) if octets else None
