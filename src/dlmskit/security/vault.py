"""The secrets of many meters, found by system title or name. What key files hold (`keystore`) is made of it in `vault_tables`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dlmskit.crypto.certificates import Certificate
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.key_pairs import KeyPairs
from dlmskit.security.keys import KeySet
from dlmskit.types.system_title import SystemTitle

DEFAULT_ENTRY = "default"
"""The name of the entry for meters that have none of their own."""


@dataclass(frozen=True, slots=True)
class VaultEntry:
    """The secrets of one meter, or of a party that we are ourselves."""

    keys: KeySet
    system_title: SystemTitle | None = None
    pairs: KeyPairs = KeyPairs()  # noqa: RUF009  frozen
    signing_certificate: Certificate | None = None
    """For the signatures of this party."""
    agreement_certificate: Certificate | None = None
    trust_anchors: tuple[Certificate, ...] = ()
    """Authorities that this party believes."""
    token: str | None = None
    """Label of the token that holds the keys which are not here."""


class KeyVault(Mapping[str, VaultEntry]):
    """Entries by name. A name of 16 hexadecimal digits is the system title as well."""

    def __init__(self, entries: Mapping[str, VaultEntry]) -> None:
        self._entries = dict(entries)
        self._by_title: dict[SystemTitle, VaultEntry] = {}
        for name, entry in self._entries.items():
            title = entry.system_title or title_or_none(name)
            if title is None:
                continue
            if title in self._by_title:
                raise ConfigError(f"keys: two entries have the system title {title}, the second one is {name!r}")
            self._by_title[title] = entry

    def for_title(self, title: SystemTitle | None) -> KeySet:
        """The keys of the meter with this title, else the default entry. Raises `SecurityError` (missing-key)."""
        return self.entry_for(title).keys

    def entry_for(self, title: SystemTitle | None) -> VaultEntry:
        """All that is known about the meter with this title, else the default entry. Raises `SecurityError` (missing-key)."""
        entry = self._by_title.get(title) if title is not None else None
        if entry is not None:
            return entry
        if DEFAULT_ENTRY in self._entries:
            return self._entries[DEFAULT_ENTRY]
        raise SecurityError(
            SecurityReason.MISSING_KEY, f"the keys of {title or 'the meter'} are not known, and there is no default"
        )

    def __getitem__(self, name: str) -> VaultEntry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"KeyVault({len(self)} entries)"


def title_or_none(text: str) -> SystemTitle | None:
    """The system title that this is; None where it is none."""
    try:
        return SystemTitle(text)
    except ConfigError:
        return None
