"""Secret keys in a PKCS#11 token: the other side of the door that `dlmskit.crypto.provider` is.

It lives among the rooms that touch the world, because a token is a device: it has a library of its own and wants one thread. Key
agreement gives its shared secret to this process, since tokens have no KDF of DLMS; all other keys stay where they are.
"""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING

from dlmskit.errors import ConfigError
from dlmskit.security.keys import Secret

if TYPE_CHECKING:
    from dlmskit.client.pkcs11.provider import TokenProvider

__all__ = ["open_token"]


def open_token(library: str | PathLike[str], token: str, pin: Secret) -> TokenProvider:
    """Open the token with this label, through the PKCS#11 library of its maker, such as ``libsofthsm2.so``.

    Close it, or use it in a ``with``. Raises `ConfigError` where the extra is not installed, the library cannot be loaded, or no
    such token is there; `SecurityError` (key-store) for a wrong or locked PIN.
    """
    try:
        from dlmskit.client.pkcs11.provider import TokenProvider
    except ModuleNotFoundError as error:
        if error.name != "pkcs11":
            raise
        raise ConfigError("tokens need the library python-pkcs11: pip install 'dlmskit[hsm]'") from None
    return TokenProvider(fspath(library), token, pin)
