"""TCP both sides on real sockets: exchange, splits, deadlines, floods. Times are short; nothing here waits for long."""

import asyncio
import contextlib
import socket
import threading
import time

import pytest
import uvloop

from dlmskit.errors import LocalProtocolError, TransportError, TransportTimeout
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.wrapper import encode_wrapper
from dlmskit.transport.base import Saps
from dlmskit.transport.tcp import TcpTransport
from dlmskit.transport.tcp_blocking import BlockingTcpTransport
from dlmskit.transport.tcp_server import TcpListener, serve_tcp
from tests.vectors import load

REQUESTS = [bytes.fromhex(entry["apdu"]) for entry in load("wrapper", "tcp") if "apdu" in entry]
QUICK = Limits(response_seconds=0.15, message_seconds=0.2, inactivity_seconds=5.0)


class Echo:
    """Answers each APDU with itself behind the wPorts it came by; some requests are orders to the test's server."""

    def __init__(self, connection) -> None:
        self.connection = connection
        self.associated = False
        self.reason = ""
        self.heard: list[bytes] = []
        HANDLERS.append(self)

    def received(self, source: int, destination: int, apdu: bytes) -> tuple[bytes, ...]:
        self.heard.append(apdu)
        if apdu == b"associate":
            self.associated = True
        if apdu == b"release":
            self.associated = False
        if apdu == b"silence":
            return ()
        if apdu == b"twice":
            return apdu, apdu
        if apdu == b"push":
            self.connection.send(destination, source, b"pushed")
            return ()
        if apdu == b"close":
            self.connection.close()
        if apdu == b"fail":
            raise TransportError("as ordered")
        return (apdu,)

    def lost(self, reason: str) -> None:
        self.reason = reason


HANDLERS: list[Echo] = []


@contextlib.asynccontextmanager
async def listening(limits: Limits = DEFAULT):
    HANDLERS.clear()
    listener = await serve_tcp("127.0.0.1", 0, handler_factory=Echo, limits=limits)
    try:
        yield listener
    finally:
        await listener.close()


