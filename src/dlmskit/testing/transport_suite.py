"""What every transport must do, as tests that a medium inherits: a class of its test module derives from `TransportSuite`.

    class TestMine(TransportSuite):
        @asynccontextmanager
        async def serving(self, handler_factory, limits):
            listener = await serve_mine(handler_factory=handler_factory, limits=limits)
            try:
                yield Medium(listener, lambda saps: MineTransport(listener.port, saps, limits))
            finally:
                await listener.close()

What the medium says of itself (`dlmskit.transport.base.TransportProfile`) decides what is asked of it. Needs `pytest`, which is
not a dependency of the package itself; the tests bring their own event loops and need no plug-in.
"""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

try:
    import pytest
except ImportError as error:  # pragma: no cover
    raise ImportError("dlmskit.testing.transport_suite needs pytest: pip install pytest") from error

from dlmskit.errors import LocalProtocolError, TransportError, TransportTimeout
from dlmskit.limits import Limits
from dlmskit.transport.base import BlockingTransport, Connection, HandlerFactory, Listener, Saps, Transport

PATIENT = Limits(response_seconds=10.0, message_seconds=10.0, inactivity_seconds=30.0)
QUIET_SECONDS = 0.2
"""How long a test waits for what must not come."""


@dataclass(frozen=True, slots=True)
class Medium:
    """A listener, and the ways to it; a client is not opened yet. ``blocking`` is None for a medium that asyncio alone serves."""

    listener: Listener
    client: Callable[[Saps], Transport]
    blocking: Callable[[Saps], BlockingTransport] | None = None


class Obedient:
    """A handler that answers each APDU with itself; some requests are orders."""

    def __init__(self, connection: Connection, made: list[Obedient]) -> None:
        self.connection = connection
        self.associated = False
        self.served: list[bytes] = []
        self.reason = ""
        made.append(self)

    def received(self, source: int, destination: int, apdu: bytes) -> tuple[bytes, ...]:
        """Do as the APDU says."""
        self.served.append(apdu)
        if apdu in {b"associate", b"release"}:
            self.associated = apdu == b"associate"
        if apdu == b"silence":
            return ()
        if apdu == b"twice":
            return apdu, apdu
        if apdu == b"saps":
            return (bytes((source, destination)),)
        if apdu == b"push":
            self.connection.send(destination, source, b"pushed")
            return ()
        if apdu == b"close":
            self.connection.close()
        if apdu == b"fail":
            raise TransportError("as ordered")
        return (apdu,)

    def lost(self, reason: str) -> None:
        """Remember why."""
        self.reason = reason


