"""What the explain engine knows besides the octets: keys and titles from the user, and what the telegrams themselves tell.

Titles, a dedicated key, keys that messages bring along and counters are learnt in the order of the input, as a listener on the
line would learn them.
"""

from __future__ import annotations

from collections.abc import Iterable

from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.provider import KeyAgreement
from dlmskit.security.envelope import Envelope
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.types.system_title import SystemTitle

_REQUESTS = frozenset({0x01, 0x05, 0x06, 0x16, 0xC0, 0xC1, 0xC3, 0xD9, 0x60, 0x62})
"""Plain tags that only a client sends."""


def is_request(plain_tag: int) -> bool:
    """Whether an APDU with this plain tag goes from client to server."""
    return plain_tag in _REQUESTS


class KeyRing:
    """Keys by role, system titles by party, counters by sender."""

    def __init__(self, keys: KeySet | None = None, titles: Iterable[SystemTitle] = ()) -> None:
        self.keys = keys or KeySet()
        self.given_titles = tuple(titles)
        self.client_title: SystemTitle | None = None
        self.server_title: SystemTitle | None = None
        self.seen_titles: list[SystemTitle] = []
        self.dedicated_key: Key | None = None
        self.verification_keys: dict[SystemTitle, PublicKey] = {}
        """Public keys for signatures, by signer."""
        self.agreement_keys: dict[SystemTitle, PublicKey] = {}
        """Static public keys for key agreement, by owner."""
        self.private_agreement_keys: dict[SystemTitle, KeyAgreement] = {}
        """Static private keys for key agreement, by owner: with the one of either party an agreed key is found."""
        self.established: dict[tuple[SystemTitle | None, SystemTitle | None], Key] = {}
        """The fresh key last named in general-ciphering, by originator and recipient."""
        self._last_counter: dict[tuple[str, SystemTitle], int] = {}
        self._in_message: dict[tuple[str, SystemTitle], int] = {}

    def learn_title(self, title: SystemTitle | None, *, client: bool | None = None) -> None:
        """Remember a title that a telegram named; ``client`` says whose it is where that is known."""
        if title is None:
            return
        if title not in self.seen_titles:
            self.seen_titles.append(title)
        if client is True:
            self.client_title = title
        elif client is False:
            self.server_title = title

    def encryption_keys(self, envelope: Envelope) -> list[Key]:
        """Keys that may have enciphered this, the one that the message names first."""
        if envelope.form.dedicated:
            return [self.dedicated_key] if self.dedicated_key else []
        named, other = self.keys.guek, self.keys.gbek
        if envelope.header.control.broadcast:
            named, other = other, named
        return [key for key in (named, other) if key is not None]

    def titles_for(self, envelope: Envelope, plain_tag: int | None) -> list[SystemTitle]:
        """Titles that the sender may have, the most credible first."""
        by_direction: list[SystemTitle | None] = [self.client_title, self.server_title]
        if plain_tag is not None and not is_request(plain_tag):
            by_direction.reverse()
        candidates = [envelope.title, *by_direction[:1], *self.given_titles, *by_direction[1:], *self.seen_titles]
        return list(dict.fromkeys(title for title in candidates if title is not None))

    def expected_title(self, envelope: Envelope) -> SystemTitle | None:
        """The title that the message, or for want of one the user, says it was sent under."""
        return envelope.title or (self.given_titles[0] if len(self.given_titles) == 1 else None)

    def next_message(self) -> None:
        """What comes now is another message: the counters of the one before count from here on."""
        self._last_counter |= self._in_message
        self._in_message.clear()

    def take_counter(self, key: Key, title: SystemTitle, counter: int) -> int | None:
        """Note a counter; returns the last one of this sender under this key when the new one is not above it.

        Several layers of one message come off outermost first, so their counters go down: they are compared with those of the
        messages before, and among one another only for being the same.
        """
        sender = (key.fingerprint, title)
        last, around = self._last_counter.get(sender), self._in_message.get(sender)
        if last is not None and counter <= last:
            return last
        if around == counter:
            return around
        self._in_message[sender] = max(counter, around or 0)
        return None


def key_role_label(key: Key) -> str:
    """How a key is named to people."""
    return {KeyRole.DEDICATED: "dedicated key", KeyRole.CEK: "fresh key"}.get(key.role, key.role.value.upper())