@contextlib.asynccontextmanager
async def raw(listener: TcpListener):
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def foreign(serve):
    """A server that is not ours, by a function of reader and writer."""
    writers = []

    async def connected(reader, writer):
        writers.append(writer)
        with contextlib.suppress(OSError):
            await serve(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def until(condition, seconds: float = 2.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event to give
            await asyncio.sleep(0.005)


async def test_requests_are_answered_in_order():
    async with listening() as listener, TcpTransport("127.0.0.1", listener.port) as client:
        for request in REQUESTS:
            await client.send(request)
        assert [await client.receive() for _ in REQUESTS] == REQUESTS


async def test_largest_apdu():
    async with listening() as listener, TcpTransport("127.0.0.1", listener.port) as client:
        await client.send(bytes(65535))
        assert await client.receive() == bytes(65535)


async def test_push_and_several_answers():
    async with listening() as listener, TcpTransport("127.0.0.1", listener.port) as client:
        await client.send(b"push")
        assert await client.receive() == b"pushed"
        await client.send(b"twice")
        assert [await client.receive(), await client.receive()] == [b"twice"] * 2


async def test_wports_are_those_of_the_transport():
    async with listening() as listener, TcpTransport("127.0.0.1", listener.port, Saps(client=1, server=17)) as client:
        await client.send(b"push")
        await client.receive()
        assert (client.saps, client.profile.max_apdu_send) == (Saps(1, 17), 65535)


@pytest.mark.case("R-016")
async def test_apdu_between_other_wports_is_dropped():
    async def answer(reader, writer):
        await reader.readexactly(10)
        writer.write(encode_wrapper(2, 16, b"other") + encode_wrapper(1, 17, b"other") + encode_wrapper(1, 16, b"ours"))

    async with foreign(answer) as port, TcpTransport("127.0.0.1", port) as client:
        await client.send(b"ab")
        assert await client.receive() == b"ours"
        assert client.discarded == 2


@pytest.mark.case("R-017")
@pytest.mark.parametrize("step", [1, 3, 10, 1000])
async def test_pieces_do_not_matter(step):
    requests = b"".join(encode_wrapper(16, 1, request) for request in REQUESTS)
    answers = b"".join(encode_wrapper(1, 16, request) for request in REQUESTS)
    async with listening() as listener, raw(listener) as (reader, writer):
        for at in range(0, len(requests), step):
            writer.write(requests[at : at + step])
            await writer.drain()
            await asyncio.sleep(0)
        assert await reader.readexactly(len(answers)) == answers


@pytest.mark.case("R-016")
@pytest.mark.parametrize("octets", ["000200100001000DC0", "0001001000010000", "FFFFFFFFFFFFFFFF"])
async def test_what_is_no_wrapper_closes_the_connection(octets):
    async with listening() as listener, raw(listener) as (reader, writer):
        writer.write(encode_wrapper(16, 1, b"first") + bytes.fromhex(octets))
        assert await reader.read() in {b"", encode_wrapper(1, 16, b"first")}
        await until(lambda: HANDLERS[0].reason)
        assert "not the wrapper" in HANDLERS[0].reason
        assert (listener.connections, listener.counts.failed) == (0, 1)


@pytest.mark.case("R-015")
async def test_announced_message_that_does_not_come():
    async with listening(QUICK) as listener, raw(listener) as (reader, writer):
        writer.write(bytes.fromhex("000100100001FFFF") + bytes(10))
        assert await reader.read() == b""
        await until(lambda: not listener.connections)
        assert "slow peer: 18 octets" in HANDLERS[0].reason


@pytest.mark.case("R-023")
async def test_slow_sender_is_cut_off_by_the_deadline_of_the_whole_message():
    octets = encode_wrapper(16, 1, bytes(1000))
    async with listening(QUICK) as listener, raw(listener) as (reader, writer):
        start = asyncio.get_running_loop().time()
        for at in range(len(octets)):
            if writer.is_closing() or (not listener.connections and at > 1):
                break
            writer.write(octets[at : at + 1])
            await asyncio.sleep(0.01)
        assert 0.15 < asyncio.get_running_loop().time() - start < 2
        assert listener.counts.failed == 1
        assert "slow peer" in HANDLERS[0].reason
        with contextlib.suppress(OSError):
            assert await reader.read() == b""


@pytest.mark.case("R-023")
async def test_message_deadline_counts_for_each_message_alone():
    octets = encode_wrapper(16, 1, b"silence") * 8
    async with listening(Limits(message_seconds=0.5)) as listener, raw(listener) as (_, writer):
        for at in range(0, len(octets), 4):  # each message takes 80 ms, all of them longer than one may take
            writer.write(octets[at : at + 4])
            await asyncio.sleep(0.02)
        assert (listener.connections, listener.counts.failed) == (1, 0)


@pytest.mark.case("R-023")
async def test_client_cuts_off_a_slow_server():
    async def trickle(reader, writer):
        for octet in encode_wrapper(1, 16, bytes(1000)):
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(0.01)

    async with foreign(trickle) as port, TcpTransport("127.0.0.1", port, limits=QUICK) as client:
        with pytest.raises(TransportTimeout, match="slow peer"):
            await client.receive(60)
        with pytest.raises(TransportTimeout):
            await client.receive()
    with BlockingServer(trickle) as address, BlockingTcpTransport(*address, limits=QUICK) as blocking:
        with pytest.raises(TransportTimeout, match="slow peer"):
            await asyncio.to_thread(blocking.receive, 0.1)
        with pytest.raises(TransportError):
            blocking.send(b"x")


async def test_no_answer_in_time_leaves_the_connection_usable():
    async with listening() as listener, TcpTransport("127.0.0.1", listener.port, limits=QUICK) as client:
        await client.send(b"silence")
        with pytest.raises(TransportTimeout, match=r"no answer within 0\.15 s"):
            await client.receive()
        with pytest.raises(TimeoutError):
            await client.receive(0.01)
        await client.send(b"again")
        assert await client.receive(2) == b"again"


async def test_answer_is_not_lost_when_the_caller_gives_up():
    async with listening() as listener, TcpTransport("127.0.0.1", listener.port) as client:
        waiting = asyncio.create_task(client.receive())
        await asyncio.sleep(0)
        with pytest.raises(LocalProtocolError):
            await client.receive()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await client.send(b"here")
        assert await client.receive() == b"here"


async def test_unread_pushes_are_bounded_and_all_come():
    async with listening() as listener, TcpTransport("127.0.0.1", listener.port) as client:
        for _ in range(300):
            await client.send(b"push")
        await asyncio.sleep(0.05)
        assert [await client.receive() for _ in range(300)] == [b"pushed"] * 300


async def test_unread_apdus_of_a_talkative_server_stay_in_the_network():
    async def flood(reader, writer):
        writer.write(encode_wrapper(1, 16, b"x") * 200_000)
        await writer.drain()
        await reader.read()

    async with foreign(flood) as port, TcpTransport("127.0.0.1", port) as client:
        await asyncio.sleep(0.1)
        assert 64 <= len(client._opened()._arrived) < 10_000  # what one full buffer holds
        assert await client.receive() == b"x"


@pytest.mark.case("R-023")
async def test_chatter_that_is_not_for_us_does_not_move_the_deadline():
    """Whole and begun PDUs come all the time, but none that answers."""
    chatter = encode_wrapper(1, 99, b"not for you")

    async def talk(reader, writer):
        writer.write(chatter[:6])
        while True:
            writer.write(chatter[6:] + chatter[:6])
            await writer.drain()
            await asyncio.sleep(0.01)

    async with foreign(talk) as port, TcpTransport("127.0.0.1", port, limits=QUICK) as client:
        async with asyncio.timeout(2):
            with pytest.raises(TransportTimeout, match="no answer"):
                await client.receive()
    with BlockingServer(talk) as address, BlockingTcpTransport(*address, limits=QUICK) as blocking:
        async with asyncio.timeout(2):
            with pytest.raises(TransportTimeout):
                await asyncio.to_thread(blocking.receive)


async def test_closing_is_told():
    async with listening() as listener, TcpTransport("127.0.0.1", listener.port) as client:
        await client.send(b"associate")
        await client.receive()
        HANDLERS[0].connection.close()
        with pytest.raises(TransportError, match="closed by the peer"):
            await client.receive()
        with pytest.raises(TransportError):
            await client.send(b"more")
        await client.close()
        with pytest.raises(TransportError, match="not open"):
            await client.send(b"more")
        await client.open()
        with pytest.raises(LocalProtocolError):
            await client.open()
        await client.send(b"again")
        assert await client.receive() == b"again"


async def test_last_answer_is_sent_before_the_handler_closes():
    async with listening() as listener, TcpTransport("127.0.0.1", listener.port) as client:
        await client.send(b"close")
        assert await client.receive() == b"close"
        with pytest.raises(TransportError, match="closed by the peer"):
            await client.receive()


async def test_connection_refused_and_not_answering():
    async with listening() as listener:
        port = listener.port
    with pytest.raises(TransportError, match="no connection"):
        await TcpTransport("127.0.0.1", port).open()
    with pytest.raises(TransportError, match="no connection"):
        BlockingTcpTransport("127.0.0.1", port).open()
    async with listening() as listener:
        with pytest.raises(TransportError, match="cannot listen"):
            await serve_tcp("127.0.0.1", listener.port, handler_factory=Echo)


async def test_failing_handler_ends_its_connection_alone():
    async with (
        listening() as listener,
        TcpTransport("127.0.0.1", listener.port) as bad,
        TcpTransport("127.0.0.1", listener.port) as good,
    ):
        await bad.send(b"fail")
        with pytest.raises(TransportError):
            await bad.receive()
        await good.send(b"fine")
        assert await good.receive() == b"fine"


async def test_silent_connection_is_dropped():
    limits = Limits(inactivity_seconds=0.1)
    async with listening(limits) as listener, TcpTransport("127.0.0.1", listener.port) as client:
        await client.send(b"associate")
        await client.receive()
        await until(lambda: not listener.connections)
        assert listener.counts.inactive == 1
        assert "nothing received" in HANDLERS[0].reason


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_process_that_was_held_up_takes_no_peer_for_silent(run):
    async def exchange():
        async with listening(Limits(inactivity_seconds=0.1)) as listener, TcpTransport("127.0.0.1", listener.port) as client:
            await client.send(b"associate")
            await client.receive()

            def held_up(source, destination, apdu):
                peer.sendall(encode_wrapper(16, 1, b"in time"))
                time.sleep(0.2)  # nothing in the process runs meanwhile
                return ()

            HANDLERS[0].received = held_up  # type: ignore[method-assign]  # the one request that holds the process up
            with socket.create_connection(("127.0.0.1", listener.port)) as peer:
                await until(lambda: listener.connections == 2)
                await client.send(b"work")
                await until(lambda: (len(HANDLERS) == 2 and HANDLERS[1].heard) or not listener.connections)
                assert HANDLERS[1].heard == [b"in time"]

    run(exchange())


@pytest.mark.case("R-024")
async def test_flood_displaces_the_oldest_that_has_no_association():
    limits = Limits(connections=8, pending_connections=4)
    async with listening(limits) as listener, TcpTransport("127.0.0.1", listener.port) as honest:
        await honest.send(b"associate")
        await honest.receive()
        flood = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(30)]
        await until(lambda: listener.counts.accepted == 31)
        assert (listener.connections, listener.counts.displaced) == (5, 26)
        await honest.send(b"still here")
        assert await honest.receive() == b"still here"
        assert await asyncio.wait_for(flood[0][0].read(), 1) == b""
        for _, writer in flood:
            writer.close()


@pytest.mark.case("R-024")
async def test_connections_that_all_have_associations_stay():
    limits = Limits(connections=3, pending_connections=3)
    async with listening(limits) as listener, contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(TcpTransport("127.0.0.1", listener.port)) for _ in range(3)]
        for client in clients:
            await client.send(b"associate")
            await client.receive()
        async with raw(listener) as (reader, _):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        assert (listener.connections, listener.counts.refused) == (3, 1)
        await clients[0].send(b"release")
        await clients[0].receive()
        async with TcpTransport("127.0.0.1", listener.port) as newer:
            await newer.send(b"new")
            assert await newer.receive() == b"new"
            assert listener.counts.displaced == 1


