"""Addresses of relays: where a command listens, and what it passes on to."""

from __future__ import annotations

from urllib.parse import urlsplit

from dlmskit.errors import ConfigError
from dlmskit.link.wrapper import PORT


def tcp_place(url: str) -> tuple[str, int]:
    """Host and port of ``tcp://host:port``. Raises ConfigError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{url}: {error}") from None
    if parts.scheme != "tcp" or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ConfigError(f"{url}: write tcp://host:port")
    return parts.hostname, PORT if port is None else port
