"""One exchange by confirmed general block transfer, as one party sees it: the procedures of 6.3, 6.4 and 6.8, sans-IO.

Both parties are the same machine. Blocks go in, blocks come out; a time-out is told, and so is the time. What is lost is asked
for again, what comes twice is taken once, and an APDU is handed up once or not at all.
"""

from __future__ import annotations

from math import inf

from dlmskit.apdu import GeneralBlockTransfer
from dlmskit.association.block_transfer.options import ABORT, NOTHING, BlockOptions, Reaction, is_abort
from dlmskit.association.block_transfer.receiving import ReceiveQueue, Taken
from dlmskit.association.block_transfer.sending import OutBlock, SendQueue
from dlmskit.association.block_transfer.tables import TRANSITIONS, Phase, TransferEvent
from dlmskit.errors import LocalProtocolError

_MOST_FRUITLESS = 4096
"""Blocks without any progress, then the exchange is aborted: a peer that talks without end keeps nobody waiting."""
_SEEN_BEFORE = 256
"""Blocks of an exchange that are known again in the next one."""
_EARLIER = 4 * _SEEN_BEFORE


class BlockTransfer:
    """One exchange: an APDU there, an APDU back, either of them perhaps without blocks."""

    def __init__(self, options: BlockOptions, predecessor: BlockTransfer | None = None) -> None:
        self.options = options
        self.window = options.window
        """What is asked for in one stream; it may be changed between two streams, up to the window of the options."""
        self.phase = Phase.IDLE
        self.first_block = b""
        """Data of the peer's first block, by which its repetition is known."""
        self._sending = SendQueue(options.block_octets)
        self._receiving = ReceiveQueue(options.window, options.most_octets, options.last_number)
        self._peer_window = options.peer_window
        self._asked = options.window
        """The window in the stream that was sent last."""
        self._came = 0
        """New blocks since then."""
        self._answered = b""
        self._answered_at = -inf
        self._tries = 0
        self._fruitless = 0
        """Blocks of the peer since the last progress."""
        self.seen: dict[int, int] = {}
        """Marks of the blocks that came, by number, for the exchange after this one."""
        self.earlier: dict[int, int] = {} if predecessor is None else _known_again(predecessor, options.late_copies)
        """Marks of the blocks of earlier exchanges, and how many copies of them are not believed."""

    @property
    def aborted(self) -> bool:
        """Whether it is over without success."""
        return self.phase is Phase.ABORTED

    @property
    def unfinished(self) -> bool:
        """Whether an APDU is still on its way, in either direction."""
        return self.phase in {Phase.SENDING, Phase.RECEIVING, Phase.ANSWERING}

    @property
    def idle(self) -> bool:
        """Whether nothing has happened in it."""
        return self.phase is Phase.IDLE

    @property
    def ended(self) -> bool:
        """Whether the peer's APDU was handed up."""
        return self.phase is Phase.COMPLETE

    @property
    def done(self) -> bool:
        """Whether the peer has everything that this party had to say."""
        return self.phase in {Phase.WAITING, Phase.DONE}

    # --- Sending ---

    def send(self, apdu: bytes, *, last: bool = True) -> tuple[bytes, ...]:
        """Begin to send an APDU, or add to the one that is being sent (partial invocation: ``last`` comes later).

        Raises LocalProtocolError where the phase does not allow it, or the block numbers do not reach for it.
        """
        begun = self.phase in {Phase.SENDING, Phase.ANSWERING}
        if not begun and (self.phase, TransferEvent.SEND) not in TRANSITIONS:
            raise LocalProtocolError(f"nothing can be sent in an exchange that is {self.phase.value}")
        waiting = begun and self._sending.pending
        self._sending.load(apdu, last=last)
        if not begun:
            self._fire(TransferEvent.SEND)
        return () if waiting or not self._sending.pending else self._stream()

    def acknowledge(self) -> tuple[bytes, ...]:
        """Tell the peer that its APDU is complete, where the answer takes long."""
        return self._stream()

    def expired(self) -> tuple[bytes, ...]:
        """Nothing came in time: what to send again. After too many of these without progress an abort, and it is over."""
        if self.aborted:
            return ()
        if self._tries >= self.options.retries:
            return self.abort()
        self._tries += 1
        self._answered = b""
        return self._stream()

    def repeated(self, now: float) -> tuple[bytes, ...]:
        """What the peer asked is asked again, without blocks: the first stream again, unless it has arrived or just went out."""
        if self._sending.acknowledged or now - self._answered_at < self.options.double_seconds:
            return ()
        self._answered_at = now
        return self._stream()

    def abort(self) -> tuple[bytes, ...]:
        """Give up: what tells the peer."""
        self._fire(TransferEvent.ABORT)
        return (ABORT,)

    # --- Receiving ---

    def receive(self, octets: bytes, block: GeneralBlockTransfer, now: float = 0.0) -> Reaction:
        """Take a block of the peer: its octets, and what they say. Nothing is raised for a wrong one."""
        if self.aborted:
            return NOTHING
        if is_abort(block):
            self._fire(TransferEvent.ABORT)
            return NOTHING
        self._fruitless += 1
        if self._fruitless > _MOST_FRUITLESS:
            return Reaction(self.abort())
        if self._ignores(octets, block, now):
            return NOTHING
        if self._counts_anew(block):
            self._restart()
        if block.block_number_ack > self._sending.highest:
            return NOTHING if self.options.late_copies else Reaction(self.abort())
        late = block.block_number_ack < self._sending.acknowledged
        if not late:
            self._acknowledged(block)
        if self._keep(block) in {Taken.TOO_MUCH, Taken.BEHIND_END} or self._contradicts(block):
            return Reaction(self.abort())
        if self._receiving.ended and self.phase not in _WHOLE:
            return self._complete(octets, now)
        if late or not self._due(block):
            if not block.streaming:
                self._came = 0
            return NOTHING
        return Reaction(self._answer(octets, now))

    def _ignores(self, octets: bytes, block: GeneralBlockTransfer, now: float) -> bool:
        """Whether a block has no number, no window, another exchange, or was doubled by the medium."""
        if not block.block_number or not block.window or self._of_another(block):
            return True
        return octets == self._answered and now - self._answered_at < self.options.double_seconds and not self._lingering

    def _keep(self, block: GeneralBlockTransfer) -> Taken:
        taken = self._receiving.take(block.block_number, block.block_data, last=block.last_block)
        if taken is Taken.NEW:
            self._tries = self._fruitless = 0
            self._came += 1
            if block.block_data:
                if block.block_number == 1:
                    self.first_block = block.block_data
                self._fire(TransferEvent.BLOCK)
                if self.options.late_copies and len(self.seen) < _SEEN_BEFORE:
                    self.seen[block.block_number] = _mark(block)
        return taken

    def _acknowledged(self, block: GeneralBlockTransfer) -> None:
        """What the peer has, and how much more it takes."""
        if block.block_number_ack > self._sending.acknowledged:
            self._tries = self._fruitless = 0
            self._sending.acknowledge(block.block_number_ack)
        self._peer_window = block.window
        if not self._sending.pending:
            self._fire(TransferEvent.ACKNOWLEDGED)

    def _complete(self, octets: bytes, now: float) -> Reaction:
        self._fire(TransferEvent.BLOCK)  # an answer to what was never acknowledged as a whole
        self._fire(TransferEvent.WHOLE)
        send = self._answer(octets, now) if self.options.acknowledges else ()
        self._answered, self._answered_at = octets, now
        return Reaction(send, self._receiving.whole())

    def _due(self, block: GeneralBlockTransfer) -> bool:
        """Whether it is our turn. Empty blocks that end what the peer has to say are answered where there is more to say."""
        if block.streaming and not block.last_block and not self._window_full:
            return False
        if block.block_data or not block.last_block:
            return True
        return self._sending.pending or self._receiving.gap > 0

    @property
    def _window_full(self) -> bool:
        """Peers may forget to end a stream. Where a gap was asked for, late blocks count for nothing."""
        return self._came >= self._asked == self.window

    @property
    def _lingering(self) -> bool:
        """All is there; the peer may not know it yet."""
        return self.phase is Phase.COMPLETE and self.options.acknowledges

    # --- Blocks of other exchanges ---

    def _of_another(self, block: GeneralBlockTransfer) -> bool:
        """Whether a block has the number and data of one of an earlier exchange, and is not believed yet."""
        if not self.earlier or not block.block_data:
            return False
        mark = _mark(block)
        copies = self.earlier.get(mark, 0)
        if copies:
            self.earlier[mark] = copies - 1
        return copies > 0

    def _contradicts(self, block: GeneralBlockTransfer) -> bool:
        """Whether a block came before with other data: one of the two is of another exchange, and nobody knows which."""
        mark = self.seen.get(block.block_number) if block.block_data else None
        return mark is not None and mark != _mark(block)

    def _counts_anew(self, block: GeneralBlockTransfer) -> bool:
        """Some servers begin the numbers again for an answer that follows empty acknowledgements. Never mixed with those."""
        return (
            block.block_number == 1
            and not block.block_number_ack
            and bool(block.block_data)
            and self.phase is Phase.WAITING
            and self._receiving.contiguous > 0
            and not self._receiving.begun
        )

    def _restart(self) -> None:
        self._sending.restart()
        self._receiving = ReceiveQueue(self.options.window, self.options.most_octets, self.options.last_number)

    # --- Streams ---

    def _answer(self, octets: bytes, now: float) -> tuple[bytes, ...]:
        self._answered, self._answered_at = octets, now
        return self._stream()

    def _stream(self) -> tuple[bytes, ...]:
        """One stream: the first blocks that are not acknowledged, or an empty one; the last of them hands over the turn."""
        gap = self._receiving.gap
        self._asked = min(gap, self.window) if gap else self.window
        self._came = 0
        try:
            blocks = self._sending.stream(self._peer_window)
        except LocalProtocolError:  # acknowledgements without end have used up the numbers
            return self.abort()
        return tuple(self._octets(block, streaming=block is not blocks[-1]) for block in blocks)

    def _octets(self, block: OutBlock, *, streaming: bool) -> bytes:
        control = self._asked | (0x40 if streaming else 0) | (0x80 if self._sending.ends_with(block) else 0)
        return GeneralBlockTransfer(control, block.number, self._receiving.contiguous, block.data).encode()

    def _fire(self, event: TransferEvent) -> None:
        self.phase = TRANSITIONS.get((self.phase, event), self.phase)


_WHOLE = frozenset((Phase.COMPLETE, Phase.ANSWERING, Phase.DONE))


def _known_again(predecessor: BlockTransfer, copies: int) -> dict[int, int]:
    if not copies:
        return {}
    marks = [*predecessor.earlier, *predecessor.seen.values()][-_EARLIER:]
    return dict.fromkeys(marks, copies)


def _mark(block: GeneralBlockTransfer) -> int:
    return hash((block.block_number, block.block_data))
