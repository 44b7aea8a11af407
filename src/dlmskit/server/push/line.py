"""Pushes over a line that the client holds open: HDLC, M-Bus. The server speaks when the link lets it, to whoever is there.

Nothing is dialled: where nobody is connected at the port, the attempt fails and is repeated as the Push setup says.
"""

from __future__ import annotations

from collections.abc import Iterable

from dlmskit.errors import TransportError, TransportTimeout
from dlmskit.transport.base import Connection, Saps, Transport, TransportProfile

_PROFILE = TransportProfile(name="line", max_apdu_send=0xFFFF, max_apdu_receive=0)


class LineTransport(Transport):
    """The open connections of one port, as a transport that only sends. ``saps.client`` is who sends, as for every push."""

    profile = _PROFILE

    def __init__(self, connections: Iterable[Connection], port: str, saps: Saps) -> None:
        self._connections = tuple(connections)
        self._port = port
        self.saps = saps

    async def open(self) -> None:
        """Raises TransportError where nobody is connected."""
        if not self._connections:
            raise TransportError(f"nobody is connected at port {self._port}")

    async def send(self, apdu: bytes) -> None:
        """Hand the APDU to every connection; the link sends it when it may."""
        for connection in self._connections:
            connection.send(self.saps.client, self.saps.server, apdu)

    async def receive(self, seconds: float | None = None) -> bytes:
        """Nothing is heard here: what the client sends goes to its association."""
        raise TransportTimeout("a push over a line is not confirmed")

    async def close(self) -> None:
        """The connections stay: they are the client's."""
