"""Media of stations and frames on asyncio, both sides: a carrier moves frames, an adaptation makes SDUs of them.

A new medium of this kind is a `Carrier` (a socket, a radio, a modem), a `dlmskit.link.adaptation.Adaptation` where none fits yet,
and a profile; everything else is here. The server's side keeps one conversation and one handler for each peer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from dlmskit.errors import DlmsError, LocalProtocolError, TransportError, TransportTimeout
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.adaptation import Adaptation, Sdu
from dlmskit.transport.base import ConnectionHandler, HandlerFactory, Saps, Transport, TransportProfile
from dlmskit.transport.carriers import Address, Carrier, Conversation, MakeAdaptation
from dlmskit.transport.timer import LazyTimer

_LOG = logging.getLogger("dlmskit.transport")
AMPLIFICATION = 3
"""A peer without association gets no answer above this many times its request: its address may be forged."""
_HEADER = 8
"""Octets that count for the headers around an APDU in that comparison, as the wrapper has them."""
_QUEUED_APDUS = 64


class StationTransport(Transport):
    """An APDU pipe to one station (see `dlmskit.transport.base.Transport`)."""

    def __init__(
        self,
        carrier: Carrier,
        peer: Address,
        adaptation: MakeAdaptation,
        profile: TransportProfile,
        saps: Saps | None = None,
        limits: Limits = DEFAULT,
    ) -> None:
        self.saps = saps or Saps()
        self.profile = profile
        self._carrier = carrier
        self._peer = peer
        self._make = adaptation
        self._limits = limits
        self._arrived: deque[bytes] = deque(maxlen=_QUEUED_APDUS)
        self._waiter: asyncio.Future[None] | None = None
        self._failure: TransportError | None = None
        self._conversation: Conversation | None = None
        self._strange = 0

    def __repr__(self) -> str:
        where = self._carrier.shown(self._peer)
        return f"<{type(self).__name__} {where} client={self.saps.client} server={self.saps.server}>"

    @property
    def discarded(self) -> int:
        """Frames that were dropped, and APDUs between other SAPs than ours."""
        return self._strange + (self._conversation.adaptation.discarded if self._conversation is not None else 0)

    async def open(self) -> None:
        """Open the carrier; the peer is not asked."""
        if self._conversation is not None:
            raise LocalProtocolError("this transport is open already")
        conversation = Conversation(self._make(), self._transmit, self._take, self._give_up)
        self._conversation = conversation
        self._arrived.clear()
        self._failure = None
        try:
            await self._carrier.open(self._received, self._failed)
        except BaseException:
            self._conversation = None
            raise

    async def send(self, apdu: bytes) -> None:
        """Hand one APDU to the medium; whether it arrives, the answer will tell."""
        conversation = self._opened()
        self._failure = None
        conversation.submit(Sdu(self.saps.client, self.saps.server, apdu))

    async def receive(self, seconds: float | None = None) -> bytes:
        """The next APDU from our server's SAP to ours; the usual time includes the round trip of the medium."""
        self._opened()
        if seconds is None:
            seconds = self._limits.response_seconds + self.profile.round_trip_seconds
        if self._waiter is not None:
            raise LocalProtocolError("another task receives on this transport already")
        try:
            async with asyncio.timeout(seconds):
                while not self._arrived:
                    if self._failure is not None:
                        raise self._failure
                    self._waiter = asyncio.get_running_loop().create_future()
                    await self._waiter
        except TransportError:
            raise
        except TimeoutError:
            raise TransportTimeout(f"no answer within {seconds:g} s") from None
        finally:
            self._waiter = None
        return self._arrived.popleft()

    async def close(self) -> None:
        """Close the carrier."""
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            conversation.end()
            self._carrier.close()
            self._failed(TransportError("closed on this side"))

    def _opened(self) -> Conversation:
        if self._conversation is None:
            raise TransportError("the transport is not open")
        return self._conversation

    def _transmit(self, frame: bytes) -> None:
        self._carrier.send(frame, self._peer)

    def _received(self, frame: bytes, sender: Address) -> None:
        if self._conversation is not None and sender == self._peer:
            self._conversation.receive(frame)

    def _take(self, sdu: Sdu) -> None:
        if (sdu.source, sdu.destination) == (self.saps.server, self.saps.client):
            self._arrived.append(sdu.apdu)
            self._wake()
        else:
            self._strange += 1

    def _give_up(self, reason: str) -> None:
        self._failed(TransportError(reason))

    def _failed(self, error: Exception) -> None:
        self._failure = error if isinstance(error, TransportError) else TransportError(f"the peer cannot be reached: {error}")
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class StationListener:
    """A running server (see `dlmskit.transport.base.Listener`); made by `serve_stations`."""

    def __init__(
        self,
        carrier: Carrier,
        adaptation: MakeAdaptation,
        handler_factory: HandlerFactory,
        limits: Limits,
        round_trip_seconds: float = 0.0,
    ) -> None:
        self.withheld = 0
        """Answers not sent: too long for a peer without association."""
        self.limits = limits
        self.round_trip_seconds = round_trip_seconds
        """Of the medium: a peer is silent for so long without being gone."""
        self._carrier = carrier
        self._make = adaptation
        self._handler_factory = handler_factory
        self._strange = 0
        self._peers: dict[Address, _Peer] = {}  # the one heard longest ago comes first

    @property
    def port(self) -> int:
        """Where it listens, 0 for a medium without ports."""
        return self._carrier.port

    @property
    def connections(self) -> int:
        """Peers that have a handler now."""
        return len(self._peers)

    @property
    def discarded(self) -> int:
        """Frames that were dropped."""
        return self._strange + sum(peer.discarded for peer in self._peers.values())

    async def start(self) -> None:
        """Listen. Raises TransportError when the carrier cannot be opened."""
        await self._carrier.open(self._received, lambda error: _LOG.info("%s", error))

    async def close(self) -> None:
        """Stop listening; every handler is told."""
        self._carrier.close()
        for peer in tuple(self._peers.values()):
            peer.end("the server stops")

    def transmit(self, frame: bytes, address: Address) -> None:
        """Send one frame."""
        self._carrier.send(frame, address)

    def forget(self, address: Address, discarded: int) -> None:
        """A peer is gone."""
        if self._peers.pop(address, None) is not None:
            self._strange += discarded

    def serve(self, handler: ConnectionHandler, sdu: Sdu) -> list[bytes]:
        """The answers to one request, as far as they may be sent."""
        answers = list(handler.received(sdu.source, sdu.destination, sdu.apdu))
        allowed = AMPLIFICATION * (len(sdu.apdu) + _HEADER)
        if not handler.associated and sum(len(answer) + _HEADER for answer in answers) > allowed:
            self.withheld += len(answers)
            return []
        return answers

    def _received(self, frame: bytes, address: Address) -> None:
        peer = self._peers.pop(address, None) or self._admitted(address)
        if peer is None:
            self._strange += 1
            return
        self._peers[address] = peer
        peer.receive(frame)

    def _admitted(self, address: Address) -> _Peer | None:
        if len(self._peers) >= self.limits.connections:
            idle = next((peer for peer in self._peers.values() if not peer.associated), None)
            if idle is None:
                return None
            idle.end("made room for a newer peer: no association was open")
        return _Peer(self, address, self._carrier.shown(address), self._make(), self._handler_factory)


