"""Addresses as URLs: ``tcp://192.0.2.7:4059?client=16&server=1``; the scheme names the medium.

A medium is one file with a `Scheme`, named by an entry point of the group ``dlmskit.transports``; ours are named in
`dlmskit.transport.schemes` in the same form. The query keys ``client`` and ``server`` (SAPs) are the same for all; a scheme
declares what else it knows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from dlmskit.errors import ConfigError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.transport.base import BlockingTransport, HandlerFactory, Listener, Saps, Transport
from dlmskit.transport.gateway import BlockingGatewayTransport, DeviceAddress, GatewayTransport
from dlmskit.transport.schemes import BUILT_IN, ENTRY_POINT_GROUP

_SAPS: Final = {"client": "client SAP (default 16)", "server": "server SAP (default 1)"}
BEHIND: Final = {
    "device": "address of a meter behind a gateway: its characters, or 0x and octets",
    "network": "network of that meter (default 0)",
}
"""The query keys of every scheme beside the SAPs: the gateway protocol runs over any of them."""


@dataclass(frozen=True, slots=True)
class TransportUrl:
    """A parsed address."""

    scheme: str
    host: str
    port: int | None
    path: str
    saps: Saps
    options: Mapping[str, str]
    """The query keys of this scheme."""
    text: str
    device: DeviceAddress | None = None
    """The meter behind the gateway that stands at this address."""

    def host_and_port(self, default_port: int, *, listening: bool = False) -> tuple[str, int]:
        """Host and port of a medium that has both and no path; port 0 is for those who listen. Raises ConfigError."""
        if not self.host:
            raise ConfigError(f"{self.text}: there is no host")
        if self.path.strip("/"):
            raise ConfigError(f"{self.text}: the path {self.path!r} means nothing here")
        if self.port == 0 and not listening:
            raise ConfigError(f"{self.text}: port 0 cannot be reached")
        return self.host, default_port if self.port is None else self.port

    def seconds(self, key: str, default: float) -> float:
        """The option ``key`` as a positive time. Raises ConfigError."""
        text = self.options.get(key)
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 < value < float("inf"):
            raise ConfigError(f"{self.text}: {key}={text} is no time in seconds")
        return value

    def number(self, key: str, default: int | None, least: int, most: int) -> int | None:
        """The option ``key`` as a whole number within bounds. Raises ConfigError."""
        text = self.options.get(key)
        if text is None:
            return default
        try:
            value = int(text, 0)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise ConfigError(f"{self.text}: {key}={text} is no number {least}..{most}")
        return value


@dataclass(frozen=True, slots=True)
class Scheme:
    """How the URLs of one medium become transports and listeners; this is what an entry point names."""

    name: str
    example: str
    connect: Callable[[TransportUrl, Limits], Transport]
    connect_blocking: Callable[[TransportUrl, Limits], BlockingTransport] | None = None
    listen: Callable[[TransportUrl, HandlerFactory, Limits], Awaitable[Listener]] | None = None
    """The server's side, where the medium has one."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Query keys beside ``client`` and ``server``, with their meaning."""


def schemes() -> dict[str, Scheme]:
    """Every known scheme by name: ours, then those of installed packages (which may not replace ours)."""
    found: dict[str, Scheme] = {}
    for entry in (*BUILT_IN, *entry_points(group=ENTRY_POINT_GROUP)):
        if entry.name not in found:
            found[entry.name] = _loaded(entry)
    return found


def scheme_named(name: str) -> Scheme | None:
    """One scheme; None where nobody knows it. Ours are found without looking through the installed packages, which takes long."""
    own = next((entry for entry in BUILT_IN if entry.name == name), None)
    found = own or next(iter(entry_points(group=ENTRY_POINT_GROUP, name=name)), None)
    return None if found is None else _loaded(found)


def _loaded(entry: EntryPoint) -> Scheme:
    try:
        scheme = entry.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"entry point {entry.value} in {ENTRY_POINT_GROUP} cannot be loaded: {error}") from error
    if not isinstance(scheme, Scheme):
        raise ConfigError(f"entry point {entry.value} in {ENTRY_POINT_GROUP} is no Scheme")
    return scheme


