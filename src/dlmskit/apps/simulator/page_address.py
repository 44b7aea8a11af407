"""Where the page of faults is served: this machine alone, unless it is said otherwise. What is on it is in `web`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from dlmskit.errors import ConfigError

LOOPBACK = "127.0.0.1"
_ADDRESS = re.compile(r"(?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):)?([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class PageAddress:
    """Host and port to listen at; port 0 takes a free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, *, elsewhere: bool = False) -> PageAddress:
        """``[HOST:]PORT``. Raises ConfigError for what is none, and for a host that others reach where that was not said."""
        match = _ADDRESS.fullmatch(text)
        if match is None or int(match[2]) > 65535:
            raise ConfigError(f"the page is served at [HOST:]PORT, such as 8080 or 127.0.0.1:8080, not {text!r}")
        address = cls((match[1] or LOOPBACK).strip("[]"), int(match[2]))
        if not (elsewhere or address.on_loopback):
            raise ConfigError(
                f"others would reach the page at {address.host}: it can cut the power of meters, and there is no TLS, so that "
                "its token can be read on the way; say --web-elsewhere as well where that is meant"
            )
        return address

    @property
    def on_loopback(self) -> bool:
        """Whether this machine alone reaches it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"
