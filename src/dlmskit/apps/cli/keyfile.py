"""Keys for a command: from options, or from a key file (sealed with a passphrase, or plain where the file says so)."""

from __future__ import annotations

PASSPHRASE = "DLMSKIT_PASSPHRASE"  # noqa: S105 - the name of a variable, not a secret
