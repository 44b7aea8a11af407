"""The URL schemes that come with the package, one line of table each; see `dlmskit.transport.url` for the rules."""

from __future__ import annotations

from urllib.parse import urlsplit

from dlmskit.errors import ConfigError
from dlmskit.limits import Limits
from dlmskit.link.wrapper import PORT
from dlmskit.transport.base import BlockingTransport, Transport
from dlmskit.transport.memory import BlockingMemoryTransport, MemoryClientTransport
from dlmskit.transport.tcp import CONNECT_SECONDS, TcpTransport
from dlmskit.transport.tcp_blocking import BlockingTcpTransport
from dlmskit.transport.udp import UdpTransport
from dlmskit.transport.url import Scheme, TransportUrl


def _tcp(url: TransportUrl, limits: Limits) -> Transport:
    host, port = _host_and_port(url)
    return TcpTransport(host, port, url.saps, limits, url.seconds("connect", CONNECT_SECONDS))


def _tcp_blocking(url: TransportUrl, limits: Limits) -> BlockingTransport:
    host, port = _host_and_port(url)
    return BlockingTcpTransport(host, port, url.saps, limits, url.seconds("connect", CONNECT_SECONDS))


def _udp(url: TransportUrl, limits: Limits) -> Transport:
    host, port = _host_and_port(url)
    return UdpTransport(host, port, url.saps, limits)


def _memory(url: TransportUrl, limits: Limits) -> Transport:
    return MemoryClientTransport(_name(url), url.saps, limits)


def _memory_blocking(url: TransportUrl, limits: Limits) -> BlockingTransport:
    return BlockingMemoryTransport(_name(url), url.saps, limits)


def _host_and_port(url: TransportUrl) -> tuple[str, int]:
    if not url.host:
        raise ConfigError(f"{url.text}: there is no host")
    if url.path.strip("/"):
        raise ConfigError(f"{url.text}: the path {url.path!r} means nothing here")
    if url.port == 0:
        raise ConfigError(f"{url.text}: port 0 cannot be reached")
    return url.host, PORT if url.port is None else url.port


def _name(url: TransportUrl) -> str:
    name = urlsplit(url.text.strip()).netloc  # as written: unlike a host, a name has upper and lower case
    if not name or url.port is not None or url.path.strip("/"):
        raise ConfigError(f"{url.text}: write memory://name")
    return name


BUILT_IN = (
    Scheme("tcp", "tcp://host:4059?client=16&server=1", _tcp, _tcp_blocking, {"connect": "seconds to wait for the connection"}),
    Scheme("udp", "udp://host:4059?client=16&server=1", _udp),
    Scheme("memory", "memory://name?client=16&server=1", _memory, _memory_blocking),
)
