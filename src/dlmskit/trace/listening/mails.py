"""Messages in the attachments of mails, which anybody may have written: what would take long to read is not taken apart.

Python's reader takes minutes for a long header, or for many parts; so both are bounded while it reads.
"""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import Message
from itertools import count
from typing import Any

_MAIL = range(ord("A"), ord("Z") + 1)
"""What a mail begins with, and no APDU that is pushed."""
_MOST_ATTACHMENTS = 16
_MOST_PARTS = 24
_MOST_HEADERS = 256
_LONGEST_HEADER = 8192


def messages_of(octets: bytes) -> list[bytes]:
    """The messages in a file: itself, or the attachments of a mail. A mail that cannot be taken apart is itself, too."""
    if not octets or octets[0] not in _MAIL:
        return [octets]
    try:
        mail = message_from_bytes(octets, _counted(), policy=policy.compat32)
        parts = [part for part in mail.walk() if part.get_content_disposition() == "attachment"]
        contents = [part.get_payload(decode=True) for part in parts[:_MOST_ATTACHMENTS]]
    except (ValueError, LookupError, RecursionError):
        return [octets]
    return [content for content in contents if isinstance(content, bytes) and content]


class _Part(Message):
    """A part of a mail, or the whole, with few and short headers."""

    def set_raw(self, name: str, value: Any) -> None:
        """Keep a header, as the reader does. Raises ValueError."""
        if len(self) >= _MOST_HEADERS or len(value) > _LONGEST_HEADER:
            raise ValueError("a mail with too many headers, or with one that is too long")
        super().set_raw(name, value)


def _counted() -> Callable[..., _Part]:
    """Makes the parts of one mail; the reader makes one more to see how they are made. Raises ValueError for too many."""
    made = count()

    def part(**words: Any) -> _Part:
        if next(made) > _MOST_PARTS:
            raise ValueError(f"a mail of more than {_MOST_PARTS} parts")
        return _Part(**words)

    return part
