"""``mbus+tcp://``: M-Bus frames in a TCP stream, as converters in front of a bus have it."""

from __future__ import annotations

from dlmskit.limits import Limits
from dlmskit.link.wrapper import PORT
from dlmskit.transport.base import BlockingTransport, HandlerFactory, Listener, Transport
from dlmskit.transport.line import CONNECT_SECONDS, TcpLine
from dlmskit.transport.mbus import (
    MBUS_OPTIONS,
    BlockingMBusTransport,
    MBusTransport,
    mbus_address,
    mbus_times,
    serve_mbus_tcp,
)
from dlmskit.transport.mbus_port import MBusStation
from dlmskit.transport.url import Scheme, TransportUrl


def _line(url: TransportUrl) -> TcpLine:
    return TcpLine(*url.host_and_port(PORT), url.seconds("connect", CONNECT_SECONDS))


def _connect(url: TransportUrl, limits: Limits) -> Transport:
    return MBusTransport(_line(url), mbus_address(url), url.saps, limits, mbus_times(url), name=url.scheme)


def _connect_blocking(url: TransportUrl, limits: Limits) -> BlockingTransport:
    return BlockingMBusTransport(_line(url), mbus_address(url), url.saps, limits, mbus_times(url), name=url.scheme)


async def _listen(url: TransportUrl, handler_factory: HandlerFactory, limits: Limits) -> Listener:
    host, port = url.host_and_port(PORT, listening=True)
    return await serve_mbus_tcp(host, port, stations=[MBusStation(handler_factory, mbus_address(url))], limits=limits)


SCHEME = Scheme(
    "mbus+tcp",
    "mbus+tcp://host:4059?address=1&client=16&server=1",
    _connect,
    _connect_blocking,
    _listen,
    {"connect": "seconds to wait for the connection", **MBUS_OPTIONS},
)