async def test_peer_that_does_not_read_is_not_served_on():
    """Many requests with long answers: what is unread stays bounded, and everything comes once the peer reads."""
    request = encode_wrapper(16, 1, bytes(60_000))
    async with listening() as listener, raw(listener) as (reader, writer):
        sending = asyncio.create_task(_send_all(writer, request * 200))
        await asyncio.sleep(0.2)
        (stream,) = listener._pending
        assert stream._transport.get_write_buffer_size() < 1_000_000
        assert not sending.done()
        answers = await asyncio.wait_for(reader.readexactly(len(request) * 200), 10)
        await sending
        assert answers == encode_wrapper(1, 16, bytes(60_000)) * 200


async def _send_all(writer: asyncio.StreamWriter, octets: bytes) -> None:
    writer.write(octets)
    await writer.drain()


async def test_many_small_requests_at_once():
    request = encode_wrapper(16, 1, b"x")
    async with listening() as listener, raw(listener) as (reader, writer):
        writer.write(request * 5000)
        assert await asyncio.wait_for(reader.readexactly(len(request) * 5000), 10) == encode_wrapper(1, 16, b"x") * 5000


def test_uvloop_serves_the_same():
    async def exchange() -> list[bytes]:
        async with listening() as listener, TcpTransport("127.0.0.1", listener.port) as client:
            for request in (*REQUESTS, b"push", bytes(65535)):
                await client.send(request)
            return [await client.receive() for _ in range(len(REQUESTS) + 2)]

    assert uvloop.run(exchange()) == [*REQUESTS, b"pushed", bytes(65535)]


