"""How a party transfers blocks, what becomes of a block that came, and the block that ends a transfer."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import msgspec

from dlmskit.apdu import GeneralBlockTransfer
from dlmskit.association.block_transfer.sending import LARGEST_NUMBER

ABORT = GeneralBlockTransfer(0x80, 0, 0).encode()
"""E0 80 0000 0000 00: the transfer is over, the association is not."""

ANY = 1 << 30
"""Any number of late copies."""


def is_abort(block: GeneralBlockTransfer) -> bool:
    """Whether a block ends the transfer: last block, not streaming, both numbers 0, no data; whatever window it carries."""
    return (
        block.last_block
        and not block.streaming
        and not block.block_number
        and not block.block_number_ack
        and not block.block_data
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockOptions:
    """How a party transfers blocks."""

    window: int = 16
    """Blocks that this party receives in one stream, 1 to 63; 1 is no streaming."""
    peer_window: int = 1
    """Blocks that the peer receives in one stream, before it has said so."""
    block_octets: int
    """Octets of data in the blocks that are sent."""
    most_octets: int
    """Largest APDU that is put together."""
    last_number: int = LARGEST_NUMBER
    """A block with this number ends the exchange: numbers never wrap."""
    retries: int = 5
    """Repetitions without progress, then the exchange is aborted."""
    double_seconds: float = inf
    """What comes again sooner than this after it was answered was doubled by the medium, and is not answered again."""
    acknowledges: bool = True
    """A complete APDU is acknowledged by an empty block; a server acknowledges a request by its answer."""
    late_copies: int = 0
    """Over a medium that brings blocks late: how many copies of a block of earlier exchanges are not believed in this one. Where
    every APDU is ciphered no block is ever like an earlier one, so none need be believed."""


class Reaction(msgspec.Struct, frozen=True, gc=False):
    """What becomes of a block that came."""

    send: tuple[bytes, ...] = ()
    """What to send now."""
    apdu: bytes | None = None
    """The peer's APDU, when this block completed it; given once."""
    confirmed: bool = True
    """False for what came in unconfirmed blocks: it is not answered."""


NOTHING = Reaction()
