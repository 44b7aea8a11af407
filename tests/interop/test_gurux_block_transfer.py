"""gurux_dlms 1.0.203 and general block transfer with our server: what it can do, and where it stops (application layer, 6.9).

Its own acknowledgements raise an error inside of it (they use an attribute that its settings do not have), so a client of gurux
alone reads nothing that needs more than one window. Its receiver works: with acknowledgements made here it checks number and
acknowledgement of each of our blocks, puts them together and decodes the value. It sends no acknowledgement of the last block;
our server keeps its last window until the next request, and repeats nothing unasked (6.4).
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from gurux_dlms import GXReplyData
from gurux_dlms.enums import Conformance, RequestTypes
from gurux_dlms.objects import GXDLMSClock

from dlmskit.apdu import GeneralBlockTransfer
from dlmskit.apps.simulator.serving import Served
from dlmskit.link.wrapper import encode_wrapper
from tests.interop.gurux_client import GuruxClient

PDU = 128


class BlockClient(GuruxClient):
    """A gurux client that proposes general block transfer, and takes no more than small APDUs."""

    def __init__(self, port: int, *, window: int, own_acknowledgements: bool) -> None:
        super().__init__(port, client=16)
        self.gurux.proposedConformance |= Conformance.GENERAL_BLOCK_TRANSFER
        self.gurux.maxReceivePDUSize = PDU
        self.gurux.gbtWndowSize = window
        self.blocks: list[GeneralBlockTransfer] = []
        self._window = window
        self._own = own_acknowledgements
        self._acknowledgements = 0

    def _exchange(self, requests: Any) -> GXReplyData:
        reply = GXReplyData()
        self._acknowledgements = 0
        for request in [requests] if isinstance(requests, bytes | bytearray) else requests:
            reply.clear()
            self._packet(request, reply)
            while reply.isMoreData():
                more = None if reply.isStreaming() else self._acknowledgement(reply)
                self._packet(more, reply)
        return reply

    def _acknowledgement(self, reply: GXReplyData) -> bytes:
        if self._own or reply.moreData != RequestTypes.GBT:
            return bytes(self.gurux.receiverReady(reply))
        self._acknowledgements += 1
        # What gurux compares with the BNA of the blocks to come: the number of this acknowledgement, and one more.
        self.gurux.settings.blockIndex = self._acknowledgements + 1
        block = GeneralBlockTransfer(0x80 | self._window, self._acknowledgements, reply.blockNumber)
        return encode_wrapper(16, 1, block.encode())


async def test_gurux_puts_our_blocks_together(household: Served) -> None:
    def session(window: int) -> list[str]:
        with BlockClient(household.listener.port, window=window, own_acknowledgements=False) as client:
            assert client.gurux.negotiatedConformance & Conformance.GENERAL_BLOCK_TRANSFER
            listed = [one.logicalName for one in client.objects()]
            client.read(GXDLMSClock("0.0.1.0.0.255"))
            return listed

    for window in (1, 3, 63):
        listed = await asyncio.to_thread(session, window)
        assert "0.0.1.0.0.255" in listed
        assert "0.0.40.0.1.255" in listed


async def test_gurux_cannot_build_its_own_acknowledgement(household: Served) -> None:
    """Its fault, not ours: the association of somebody else is not touched by it."""

    def session() -> None:
        with BlockClient(household.listener.port, window=3, own_acknowledgements=True) as client:
            client.objects()

    with pytest.raises(AttributeError, match="blockNumber"):
        await asyncio.to_thread(session)
