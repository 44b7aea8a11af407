"""Every medium through the suite that all transports share; what is particular to one stands in its own module."""

from contextlib import asynccontextmanager

from dlmskit.testing.transport_suite import Medium, TransportSuite
from dlmskit.transport.memory import BlockingMemoryTransport, MemoryClientTransport, serve_memory
from dlmskit.transport.tcp import TcpTransport
from dlmskit.transport.tcp_blocking import BlockingTcpTransport
from dlmskit.transport.tcp_server import serve_tcp
from dlmskit.transport.udp import UdpTransport, serve_udp


class TestMemory(TransportSuite):
    forgets_the_silent = False  # nothing gets lost inside a process

    @asynccontextmanager
    async def serving(self, handler_factory, limits):
        listener = serve_memory("suite", handler_factory)
        try:
            yield Medium(
                listener,
                lambda saps: MemoryClientTransport("suite", saps, limits),
                lambda saps: BlockingMemoryTransport("suite", saps, limits),
            )
        finally:
            await listener.close()


class TestTcp(TransportSuite):
    @asynccontextmanager
    async def serving(self, handler_factory, limits):
        listener = await serve_tcp("127.0.0.1", 0, handler_factory=handler_factory, limits=limits)
        port = listener.port
        try:
            yield Medium(
                listener,
                lambda saps: TcpTransport("127.0.0.1", port, saps, limits),
                lambda saps: BlockingTcpTransport("127.0.0.1", port, saps, limits),
            )
        finally:
            await listener.close()


class TestUdp(TransportSuite):
    refuses_at_open = False

    @asynccontextmanager
    async def serving(self, handler_factory, limits):
        listener = await serve_udp("127.0.0.1", 0, handler_factory=handler_factory, limits=limits)
        port = listener.port
        try:
            yield Medium(listener, lambda saps: UdpTransport("127.0.0.1", port, saps, limits))
        finally:
            await listener.close()
