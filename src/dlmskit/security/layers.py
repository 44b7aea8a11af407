"""Layers of protection: those that were found on a received APDU, and those that are asked for on one to send.

An APDU may be protected several times, in any order that the forms allow: a signature over ciphering, ciphering over a
signature, a broker's ciphering over what a third party signed and ciphered (Green Book, 9.2.2.5). Steps to send are listed in
the order in which they are applied, found layers in the order in which they come off: outermost first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, Protection, SecurityHeader
from dlmskit.security.envelope import Form
from dlmskit.security.general_header import GeneralHeader
from dlmskit.security.keys import KeyRole
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.system_title import SystemTitle


class KeyChoice(StrEnum):
    """How general-ciphering names its key."""

    GUEK = "identified-guek"
    GBEK = "identified-gbek"
    WRAPPED = "wrapped"
    """A fresh key, wrapped with the master key."""
    ONE_PASS = "one-pass"  # noqa: S105
    """Agreed in one pass, C(1e, 1s): an ephemeral key of the originator, the static key of the recipient."""
    STATIC = "static-unified"
    """Agreed between two static keys, C(0e, 2s): the transaction id makes one key differ from the next."""
    ESTABLISHED = "established"
    """The fresh key that was last named in this direction; it is not named again."""

    @property
    def fresh(self) -> bool:
        """Whether naming it brings a key into being."""
        return self in (KeyChoice.WRAPPED, KeyChoice.ONE_PASS, KeyChoice.STATIC)


class Layer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One layer that was verified."""

    form: Form
    protection: Protection
    """What this layer gives; `SIGNED` for a signature."""
    originator: SystemTitle
    """Who protected it: the sender, or a third party; of a signature the signer."""
    key_role: KeyRole
    header: SecurityHeader | None = None
    """None for a signature, which has none."""
    gap: int = 0
    """Counters that the originator left out."""
    key: KeyChoice | None = None
    """How general-ciphering named the key; None for the other forms."""
    general: GeneralHeader | None = None
    """Transaction, parties, time and other information; None for the forms without."""

    def __str__(self) -> str:
        named = f" ({self.key.value} key)" if self.key else ""
        return f"{self.form.label}{named} of {self.originator}: {self.protection.label}"


def union_of(layers: tuple[Layer, ...]) -> Protection:
    """What the layers give together."""
    found = Protection.NONE
    for layer in layers:
        found |= layer.protection
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Ciphered:
    """Step: cipher with the keys of the association."""

    form: Form = Form.GLO
    protection: Protection = AUTHENTICATED_ENCRYPTED
    broadcast: bool = False
    """Under the broadcast key."""
    compress: bool = False
    """Compress first, where that makes it shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralStep:
    """What steps with the header of five fields have in common."""

    recipient: SystemTitle | None = None
    """None: the peer of the association."""
    name_recipient: bool = True
    """Whether the recipient is named in the header; a broadcast leaves it out."""
    transaction_id: bytes | None = None
    """None: the next one of our own, 8 octets that never come twice."""
    date_time: CosemDateTime | None = None
    other_information: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralCiphered(GeneralStep):
    """Step: general-ciphering."""

    key: KeyChoice = KeyChoice.GUEK
    protection: Protection = AUTHENTICATED_ENCRYPTED
    compress: bool = False
    """Compress first, where that makes it shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed(GeneralStep):
    """Step: general-signing."""


Step = Ciphered | GeneralCiphered | Signed
