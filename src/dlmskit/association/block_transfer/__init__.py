"""General block transfer (application layer, 6): any APDU in numbered blocks, streamed, recovered where blocks are lost; sans-IO.

`BlockTransfer` is one confirmed exchange as one party sees it, client or server; `UnconfirmedStream` and `unconfirmed_blocks`
are for what nobody acknowledges. The phases of an exchange are data in `dlmskit.association.block_transfer.tables`.
"""

from __future__ import annotations

from dlmskit.association.block_transfer.beginning import begins_another
from dlmskit.association.block_transfer.options import ABORT, ANY, BlockOptions, Reaction, is_abort
from dlmskit.association.block_transfer.sending import block_octets
from dlmskit.association.block_transfer.tables import Phase, TransferEvent
from dlmskit.association.block_transfer.transfer import BlockTransfer
from dlmskit.association.block_transfer.unconfirmed import UnconfirmedStream, unconfirmed_blocks

__all__ = [
    "ABORT",
    "ANY",
    "BlockOptions",
    "BlockTransfer",
    "Phase",
    "Reaction",
    "TransferEvent",
    "UnconfirmedStream",
    "begins_another",
    "block_octets",
    "is_abort",
    "unconfirmed_blocks",
]
