"""Another party, as a command names it: a certificate file, or an entry of the key file. Its public key, and its system title."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from dlmskit.apps.cli.key_entries import entry_named, title_of
from dlmskit.apps.cli.octets import read_der
from dlmskit.crypto.certificates import Certificate, Role
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.vault import KeyVault
from dlmskit.types.system_title import SystemTitle

Purpose = Literal["signing", "agreement"]
_ROLES = {"signing": Role.SIGNATURE, "agreement": Role.KEY_AGREEMENT}


def public_key_of(name: str, purpose: Purpose, vault: KeyVault | None) -> tuple[SystemTitle, PublicKey]:
    """Title and public key of a party. The path of a certificate is not validated: ``dlmskit keys verify`` does that.

    Raises ConfigError where there is no such party, SecurityError where its key is for something else.
    """
    if Path(name).is_file():
        return _from_certificate(name, purpose)
    if vault is None:
        raise ConfigError(f"{name} is no certificate file")
    known, entry = entry_named(vault, name)
    public = getattr(entry.pairs, f"{purpose}_public_key")
    if not isinstance(public, PublicKey):
        message = f"the entry {known!r} has no {purpose}_public_key: give a certificate file, or write the key into the key file"
        raise SecurityError(SecurityReason.MISSING_KEY, message)
    return title_of(known, entry), public


def _from_certificate(path: str, purpose: Purpose) -> tuple[SystemTitle, PublicKey]:
    certificate = Certificate(read_der(path, "CERTIFICATE"))
    if certificate.role is not _ROLES[purpose]:
        found = certificate.role or "a use that the profile does not have"
        raise ConfigError(f"{path} is a certificate for {found}, not for {_ROLES[purpose]}")
    if certificate.system_title is None:
        raise ConfigError(f"{path} names no system title")
    return certificate.system_title, certificate.public_key
