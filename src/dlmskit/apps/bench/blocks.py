"""General block transfer: a long answer put together from its blocks, and cut into them; no losses, no line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dlmskit.apdu import GeneralBlockTransfer, GetResponseNormal, decode_apdu
from dlmskit.apps.bench.model import Case
from dlmskit.association.block_transfer import BlockOptions, BlockTransfer
from dlmskit.codec.data import Data

_BLOCKS, _OCTETS = 63, 1000
_MOST = 1 << 20


def block_cases() -> Iterator[Case]:
    """One window of blocks, both ways."""
    answer = GetResponseNormal(0xC1, Data.octet_string(bytes(_BLOCKS * _OCTETS - 8))).encode()
    blocks = _cut(answer)
    if _assembled(blocks) != decode_apdu(answer):
        raise AssertionError("the blocks do not give the answer")
    name = f"[{len(blocks)} of {_OCTETS}]"
    yield Case(f"receive block transfer {name}", partial(_assembled, blocks), {"blocks": blocks})
    yield Case(f"send block transfer {name}", partial(_cut, answer), {"answer": answer})


def _cut(answer: bytes) -> tuple[bytes, ...]:
    options = BlockOptions(block_octets=_OCTETS, most_octets=_MOST, peer_window=_BLOCKS)
    return BlockTransfer(options).send(answer)


def _assembled(blocks: tuple[bytes, ...]) -> object:
    transfer = BlockTransfer(BlockOptions(block_octets=_OCTETS, most_octets=_MOST, window=_BLOCKS))
    for octets in blocks:
        reaction = transfer.receive(octets, GeneralBlockTransfer.decode(octets))
        if reaction.apdu is not None:
            return decode_apdu(reaction.apdu)
    raise AssertionError("not complete")
