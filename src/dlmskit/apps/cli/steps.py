"""Layers of protection as they are typed: forms in their order, and what each of them does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, Protection
from dlmskit.security.envelope import Form
from dlmskit.security.layers import Ciphered, GeneralCiphered, KeyChoice, Signed, Step
from dlmskit.types.system_title import SystemTitle


class FormName(StrEnum):
    """The forms of protected APDUs, and none."""

    NONE = "none"
    GLO = "glo"
    DED = "ded"
    GENERAL_GLO = "general-glo"
    GENERAL_DED = "general-ded"
    GENERAL_CIPHERING = "general-ciphering"
    GENERAL_SIGNING = "general-signing"


class Level(StrEnum):
    """What ciphering does."""

    AUTHENTICATED = "authenticated"
    ENCRYPTED = "encrypted"
    BOTH = "both"

    @property
    def protection(self) -> Protection:
        """As the library knows it."""
        return {
            Level.AUTHENTICATED: Protection.AUTHENTICATED,
            Level.ENCRYPTED: Protection.ENCRYPTED,
            Level.BOTH: AUTHENTICATED_ENCRYPTED,
        }[self]


class KeyInfo(StrEnum):
    """How general-ciphering names its key."""

    GUEK = "guek"
    GBEK = "gbek"
    WRAPPED = "wrapped"
    ONE_PASS = "one-pass"  # noqa: S105
    STATIC = "static"

    @property
    def choice(self) -> KeyChoice:
        """As the library knows it."""
        return KeyChoice[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The protection of one message."""

    forms: Sequence[FormName]
    level: Level
    key_info: KeyInfo
    transaction_id: bytes | None
    other_information: bytes
    broadcast: bool
    compress: bool

    def steps(self, recipient: SystemTitle | None) -> list[tuple[FormName, Step]]:
        """The forms with their steps, innermost first."""
        return [(form, self._step(form, recipient)) for form in self.forms if form is not FormName.NONE]

    def _step(self, form: FormName, recipient: SystemTitle | None) -> Step:
        if form is FormName.GENERAL_SIGNING:
            return Signed(recipient=recipient, transaction_id=self.transaction_id, other_information=self.other_information)
        if form is FormName.GENERAL_CIPHERING:
            return GeneralCiphered(
                recipient=recipient,
                transaction_id=self.transaction_id,
                other_information=self.other_information,
                key=self.key_info.choice,
                protection=self.level.protection,
                compress=self.compress,
            )
        return Ciphered(form=Form[form.name], protection=self.level.protection, broadcast=self.broadcast, compress=self.compress)
