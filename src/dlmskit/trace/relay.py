"""A TCP relay that lets somebody look on: what one side sends, the other gets, and the sink is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from dlmskit.errors import TransportError

OctetSink = Callable[[int, bool, bytes], None]
"""Told the number of the connection, whether the client sent it, and the octets; none when the connection has ended."""
_READ = 1 << 14
_CONNECT_SECONDS = 10.0
MOST_CONNECTIONS = 64


class Relay:
    """Listens at ``here`` and passes every connection on to ``there``, while its block runs."""

    def __init__(self, here: tuple[str, int], there: tuple[str, int], sink: OctetSink) -> None:
        self.unreached = 0
        """Connections that the other side did not take."""
        self._here = here
        self._there = there
        self._sink = sink
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._number = 0

    @property
    def port(self) -> int:
        """Where it listens; the number that the system chose when 0 was asked for."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server is not None else 0

    async def __aenter__(self) -> Self:
        host, port = self._here
        try:
            self._server = await asyncio.start_server(self._connected, host, port)
        except OSError as error:
            raise TransportError(f"cannot listen at {host}:{port}: {error.strerror or error}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._tasks) >= MOST_CONNECTIONS:
            writer.close()
            return
        self._tasks.add(task)
        self._number += 1
        try:
            await self._pass_on(self._number, reader, writer)
        except asyncio.CancelledError:
            pass  # the relay ends
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _pass_on(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                back, forth = await asyncio.open_connection(*self._there)
        except OSError:
            self.unreached += 1
            return
        try:
            ways = [
                asyncio.create_task(self._way(number, reader, forth, from_client=True)),
                asyncio.create_task(self._way(number, back, writer, from_client=False)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            forth.close()
            self._sink(number, True, b"")

    async def _way(self, number: int, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, from_client: bool) -> None:
        try:
            while octets := await source.read(_READ):
                self._sink(number, from_client, octets)
                target.write(octets)
                await target.drain()
        except OSError:
            return
