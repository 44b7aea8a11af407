"""``dlmskit keys store``: the keys of a file, moved into a PKCS#11 token; what none can hold stays in a file that it seals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlmskit.apps.cli.key_entries import File, Json, report_written, write_sealed
from dlmskit.apps.cli.keyfile import open_key_file, open_token_named
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.errors import ConfigError
from dlmskit.security.held_keys import HOLDABLE, HeldKey
from dlmskit.security.keys import Key, KeyRole
from dlmskit.security.vault import KeyVault, VaultEntry

if TYPE_CHECKING:
    from dlmskit.client.pkcs11.provider import TokenProvider


def run(
    file: File,
    into: Annotated[str, typer.Argument(help="The file to write: it names the keys, and is sealed with a key of the token.")],
    token: Annotated[str, typer.Option(help="Label of the token. DLMSKIT_PKCS11 names its library, DLMSKIT_PIN its PIN.")],
    json: Json = False,
) -> int:
    """Move guek, gbek, kek and private keys into a token, which never gives them away again. Delete the first file yourself.

    Authentication keys, passwords and HLS secrets are needed in clear: they stay in the new file.

    Example: dlmskit keys store plain.keys meter.keys --token meters
    """
    vault = open_key_file(file)
    if there := [name for name, entry in vault.items() if entry.token is not None]:
        raise ConfigError(f"the keys of {there[0]!r} are in a token already")
    place = open_token_named(token)
    moved = KeyVault({name: _moved(place, token, name, entry) for name, entry in vault.items()})
    write_sealed(into, moved, token)
    report_written(into, moved, as_json=json)
    return 0


def _moved(place: TokenProvider, token: str, name: str, entry: VaultEntry) -> VaultEntry:
    keys: dict[str, Any] = {}
    for role in HOLDABLE:
        key = getattr(entry.keys, role.value)
        if isinstance(key, Key):
            label = f"{name} {role.value}"
            bring = place.wrapping_key if role is KeyRole.KEK else place.cipher_key
            keys[role.value] = HeldKey(bring(key.reveal(), label=label), role, label=label)
    pairs: dict[str, Any] = {}
    signing, agreement = entry.pairs.signing_key, entry.pairs.agreement_key
    if isinstance(signing, SigningKey):
        pairs["signing_key"] = place.signing_key(signing.curve, signing.reveal(), label=f"{name} signing_key")
    if isinstance(agreement, AgreementKey):
        pairs["agreement_key"] = place.agreement_key(agreement.curve, agreement.reveal(), label=f"{name} agreement_key")
    return replace(entry, keys=replace(entry.keys, **keys), pairs=replace(entry.pairs, **pairs), token=token)
