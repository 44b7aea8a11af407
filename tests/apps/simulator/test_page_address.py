"""Where the page of faults may be: this machine alone, as long as nobody says otherwise."""

from __future__ import annotations

import pytest

from dlmskit.apps.simulator.page_address import PageAddress
from dlmskit.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("8080", "127.0.0.1", 8080),
        ("0", "127.0.0.1", 0),
        ("localhost:81", "localhost", 81),
        ("127.9.9.9:1", "127.9.9.9", 1),
        ("[::1]:8080", "::1", 8080),
    ],
)
def test_this_machine(text: str, host: str, port: int) -> None:
    assert PageAddress.parse(text) == PageAddress(host, port)


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.0.2.7", "meters.example", "127.0.0.1.example", "localhost.example"])
def test_elsewhere_must_be_said(host: str) -> None:
    with pytest.raises(ConfigError, match="--web-elsewhere"):
        PageAddress.parse(f"{host}:8080")
    assert PageAddress.parse(f"{host}:8080", elsewhere=True).port == 8080


@pytest.mark.parametrize("text", ["", "x", ":", "localhost:", "65536", "::1:80", "1.2.3.4", "http://localhost:80", "8080 ", "-1"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ConfigError, match="HOST:"):
        PageAddress.parse(text)
