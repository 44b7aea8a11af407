"""What protecting or verifying with one form and one security control octet needs, worked out once per association.

A channel is made by `SecurityContext` alone, after all checks that do not depend on the single APDU. It holds a key inside
its functions and shows none of it.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dlmskit.apdu.ciphering import DEDICATED_TAGS, GLOBAL_TAGS
from dlmskit.crypto.v44 import DecoderSettings, decompress
from dlmskit.errors import EncodeError
from dlmskit.security.control import SecurityControl
from dlmskit.security.envelope import GENERAL_DED, GENERAL_GLO, Form
from dlmskit.security.keys import KeyRole
from dlmskit.security.windows import ReceiveWindow
from dlmskit.types.system_title import SystemTitle


class Channel(msgspec.Struct, frozen=True, gc=False, kw_only=True, eq=False):
    """What both directions know."""

    form: Form
    control: SecurityControl
    key_role: KeyRole
    system_title: SystemTitle
    """Of the sender."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.form.label}, {self.control}, {self.key_role.value}, {self.system_title})"


class Outgoing(Channel, frozen=True, gc=False, kw_only=True, eq=False):
    """A channel for what we send."""

    protect: Callable[[bytes, bytes], bytes]
    """(invocation field, text) -> what follows the security header."""
    take: Callable[[], int]
    """The next invocation counter, used up."""
    control_octet: bytes
    heads: dict[int, bytes]
    """What the protected APDU starts with, by the tag of the plain one; a general form learns it with every new tag."""

    def learn_head(self, plain: bytes) -> bytes:
        """Tag and title of a general form, which may hold any APDU. Raises `EncodeError` for what has no head."""
        if not plain or not self.form.general:
            raise EncodeError(f"no {self.form.label} form of an APDU with tag {plain[:1].hex().upper() or 'missing'}")
        head = bytes((GENERAL_DED if self.form.dedicated else GENERAL_GLO, 8)) + self.system_title.octets
        self.heads[plain[0]] = head
        return head


class Incoming(Channel, frozen=True, gc=False, kw_only=True, eq=False):
    """A channel for what the peer sends, one for each tag."""

    unprotect: Callable[[bytes, bytes], bytes | None]
    """(invocation field, what follows the security header) -> text, or None."""
    inner_tag: int | None
    """The tag that must come out; None where any APDU may be inside."""
    window: ReceiveWindow
    accept: Callable[[int], int]
    """Moves the window behind a verified counter and returns the gap; moves nothing where there is no tag."""


_GLO_HEADS = {plain: bytes((tag,)) for plain, tag in GLOBAL_TAGS.items()}
_DED_HEADS = {plain: bytes((tag,)) for plain, tag in DEDICATED_TAGS.items()}


def heads_of(form: Form) -> dict[int, bytes]:
    """`Outgoing.heads` for this form, before anything was sent."""
    if form.general:
        return {}
    return _DED_HEADS if form.dedicated else _GLO_HEADS


def moves_nothing(invocation_counter: int) -> int:
    """In place of `ReceiveWindow.accept` where the counter is not authenticated: no gap, no move."""
    return 0


def then_decompressed(
    unprotect: Callable[[bytes, bytes], bytes | None], most: int, settings: DecoderSettings
) -> Callable[[bytes, bytes], bytes | None]:
    """In place of `Incoming.unprotect` where the content is compressed: what verified, restored, at most `most` octets of it.

    It raises `DecodeError` for what is no V.44, and where more comes out.
    """

    def unprotect_and_restore(invocation_field: bytes, protected: bytes) -> bytes | None:
        text = unprotect(invocation_field, protected)
        return None if text is None else decompress(text, most, settings)

    return unprotect_and_restore
