"""Which block begins another exchange, at the party that is asked (6.4, rule 2)."""

from __future__ import annotations

from dlmskit.apdu import GeneralBlockTransfer
from dlmskit.association.block_transfer.transfer import BlockTransfer


def begins_another(block: GeneralBlockTransfer, transfer: BlockTransfer | None, *, reliable: bool) -> bool:
    """Whether a block begins another exchange than this one. Its own first block again means that the answer was lost."""
    if block.block_number != 1 or block.block_number_ack or not block.block_data:
        return False
    if transfer is not None and transfer.idle:  # begun by a block that was not believed yet
        return False
    return transfer is None or transfer.first_block != block.block_data or (reliable and transfer.done)
