"""``dlmskit gateway``: forward between clients and the meters behind."""

from __future__ import annotations

import asyncio
import json as json_text
import sys
from collections.abc import Iterable
from typing import Annotated

import typer
from rich.markup import escape

from dlmskit.apps.cli.output import console
from dlmskit.apps.simulator.serving import stop_signal
from dlmskit.errors import ConfigError
from dlmskit.transport.forwarding import Gateway, Route, route_to
from dlmskit.transport.gateway import DeviceAddress
from dlmskit.transport.url import address_of, listen_at, parse_url


def run(
    url: Annotated[str, typer.Argument(help="Where clients come in, as tcp://0.0.0.0:4059.")],
    device: Annotated[
        list[str],
        typer.Option(help="A meter, as [NETWORK/]ADDRESS=URL; ADDRESS as characters, or 0x and octets. Repeatable."),
    ],
    push_to: Annotated[str | None, typer.Option(help="Where pushes of the meters go: the URL of the head end.")] = None,
    push_at: Annotated[
        str | None,
        typer.Option(help="Where the meters push to, as udp://0.0.0.0:4060; known by the hosts of their URLs."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON line when the gateway is ready, nothing else.")] = False,
) -> int:
    """Be a gateway: forward requests with a gateway prefix to the meters behind, over any media, until Ctrl-C or SIGTERM.

    It holds no keys. A client reads a meter through it with the word device= in its URL.

    Example: dlmskit gateway tcp://127.0.0.1:4061 --device 12345678=tcp://127.0.0.1:4059
    """
    if push_at is not None and push_to is None:
        raise ConfigError("--push-at needs --push-to: pushes must go somewhere")
    parse_url(url)
    asyncio.run(_serve(url, device, push_to, push_at, json=json))
    return 0


async def _serve(url: str, devices: list[str], push_to: str | None, push_at: str | None, *, json: bool) -> None:
    routes, hosts = _devices(devices)
    stop = stop_signal()
    gateway = Gateway(routes, push_to=None if push_to is None else route_to(push_to))
    listeners = [await listen_at(url, gateway.connected)]
    urls = [address_of(url, listeners[0])]
    try:
        if push_at is not None:
            listeners.append(await listen_at(push_at, gateway.network(lambda peer: hosts.get(peer.rpartition(":")[0]))))
            urls.append(address_of(push_at, listeners[1]))
        if json:
            print(json_text.dumps({"ready": True, "url": urls[0], "push_at": urls[1] if len(urls) > 1 else None}), flush=True)
        else:
            _print_screen(urls, routes)
        await stop.wait()
    finally:
        for listener in listeners:
            await listener.close()
        await gateway.close()


def _print_screen(urls: list[str], routes: Iterable[DeviceAddress]) -> None:
    console.print(f"gateway at [bold cyan]{escape(urls[0])}[/]; Ctrl-C stops it")
    for device in routes:
        octets = device.octets.decode("latin-1")
        word = octets if octets.isascii() and octets.isalnum() else f"0x{device.octets.hex().upper()}"
        network = f"&network={device.network_id}" if device.network_id else ""
        console.print(f"  {escape(urls[0])}?device={word}{network}")
    if len(urls) > 1:
        console.print(f"pushes are taken at [bold cyan]{escape(urls[1])}[/]")
    sys.stdout.flush()


def _devices(texts: list[str]) -> tuple[dict[DeviceAddress, Route], dict[str, DeviceAddress]]:
    """The ways to the meters, and the meters by the hosts of their URLs. Raises ConfigError."""
    routes: dict[DeviceAddress, Route] = {}
    hosts: dict[str, DeviceAddress] = {}
    for text in texts:
        name, separator, url = text.partition("=")
        network, slash, address = name.rpartition("/")
        if not separator or not url:
            raise ConfigError(f"--device {text}: write [NETWORK/]ADDRESS=URL")
        device = DeviceAddress.from_text(address, network if slash else "0")
        if device in routes:
            raise ConfigError(f"--device {text}: this address is given twice")
        routes[device] = route_to(url)
        host = parse_url(url).host
        if host:
            hosts[host] = device
    return routes, hosts