class BlockingServer:
    """A server in a thread of its own, for clients that block."""

    def __init__(self, serve=None) -> None:
        self._serve = serve
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    async def _run(self) -> None:
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        if self._serve is None:
            async with listening() as listener:
                await self._wait(listener.port)
        else:
            async with foreign(self._serve) as port:
                await self._wait(port)

    async def _wait(self, port: int) -> None:
        self._port = port
        self._started.set()
        await self._stop.wait()

    def __enter__(self) -> tuple[str, int]:
        self._thread.start()
        self._started.wait(5)
        return "127.0.0.1", self._port

    def __exit__(self, *error) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)


def test_blocking_client():
    with BlockingServer() as address, BlockingTcpTransport(*address, limits=QUICK) as client:
        for request in (*REQUESTS, bytes(65535)):
            client.send(request)
            assert client.receive(2) == request
        client.send(b"twice")
        assert [client.receive(2), client.receive(2)] == [b"twice"] * 2
        client.send(b"silence")
        with pytest.raises(TransportTimeout, match=r"no answer within 0\.15 s"):
            client.receive()
        with pytest.raises(LocalProtocolError):
            client.open()
        client.send(b"fail")
        with pytest.raises(TransportError, match=r"closed by the peer|connection lost"):
            client.receive(2)
        with pytest.raises(TransportError, match="not open"):
            client.receive()
        client.open()
        client.send(b"again")
        assert client.receive(2) == b"again"


def test_blocking_client_refuses_what_is_no_wrapper():
    async def nonsense(reader, writer):
        writer.write(encode_wrapper(1, 16, b"good") + encode_wrapper(9, 16, b"other") + b"\xff" * 20)
        await writer.drain()

    with BlockingServer(nonsense) as address, BlockingTcpTransport(*address) as client:
        assert client.receive() == b"good"
        assert client.discarded == 1
        with pytest.raises(TransportError, match="not the wrapper"):
            client.receive()
