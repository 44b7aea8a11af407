"""A server that talks without end, and listens to nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def talking(line: bytes, *, much: bool) -> AsyncIterator[int]:
    """Its port. Says its line now and then, or as often as it can. It has to have been left when the block ends."""
    left = asyncio.Event()

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(line * 100 if much else line)
                await writer.drain()
                await asyncio.sleep(0 if much else 0.05)
        except OSError:
            left.set()
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])
        async with asyncio.timeout(30):
            await left.wait()
