"""A man in the middle of a TCP connection of wrapped APDUs: everything passes through his hands, both ways, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Self
from urllib.parse import urlsplit

from dlmskit.errors import DlmsError
from dlmskit.link.wrapper import HEADER_OCTETS, decode_header, encode_wrapper

Touch = Callable[[bytes], Sequence[bytes]]
"""What is passed on in place of an APDU: itself, nothing, others with it."""


def untouched(apdu: bytes) -> Sequence[bytes]:
    """Pass it on as it is."""
    return (apdu,)


class Middle:
    """Stands at an address of his own; ``requests`` and ``responses`` say what he does."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: Touch = untouched
        self.responses: Touch = untouched
        self.seen: list[tuple[str, bytes]] = []
        """Every APDU that came to him, and from which side: ``client`` or ``server``."""

    @property
    def url(self) -> str:
        """Where he waits for clients."""
        assert self._server is not None
        return f"tcp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, downstream = await asyncio.open_connection(self._host, self._port)
        both = [
            asyncio.create_task(self._pass("client", reader, downstream)),
            asyncio.create_task(self._pass("server", upstream, writer)),
        ]
        self._tasks.update(both)
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        for end in (writer, downstream):
            end.close()

    async def _pass(self, side: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for source, destination, apdu in apdus(reader):
            self.seen.append((side, apdu))
            touched = (self.requests if side == "client" else self.responses)(apdu)
            writer.writelines(encode_wrapper(source, destination, one) for one in touched)
            await writer.drain()

    def of(self, side: str) -> list[bytes]:
        """What came from one side."""
        return [apdu for whose, apdu in self.seen if whose == side]


async def apdus(reader: asyncio.StreamReader) -> AsyncIterator[tuple[int, int, bytes]]:
    """Source, destination and APDU of every frame, until the connection ends."""
    while True:
        try:
            source, destination, length = decode_header(await reader.readexactly(HEADER_OCTETS))
            yield source, destination, await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError, DlmsError):
            return


@asynccontextmanager
async def listening(answer: Callable[[bytes], Sequence[bytes]]) -> AsyncIterator[str]:
    """Somebody who only says what he is told to: ``answer`` gives what is sent back for an APDU. The URL where he waits."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for source, destination, apdu in apdus(reader):
            writer.writelines(encode_wrapper(destination, source, one) for one in answer(apdu))
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
