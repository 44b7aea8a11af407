"""A gateway: meters in networks behind it, reached by clients in front of it with the gateway protocol, over any transport.

It forwards, holds no keys and looks into no APDU. One client connection with one pair of SAPs has a way of its own to each meter
that it asks for; the ways end with the connection, so the associations of the meters do too. An unknown network or device is not
answered (the counts and the log tell). Nothing here grows without a bound: ways, APDUs that wait for a meter, pushes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from dlmskit.errors import DecodeError, DlmsError, TransportTimeout
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.gateway import REQUEST, RESPONSE, decode_gateway
from dlmskit.transport.base import Connection, ConnectionHandler, HandlerFactory, Saps, Transport
from dlmskit.transport.gateway import DeviceAddress
from dlmskit.transport.url import parse_url, transport_to

_LOG = logging.getLogger("dlmskit.transport")
Route = Callable[[Saps], Transport]
"""The way to a device, or to the head end, for a pair of SAPs: a new transport, not opened."""


def route_to(url: str, limits: Limits = DEFAULT) -> Route:
    """The way to an address; the SAPs come from the client. Raises ConfigError."""
    target = parse_url(url)
    return lambda saps: transport_to(replace(target, saps=saps), limits)


WAITING_APDUS = 8
"""What may wait for one meter while it is being reached; more is dropped."""
WAITING_PUSHES = 64
"""What may wait for the head end."""
_SOON = 0.1
"""Seconds of inactivity that nobody counts."""


@dataclass(slots=True)
class GatewayCounts:
    """What a gateway has done since its start."""

    forwarded: int = 0
    answered: int = 0
    pushed: int = 0
    malformed: int = 0
    """Requests whose prefix could not be read, or had no business there."""
    unknown: int = 0
    """Requests for, and pushes from, devices that are not ours."""
    overloaded: int = 0
    """APDUs dropped since too many waited."""
    unreached: int = 0
    """Ways that could not be opened, or broke; pushes that did not get through."""


class Gateway:
    """Forwards between clients and ``devices``; use `connected` as handler factory of a listener, and `close` it in the end.

    ``local`` serves what has no prefix (a gateway may be a COSEM server itself), ``push_to`` is the way to the head end.
    """

    def __init__(
        self,
        devices: Mapping[DeviceAddress, Route],
        *,
        local: HandlerFactory | None = None,
        push_to: Route | None = None,
        limits: Limits = DEFAULT,
    ) -> None:
        self.devices = devices
        self.limits = limits
        self.counts = GatewayCounts()
        self.ways: set[_Way] = set()
        self._local = local
        self._push_to = push_to
        self._pushes: asyncio.Queue[tuple[Saps, bytes]] = asyncio.Queue(WAITING_PUSHES)
        self._pusher: asyncio.Task[None] | None = None

    def connected(self, connection: Connection) -> ConnectionHandler:
        """A client in front."""
        return _Front(self, connection, None if self._local is None else self._local(connection))

    def network(self, identify: Callable[[str], DeviceAddress | None]) -> HandlerFactory:
        """For a listener behind: devices that connect by themselves to push. ``identify`` tells who has a printable address."""
        return lambda connection: _Behind(self, identify(connection.peer), connection.peer)

    def push(self, device: DeviceAddress, source: int, destination: int, apdu: bytes) -> None:
        """Send on what a device said unasked, from its SAP ``source`` to the client SAP ``destination`` of the head end."""
        if device not in self.devices:
            self.counts.unknown += 1
        elif self._push_to is None or self._pushes.full():
            self.counts.overloaded += 1
        else:
            # On the way to the head end the server is the one who calls.
            self._pushes.put_nowait((Saps(client=source, server=destination), device.response(apdu)))
            if self._pusher is None:
                self._pusher = asyncio.create_task(self._send_pushes(self._push_to))

    async def close(self) -> None:
        """Leave every device; pushes that wait are dropped."""
        tasks = [way.task for way in self.ways]
        if self._pusher is not None:
            tasks.append(self._pusher)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_pushes(self, push_to: Route) -> None:
        while True:
            saps, octets = await self._pushes.get()
            try:
                async with push_to(saps) as transport:
                    await transport.send(octets)
            except DlmsError as error:
                self.counts.unreached += 1
                _LOG.warning("a push did not reach the head end: %s", error)
            else:
                self.counts.pushed += 1


class _Front:
    """A client's connection to the gateway."""

    def __init__(self, gateway: Gateway, connection: Connection, local: ConnectionHandler | None) -> None:
        self.gateway = gateway
        self.connection = connection
        self.heard = False
        """A meter has answered through this connection, so it is more than a stranger."""
        self._local = local
        self._ways: dict[tuple[DeviceAddress, Saps], _Way] = {}

    @property
    def associated(self) -> bool:
        return (self.heard and bool(self._ways)) or (self._local is not None and self._local.associated)

    def received(self, source: int, destination: int, apdu: bytes) -> Sequence[bytes]:
        counts = self.gateway.counts
        if not apdu or apdu[0] not in {REQUEST, RESPONSE}:
            return () if self._local is None else self._local.received(source, destination, apdu)
        try:
            pdu = decode_gateway(apdu)
        except DecodeError as error:
            counts.malformed += 1
            _LOG.info("%s: %s", self.connection.peer, error)
            return ()
        device = DeviceAddress(pdu.network_id, pdu.address)
        if not pdu.request:
            counts.malformed += 1
        elif device not in self.gateway.devices:
            counts.unknown += 1
            _LOG.info("%s asks for %s, which is not here", self.connection.peer, device)
        else:
            self._forward(device, Saps(source, destination), pdu.apdu)
        return ()

    def lost(self, reason: str) -> None:
        for way in tuple(self._ways.values()):
            way.leave()
        if self._local is not None:
            self._local.lost(reason)

    def ended(self, way: _Way) -> None:
        """A way is gone; the next request makes a new one."""
        if self._ways.get((way.device, way.saps)) is way:
            del self._ways[way.device, way.saps]

    def _forward(self, device: DeviceAddress, saps: Saps, apdu: bytes) -> None:
        gateway = self.gateway
        way = self._ways.get((device, saps))
        if way is None and len(gateway.ways) >= gateway.limits.connections:
            gateway.counts.overloaded += 1
            return
        if way is None:
            way = self._ways[device, saps] = _Way(self, device, saps)
        if way.waiting.full():
            gateway.counts.overloaded += 1
            return
        way.waiting.put_nowait(apdu)
        gateway.counts.forwarded += 1


