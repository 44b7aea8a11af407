"""Associations without a whole meter around them, on real TCP sockets: for what the facade has no words for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from dlmskit.association import AssociationTable, Exchange, ServerAssociation
from dlmskit.association.ports import Tell
from dlmskit.transport.base import Connection, Saps
from dlmskit.transport.tcp import TcpTransport
from dlmskit.transport.tcp_server import serve_tcp
from tests.association.peers import Pair

T = TypeVar("T")


class Handler:
    """Serves the server's association of a pair, whoever connects."""

    def __init__(self, server: ServerAssociation, connection: Connection) -> None:
        self._table = AssociationTable(lambda client, sap, has_room: server)
        self.associated = False

    def received(self, source: int, destination: int, apdu: bytes) -> Sequence[bytes]:
        return self._table.receive(source, destination, apdu)

    def lost(self, reason: str) -> None:
        self._table.lower_layer_lost()


class Wire:
    """Client and server of a pair, with a TCP connection in place of memory between them."""

    def __init__(self, pair: Pair, transport: TcpTransport) -> None:
        self.pair = pair
        self.transport = transport

    async def run(self, exchange: Exchange[T]) -> T:
        try:
            out: Any = next(exchange)
            while True:
                for apdu in out:
                    await self.transport.send(apdu)
                out = exchange.send(b"" if isinstance(out, Tell) else await self.transport.receive())
        except StopIteration as done:
            return done.value


@asynccontextmanager
async def wired(pair: Pair, saps: Saps | None = None) -> AsyncIterator[Wire]:
    """The pair on a connection that is open."""
    listener = await serve_tcp("127.0.0.1", 0, handler_factory=lambda connection: Handler(pair.server, connection))
    try:
        async with TcpTransport("127.0.0.1", listener.port, saps) as transport:
            yield Wire(pair, transport)
    finally:
        await listener.close()
