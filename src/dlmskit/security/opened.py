"""One layer that came off, verified and not yet accepted: counters move, and keys become established, when all layers are off."""

from __future__ import annotations

import msgspec

from dlmskit.security.channels import Channel
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection
from dlmskit.security.envelope import PROTECTED_TAGS
from dlmskit.security.fresh_keys import ReceivingKey
from dlmskit.security.layers import Layer
from dlmskit.security.windows import ReceiveWindow


class Opened(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What came out of one layer, and what is left to do for it."""

    content: bytes
    layer: Layer
    channel: Channel
    window: ReceiveWindow | None = None
    """What moves behind the counter; None for a signature, and where nothing authenticates the counter."""
    key: ReceivingKey | None = None
    """The fresh key that becomes the established one."""

    @property
    def vouches(self) -> bool:
        """Whether it authenticates everything inside it."""
        return bool(self.layer.protection & (Protection.AUTHENTICATED | Protection.SIGNED))


def check_hopeful(context: SecurityContext, found: Protection, first: int | None) -> None:
    """Refuse, before any cryptography, an APDU that cannot become enough: no further layer is inside.

    ``found``: what the layers up to this one give; ``first``: the first octet of the content, None where it cannot be seen yet.
    Raises `SecurityError` (protection-too-weak).
    """
    if first is not None and first not in PROTECTED_TAGS:
        context.check_enough(found, context.rules.incoming)
