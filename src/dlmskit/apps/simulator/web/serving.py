"""The page of faults on a socket, in the loop of the meters: what is ordered there happens at once, and it ends with them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

from dlmskit.apps.simulator.page_address import PageAddress
from dlmskit.errors import ConfigError, TransportError

if TYPE_CHECKING:
    from dlmskit.apps.simulator.fault_desk import FaultDesk

_PROBE = 0.02


@asynccontextmanager
async def served_page(address: PageAddress, desk: FaultDesk) -> AsyncIterator[str]:
    """Serve the page while the block runs; its URL, with the token. Raises ConfigError without the extra, TransportError."""
    try:
        from granian.constants import HTTPModes, Interfaces
        from granian.server.embed import Server

        from dlmskit.apps.simulator.web.app import make_app
        from dlmskit.apps.simulator.web.guard import Guard
    except ImportError as error:
        raise ConfigError(
            f"the page of faults needs the extra web ({error.name} is missing): pip install 'dlmskit[web]'"
        ) from error
    with closing(_reserved(address)) as reserved:
        port: int = reserved.getsockname()[1]
        guard = Guard(make_app(desk), address.host, port)
        server = Server(
            guard,
            address=address.host,
            port=port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            log_enabled=False,
        )
        serving = asyncio.create_task(server.serve())
        try:
            await _listening(serving, address.host, port)
            shown = f"[{address.host}]" if ":" in address.host else address.host
            yield f"http://{shown}:{port}/?token={guard.token}"
        finally:
            server.stop()  # type: ignore[no-untyped-call]
            await asyncio.gather(serving, return_exceptions=True)


def _reserved(address: PageAddress) -> socket.socket:
    """A socket that holds the port, for a server that shares it; nobody else listens there. Raises TransportError."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    shared = hasattr(socket, "SO_REUSEPORT")
    try:
        with closing(socket.socket(family)) as alone:  # a port that somebody shares already is not free
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind((address.host, address.port))
            port = alone.getsockname()[1]
        held = socket.socket(family)
        if shared:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            held.bind((address.host, port))
    except OSError as error:
        raise TransportError(
            f"the page cannot be served at {address.host}, port {address.port}: {error.strerror or error}"
        ) from error
    return held


async def _listening(serving: asyncio.Task[None], host: str, port: int) -> None:
    """Wait until connections are taken. Raises TransportError where that will not be."""
    while True:
        if serving.done():
            raise TransportError(f"the page cannot be served at {host}, port {port}: {serving.exception() or 'it ended'}")
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(_PROBE)
        else:
            writer.close()
            return
