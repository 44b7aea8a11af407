"""From words and keys to a plan: what will be proposed, demanded and used on this connection. Safe where nothing was said.

With keys: mechanism 5, ciphered, every APDU authenticated and encrypted. Without: the public client, which reads what
everybody may read. Anything between the two is a decision, said with ``allow_weak``, and leaves a warning.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from dlmskit.association.ports import AssociationEvent, EventCode, EventSink
from dlmskit.association.settings import AssociationSettings, Signing, Wrapping
from dlmskit.client.counters import Counters, counters_of
from dlmskit.client.journal import log_event
from dlmskit.client.key_file import read_key_file
from dlmskit.client.parties import Introduction, check_secrets, correspondence_with, introduction_of, own_entry_name
from dlmskit.client.words import Context, Words, read_words, with_saps
from dlmskit.errors import ConfigError, DlmsError, SecurityError, SecurityReason
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security.keys import Key, KeySet
from dlmskit.security.layers import KeyChoice
from dlmskit.security.parties import Correspondence
from dlmskit.security.policy import SIGNED_BOTH_WAYS, STRONGEST_SYMMETRIC, SecurityPolicy
from dlmskit.security.vault import DEFAULT_ENTRY, KeyVault, VaultEntry
from dlmskit.transport.tapped import ApduSink
from dlmskit.types.enums import ApplicationContext, Mechanism
from dlmskit.types.obis import Obis
from dlmskit.types.sap import CLIENT_MANAGEMENT_PROCESS, MANAGEMENT_LOGICAL_DEVICE, PUBLIC_CLIENT
from dlmskit.types.system_title import SystemTitle

COUNTER_OBIS = Obis("0.0.43.1.0.255")
"""Invocation counter of the first security setup (Data)."""

_FAREWELL_SECONDS = 3.0
_BLOCK_WINDOW = 16
_BLOCK_RETRIES = 5
_LIKE_A_KEY = re.compile(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{64}")

_CONTEXTS = {
    ("logical", False): ApplicationContext.LN,
    ("logical", True): ApplicationContext.LN_CIPHERED,
    ("short", False): ApplicationContext.SN,
    ("short", True): ApplicationContext.SN_CIPHERED,
}

Keys = KeySet | KeyVault | str | os.PathLike[str]


class WeakSecurityWarning(UserWarning):
    """Passwords or values of this connection can be read or changed on the way, and the caller has said that this is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is decided before anything is sent."""

    url: str
    """Of the transport, without SAPs."""
    settings: AssociationSettings
    keys: KeySet
    correspondence: Correspondence
    """Our key pairs and the meter's public keys."""
    introduction: Introduction
    """Our certificate, and which authorities we believe."""
    limits: Limits
    counters: Counters | None
    """None where nothing is protected."""
    retries_said: bool
    """The caller said how often to repeat; else the medium decides."""
    foreign_title: bool
    """The caller named our system title: others may have sent under it before."""
    counter_obis: Obis
    invocation_counter: int | None
    check_counter: bool
    on_event: EventSink
    on_apdu: ApduSink | None = None
    """Told every APDU that passes."""

    def transport_url(self, client_sap: int) -> str:
        """Where to connect as this client."""
        return with_saps(self.url, client_sap, self.settings.server_sap)

    @property
    def farewell_seconds(self) -> float:
        """How long to wait for the answer to a release, which changes nothing any more."""
        return min(_FAREWELL_SECONDS, self.limits.response_seconds)

    @property
    def guek(self) -> Key | None:
        """The key whose counter must be known before anything is sent; None where none is used."""
        return self.keys.guek if self.counters is not None else None


def make_plan(
    url: str,
    keys: Keys | None,
    words: Words,
    *,
    limits: Limits = DEFAULT,
    on_event: EventSink = log_event,
    on_apdu: ApduSink | None = None,
) -> Plan:
    """Raises ConfigError for words that do not fit together or are too weak, SecurityError for missing keys."""
    bare, said = read_words(url, words)
    vault = _vault(keys)
    own_name = None if vault is None else own_entry_name(vault, said.get("client_title"))
    own = VaultEntry(KeySet()) if vault is None or own_name is None else _titled(own_name, vault[own_name])
    entry = _entry(keys if vault is None else _without(vault, own_name), said.get("server_title"), said.get("entry"))
    settings = _settings(said, entry)
    check_secrets(settings, entry, own)
    counters = None
    if settings.needs_titles:
        _check_keys(entry.keys, settings)
        counters = counters_of(said.get("counters"))
        settings = replace(settings, client_system_title=said.get("client_title") or own.system_title or counters.own_title)
    _weigh(settings, entry.keys, on_event, allowed=said.get("allow_weak", False))
    return Plan(
        url=bare,
        settings=settings,
        keys=entry.keys,
        correspondence=correspondence_with(own.pairs, entry.pairs),
        introduction=introduction_of(own, entry, settings),
        limits=replace(limits, response_seconds=said["timeout"]) if "timeout" in said else limits,
        counters=counters,
        retries_said="retries" in said,
        foreign_title="client_title" in said or own.system_title is not None,
        counter_obis=said.get("counter_obis", COUNTER_OBIS),
        invocation_counter=said.get("invocation_counter"),
        check_counter=said.get("check_counter", False),
        on_event=on_event,
        on_apdu=on_apdu,
    )


