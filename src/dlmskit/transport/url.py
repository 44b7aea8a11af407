"""Addresses as URLs: ``tcp://192.0.2.7:4059?client=16&server=1``; the scheme names the transport.

Each transport registers its scheme here, ours below and others by the entry point group ``dlmskit.transports``. The query keys
``client`` and ``server`` (SAPs) are the same for all; a transport may know more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from dlmskit.errors import ConfigError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.transport.base import BlockingTransport, Saps, Transport

ENTRY_POINT_GROUP: Final = "dlmskit.transports"


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


@dataclass(frozen=True, slots=True)
class Scheme:
    """How the URLs of one scheme become transports; this is what an entry point names."""

    name: str
    example: str
    connect: Callable[[TransportUrl, Limits], Transport]
    connect_blocking: Callable[[TransportUrl, Limits], BlockingTransport] | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    """Query keys beside ``client`` and ``server``, with their meaning."""


_COMMON = {"client": "client SAP (default 16)", "server": "server SAP (default 1)"}


def schemes() -> dict[str, Scheme]:
    """Every known scheme by name: ours, then those of installed packages (which may not replace ours)."""
    from dlmskit.transport.schemes import BUILT_IN

    found = {scheme.name: scheme for scheme in BUILT_IN}
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        if entry.name not in found:
            scheme = entry.load()
            if not isinstance(scheme, Scheme):
                raise ConfigError(f"entry point {entry.value} in {ENTRY_POINT_GROUP} is no Scheme")
            found[entry.name] = scheme
    return found


def scheme_named(name: str) -> Scheme | None:
    """One scheme; None where nobody knows it. Ours are found without looking through the installed packages, which takes long."""
    from dlmskit.transport.schemes import BUILT_IN

    own = next((scheme for scheme in BUILT_IN if scheme.name == name), None)
    return own or schemes().get(name)


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
    return TransportUrl(scheme.name, host, port, parts.path, saps, options, text)


def transport_from_url(text: str, limits: Limits = DEFAULT) -> Transport:
    """The transport that an address names, not opened yet. Raises ConfigError."""
    url = parse_url(text)
    return _scheme_of(url).connect(url, limits)


def blocking_transport_from_url(text: str, limits: Limits = DEFAULT) -> BlockingTransport:
    """The same without asyncio. Raises ConfigError, also for a scheme that only asyncio serves."""
    url = parse_url(text)
    connect = _scheme_of(url).connect_blocking
    if connect is None:
        able = ", ".join(name for name, scheme in schemes().items() if scheme.connect_blocking is not None)
        raise ConfigError(f"{text}: {url.scheme} needs asyncio; without it there are {able}")
    return connect(url, limits)


def _scheme_of(url: TransportUrl) -> Scheme:
    scheme = scheme_named(url.scheme)
    if scheme is None:
        raise ConfigError(f"{url.text}: scheme {url.scheme!r} is not known")
    return scheme


def _options(text: str, query: str, scheme: Scheme) -> dict[str, str]:
    allowed = {**_COMMON, **scheme.options}
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
