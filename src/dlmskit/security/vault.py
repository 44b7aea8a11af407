"""The keys of many meters, found by system title or name; and the table form in which files hold them.

Both forms of a key file (`keystore`) hold the same tables. An unknown word in them is an error: a misspelt ``guek`` must not
be a meter without a key. Errors name the entry and the field, never the value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.key_pairs import PAIR_FIELDS, KeyPairs, pair_from_hex
from dlmskit.security.keys import Key, KeyRole, KeySet, Secret
from dlmskit.types.system_title import SystemTitle

DEFAULT_ENTRY = "default"
"""The name of the entry for meters that have none of their own."""

_KEYS = {"guek": KeyRole.GUEK, "gak": KeyRole.GAK, "gbek": KeyRole.GBEK, "kek": KeyRole.KEK}
_SECRETS = ("lls_password", "hls_secret")
_FIELDS = frozenset((*_KEYS, *_SECRETS, *(f"{name}_hex" for name in _SECRETS), *PAIR_FIELDS, "system_title"))


@dataclass(frozen=True, slots=True)
class VaultEntry:
    """The secrets of one meter, or of a party that we are ourselves."""

    keys: KeySet
    system_title: SystemTitle | None = None
    pairs: KeyPairs = KeyPairs()  # noqa: RUF009  frozen


class KeyVault(Mapping[str, VaultEntry]):
    """Entries by name. A name of 16 hexadecimal digits is the system title as well."""

    def __init__(self, entries: Mapping[str, VaultEntry]) -> None:
        self._entries = dict(entries)
        self._by_title: dict[SystemTitle, VaultEntry] = {}
        for name, entry in self._entries.items():
            title = entry.system_title or _title_of(name)
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


def vault_from_tables(tables: object) -> KeyVault:
    """A vault from tables of text: entry name, field, value. Raises `ConfigError`, which shows no value."""
    if not isinstance(tables, Mapping):
        raise ConfigError("keys: a table of entries is expected")
    return KeyVault({str(name): _entry(str(name), table) for name, table in tables.items()})


def tables_from_vault(vault: KeyVault) -> dict[str, dict[str, str]]:
    """The tables of a vault, in clear: what is sealed, and nothing else."""
    tables: dict[str, dict[str, str]] = {}
    for name, entry in vault.items():
        table = {role: key.reveal().hex() for role, key in entry.keys.named()}
        if entry.system_title is not None:
            table["system_title"] = str(entry.system_title)
        for field in _SECRETS:
            secret = getattr(entry.keys, field)
            if secret is not None:
                table[f"{field}_hex"] = secret.reveal().hex()
        tables[name] = table | entry.pairs.table()
    return tables


def _entry(name: str, table: Any) -> VaultEntry:
    if not isinstance(table, Mapping):
        raise ConfigError(f"keys: the entry {name!r} is not a table")
    for field, value in table.items():
        if field not in _FIELDS:
            raise ConfigError(f"keys: {name!r} has an unknown field {str(field)[:40]!r}; known are {', '.join(sorted(_FIELDS))}")
        if not isinstance(value, str):
            raise ConfigError(f"keys: {name!r}, field {field}: text in quotation marks is expected")
    if both := [field for field in _SECRETS if field in table and f"{field}_hex" in table]:
        raise ConfigError(f"keys: {name!r} has {both[0]} and {both[0]}_hex; keep one of them")
    values: dict[str, Any] = {field: _value(name, field, text) for field, text in table.items()}
    title = values.pop("system_title", None)
    pairs = {field: values.pop(field) for field in PAIR_FIELDS if field in values}
    try:
        return VaultEntry(
            KeySet(**{field.removesuffix("_hex"): value for field, value in values.items()}), title, KeyPairs(**pairs)
        )
    except ConfigError as error:
        raise ConfigError(f"keys: {name!r}: {error}") from None


def _value(name: str, field: str, text: str) -> Any:
    if field == "system_title":
        title = _title_of(text)
        if title is None:  # without the text: it may be a key in the wrong place
            raise ConfigError(f"keys: {name!r}, field {field}: 16 hexadecimal digits are expected")
        return title
    try:
        if field in _KEYS:
            return Key.from_hex(text, _KEYS[field])
        if field in PAIR_FIELDS:
            return pair_from_hex(field, text)
        return Secret.from_hex(text) if field.endswith("_hex") else Secret.from_text(text)
    except (ConfigError, SecurityError) as error:
        raise ConfigError(f"keys: {name!r}, field {field}: {error}") from None


def _title_of(name: str) -> SystemTitle | None:
    try:
        return SystemTitle(name)
    except ConfigError:
        return None