def _settings(said: Mapping[str, Any], entry: VaultEntry) -> AssociationSettings:
    keyed = any(True for _ in entry.keys.named())
    client = said.get("client", CLIENT_MANAGEMENT_PROCESS if keyed else PUBLIC_CLIENT)
    public = client == PUBLIC_CLIENT
    signing = said.get("sign")
    mechanism = said.get("mechanism", Mechanism.HLS_GMAC if keyed and not public else Mechanism.LOWEST)
    ciphered = mechanism >= Mechanism.HLS_GMAC or (keyed and not public)
    context = said.get("context", Context.CIPHERED if ciphered else Context.PLAIN)
    return AssociationSettings(
        client_sap=client,
        server_sap=said.get("server", MANAGEMENT_LOGICAL_DEVICE),
        application_context=_CONTEXTS[said.get("names", "logical"), context is Context.CIPHERED],
        mechanism=mechanism,
        max_pdu_size=said.get("pdu", 0xFFFF),
        client_system_title=said.get("client_title"),
        server_system_title=said.get("server_title") or entry.system_title,
        security_suite=said.get("suite", 0),
        security_policy=said.get("protection", STRONGEST_SYMMETRIC) | (SIGNED_BOTH_WAYS if signing else SecurityPolicy.NOTHING),
        wrapping=said.get("wrapping", Wrapping.SERVICE_SPECIFIC),
        general_key=said.get("general_key", KeyChoice.GUEK),
        signing=signing or Signing.AROUND,
        compress=said.get("compress", False),
        dedicated_key=said.get("dedicated", False),
        third_parties=said.get("agent_for", frozenset()),
        user_id=said.get("user"),
        retries=said.get("retries", 0),
        block_window=said.get("block_window", _BLOCK_WINDOW),
        block_retries=said.get("retries", _BLOCK_RETRIES),
    )


def _vault(keys: Keys | None) -> KeyVault | None:
    if keys is None or isinstance(keys, KeySet):
        return None
    return keys if isinstance(keys, KeyVault) else _from_file(keys)


def _without(vault: KeyVault, own: str | None) -> KeyVault:
    """The entries of meters. One entry alone is a meter's, whatever it is called."""
    return vault if own is None or len(vault) == 1 else KeyVault({name: vault[name] for name in vault if name != own})


def _entry(keys: Keys | None, title: SystemTitle | None, name: str | None) -> VaultEntry:
    """The secrets of this meter: by name, by system title, the default, or the only ones there are."""
    if not isinstance(keys, KeyVault):
        return VaultEntry(keys if isinstance(keys, KeySet) else KeySet())
    vault = keys
    if name is not None:
        if name not in vault:
            raise ConfigError(f"the keys have no entry {name!r}")
        return _titled(name, vault[name])
    if title is not None:
        return replace(vault.entry_for(title), system_title=title)
    if len(vault) == 1:
        return _titled(*next(iter(vault.items())))
    if DEFAULT_ENTRY in vault:
        return vault[DEFAULT_ENTRY]
    raise ConfigError(f"the keys have {len(vault)} entries: say which meter this is, with server_title=... or entry=...")


def _from_file(path: str | os.PathLike[str]) -> KeyVault:
    if _LIKE_A_KEY.fullmatch(str(path)):
        raise ConfigError("keys=... names a key file, and this looks like a key: give secrets with keys=KeySet.from_hex(...)")
    return read_key_file(path)


def _titled(name: str, entry: VaultEntry) -> VaultEntry:
    """The entry with the title that is its name, where it is one."""
    if entry.system_title is None:
        with suppress(DlmsError):
            return replace(entry, system_title=SystemTitle(name))
    return entry


def _check_keys(keys: KeySet, settings: AssociationSettings) -> None:
    needed = ("guek", "gak") if settings.mechanism is Mechanism.HLS_GMAC or settings.ciphered else ()
    missing = [role for role in needed if getattr(keys, role) is None]
    if missing:
        what = "mechanism 5" if settings.mechanism is Mechanism.HLS_GMAC else "a ciphered context"
        message = f"{what} needs {' and '.join(missing)}: give keys=..., a key file or a KeySet"
        raise SecurityError(SecurityReason.MISSING_KEY, message)


def _weigh(settings: AssociationSettings, keys: KeySet, on_event: EventSink, *, allowed: bool) -> None:
    found = _weaknesses(settings)
    if not found:
        return
    client = f"client {settings.client_sap}: {'; '.join(found)}"
    if not allowed:
        better = "" if any(True for _ in keys.named()) else "give the keys for mechanism 5 with ciphering, or "
        raise ConfigError(f"{client}. To be safe, {better}use client 16 for public data; else say allow_weak=yes")
    warnings.warn(client, WeakSecurityWarning, stacklevel=4)
    on_event(
        AssociationEvent(
            code=EventCode.WEAK_SECURITY,
            client_sap=settings.client_sap,
            server_sap=settings.server_sap,
            detail="; ".join(found),
        )
    )


def _weaknesses(settings: AssociationSettings) -> list[str]:
    found = []
    if settings.mechanism is Mechanism.LLS:
        found.append("LLS sends the password in clear")
    if settings.mechanism in {Mechanism.HLS_MANUFACTURER, Mechanism.HLS_MD5, Mechanism.HLS_SHA1}:
        found.append(f"{settings.mechanism.label} can be broken")
    if settings.ciphered and settings.security_policy & STRONGEST_SYMMETRIC != STRONGEST_SYMMETRIC:
        found.append("messages are not both authenticated and encrypted")
    if not settings.ciphered and settings.client_sap != PUBLIC_CLIENT:
        found.append("values travel in clear and can be changed on the way")
    return found
