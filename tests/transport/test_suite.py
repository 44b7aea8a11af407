"""Every medium through the suite that all transports share; what is particular to one stands in its own module."""

from contextlib import asynccontextmanager

from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.events import LinkSettings
from dlmskit.link.hdlc.parameters import HdlcParameters
from dlmskit.link.mbus_link import MBusTimes
from dlmskit.testing.transport_suite import Medium, TransportSuite
from dlmskit.transport.hdlc import BlockingHdlcTransport, HdlcEnds, HdlcTransport
from dlmskit.transport.hdlc_server import serve_hdlc_tcp
from dlmskit.transport.line import TcpLine
from dlmskit.transport.mbus import BlockingMBusTransport, MBusTransport, serve_mbus_tcp
from dlmskit.transport.memory import BlockingMemoryTransport, MemoryClientTransport, serve_memory
from dlmskit.transport.tcp import TcpTransport
from dlmskit.transport.tcp_blocking import BlockingTcpTransport
from dlmskit.transport.tcp_server import serve_tcp
from dlmskit.transport.udp import UdpTransport, serve_udp

QUICK_MBUS = MBusTimes(response=0.3, poll=0.05)


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


class TestHdlcOverTcp(TransportSuite):
    settings = LinkSettings()

    @asynccontextmanager
    async def serving(self, handler_factory, limits):
        listener = await serve_hdlc_tcp("127.0.0.1", 0, stations=handler_factory, limits=limits)
        port = listener.port

        def ends(saps):
            return HdlcEnds(client_address(saps.client), server_address(saps.server), self.settings)

        try:
            yield Medium(
                listener,
                lambda saps: HdlcTransport(TcpLine("127.0.0.1", port), ends(saps), saps, limits),
                lambda saps: BlockingHdlcTransport(TcpLine("127.0.0.1", port), ends(saps), saps, limits),
            )
        finally:
            await listener.close()


class TestHdlcWithWideWindows(TestHdlcOverTcp):
    settings = LinkSettings(HdlcParameters(2030, 2030, 7, 7))


class TestMBusOverTcp(TransportSuite):
    @asynccontextmanager
    async def serving(self, handler_factory, limits):
        listener = await serve_mbus_tcp("127.0.0.1", 0, stations=handler_factory, limits=limits)
        port = listener.port
        try:
            yield Medium(
                listener,
                lambda saps: MBusTransport(TcpLine("127.0.0.1", port), 1, saps, limits, QUICK_MBUS),
                lambda saps: BlockingMBusTransport(TcpLine("127.0.0.1", port), 1, saps, limits, QUICK_MBUS),
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
