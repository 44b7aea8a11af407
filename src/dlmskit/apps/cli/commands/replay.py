"""``dlmskit replay``: play a recorded exchange again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from dlmskit.apps.cli.output import console, print_json
from dlmskit.apps.cli.places import tcp_place
from dlmskit.apps.simulator.serving import stop_signal
from dlmskit.client.words import with_saps
from dlmskit.errors import ConfigError
from dlmskit.trace.exchange import Exchange, read_exchange
from dlmskit.trace.replay import Difference, Playback, play
from dlmskit.transport.base import Connection
from dlmskit.transport.tcp_server import serve_tcp
from dlmskit.transport.url import transport_from_url


def run(
    file: Annotated[Path, typer.Argument(help="A record of dlmskit record, or of --record.")],
    url: Annotated[str | None, typer.Argument(help="A meter to send the recorded requests to.")] = None,
    listen: Annotated[str | None, typer.Option(help="Be the meter of the record, at tcp://host:port.")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON: the differences.")] = False,
) -> int:
    """Be the client of a record against a meter, or the meter of a record for a client; show what is different now.

    Exit code 1 where something is different. Ciphered exchanges cannot be repeated: their guards refuse it, which is shown.

    Example: dlmskit replay exchange.jsonl tcp://192.0.2.7:4059
    """
    if (url is None) == (listen is None):
        raise ConfigError("say either a meter to play against, or --listen tcp://host:port")
    exchange = read_exchange(file)
    found = asyncio.run(_against(exchange, url) if url is not None else _serve(exchange, str(listen), json=json))
    if json:
        print_json({"differences": [one.to_json() for one in found]}, indent=None if listen else 2)
    else:
        _print(found)
    return 1 if found else 0


async def _against(exchange: Exchange, url: str) -> list[Difference]:
    saps = exchange.saps
    async with transport_from_url(with_saps(url, saps.client, saps.server)) as transport:
        return await play(exchange, transport)


async def _serve(exchange: Exchange, listen: str, *, json: bool) -> list[Difference]:
    stop, (host, port) = stop_signal(), tcp_place(listen)
    playback = Playback(exchange)
    listener = await serve_tcp(host, port, handler_factory=lambda connection: _Handler(playback, connection))
    url = f"tcp://{host}:{listener.port}"
    saps = exchange.saps
    if json:
        print_json({"listening": url, "client_sap": saps.client, "server_sap": saps.server}, indent=None)
    else:
        console.print(f"answering at [bold cyan]{url}?client={saps.client}&server={saps.server}[/]; Ctrl-C stops it")
    sys.stdout.flush()
    await stop.wait()
    await listener.close()
    return playback.differences


class _Handler:
    """A `ConnectionHandler` that answers as recorded."""

    associated = True

    def __init__(self, playback: Playback, connection: Connection) -> None:
        self._playback = playback
        playback.start()

    def received(self, source: int, destination: int, apdu: bytes) -> Sequence[bytes]:
        return self._playback.answers(apdu)

    def lost(self, reason: str) -> None:
        """The next client begins anew."""


def _print(found: list[Difference]) -> None:
    for one in found:
        console.print(
            f"[bold]turn {one.turn}[/]: [yellow]{one.what}[/]{' is another' if one.what in {'request', 'answer'} else ''}"
        )
        for path, expected, got in one.fields:
            console.print(f"  {escape(path)}: {escape(str(expected))} -> {escape(str(got))}")
        if not one.fields:
            console.print(f"  recorded {one.expected or 'nothing'}\n  now      {one.got or 'nothing'}")
    console.print(f"{len(found)} differences" if found else "[green]no difference[/]")
