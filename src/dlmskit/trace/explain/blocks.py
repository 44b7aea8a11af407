"""Puts messages together that came in blocks: general block transfer, and the blocks of GET, SET and ACTION.

Only what arrived in sequence is put together (Green Book; application layer, general block transfer, unconfirmed receiver):
block 1 starts a new stream, a repeated block is ignored, a gap drops the stream. Nothing comes out of an incomplete stream.
"""

from __future__ import annotations

from dlmskit.apdu import (
    ActionRequestWithFirstPblock,
    ActionRequestWithPblock,
    ActionResponseWithPblock,
    Apdu,
    GeneralBlockTransfer,
    GetResponseWithDatablock,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
)
from dlmskit.limits import DEFAULT, Limits

_SERVICE_BLOCKS = {
    GetResponseWithDatablock: "result",
    SetRequestWithFirstDatablock: "datablock",
    SetRequestWithDatablock: "datablock",
    ActionRequestWithFirstPblock: "pblock",
    ActionRequestWithPblock: "pblock",
    ActionResponseWithPblock: "pblock",
}


class Stream:
    """The blocks of one message from one sender."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self.limits = limits
        self.octets = bytearray()
        self.last_number = 0
        self.broken = ""

    def add(self, number: int, content: bytes, *, last: bool) -> bytes | None:
        """Take one block; the message when this block completes it."""
        if number == 1 and self.last_number != 1:
            self.octets, self.last_number, self.broken = bytearray(), 0, ""
        if number == self.last_number:
            return None
        if not self.broken and number != self.last_number + 1:
            self.broken = f"block {number} follows block {self.last_number}"
        if not self.broken and len(self.octets) + len(content) > self.limits.apdu_octets:
            self.broken = f"more than {self.limits.apdu_octets} octets"
        self.last_number = number
        if self.broken:
            return None
        self.octets += content
        if not last:
            return None
        whole, self.octets, self.last_number = bytes(self.octets), bytearray(), 0
        return whole

    @property
    def problem(self) -> str:
        """Why there is no message yet; empty where nothing is pending."""
        if self.broken:
            return self.broken
        return f"ends after block {self.last_number}, which is not the last" if self.last_number else ""


class Blocks:
    """The streams of one input, by sender and service."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self.limits = limits
        self._streams: dict[tuple[object, str], Stream] = {}

    def general(self, source: object, apdu: GeneralBlockTransfer) -> bytes | None:
        """A block of general block transfer; empty ones are acknowledgements."""
        if not apdu.block_data:
            return None
        return self._stream(source, "general-block-transfer").add(apdu.block_number, apdu.block_data, last=apdu.last_block)

    def service(self, source: object, apdu: Apdu) -> bytes | None:
        """A block of a long GET, SET or ACTION; the assembled raw-data when it is complete."""
        field = _SERVICE_BLOCKS.get(type(apdu))
        if field is None:
            return None
        block = getattr(apdu, field)
        content = block.result if field == "result" else block.raw_data
        if not isinstance(content, bytes):
            return None
        number = block.block_number or (1 if apdu.alternative_name.endswith(("first-datablock", "first-pblock")) else 0)
        return self._stream(source, apdu.service_name).add(number, content, last=bool(block.last_block))

    def _stream(self, source: object, service: str) -> Stream:
        return self._streams.setdefault((source, service), Stream(self.limits))

    def problems(self) -> list[str]:
        """What is missing at the end of the input."""
        return [f"{service}: {stream.problem}" for (_, service), stream in self._streams.items() if stream.problem]
