"""The served side of an exchange: an APDU in blocks taken together, and the answer handed out in blocks (RFC 7959)."""

from __future__ import annotations

from dlmskit.errors import DecodeError
from dlmskit.link.coap.message import OCTET_STREAM, Block, Code, Message, Option, encode_uint

Reply = tuple[int, tuple[tuple[int, bytes], ...], bytes]
"""Code, options and payload of a response."""


class Serving:
    """What one peer sends and fetches in blocks; one APDU each way at a time."""

    def __init__(self, size_exponent: int, most_octets: int) -> None:
        self._size_exponent = size_exponent
        self._most = most_octets
        self._incoming = bytearray()
        self._outgoing = b""

    @property
    def unfinished(self) -> bool:
        """Whether something is half taken, or handed out in part."""
        return bool(self._incoming or self._outgoing)

    def forget(self) -> None:
        """Nobody asked on for too long."""
        self._incoming.clear()
        self._outgoing = b""

    def take(self, request: Message) -> bytes | Reply:
        """The whole APDU of a request, or the reply that a part of one gets at once."""
        try:
            block1, block2 = request.block(Option.BLOCK1), request.block(Option.BLOCK2)
        except DecodeError:
            return Code.BAD_OPTION, (), b""
        if block2 is not None and block2.number:
            return self._fetched(block2)
        if block1 is None:
            return request.payload or (Code.BAD_OPTION, (), b"")
        return self._joined(request, block1)

    def answer(self, apdu: bytes, request: Message) -> Reply:
        """The reply with an answer, or with its first block."""
        block1, block2 = request.block(Option.BLOCK1), request.block(Option.BLOCK2)
        options = [] if block1 is None else [(int(Option.BLOCK1), Block(block1.number, False, block1.size_exponent).encode())]
        exponent = self._size_exponent if block2 is None else min(self._size_exponent, block2.size_exponent)
        first = Block(0, len(apdu) > 16 << exponent, exponent)
        if apdu:
            options.append((Option.CONTENT_FORMAT, encode_uint(OCTET_STREAM)))
        if first.more:
            self._outgoing = apdu
            options.append((Option.BLOCK2, first.encode()))
        return Code.CHANGED, tuple(sorted(options)), apdu[: first.size]

    def _joined(self, request: Message, block: Block) -> bytes | Reply:
        at = block.number * block.size
        if block.number == 0:
            self._incoming.clear()
        if at != len(self._incoming) or (block.more and len(request.payload) != block.size):
            self._incoming.clear()
            return Code.REQUEST_ENTITY_INCOMPLETE, (), b""
        if at + len(request.payload) > self._most:
            self._incoming.clear()
            return Code.REQUEST_ENTITY_TOO_LARGE, (), b""
        self._incoming += request.payload
        if block.more:
            wanted = Block(block.number, True, min(block.size_exponent, self._size_exponent))
            return Code.CONTINUE, ((Option.BLOCK1, self._echo(block, wanted).encode()),), b""
        whole = bytes(self._incoming)
        self._incoming.clear()
        return whole or (Code.BAD_OPTION, (), b"")

    @staticmethod
    def _echo(block: Block, wanted: Block) -> Block:
        """The block that was taken, in the size that we want from now on."""
        return Block(block.number << block.size_exponent - wanted.size_exponent, True, wanted.size_exponent)

    def _fetched(self, block: Block) -> Reply:
        at = block.number * block.size
        if at >= len(self._outgoing) or block.size_exponent > self._size_exponent:
            return Code.REQUEST_ENTITY_INCOMPLETE, (), b""
        part = self._outgoing[at : at + block.size]
        more = at + block.size < len(self._outgoing)
        here = Block(block.number, more, block.size_exponent)
        return Code.CHANGED, ((Option.CONTENT_FORMAT, encode_uint(OCTET_STREAM)), (Option.BLOCK2, here.encode())), part
