"""Keys that change while an association is open (security concept, 5.1): what the client may come with from the next APDU on.

The answer to the request that changed them went out under the old keys; then the new ones are in force. Keys that were agreed
on are only proved by the first message under them, because the answer may have been lost: until then the ones before are taken
as well. What comes under retired keys is refused like anything else, and named in the log.
"""

from __future__ import annotations

from dataclasses import replace

from dlmskit.association.credentials import CredentialSource
from dlmskit.errors import DlmsError
from dlmskit.security.context import SecurityContext
from dlmskit.security.protection import Verified, unprotect


class ChangedKeys:
    """The security contexts of one open association after its keys have changed: the one in force, and others."""

    __slots__ = ("_others", "_source", "_waiting", "credentials", "security")

    def __init__(self, source: CredentialSource, before: SecurityContext) -> None:
        self._source = source
        contexts = [(one, before.with_keys(one.keys)) for one in source.candidates()]
        self.credentials, self.security = contexts[0]
        """In force."""
        self._others = contexts[1:]
        self._waiting = any(not one.retired for one, _ in self._others)
        """For the proof that the client holds the newest keys."""

    def tried(self, octets: bytes) -> tuple[Verified | None, bool]:
        """An APDU that is not under the keys in force: verified under others, then in force; or whether under retired ones."""
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

    @property
    def waiting(self) -> tuple[SecurityContext, ...]:
        """What the client may still come with beside the keys in force."""
        return tuple(security for one, security in self._others if not one.retired) if self._waiting else ()

    def used(self, verified: Verified) -> None:
        """The client has used the keys in force: where they are the newest, it has proved that it holds them."""
        if not self._waiting or verified.form.dedicated or self.credentials.keys != self._source.candidates()[0].keys:
            return
        self._waiting = False
        self._source.proved(self.credentials)
        self._others = [(one if one.retired else replace(one, retired=True), context) for one, context in self._others]