_LEFT = b""
"""In place of an APDU: nothing more comes."""


class _Way:
    """From one client connection to one device, for a pair of SAPs."""

    def __init__(self, front: _Front, device: DeviceAddress, saps: Saps) -> None:
        self.device = device
        self.saps = saps
        self.waiting: asyncio.Queue[bytes] = asyncio.Queue(WAITING_APDUS)
        self._front = front
        self._gateway = front.gateway
        self._active = 0.0
        self._gateway.ways.add(self)
        self.task = asyncio.create_task(self._run())

    def leave(self) -> None:
        """The client has gone. What it sent before still goes on its way: a push is sent, and nobody waits for an answer."""
        if self.waiting.full():
            self.task.cancel()
        else:
            self.waiting.put_nowait(_LEFT)

    async def _run(self) -> None:
        try:
            transport = self._gateway.devices[self.device](self.saps)
            async with transport:
                sending = asyncio.create_task(self._send(transport))
                try:
                    await self._receive(transport, sending)
                finally:
                    sending.cancel()
                    await asyncio.gather(sending, return_exceptions=True)
        except DlmsError as error:
            self._gateway.counts.unreached += 1
            _LOG.warning("%s for %s: %s", self.device, self._front.connection.peer, error)
        finally:
            self._gateway.ways.discard(self)
            self._front.ended(self)

    async def _send(self, transport: Transport) -> None:
        while True:
            apdu = await self.waiting.get()
            if apdu == _LEFT:
                self.task.cancel()
                return
            self._touch()
            await transport.send(apdu)

    async def _receive(self, transport: Transport, sending: asyncio.Task[None]) -> None:
        """Carry the answers until the way breaks or nothing has passed for ``Limits.inactivity_seconds``."""
        quiet = self._gateway.limits.inactivity_seconds
        clock = asyncio.get_running_loop().time
        self._touch()
        while not sending.done():
            due = self._active + quiet
            try:
                apdu = await transport.receive(max(due - clock(), 0.0))
            except TransportTimeout:
                if clock() + _SOON < due:
                    raise  # not silence: a peer that stopped in the middle of a message
                if clock() + _SOON >= self._active + quiet:
                    return
                continue
            self._touch()
            self._front.heard = True
            self._gateway.counts.answered += 1
            self._front.connection.send(self.saps.server, self.saps.client, self.device.response(apdu))
        await sending  # raises what ended it

    def _touch(self) -> None:
        self._active = asyncio.get_running_loop().time()


class _Behind:
    """A device that has connected by itself."""

    associated = False

    def __init__(self, gateway: Gateway, device: DeviceAddress | None, peer: str) -> None:
        self._gateway = gateway
        self._device = device
        self._peer = peer

    def received(self, source: int, destination: int, apdu: bytes) -> Sequence[bytes]:
        if self._device is None:
            self._gateway.counts.unknown += 1
            _LOG.info("a push from %s, which is no device of ours", self._peer)
        else:
            self._gateway.push(self._device, source, destination, apdu)
        return ()

    def lost(self, reason: str) -> None:
        """Nothing hangs on it."""
