"""Clients whose link layer is a machine without input and output (HDLC, M-Bus): what both drivers share, and the one for asyncio.

The driver feeds the machine with octets and time and puts on the line what it says; link errors become transport errors.
The driver without asyncio is `dlmskit.transport.machine_blocking`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from dlmskit.errors import LocalProtocolError, TransportError, TransportTimeout
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.events import LinkDown, LinkUp, Received
from dlmskit.link.hdlc.events import ReceivedUnnumbered
from dlmskit.transport.base import Saps, Transport, TransportProfile
from dlmskit.transport.line import Line
from dlmskit.transport.timer import LazyTimer

QUEUED_APDUS = 64
"""APDUs that may wait to be received before the line is read no further."""
FAREWELL_SECONDS = 3.0
"""How long to wait for the answer to a disconnect, which changes nothing any more."""


class ClientMachine(Protocol):
    """A link layer of a client, as the drivers see it (see `dlmskit.link.hdlc.client.HdlcClient`)."""

    @property
    def sending(self) -> bool:
        """Whether something waits that has not gone out even once."""

    @property
    def receiving(self) -> bool:
        """Whether an APDU has begun to arrive."""

    @property
    def due(self) -> float | None:
        """When to call `tick`."""

    def connect(self, now: float) -> None:
        """Begin to set the link up."""

    def disconnect(self, now: float) -> None:
        """Begin to take it down."""

    def send(self, apdu: bytes, now: float) -> None:
        """Hand over an APDU."""

    def expect(self, now: float, *, wanted: bool = True) -> None:
        """Say whether an APDU is waited for."""

    def feed(self, octets: bytes, now: float) -> None:
        """Take octets of the line."""

    def tick(self, now: float) -> None:
        """Notice that time has passed."""

    def lost(self, reason: str) -> None:
        """The line is gone."""

    def output(self) -> bytes:
        """What must be put on the line now."""

    def take_events(self) -> Sequence[LinkUp | LinkDown | Received | ReceivedUnnumbered]:
        """What has happened."""


class ClientLink:
    """A machine and what came out of it: the part of a driver that needs neither loop nor thread."""

    def __init__(self, machine: ClientMachine) -> None:
        self.machine = machine
        self.arrived: deque[bytes] = deque()
        self.connected = False
        self.ended: TransportError | None = None
        """Why the link is down; it will not come up by itself."""

    @property
    def up(self) -> bool:
        """Whether the link can be used now."""
        return self.connected and self.ended is None

    def fail(self, reason: TransportError) -> None:
        """The link cannot be used any more."""
        self.ended = self.ended or reason

    def settle(self) -> None:
        """Take over what has happened."""
        for event in self.machine.take_events():
            if isinstance(event, LinkUp):
                self.connected = True
            elif isinstance(event, LinkDown):
                self.connected = False
                kind = TransportTimeout if event.silent else TransportError
                self.fail(kind(event.reason))
            else:
                self.arrived.append(event.apdu)


class MachineTransport(Transport):
    """An APDU pipe over a line and a machine (see `dlmskit.transport.base.Transport`)."""

    def __init__(
        self,
        line: Line,
        machine: Callable[[], ClientMachine],
        profile: TransportProfile,
        saps: Saps,
        limits: Limits = DEFAULT,
    ) -> None:
        self.saps = saps
        self.profile = profile
        self._line = line
        self._machine = machine
        self._limits = limits
        self._driver: _Driver | None = None

    def __repr__(self) -> str:
        return f"<{self.profile.name} {self._line!r} client={self.saps.client} server={self.saps.server}>"

    async def open(self) -> None:
        """Open the line, then the link on it."""
        if self._driver is not None:
            raise LocalProtocolError("this transport is open already")
        driver = self._driver = _Driver(self._machine(), self._limits, self._line.octet_seconds)
        try:
            await self._line.connect(lambda: driver)
            await driver.connect()
        except BaseException:
            self._driver = None
            await driver.abandon()
            raise

    async def send(self, apdu: bytes) -> None:
        """Hand over one APDU; returns when all of it has gone out."""
        await self._opened().send(apdu)

    async def receive(self, seconds: float | None = None) -> bytes:
        """The next APDU; the peer is asked for it where the link layer wants that."""
        return await self._opened().receive(self._limits.response_seconds if seconds is None else seconds)

    async def close(self) -> None:
        """Take the link down, and let the line go; another ``open`` makes a new one."""
        if self._driver is not None:
            driver, self._driver = self._driver, None
            await driver.finish()

    def _opened(self) -> _Driver:
        if self._driver is None:
            raise TransportError("the link is not open")
        return self._driver


class _Driver(asyncio.Protocol):
    def __init__(self, machine: ClientMachine, limits: Limits, octet_seconds: float) -> None:
        self._link = ClientLink(machine)
        self._limits = limits
        self._whole_seconds = limits.message_seconds + limits.frame_octets * octet_seconds
        self._loop = asyncio.get_running_loop()
        self._timer = LazyTimer(self._loop, self._expired)
        self._changed = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._gone = self._loop.create_future()
        self._receiving = False

    # --- called by the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._link.machine.feed(data, self._loop.time())
        self._pump()
        if len(self._link.arrived) >= QUEUED_APDUS and self._transport is not None:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        reason = "connection closed by the peer" if exc is None else f"connection lost: {exc}"
        self._link.machine.lost(reason)
        self._link.fail(TransportError(reason))
        self._pump()
        self._timer.cancel()
        if not self._gone.done():
            self._gone.set_result(None)

    def _expired(self) -> None:
        self._link.machine.tick(self._loop.time())
        self._pump()

    def _pump(self) -> None:
        """Put on the line what the machine says, wake who waits, and mind the time."""
        machine, transport = self._link.machine, self._transport
        octets = machine.output()
        if octets and transport is not None and not transport.is_closing():
            transport.write(octets)
        self._link.settle()
        due = machine.due
        if due is None:
            self._timer.clear()
        else:
            self._timer.set(max(due - self._loop.time(), 0.0))
        self._changed.set()

    # --- called by the transport

    async def connect(self) -> None:
        self._link.machine.connect(self._loop.time())
        self._pump()
        while not self._link.connected:
            self._raise_ended()
            await self._change()

    async def send(self, apdu: bytes) -> None:
        await self._sent()
        self._link.machine.send(apdu, self._loop.time())
        self._pump()
        await self._sent()

    async def _sent(self) -> None:
        self._raise_ended()
        while self._link.machine.sending:
            await self._change()
            self._raise_ended()

    async def receive(self, seconds: float) -> bytes:
        if self._receiving:
            raise LocalProtocolError("another task receives on this transport already")
        self._receiving = True
        try:
            async with asyncio.timeout(seconds) as deadline:
                extended = False
                while not self._link.arrived:
                    self._raise_ended()
                    if not extended and self._link.machine.receiving:
                        extended = True
                        deadline.reschedule(self._loop.time() + max(seconds, self._whole_seconds))
                    self._link.machine.expect(self._loop.time())
                    self._pump()
                    await self._change()
        except TimeoutError:
            raise self._overdue(seconds) from None
        finally:
            self._receiving = False
            self._link.machine.expect(self._loop.time(), wanted=False)
        apdu = self._link.arrived.popleft()
        if not self._link.arrived and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        return apdu

    def _overdue(self, seconds: float) -> TransportTimeout:
        if not self._link.machine.receiving:
            return TransportTimeout(f"no answer within {seconds:g} s")
        reason = TransportTimeout(f"slow peer: an APDU that began is not whole after {self._whole_seconds:g} s")
        self._link.ended = reason
        return reason

    async def finish(self) -> None:
        """Say goodbye, wait a little for the answer, close."""
        if self._link.up:
            self._link.machine.disconnect(self._loop.time())
            self._pump()
            try:
                async with asyncio.timeout(min(FAREWELL_SECONDS, self._limits.response_seconds)):
                    while self._link.up:
                        await self._change()
            except TimeoutError:
                pass
        await self.abandon()

    async def abandon(self) -> None:
        """Let the line go without a word."""
        self._timer.cancel()
        if self._transport is not None:
            self._transport.close()
            await asyncio.wait([self._gone], timeout=1.0)

    def _raise_ended(self) -> None:
        if self._link.ended is not None:
            raise self._link.ended

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
