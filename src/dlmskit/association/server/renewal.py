"""Keys that change while an association is open (security concept, 5.1): what the client may come with from the next APDU on.

The answer to the request that changed them went out under the old keys; then the new ones are in force. Keys that were agreed
on are only proved by the first message under them, because the answer may have been lost: until then the ones before are taken
as well. What comes under retired keys is refused like anything else, and named in the log.
"""

from __future__ import annotations

from dlmskit.association.credentials import Credentials, CredentialSource
from dlmskit.errors import DlmsError
from dlmskit.security.context import SecurityContext
from dlmskit.security.protection import Verified, unprotect


class ChangedKeys:
    """The security contexts of one open association after its keys have changed: the one in force, and others."""

    __slots__ = ("_others", "_source", "credentials", "security")

    def __init__(self, source: CredentialSource, before: SecurityContext) -> None:
        self._source = source
        contexts = [(one, before.with_keys(one.keys)) for one in source.candidates()]
        self.credentials, self.security = contexts[0]
        """In force."""
        self._others = contexts[1:]

    def tried(self, octets: bytes) -> tuple[Verified | None, bool]:
        """An APDU that is not under the keys in force: verified under others, which are in force then; whether under retired ones."""
        for place, (credentials, security) in enumerate(self._others):
            try:
                verified = unprotect(octets, security)
            except DlmsError:
                continue
            if credentials.retired:
                return None, True
            self._others[place] = self.credentials, self.security
            self.credentials, self.security = credentials, security
            return verified, False
        return None, False

    def used(self, verified: Verified) -> None:
        """The client has used the keys in force: where they are the newest, it has proved that it holds them."""
        if verified.form.dedicated or self.credentials is not self._source.candidates()[0]:
            return
        self._source.proved(self.credentials)
        left = self._source.candidates()
        self._others = [(one, context) for one, context in self._others if any(one is other for other in left)]
