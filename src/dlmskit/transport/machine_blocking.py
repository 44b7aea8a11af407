"""The driver of link machines without asyncio: for programs without an event loop, one thread at a time."""

from __future__ import annotations

import time
from collections.abc import Callable

from dlmskit.errors import LocalProtocolError, TransportError, TransportTimeout
from dlmskit.limits import DEFAULT, Limits
from dlmskit.transport.base import BlockingTransport, Saps, TransportProfile
from dlmskit.transport.line import BlockingOctets, Line
from dlmskit.transport.machine import FAREWELL_SECONDS, ClientLink, ClientMachine


class BlockingMachineTransport(BlockingTransport):
    """An APDU pipe over a line and a machine (see `dlmskit.transport.base.BlockingTransport`).

    Nothing happens between two calls: what the peer says meanwhile is read by the next one.
    """

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
        self._whole_seconds = limits.message_seconds + limits.frame_octets * line.octet_seconds
        self._octets: BlockingOctets | None = None
        self._link = ClientLink(machine())

    def __repr__(self) -> str:
        return f"<{self.profile.name} {self._line!r} client={self.saps.client} server={self.saps.server}>"

    def open(self) -> None:
        """Open the line, then the link on it."""
        if self._octets is not None:
            raise LocalProtocolError("this transport is open already")
        self._octets = self._line.connect_blocking()
        self._link = ClientLink(self._machine())
        try:
            self._link.machine.connect(time.monotonic())
            self._run(lambda: self._link.connected)
        except BaseException:
            self._let_go()
            raise

    def send(self, apdu: bytes) -> None:
        """Hand over one APDU; returns when all of it has gone out."""
        self._opened()
        machine = self._link.machine
        self._run(lambda: not machine.sending)
        machine.send(apdu, time.monotonic())
        self._run(lambda: not machine.sending)

    def receive(self, seconds: float | None = None) -> bytes:
        """The next APDU; the peer is asked for it where the link layer wants that."""
        self._opened()
        seconds = self._limits.response_seconds if seconds is None else seconds
        link, due = self._link, time.monotonic() + seconds
        extended = False
        try:
            while not link.arrived:
                now = time.monotonic()
                if link.machine.receiving and not extended:
                    extended, due = True, max(due, now + self._whole_seconds)
                if now >= due:
                    raise self._overdue(seconds)
                link.machine.expect(now)
                self._turn(due)
        finally:
            link.machine.expect(time.monotonic(), wanted=False)
        return link.arrived.popleft()

    def close(self) -> None:
        """Take the link down, and let the line go; another ``open`` makes a new one."""
        if self._octets is None:
            return
        link, due = self._link, time.monotonic() + min(FAREWELL_SECONDS, self._limits.response_seconds)
        try:
            if link.up:
                link.machine.disconnect(time.monotonic())
            while link.up and time.monotonic() < due:
                self._turn(due)
        except TransportError:
            pass  # it was to end anyway
        finally:
            self._let_go()

    def _overdue(self, seconds: float) -> TransportTimeout:
        if not self._link.machine.receiving:
            return TransportTimeout(f"no answer within {seconds:g} s")
        reason = TransportTimeout(f"slow peer: an APDU that began is not whole after {self._whole_seconds:g} s")
        self._link.ended = reason
        return reason

    def _run(self, done: Callable[[], bool]) -> None:
        """Drive the machine until something holds; it ends every wait of its own."""
        self._flush()
        while not done():
            if self._link.ended is not None:
                raise self._link.ended
            self._turn(time.monotonic() + self._limits.message_seconds)

    def _turn(self, latest: float) -> None:
        """Wait for octets or for the machine's time, whichever comes first."""
        octets = self._opened()
        machine = self._link.machine
        self._flush()
        if self._link.ended is not None:
            raise self._link.ended
        due = latest if machine.due is None else min(latest, machine.due)
        try:
            arrived = octets.read(max(due - time.monotonic(), 0.0))
        except TransportError as error:
            machine.lost(str(error))
            self._link.settle()
            self._link.fail(error)
            raise
        now = time.monotonic()
        if arrived:
            machine.feed(arrived, now)
        machine.tick(now)
        self._flush()

    def _flush(self) -> None:
        said = self._link.machine.output()
        if said:
            self._opened().write(said, self._limits.message_seconds)
        self._link.settle()

    def _opened(self) -> BlockingOctets:
        if self._octets is None:
            raise TransportError("the link is not open")
        return self._octets

    def _let_go(self) -> None:
        if self._octets is not None:
            self._octets.close()
            self._octets = None