class TransportSuite(ABC):
    """The tests; a subclass says how its medium is served."""

    largest = 65_535
    """The largest APDU that the tests send; a slow medium may say less."""
    tells_of_leaving = True
    """The server learns at once that a client hangs up."""
    forgets_the_silent = True
    """The server drops a client that says nothing for ``Limits.inactivity_seconds``."""
    refuses_at_open = True
    """``open`` fails where nobody listens."""

    @abstractmethod
    def serving(self, handler_factory: HandlerFactory, limits: Limits) -> AbstractAsyncContextManager[Medium]:
        """Listen while the block runs, at an address of its own."""

    def _run(self, work: Callable[[Medium, list[Obedient]], Awaitable[None]], limits: Limits = PATIENT) -> None:
        made: list[Obedient] = []

        async def run() -> None:
            async with asyncio.timeout(30), self.serving(lambda connection: Obedient(connection, made), limits) as medium:
                await work(medium, made)

        asyncio.run(run())

    def test_requests_are_answered_in_order(self) -> None:
        """Several may be on their way."""

        async def work(medium: Medium, _: list[Obedient]) -> None:
            async with medium.client(Saps()) as client:
                most = min(self.largest, client.profile.max_apdu_send, client.profile.max_apdu_receive)
                sizes = [size for size in (1, 2, 124, 125, 126, 128, 700, 2040) if size <= most]
                requests = [bytes([number]) * size for number, size in enumerate(sizes, 1)]
                for request in requests:
                    await client.send(request)
                assert [await client.receive() for _ in requests] == requests

        self._run(work)

    def test_largest_apdu(self) -> None:
        """What the profile promises is carried both ways."""

        async def work(medium: Medium, _: list[Obedient]) -> None:
            async with medium.client(Saps()) as client:
                size = min(self.largest, client.profile.max_apdu_send, client.profile.max_apdu_receive)
                apdu = bytes(index * 7 & 0xFF for index in range(size))
                await client.send(apdu)
                assert await client.receive() == apdu

        self._run(work)

    def test_saps_reach_the_handler(self) -> None:
        """Client first, as the handler sees it."""

        async def work(medium: Medium, _: list[Obedient]) -> None:
            async with medium.client(Saps(client=32, server=17)) as client:
                assert client.saps == Saps(32, 17)
                await client.send(b"saps")
                assert await client.receive() == bytes((32, 17))

        self._run(work)

    def test_several_answers(self) -> None:
        """A request may have more than one."""

        async def work(medium: Medium, _: list[Obedient]) -> None:
            async with medium.client(Saps()) as client:
                await client.send(b"twice")
                assert [await client.receive(), await client.receive()] == [b"twice"] * 2

        self._run(work)

    def test_push(self) -> None:
        """A server speaks unasked, where the medium lets it."""

        async def work(medium: Medium, made: list[Obedient]) -> None:
            async with medium.client(Saps()) as client:
                if not client.profile.server_may_initiate:
                    return
                await client.send(b"push")
                assert await client.receive() == b"pushed"
                made[0].connection.send(client.saps.server, client.saps.client, b"unasked")
                assert await client.receive() == b"unasked"

        self._run(work)

    def test_no_answer_leaves_the_connection_usable(self) -> None:
        """A time-out is an error of one request."""

        async def work(medium: Medium, made: list[Obedient]) -> None:
            async with medium.client(Saps()) as client:
                await client.send(b"silence")
                with pytest.raises(TransportTimeout, match=r"no answer within 0\.2 s"):
                    await client.receive(QUIET_SECONDS)
                await client.send(b"again")
                assert await client.receive() == b"again"
                assert made[0].served == [b"silence", b"again"]

        self._run(work)

    def test_opening_and_closing(self) -> None:
        """What is not open says so; what was closed opens again."""

        async def work(medium: Medium, _: list[Obedient]) -> None:
            client = medium.client(Saps())
            with pytest.raises(TransportError, match="not open"):
                await client.send(b"early")
            with pytest.raises(TransportError, match="not open"):
                await client.receive(QUIET_SECONDS)
            for _round in range(2):
                async with client:
                    with pytest.raises(LocalProtocolError):
                        await client.open()
                    await client.send(b"here")
                    assert await client.receive() == b"here"
                await client.close()

        self._run(work)

    def test_nobody_listens(self) -> None:
        """Found out when opening, or at the latest when an answer is waited for."""
        kept: list[Medium] = []

        async def work(medium: Medium, _: list[Obedient]) -> None:
            await medium.listener.close()
            kept.append(medium)
            client = medium.client(Saps())
            if self.refuses_at_open:
                with pytest.raises(TransportError):
                    await client.open()
                return
            with pytest.raises(TransportError):
                async with client:
                    await client.send(b"anybody?")
                    await client.receive(QUIET_SECONDS)

        self._run(work)

    def test_a_receiver_that_gives_up_loses_nothing(self) -> None:
        """Cancelled while it waits; the answer goes to the next one."""

        async def work(medium: Medium, _: list[Obedient]) -> None:
            async with medium.client(Saps()) as client:
                waiting = asyncio.create_task(client.receive())
                await asyncio.sleep(0.01)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                await client.send(b"here")
                assert await client.receive() == b"here"

        self._run(work)

    def test_one_receiver_at_a_time(self) -> None:
        """A second one is told; the first is not disturbed."""

        async def work(medium: Medium, _: list[Obedient]) -> None:
            async with medium.client(Saps()) as client:
                waiting = asyncio.create_task(client.receive())
                await asyncio.sleep(0.01)
                with pytest.raises(LocalProtocolError):
                    await client.receive()
                await client.send(b"here")
                assert await waiting == b"here"

        self._run(work)

    def test_a_failing_handler_ends_its_connection_alone(self) -> None:
        """Another client is served as if nothing had happened."""

        async def work(medium: Medium, made: list[Obedient]) -> None:
            async with medium.client(Saps()) as bad:
                await bad.send(b"one")
                assert await bad.receive() == b"one"
                with contextlib.suppress(TransportError):
                    await bad.send(b"fail")
                    await bad.receive(QUIET_SECONDS)
                await _until(lambda: bool(made[0].reason))
            async with medium.client(Saps()) as good:
                await good.send(b"fine")
                assert await good.receive() == b"fine"

        self._run(work)

    def test_closing_by_the_server_is_told(self) -> None:
        """Where there is a connection: the answer still comes, then the news."""

        async def work(medium: Medium, made: list[Obedient]) -> None:
            async with medium.client(Saps()) as client:
                if not client.profile.connection_oriented:
                    return
                await client.send(b"associate")
                assert await client.receive() == b"associate"
                made[0].connection.close()
                with pytest.raises(TransportError):
                    await client.send(b"more")
                    await client.receive()
                await _until(lambda: bool(made[0].reason) and not medium.listener.connections)

        self._run(work)

    def test_a_leaving_client_ends_its_associations(self) -> None:
        """The handler is told, and the place is free."""

        async def work(medium: Medium, made: list[Obedient]) -> None:
            async with medium.client(Saps()) as client:
                await client.send(b"associate")
                assert await client.receive() == b"associate"
                assert medium.listener.connections == 1
            if client.profile.connection_oriented and self.tells_of_leaving:
                await _until(lambda: bool(made[0].reason) and not medium.listener.connections)

        self._run(work)

    def test_a_silent_client_is_forgotten(self) -> None:
        """Inactivity ends it (R-022, R-025)."""
        if not self.forgets_the_silent:
            return

        async def work(medium: Medium, made: list[Obedient]) -> None:
            client = medium.client(Saps())
            await client.open()
            await client.send(b"associate")
            assert await client.receive() == b"associate"
            await _until(lambda: bool(made[0].reason) and not medium.listener.connections)
            with contextlib.suppress(TransportError):
                await client.close()

        self._run(work, Limits(response_seconds=10.0, message_seconds=10.0, inactivity_seconds=0.3))

    def test_clients_without_asyncio(self) -> None:
        """The same calls mean the same."""

        async def work(medium: Medium, _: list[Obedient]) -> None:
            if medium.blocking is not None:
                await asyncio.to_thread(_blocking_session, medium.blocking(Saps()), self.largest)

        self._run(work)


def _blocking_session(client: BlockingTransport, largest: int) -> None:
    with pytest.raises(TransportError, match="not open"):
        client.send(b"early")
    size = min(largest, client.profile.max_apdu_send, client.profile.max_apdu_receive)
    for _ in range(2):
        with client:
            with pytest.raises(LocalProtocolError):
                client.open()
            for request in (b"one", bytes(300), bytes(size)):
                client.send(request)
                assert client.receive() == request
            client.send(b"twice")
            assert [client.receive(), client.receive()] == [b"twice"] * 2
            client.send(b"silence")
            with pytest.raises(TransportTimeout):
                client.receive(QUIET_SECONDS)
            client.send(b"again")
            assert client.receive() == b"again"
        with pytest.raises(TransportError, match="not open"):
            client.receive(QUIET_SECONDS)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event to give
            await asyncio.sleep(0.005)
