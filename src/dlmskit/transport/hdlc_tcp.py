"""``hdlc+tcp://``: HDLC frames in a TCP stream, as converters in front of serial lines have it; no wrapper."""

from __future__ import annotations

from dlmskit.limits import Limits
from dlmskit.link.wrapper import PORT
from dlmskit.transport.base import BlockingTransport, HandlerFactory, Listener, Transport
from dlmskit.transport.hdlc import HDLC_OPTIONS, BlockingHdlcTransport, HdlcTransport, hdlc_ends, hdlc_offer, hdlc_station
from dlmskit.transport.hdlc_server import serve_hdlc_tcp
from dlmskit.transport.line import CONNECT_SECONDS, TcpLine
from dlmskit.transport.url import Scheme, TransportUrl


def _line(url: TransportUrl) -> TcpLine:
    return TcpLine(*url.host_and_port(PORT), url.seconds("connect", CONNECT_SECONDS))


def _connect(url: TransportUrl, limits: Limits) -> Transport:
    return HdlcTransport(_line(url), hdlc_ends(url, limits), url.saps, limits, name=url.scheme)


def _connect_blocking(url: TransportUrl, limits: Limits) -> BlockingTransport:
    return BlockingHdlcTransport(_line(url), hdlc_ends(url, limits), url.saps, limits, name=url.scheme)


async def _listen(url: TransportUrl, handler_factory: HandlerFactory, limits: Limits) -> Listener:
    host, port = url.host_and_port(PORT, listening=True)
    return await serve_hdlc_tcp(
        host, port, stations=[hdlc_station(url, handler_factory)], limits=limits, settings=hdlc_offer(url)
    )


SCHEME = Scheme(
    "hdlc+tcp",
    "hdlc+tcp://host:4059?client=16&server=1&server_lower=17",
    _connect,
    _connect_blocking,
    _listen,
    {"connect": "seconds to wait for the connection", **HDLC_OPTIONS},
)
