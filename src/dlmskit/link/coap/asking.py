"""The asking side of one exchange: a POST with its APDU in blocks, and the blocks of what is answered (RFC 7959)."""

from __future__ import annotations

from dlmskit.errors import DecodeError
from dlmskit.link.coap.message import OCTET_STREAM, Block, Code, Message, Option, Type, encode_uint

Options = tuple[tuple[int, bytes], ...]


class Asking:
    """One APDU on its way, and its answer on the way back. `request` is what to send next."""

    def __init__(self, uri: Options, apdu: bytes, token: bytes, size_exponent: int, most_octets: int) -> None:
        self.token = token
        self.answer: bytes | None = None
        """What was answered, possibly nothing; None while the exchange runs."""
        self.failure = ""
        self._uri = uri
        self._apdu = apdu
        self._size_exponent = size_exponent
        self._most = most_octets
        self._sent = 0
        """Octets of the APDU that the peer has."""
        self._gathered = bytearray()
        self._next_block: Block | None = None
        self._more = False
        """The last request was not the last part of the APDU."""

    @property
    def finished(self) -> bool:
        """Answered or failed."""
        return self.answer is not None or bool(self.failure)

    def request(self, kind: Type, message_id: int) -> Message:
        """The next request of the exchange."""
        # All requests of an exchange have the same options but for the blocks: by them a server knows what they belong to.
        options = [*self._uri, (Option.CONTENT_FORMAT, encode_uint(OCTET_STREAM))]
        payload = b""
        if self._next_block is not None:
            options.append((Option.BLOCK2, self._next_block.encode()))
        else:
            payload = self._apdu[self._sent :]
            size = 16 << self._size_exponent
            self._more = len(payload) > size
            if self._more or self._sent:
                options.append((Option.BLOCK1, Block(self._sent // size, self._more, self._size_exponent).encode()))
                payload = payload[:size]
        options.sort(key=lambda option: option[0])
        return Message(kind, Code.POST, message_id, self.token, tuple(options), payload)

    def respond(self, response: Message) -> None:
        """Take a response. Where the exchange is not finished behind it, another request follows."""
        try:
            self._take(response)
        except DecodeError as error:
            self.failure = f"CoAP: an answer that cannot be read: {error}"

    def _take(self, response: Message) -> None:
        if response.code >= 0x80:
            self.failure = f"CoAP: refused with {response.code >> 5}.{response.code & 31:02}"
        elif response.code == Code.CONTINUE:
            self._go_on(response.block(Option.BLOCK1))
        elif self._more:
            self.failure = "CoAP: answered before everything was sent"
        else:
            self._gather(response, response.block(Option.BLOCK2))

    def _go_on(self, block: Block | None) -> None:
        size = 16 << self._size_exponent
        if block is None or block.number * block.size != self._sent or not self._more:
            self.failure = "CoAP: asked to go on where nothing follows"
            return
        self._sent += size
        # The peer may want smaller blocks from now on.
        self._size_exponent = min(self._size_exponent, block.size_exponent)

    def _gather(self, response: Message, block: Block | None) -> None:
        if block is not None and block.number * block.size != len(self._gathered):
            self.failure = "CoAP: a block out of order"
            return
        self._gathered += response.payload
        if len(self._gathered) > self._most:
            self.failure = f"CoAP: an answer of more than {self._most} octets"
        elif block is None or not block.more:
            self.answer = bytes(self._gathered)
        elif len(response.payload) != block.size:
            self.failure = "CoAP: a block that is not full"
        else:
            self._next_block = Block(block.number + 1, more=False, size_exponent=block.size_exponent)
