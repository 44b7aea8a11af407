"""The part of a wrapped TCP connection that both ends share: receiving, deframing, deadlines, flow control.

An asyncio `BufferedProtocol`: octets arrive in one small buffer per thread that every connection reuses, since a receive and its
processing never interleave with another one. A message that has begun must be complete within ``Limits.message_seconds``.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Sequence
from typing import cast

from dlmskit.errors import DlmsError, TransportError, TransportTimeout
from dlmskit.limits import Limits
from dlmskit.link.wrapper import WrapperDeframer, WrapperPdu
from dlmskit.transport.timer import LazyTimer

RECEIVE_OCTETS = 1 << 16


_NOTHING = memoryview(b"")


class _PerThread(threading.local):
    buffer: memoryview | None = None


_SHARED = _PerThread()


def receive_buffer() -> memoryview:
    """The buffer to receive into: valid until the octets just received have been copied out."""
    if sys.platform == "win32":  # its event loop hands the buffer to the system and comes back later: one for each receive
        return memoryview(bytearray(RECEIVE_OCTETS >> 4))
    if _SHARED.buffer is None:
        _SHARED.buffer = memoryview(bytearray(RECEIVE_OCTETS))
    return _SHARED.buffer


class WrapperStream(asyncio.BufferedProtocol):
    """Base of a connection; the ends differ in what they do with a PDU and with the loss of the connection."""

    __slots__ = ("_buffer", "_closed", "_deframer", "_limits", "_loop", "_message_timer", "_reason", "_resumed", "_transport")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._deframer = WrapperDeframer(limits)
        self._message_timer = LazyTimer(self._loop, self._too_slow)
        self._buffer = _NOTHING
        self._reason: DlmsError | None = None
        self._resumed: asyncio.Event | None = None
        """What to wait for while the peer does not take what we send; an event for every connection would take 0.8 kB."""
        self._closed: asyncio.Future[None] = self._loop.create_future()

    def pdus_received(self, pdus: Sequence[WrapperPdu]) -> None:
        """Take the PDUs that have just become complete, never none."""
        raise NotImplementedError

    def lost(self, reason: DlmsError) -> None:
        """The connection is gone."""
        raise NotImplementedError

    @property
    def discarded(self) -> int:
        """PDUs dropped since no station has their wPorts."""
        return self._deframer.discarded

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = cast("asyncio.Transport", transport)  # which uvloop's are without saying so

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the loop may put what arrives."""
        self._buffer = receive_buffer()
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what has arrived."""
        octets = bytes(self._buffer[:nbytes])
        self._buffer = _NOTHING
        deframer = self._deframer
        if self._reason is not None:
            return
        waiting = deframer.pending
        pdus = deframer.feed(octets)
        if deframer.pending:
            if pdus or not waiting:
                self._message_timer.set(self._limits.message_seconds)
        elif waiting:
            self._message_timer.clear()
        if pdus:
            self.pdus_received(pdus)
        if deframer.broken is not None:
            self.abort(TransportError(f"what arrives is not the wrapper: {deframer.broken}"))

    def pause_writing(self) -> None:
        """The peer does not take what we send."""
        if self._resumed is None:
            self._resumed = asyncio.Event()

    def resume_writing(self) -> None:
        """The peer takes octets again."""
        self._wake_senders()

    def _wake_senders(self) -> None:
        if self._resumed is not None:
            self._resumed.set()
            self._resumed = None

    def connection_lost(self, error: Exception | None) -> None:
        """Say why, to whoever waits."""
        self._message_timer.cancel()
        if self._reason is None:
            self._reason = self.why_lost(error)
        self._wake_senders()
        if not self._closed.done():
            self._closed.set_result(None)
        self.lost(self._reason)

    def why_lost(self, error: Exception | None) -> DlmsError:
        """What a loss that we did not bring about means."""
        if error is not None:
            return TransportError(f"connection lost: {error}")
        if self._deframer.pending:
            return TransportError(f"connection closed by the peer {self._deframer.pending} octets into a message")
        return TransportError("connection closed by the peer")

    def abort(self, reason: DlmsError) -> None:
        """Drop the connection at once, unsent octets included."""
        if self._reason is None:
            self._reason = reason
        self._transport.abort()

    async def finish(self, seconds: float = 1.0) -> None:
        """Close when everything is sent, or at the latest after ``seconds``."""
        if self._reason is None:
            self._reason = TransportError("connection closed on this side")
        self._transport.close()
        done, _ = await asyncio.wait([self._closed], timeout=seconds)
        if not done:
            self._transport.abort()
            await self._closed

    def _too_slow(self) -> None:
        seconds = self._limits.message_seconds
        self.abort(TransportTimeout(f"slow peer: {self._deframer.pending} octets of a message in {seconds:g} s"))
