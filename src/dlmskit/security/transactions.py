"""Transaction ids of general-ciphering and general-signing: given once, echoed by answers (Green Book, 9.2.7.2.4.6).

A key that is agreed on statically differs by its transaction id alone, and what is signed without being ciphered carries no
counter: there the transaction id is all that tells a repetition. So ours are numbers that go up and are stored like counters, and
those of others must go up, or echo the one that we asked with. The upper half of an id of ours is a digest of our title: it
tells an echo of ours, which counts once and while it is awaited, from a number of the other party.
"""

from __future__ import annotations

import hashlib
from functools import cached_property

from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.counters import TransmitCounters
from dlmskit.security.windows import ReceivedCounters
from dlmskit.types.system_title import SystemTitle

_ID_OCTETS = 8
_LARGEST = (1 << 63) - 2
"""What stores keep in a signed number, and one above it."""


class Transactions:
    """The transaction ids of one association."""

    def __init__(self, own_title: SystemTitle, transmit: TransmitCounters, received: ReceivedCounters) -> None:
        self._own_title = own_title
        self._transmit = transmit
        self._received = received
        self._awaited: dict[SystemTitle, bytes] = {}

    @cached_property
    def _prefix(self) -> bytes:
        digest = hashlib.sha256(b"dlmskit transaction id" + self._own_title.octets).digest()
        return bytes((digest[0] & 0x7F,)) + digest[1:4]

    def next(self) -> bytes:
        """An id of our own, 8 octets. Raises `SecurityError` (counter-exhausted) behind the last of 2**32."""
        return self._prefix + self._transmit.transactions(self._own_title).take().to_bytes(4, "big")

    def sent(self, recipient: SystemTitle, transaction_id: bytes) -> None:
        """This id went out: the answer may echo it."""
        self._awaited[recipient] = transaction_id

    def check(self, originator: SystemTitle, transaction_id: bytes) -> None:
        """Refuse an id that may be a repetition. Moves nothing. Raises `SecurityError` (counter-repeated)."""
        if transaction_id and self._awaited.get(originator) == transaction_id:
            return
        if not 1 <= len(transaction_id) <= _ID_OCTETS or int.from_bytes(transaction_id) > _LARGEST:
            message = (
                f"signed without a counter, and the transaction id {transaction_id[:16].hex().upper()} is no number to compare"
            )
            raise SecurityError(SecurityReason.COUNTER_REPEATED, message)
        if self._is_ours(transaction_id):
            raise SecurityError(SecurityReason.COUNTER_REPEATED, "a transaction id of ours came back, and no answer is awaited")
        self._received.transactions(originator).check(int.from_bytes(transaction_id))

    def accept(self, originator: SystemTitle, transaction_id: bytes) -> None:
        """Use up an id whose message was verified. Raises as `check`."""
        self.check(originator, transaction_id)
        if self._awaited.get(originator) == transaction_id:
            del self._awaited[originator]
            if self._is_ours(transaction_id):
                return
        window = self._received.transactions(originator)
        number = int.from_bytes(transaction_id)
        if window.lowest_acceptable <= number <= _LARGEST:
            window.accept(number)

    def _is_ours(self, transaction_id: bytes) -> bool:
        return len(transaction_id) == _ID_OCTETS and transaction_id.startswith(self._prefix)
