"""Proxies on real sockets that do to a connection what a bad network does: for UDP datagrams, and for TCP streams that are cut.

Both stand between a client and a server of any make. What befalls a message is drawn from a seeded `Weather`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import cast

from dlmskit.testing.air import AirCounts, Weather

Address = tuple[str, int]
Received = Callable[[bytes, Address], None]


class UdpProxy:
    """Datagrams between any clients and one server, with losses, doubles, spoiled and late ones."""

    def __init__(self, server: Address, weather: Weather, seed: int) -> None:
        self.weather = weather
        self.counts = AirCounts()
        self.port = 0
        self._server = server
        self._random = Random(seed)  # noqa: S311 - a simulation that can be repeated
        self._front: asyncio.DatagramTransport | None = None
        self._backs: dict[Address, asyncio.DatagramTransport] = {}
        self._opening: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen at a port that the system chooses."""
        front = _Datagrams(self._from_client)
        self._front, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: front, local_addr=("127.0.0.1", 0))
        self.port = int(self._front.get_extra_info("sockname")[1])

    async def close(self) -> None:
        """Stop; what is on its way is lost."""
        for endpoint in (self._front, *self._backs.values()):
            if endpoint is not None:
                endpoint.close()
        await asyncio.sleep(0.01)  # sockets are closed in the next turns of the loop

    def _from_client(self, datagram: bytes, client: Address) -> None:
        task = asyncio.get_running_loop().create_task(self._forward(datagram, client))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _forward(self, datagram: bytes, client: Address) -> None:
        back = self._backs.get(client)
        if back is None:
            protocol = _Datagrams(lambda answer, _: self._pass(answer, self._front, client))
            loop = asyncio.get_running_loop()
            back, _ = await loop.create_datagram_endpoint(lambda: protocol, remote_addr=self._server)
            back = self._backs.setdefault(client, back)
        self._pass(datagram, back, None)

    def _pass(self, datagram: bytes, to: asyncio.DatagramTransport | None, address: Address | None) -> None:
        weather, counts, random = self.weather, self.counts, self._random
        counts.sent += 1
        counts.octets += len(datagram)
        if random.random() < weather.loss:
            counts.lost += 1
            return
        doubled = random.random() < weather.doubling
        counts.doubled += doubled
        for _ in range(2 if doubled else 1):
            copy = datagram
            if random.random() < weather.corruption:
                counts.corrupted += 1
                copy = spoiled(datagram, random)
            delay = weather.delay + random.random() * weather.jitter
            asyncio.get_running_loop().call_later(delay, _send, to, copy, address)


class TcpProxy:
    """A TCP connection to one server; after so many octets, counted both ways, it is cut. Octets may be spoiled on the way."""

    def __init__(self, server: Address, weather: Weather, seed: int, cut_after: int | None = None) -> None:
        self.weather = weather
        self.counts = AirCounts()
        self.cut_after = cut_after
        self.port = 0
        self._server = server
        self._random = Random(seed)  # noqa: S311 - a simulation that can be repeated
        self._listener: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen at a port that the system chooses."""
        self._listener = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = int(self._listener.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening, and cut what goes on."""
        if self._listener is not None:
            self._listener.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await asyncio.sleep(0.01)  # sockets are closed in the next turns of the loop

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._server)
        except OSError:
            writer.close()
            return
        ways = [asyncio.create_task(self._pump(source, sink)) for source, sink in ((reader, far_writer), (far_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for end in (writer, far_writer):
                end.transport.abort()
                with contextlib.suppress(OSError):
                    await end.wait_closed()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while octets := await source.read(1 << 14):
                left = None if self.cut_after is None else max(self.cut_after - self.counts.octets, 0)
                passing = octets if left is None else octets[:left]
                self.counts.sent += 1
                self.counts.octets += len(octets)
                if passing and self._random.random() < self.weather.corruption:
                    self.counts.corrupted += 1
                    passing = spoiled(passing, self._random)
                await asyncio.sleep(self.weather.delay)
                sink.write(passing)
                await sink.drain()
                if left is not None and len(octets) >= left:
                    return


def spoiled(octets: bytes, random: Random) -> bytes:
    """Octets with one of them changed, some left out behind a place, or some put in."""
    at, kind = random.randrange(len(octets)), random.randrange(3)
    if kind == 0:
        return octets[:at]
    if kind == 1:
        return octets[:at] + random.randbytes(3) + octets[at:]
    return octets[:at] + bytes([octets[at] ^ random.randrange(1, 256)]) + octets[at + 1 :]


@asynccontextmanager
async def udp_proxy(server: Address, weather: Weather, seed: int = 0) -> AsyncIterator[UdpProxy]:
    """A UDP proxy while the block runs; ``port`` is where clients go."""
    proxy = UdpProxy(server, weather, seed)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()


@asynccontextmanager
async def tcp_proxy(
    server: Address, weather: Weather | None = None, seed: int = 0, *, cut_after: int | None = None
) -> AsyncIterator[TcpProxy]:
    """A TCP proxy while the block runs; it cuts the connection after ``cut_after`` octets."""
    proxy = TcpProxy(server, weather or Weather(delay=0.0), seed, cut_after)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()


def _send(to: asyncio.DatagramTransport | None, datagram: bytes, address: Address | None) -> None:
    if to is not None and not to.is_closing():
        to.sendto(datagram, address)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, received: Received) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        self._received(data, cast("Address", addr))