class _Peer:
    """One peer, as its handler sees it. The handler is made with the first whole APDU: a stray frame costs little."""

    reliable = False

    def __init__(
        self, listener: StationListener, address: Address, peer: str, adaptation: Adaptation, handler_factory: HandlerFactory
    ) -> None:
        self.peer = peer
        self.round_trip_seconds = listener.round_trip_seconds
        self._listener = listener
        self._address = address
        self._handler_factory = handler_factory
        self._handler: ConnectionHandler | None = None
        self._inactivity = LazyTimer(asyncio.get_running_loop(), lambda: self.end("inactivity"))
        self._conversation = Conversation(adaptation, self._transmit, self._serve, self._failed)

    @property
    def associated(self) -> bool:
        return self._handler is not None and self._handler.associated

    @property
    def discarded(self) -> int:
        return self._conversation.adaptation.discarded

    def receive(self, frame: bytes) -> None:
        self._inactivity.set(self._listener.limits.inactivity_seconds + self.round_trip_seconds)
        self._conversation.receive(frame)
        if self._handler is None and self._conversation.adaptation.due is None:
            self.end("nothing of it was whole")

    def send(self, source: int, destination: int, apdu: bytes) -> None:
        self._conversation.submit(Sdu(source, destination, apdu))

    def close(self) -> None:
        self.end("closed by the server")

    def end(self, reason: str) -> None:
        self._inactivity.cancel()
        self._conversation.end()
        self._listener.forget(self._address, self.discarded)
        handler, self._handler = self._handler, None
        if handler is not None:
            handler.lost(reason)

    def _transmit(self, frame: bytes) -> None:
        self._listener.transmit(frame, self._address)

    def _serve(self, sdu: Sdu) -> None:
        if self._handler is None:
            self._handler = self._handler_factory(self)
        try:
            for answer in self._listener.serve(self._handler, sdu):
                self._conversation.submit(Sdu(sdu.destination, sdu.source, answer))
        except DlmsError as error:
            self.end(f"the request could not be served: {error}")

    def _failed(self, reason: str) -> None:
        _LOG.info("%s: %s", self.peer, reason)


async def serve_stations(
    carrier: Carrier,
    adaptation: MakeAdaptation,
    *,
    handler_factory: HandlerFactory,
    limits: Limits = DEFAULT,
    round_trip_seconds: float = 0.0,
) -> StationListener:
    """Listen on a carrier. ``handler_factory`` is called once for each peer. Raises TransportError."""
    listener = StationListener(carrier, adaptation, handler_factory, limits, round_trip_seconds)
    await listener.start()
    return listener
