"""Interface class 100, NTP setup (Blue Book): a time server and how it is authenticated (RFC 5905)."""

from __future__ import annotations

from typing import Any

from dlmskit.cosem.declaration import absent_method, attribute, method
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

AUTHENTICATION_KEY = "structure{key_id:double-long-unsigned,key:octet-string}"
MOST_KEYS = 16


class NtpSetup(InterfaceClass, class_id=100, version=0, name="NTP setup"):
    """Where the time comes from. Keys are written, never read. Synchronising needs a network behind the object."""

    activated = attribute(2, "boolean", writable=True)
    server_address = attribute(3, "octet-string", writable=True)
    server_port = attribute(4, "long-unsigned", writable=True, default=123)
    authentication_method = attribute(5, "enum{0=no_security,1=shared_secrets,2=autokey_IFF}", writable=True)
    authentication_keys = attribute(6, f"array<{AUTHENTICATION_KEY}>", secret=True)
    client_key = attribute(7, "octet-string", writable=True)
    synchronize = absent_method(1, mandatory=True)

    @method(2, AUTHENTICATION_KEY)
    def add_authentication_key(self, added: Any) -> None:
        """Add a key, in the place of one with the same number; other-reason where there are too many."""
        kept = [key for key in self._keys() if key[0] != added[0]]
        if len(kept) >= MOST_KEYS:
            raise ServiceError(DataAccessResult.OTHER_REASON, "authentication_keys", f"at most {MOST_KEYS}")
        self.authentication_keys = [*kept, added]

    @method(3, "double-long-unsigned")
    def delete_authentication_key(self, key_id: int) -> None:
        """Remove the key of that number; harmless where there is none."""
        self.authentication_keys = [key for key in self._keys() if key[0] != key_id]

    def _keys(self) -> list[Any]:
        return list(self.attribute(6).kind.decode(self.stored(6)))
