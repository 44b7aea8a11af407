"""General block transfer (Green Book, GBT APDU): carries the octets of any other APDU in numbered blocks."""

from __future__ import annotations

from dlmskit.apdu.registry import apdu
from dlmskit.codec.schema import Apdu
from dlmskit.codec.wire import OctetString, Unsigned8, Unsigned16


@apdu(0xE0)
class GeneralBlockTransfer(Apdu, frozen=True, gc=False):
    """One block, or (without data) an acknowledgement."""

    block_control: Unsigned8
    """Bit 7 last block, bit 6 streaming, bits 0-5 the window that the sender of this APDU can receive."""
    block_number: Unsigned16
    block_number_ack: Unsigned16
    block_data: OctetString = b""

    @property
    def last_block(self) -> bool:
        """This block ends the APDU carried in this direction."""
        return self.block_control & 0x80 != 0

    @property
    def streaming(self) -> bool:
        """The sender goes on without waiting."""
        return self.block_control & 0x40 != 0

    @property
    def window(self) -> int:
        """How many blocks the sender of this APDU is ready to receive in one stream; 0 is unconfirmed."""
        return self.block_control & 0x3F
