"""Keys and parties as they are typed for one message: keys in hexadecimal, a key file, certificates.

Certificates are taken as they are: whether their paths are valid, ``dlmskit keys verify`` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from dlmskit.apps.cli.keyfile import open_key_file
from dlmskit.apps.cli.octets import read_der
from dlmskit.crypto.certificates import Certificate, Role
from dlmskit.errors import ConfigError
from dlmskit.security.key_pairs import KeyPairs
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.parties import KnownParty
from dlmskit.security.vault import DEFAULT_ENTRY, KeyVault, VaultEntry
from dlmskit.types.system_title import SystemTitle


@dataclass(frozen=True, kw_only=True)
class Keyring:
    """What was given: keys as they were typed, a key file, certificates."""

    typed: KeySet = field(default_factory=KeySet)
    vault: KeyVault = field(default_factory=lambda: KeyVault({}))
    entry: str | None = None
    dedicated_key: Key | None = None
    certificates: Sequence[Certificate] = ()

    @classmethod
    def of(
        cls,
        *,
        keys: str | None,
        entry: str | None,
        guek: str | None,
        gak: str | None,
        gbek: str | None,
        dedicated_key: str | None,
        certificates: Sequence[str] | None,
    ) -> Keyring:
        """From the options of a command. Raises ConfigError, SecurityError."""
        return cls(
            typed=KeySet.from_hex(guek=guek, gak=gak, gbek=gbek),
            vault=KeyVault({}) if keys is None else open_key_file(keys),
            entry=entry,
            dedicated_key=None if dedicated_key is None else Key.from_hex(dedicated_key, KeyRole.DEDICATED),
            certificates=[Certificate(read_der(path, "CERTIFICATE")) for path in certificates or ()],
        )

    def shared(self, *titles: SystemTitle) -> KeySet:
        """The symmetric keys of the message: what was typed, and the rest from the entry that was named or has one of the titles.

        Raises ConfigError where the file has several entries and none of them fits.
        """
        if not len(self.vault):
            return self.typed
        kept = self._entry(titles).keys
        return KeySet(**{one.name: getattr(self.typed, one.name) or getattr(kept, one.name) for one in fields(KeySet)})

    def pairs(self, title: SystemTitle) -> KeyPairs:
        """The key pairs of a party; none where the file does not know it."""
        return next((entry.pairs for name, entry in self.vault.items() if _title(name, entry) == title), KeyPairs())

    def titles(self) -> frozenset[SystemTitle]:
        """Every party that is known."""
        named = {_title(name, entry) for name, entry in self.vault.items()} | {one.system_title for one in self.certificates}
        return frozenset(title for title in named if title is not None)

    def party(self, title: SystemTitle) -> KnownParty | None:
        """A party with its public keys: of certificates first, whose paths are not validated here."""
        if title not in self.titles():
            return None
        pairs, certified = self.pairs(title), {one.role: one.public_key for one in self.certificates if one.system_title == title}
        return KnownParty(
            title=title,
            verification=certified.get(Role.SIGNATURE) or pairs.signing_public_key,
            agreement=certified.get(Role.KEY_AGREEMENT) or pairs.agreement_public_key,
            keys=next((entry.keys for name, entry in self.vault.items() if _title(name, entry) == title), KeySet()),
        )

    def _entry(self, titles: Sequence[SystemTitle]) -> VaultEntry:
        """The named entry, else the one of a title that shares symmetric keys, else the default, else the only one."""
        if self.entry is not None:
            if self.entry not in self.vault:
                raise ConfigError(f"the key file has no entry {self.entry!r}; there are {', '.join(list(self.vault)[:8])}")
            return self.vault[self.entry]
        for title in titles:
            for name, entry in self.vault.items():
                if _title(name, entry) == title and any(True for _ in entry.keys.named()):
                    return entry
        if DEFAULT_ENTRY in self.vault:
            return self.vault[DEFAULT_ENTRY]
        if len(self.vault) == 1:
            return next(iter(self.vault.values()))
        raise ConfigError(
            f"the key file has {len(self.vault)} entries: say --entry NAME; there are {', '.join(list(self.vault)[:8])}"
        )


def _title(name: str, entry: VaultEntry) -> SystemTitle | None:
    if entry.system_title is not None:
        return entry.system_title
    try:
        return SystemTitle(name)
    except ConfigError:
        return None
