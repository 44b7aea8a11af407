"""Key files on disk: read only where nobody else can read them, written for their owner alone.

What is in them is told by `dlmskit.security.keystore`; here are the file, its rights and where the passphrase comes from.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from dlmskit.client.tokens import token_named
from dlmskit.errors import ConfigError
from dlmskit.security.keystore import MOST_OCTETS, read_vault
from dlmskit.security.vault import KeyVault
from dlmskit.security.vault_tables import Tokens

PASSPHRASE = "DLMSKIT_PASSPHRASE"  # noqa: S105 - the name of a variable, not a secret
"""The environment variable that holds the passphrase of sealed key files."""


def passphrase_from_environment() -> bytes:
    """The passphrase; ConfigError where the variable is not set."""
    passphrase = os.environ.get(PASSPHRASE)
    if passphrase is None:
        raise ConfigError(f"the key file is sealed: put its passphrase into the environment variable {PASSPHRASE}")
    return passphrase.encode()


def read_key_file(
    path: str | os.PathLike[str],
    passphrase: Callable[[], bytes] = passphrase_from_environment,
    tokens: Tokens = token_named,
) -> KeyVault:
    """The keys in a file, sealed with a passphrase or a token, or plain.

    Raises ConfigError for a file that cannot be read, is no key file, or is plain and readable by others, and for a token that
    is not there; SecurityError for a wrong passphrase or PIN, and for a key that the token does not have.
    """
    path = Path(path)
    octets, alone = _read(path, "the key file")
    if not alone and octets.lstrip()[:1] != b"{":
        raise ConfigError(f"the key file {path} holds keys in clear and others may open it: chmod 600 {path}, or seal it")
    try:
        return read_vault(octets, passphrase, tokens)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def read_secret_file(path: Path, what: str) -> str:
    """The text of a file with one secret, which its owner alone may open; ``what`` it is, for errors. Raises ConfigError."""
    octets, alone = _read(path, what)
    if not alone:
        raise ConfigError(f"others may open {what}: chmod 600 {path}")
    try:
        return octets.decode("ascii").strip()
    except UnicodeDecodeError:
        raise ConfigError(f"{what} {path} is not text") from None


def _read(path: Path, what: str) -> tuple[bytes, bool]:
    """The octets, and whether nobody but the owner may open the file. Raises ConfigError."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            octets = file.read(MOST_OCTETS + 1)
    except OSError as error:
        raise ConfigError(f"{what} {path} cannot be read: {error.strerror}") from error
    return octets, os.name != "posix" or not mode & (stat.S_IRWXG | stat.S_IRWXO)


def write_key_file(path: str | os.PathLike[str], octets: bytes) -> None:
    """Write a new key file that its owner alone can read. Raises ConfigError; an existing file is never replaced."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
    except OSError as error:
        raise ConfigError(f"the key file {path} cannot be written: {error.strerror}") from error
