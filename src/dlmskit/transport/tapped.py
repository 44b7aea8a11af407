"""A transport that lets somebody look on: every APDU that passes is told, in both directions, protection still on."""

from __future__ import annotations

from collections.abc import Callable

from dlmskit.transport.base import BlockingTransport, Saps, Transport

ApduSink = Callable[[bool, Saps, bytes], None]
"""Told whether the client sent it, between which SAPs, and the APDU. What it does must be quick."""


class TappedTransport(Transport):
    """Another transport, with somebody who looks on."""

    def __init__(self, inner: Transport, sink: ApduSink) -> None:
        self._inner = inner
        self._sink = sink
        self.saps = inner.saps

    async def open(self) -> None:
        """Open the inner one, whose profile may change by it."""
        await self._inner.open()
        self.profile = self._inner.profile

    async def send(self, apdu: bytes) -> None:
        """Tell, and send."""
        self._sink(True, self.saps, apdu)
        await self._inner.send(apdu)

    async def receive(self, seconds: float | None = None) -> bytes:
        """Receive, and tell."""
        apdu = await self._inner.receive(seconds)
        self._sink(False, self.saps, apdu)
        return apdu

    async def close(self) -> None:
        """Close the inner one."""
        await self._inner.close()


class TappedBlockingTransport(BlockingTransport):
    """The same without asyncio."""

    def __init__(self, inner: BlockingTransport, sink: ApduSink) -> None:
        self._inner = inner
        self._sink = sink
        self.saps = inner.saps

    def open(self) -> None:
        """Open the inner one, whose profile may change by it."""
        self._inner.open()
        self.profile = self._inner.profile

    def send(self, apdu: bytes) -> None:
        """Tell, and send."""
        self._sink(True, self.saps, apdu)
        self._inner.send(apdu)

    def receive(self, seconds: float | None = None) -> bytes:
        """Receive, and tell."""
        apdu = self._inner.receive(seconds)
        self._sink(False, self.saps, apdu)
        return apdu

    def close(self) -> None:
        """Close the inner one."""
        self._inner.close()
