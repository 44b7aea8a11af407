"""Everything secret that a meter shares with one client, and its own key pairs and certificates for it: one value, kept as one.

A change makes a new value, which is written before it is believed; so there is no moment with half of it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from dlmskit.crypto.certificates import Certificate
from dlmskit.errors import DlmsError, SecurityError, SecurityReason
from dlmskit.security.keys import KeySet, Secret
from dlmskit.security.vault import KeyVault, VaultEntry
from dlmskit.security.vault_tables import Tokens, no_tokens, tables_from_vault, vault_from_tables

_FORMAT = 1
_NOW, _BEFORE = "now", "before"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """Keys and certificates of one client's security."""

    keys: KeySet
    before: KeySet | None = None
    """Keys that an agreement has replaced, as long as the client has not proved that it got our part of it."""
    pairs: Mapping[int, Secret] = field(default_factory=dict)
    """Private keys in use, by certificate type."""
    generated: Mapping[int, Secret] = field(default_factory=dict)
    """Private keys that wait for their certificates."""
    certificates: tuple[Certificate, ...] = ()

    @property
    def in_use(self) -> KeySet:
        """The keys that the client has proved last, on which every change builds."""
        return self.before or self.keys

    def changed(self, keys: KeySet, before: KeySet | None = None) -> Self:
        """With other keys."""
        return replace(self, keys=keys, before=before)

    def to_octets(self) -> bytes:
        """In clear: to be sealed, and for nothing else."""
        sets = {_NOW: VaultEntry(self.keys)} | ({_BEFORE: VaultEntry(self.before)} if self.before else {})
        content = {
            "format": _FORMAT,
            "keys": tables_from_vault(KeyVault(sets)),
            "pairs": _revealed(self.pairs),
            "generated": _revealed(self.generated),
            "certificates": [base64.b64encode(one.octets).decode() for one in self.certificates],
        }
        return json.dumps(content).encode()

    @classmethod
    def from_octets(cls, octets: bytes, tokens: Tokens = no_tokens) -> Self:
        """Raises `SecurityError` (key-store) for what is none; it shows no value. ``tokens``: where keys are that it names."""
        try:
            content: dict[str, Any] = json.loads(octets)
            if content["format"] != _FORMAT:
                raise ValueError
            sets = vault_from_tables(content["keys"], tokens)
            return cls(
                keys=sets[_NOW].keys,
                before=sets[_BEFORE].keys if _BEFORE in sets else None,
                pairs=_secrets(content["pairs"]),
                generated=_secrets(content["generated"]),
                certificates=tuple(Certificate(base64.b64decode(one, validate=True)) for one in content["certificates"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, DlmsError):
            del octets
        raise SecurityError(SecurityReason.KEY_STORE, "the kept keys are of a form that this program does not know")


def _revealed(secrets: Mapping[int, Secret]) -> dict[str, str]:
    return {str(number): secret.reveal().hex() for number, secret in secrets.items()}


def _secrets(table: Mapping[str, str]) -> dict[int, Secret]:
    return {int(number): Secret.from_hex(text) for number, text in table.items()}