def parse_url(text: str) -> TransportUrl:
    """Take an address apart. Raises ConfigError that says which part is wrong and what is known."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigError(f"{text}: {error}") from None
    scheme = scheme_named(parts.scheme)
    if scheme is None:
        examples = ", ".join(each.example for each in schemes().values())
        what = f"scheme {parts.scheme!r} is not known" if parts.scheme else "there is no scheme"
        raise ConfigError(f"{text}: {what}; write one of {examples}")
    if parts.username is not None or parts.password is not None:
        raise ConfigError("a transport URL holds no user and no password: keys and passwords are given apart")
    if parts.fragment:
        raise ConfigError(f"{text}: '#{parts.fragment}' means nothing here")
    options = _options(text, parts.query, scheme)
    saps = Saps(_sap(text, options.pop("client", "16"), "client"), _sap(text, options.pop("server", "1"), "server"))
    device, network = options.pop("device", None), options.pop("network", None)
    if device is None and network is not None:
        raise ConfigError(f"{text}: network={network} without device= means nothing")
    behind = None if device is None else DeviceAddress.from_text(device, network or "0")
    return TransportUrl(scheme.name, host, port, parts.path, saps, options, text, behind)


def transport_from_url(text: str, limits: Limits = DEFAULT) -> Transport:
    """The transport that an address names, not opened yet. Raises ConfigError."""
    return transport_to(parse_url(text), limits)


def transport_to(url: TransportUrl, limits: Limits = DEFAULT) -> Transport:
    """The same for an address that is taken apart already. Raises ConfigError."""
    transport = _scheme_of(url).connect(url, limits)
    return transport if url.device is None else GatewayTransport(transport, url.device, limits)


def blocking_transport_from_url(text: str, limits: Limits = DEFAULT) -> BlockingTransport:
    """The same without asyncio. Raises ConfigError, also for a scheme that only asyncio serves."""
    url = parse_url(text)
    connect = _scheme_of(url).connect_blocking
    if connect is None:
        able = ", ".join(name for name, scheme in schemes().items() if scheme.connect_blocking is not None)
        raise ConfigError(f"{text}: {url.scheme} needs asyncio; without it there are {able}")
    transport = connect(url, limits)
    return transport if url.device is None else BlockingGatewayTransport(transport, url.device, limits)


async def listen_at(text: str, handler_factory: HandlerFactory, limits: Limits = DEFAULT) -> Listener:
    """Serve at an address; ``handler_factory`` is called once for each peer.

    Raises ConfigError, also for a medium without a server's side, and TransportError when the address cannot be used.
    """
    url = parse_url(text)
    listen = _scheme_of(url).listen
    if listen is None:
        able = ", ".join(name for name, scheme in schemes().items() if scheme.listen is not None)
        raise ConfigError(f"{text}: nobody can listen on {url.scheme}; there are {able}")
    if url.device is not None:
        raise ConfigError(f"{text}: a listener is behind no gateway")
    return await listen(url, handler_factory, limits)


def address_of(text: str, listener: Listener) -> str:
    """Where the peers of a listener find it: the address with the port that was taken, without what is the server's business."""
    parts = urlsplit(text.strip())
    host = parts.hostname or ""
    netloc = f"{f'[{host}]' if ':' in host else host}:{listener.port}" if listener.port else parts.netloc
    return f"{parts.scheme}://{netloc}{parts.path}"


def _scheme_of(url: TransportUrl) -> Scheme:
    scheme = scheme_named(url.scheme)
    if scheme is None:
        raise ConfigError(f"{url.text}: scheme {url.scheme!r} is not known")
    return scheme


def _options(text: str, query: str, scheme: Scheme) -> dict[str, str]:
    allowed = {**_SAPS, **BEHIND, **scheme.options}
    options: dict[str, str] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=64)
    except ValueError:
        raise ConfigError(f"{text}: the query is not key=value&key=value") from None
    for key, value in pairs:
        if key not in allowed:
            raise ConfigError(f"{text}: query key {key!r} is not known for {scheme.name}; there are {', '.join(allowed)}")
        if key in options:
            raise ConfigError(f"{text}: query key {key!r} is given twice")
        options[key] = value
    return options


def _sap(text: str, value: str, key: str) -> int:
    try:
        number = int(value, 0)
    except ValueError:
        number = -1
    if not 0 < number <= 0xFFFF:
        raise ConfigError(f"{text}: {key}={value} is no SAP; a number 1..65535 is")
    return number
