"""UDP both sides on real sockets."""

import asyncio
import contextlib

import pytest

from dlmskit.errors import EncodeError, LocalProtocolError, TransportError, TransportTimeout
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.wrapper import encode_wrapper
from dlmskit.transport.udp import MAX_DATAGRAM_APDU, UdpTransport, serve_udp
from tests.transport.test_tcp import HANDLERS, Echo, until
from tests.vectors import load, parameters


@contextlib.asynccontextmanager
async def listening(limits: Limits = DEFAULT):
    HANDLERS.clear()
    listener = await serve_udp("127.0.0.1", 0, handler_factory=Echo, limits=limits)
    try:
        yield listener
    finally:
        await listener.close()


async def test_exchange_and_push():
    async with listening() as listener, UdpTransport("127.0.0.1", listener.port) as client:
        for request in (b"one", b"two"):
            await client.send(request)
            assert await client.receive() == request
        await client.send(b"push")
        assert await client.receive() == b"pushed"
        assert listener.connections == 1
        assert not client.profile.reliable


async def test_no_answer_and_nobody_there():
    async with listening() as listener:
        port = listener.port
        async with UdpTransport("127.0.0.1", port) as client:
            await client.send(b"silence")
            with pytest.raises(TransportTimeout):
                await client.receive(0.05)
            with pytest.raises(LocalProtocolError):
                await client.open()
            with pytest.raises(EncodeError):
                await client.send(bytes(MAX_DATAGRAM_APDU + 1))
    async with UdpTransport("127.0.0.1", port) as client:
        await client.send(b"anybody?")
        with pytest.raises(TransportError):
            await client.receive(1)
    with pytest.raises(TransportError, match="not open"):
        await client.send(b"x")


@pytest.mark.case("R-016")
@pytest.mark.parametrize(
    "entry",
    parameters([entry for entry in load("wrapper", "must_reject") if "hex" in entry and "unknown" not in entry["id"]])
    + parameters([{**entry, "hex": entry["datagram"]} for entry in load("wrapper", "udp") if entry.get("result") == "drop"]),
)
async def test_bad_datagram_is_dropped_and_the_next_one_served(entry):
    async with listening() as listener, UdpTransport("127.0.0.1", listener.port) as client:
        client._carrier.send(bytes.fromhex(entry["hex"]), None)
        await client.send(b"good")
        assert await client.receive() == b"good"
        assert (listener.discarded, listener.connections) == (1, 1)


async def test_client_drops_what_is_not_for_it():
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    async with UdpTransport(*server.get_extra_info("sockname")) as client:
        address = ("127.0.0.1", client.local_port)
        for octets in (b"", b"noise", encode_wrapper(2, 16, b"other"), encode_wrapper(1, 16, b"ours")):
            server.sendto(octets, address)
        assert await client.receive() == b"ours"
        assert client.discarded >= 2
    server.close()


async def test_amplification_without_association():
    class Generous(Echo):
        def received(self, source, destination, apdu):
            self.associated = self.associated or apdu == b"associate"
            return (bytes(200),)

    listener = await serve_udp("127.0.0.1", 0, handler_factory=Generous)
    async with UdpTransport("127.0.0.1", listener.port) as client:
        await client.send(b"short")
        with pytest.raises(TransportTimeout):
            await client.receive(0.1)
        assert listener.withheld == 1
        await client.send(bytes(100))
        assert await client.receive() == bytes(200)
        await client.send(b"associate")
        assert await client.receive() == bytes(200)
    await listener.close()


@pytest.mark.case("R-024")
async def test_peers_are_bounded_and_forgotten():
    limits = Limits(connections=3, inactivity_seconds=0.2)
    async with listening(limits) as listener, contextlib.AsyncExitStack() as stack:
        honest = await stack.enter_async_context(UdpTransport("127.0.0.1", listener.port))
        await honest.send(b"associate")
        await honest.receive()
        for _ in range(10):
            other = await stack.enter_async_context(UdpTransport("127.0.0.1", listener.port))
            await other.send(b"x")
            await other.receive()
        assert listener.connections == 3
        await honest.send(b"still here")
        assert await honest.receive() == b"still here"
        assert not HANDLERS[0].reason
        await until(lambda: not listener.connections)
        assert all(handler.reason for handler in HANDLERS)


async def test_failing_handler_ends_its_peer_alone():
    async with listening() as listener, UdpTransport("127.0.0.1", listener.port) as client:
        await client.send(b"fail")
        await until(lambda: HANDLERS and HANDLERS[0].reason)
        await client.send(b"fine")
        assert await client.receive() == b"fine"
        with pytest.raises(TransportError, match="cannot listen"):
            await serve_udp("127.0.0.1", listener.port, handler_factory=Echo)
