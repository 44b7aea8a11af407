"""Transports inside one process."""

import asyncio

import pytest

from dlmskit.errors import LocalProtocolError, TransportError, TransportTimeout
from dlmskit.transport.base import Saps
from dlmskit.transport.memory import BlockingMemoryTransport, MemoryClientTransport, memory_pair, serve_memory
from tests.transport.test_tcp import HANDLERS, Echo


@pytest.fixture
async def listener():
    HANDLERS.clear()
    listener = serve_memory("Meter 1", Echo)
    yield listener
    await listener.close()


async def test_pair():
    here, there = memory_pair(Saps(1, 2))
    await here.send(b"a")
    await there.send(b"b")
    assert (await there.receive(), await here.receive()) == (b"a", b"b")
    with pytest.raises(TransportTimeout):
        await here.receive(0.01)
    waiting = asyncio.create_task(there.receive())
    await asyncio.sleep(0)
    await here.send(b"c")
    assert await waiting == b"c"
    await here.send(b"last")
    await here.close()
    assert await there.receive() == b"last"
    for end in (here, there):
        with pytest.raises(TransportError, match="closed"):
            await end.receive()
    with pytest.raises(TransportError):
        await here.send(b"x")
    with pytest.raises(TransportError):
        await here.open()


async def test_client_of_a_listener(listener):
    async with MemoryClientTransport("Meter 1") as client:
        await client.send(b"twice")
        assert [await client.receive(), await client.receive()] == [b"twice"] * 2
        await client.send(b"push")
        assert await client.receive() == b"pushed"
        with pytest.raises(TransportTimeout):
            await client.receive(0.01)
        with pytest.raises(LocalProtocolError):
            await client.open()
        assert listener.connections == 1
        await listener.close()
        with pytest.raises(TransportError, match="closed by the peer"):
            await client.receive()
        with pytest.raises(TransportError):
            await client.send(b"x")
    assert HANDLERS[0].reason
    with pytest.raises(TransportError, match="nobody listens"):
        await client.open()


def test_blocking_client_of_a_listener():
    listener = serve_memory("blocking", Echo)
    with pytest.raises(TransportError, match="already"):
        serve_memory("blocking", Echo)
    with BlockingMemoryTransport("blocking") as client:
        client.send(b"a")
        assert client.receive() == b"a"
        with pytest.raises(TransportTimeout):
            client.receive()
    with pytest.raises(TransportError):
        client.receive()
    asyncio.run(listener.close())
