"""``dlmskit push listen``: receive the pushes of many meters."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer
from rich.markup import escape

from dlmskit.apps.cli.connection import shown
from dlmskit.apps.cli.keyfile import open_key_file
from dlmskit.apps.cli.output import console, print_json, visible
from dlmskit.apps.simulator.serving import stop_signal
from dlmskit.trace.explain.model import NOTES
from dlmskit.trace.listening import Push, PushListener
from dlmskit.trace.listening import listen as listening


def run(
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="Where to listen: tcp://host:port, folder:///path ...")],
    keys: Annotated[str | None, typer.Option(help="Key file with an entry for each meter, by its system title.")] = None,
    client_title: Annotated[str | None, typer.Option(help="Our system title, hex, where the meters name it.")] = None,
    confirm_plain: Annotated[
        bool, typer.Option("--confirm-plain", help="Confirm pushes without any protection too; they stay marked.")
    ] = False,
    count: Annotated[int, typer.Option(min=0, help="Stop after so many; 0: when interrupted.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="One JSON line for each push, nothing else.")] = False,
) -> int:
    """Receive pushes, verify them with the keys of their meters, and confirm those that want it, until Ctrl-C or SIGTERM.

    What is not verified is shown and marked. A repetition or a replay is never shown as verified.

    Example: dlmskit push listen udp://0.0.0.0:4059 tcp://0.0.0.0:4059 --keys meters.keys --json
    """
    vault = None if keys is None else open_key_file(keys)
    listener = listening(*urls, keys=vault, client_title=client_title, confirm_plain=confirm_plain)
    asyncio.run(_listen(listener, count, json=json))
    return 0


async def _listen(listener: PushListener, count: int, *, json: bool) -> None:
    stop = stop_signal()
    async with listener:
        if not json:
            console.print(f"listening at [bold cyan]{escape(', '.join(listener.urls))}[/]; Ctrl-C stops it")
            sys.stdout.flush()
        receiving = asyncio.create_task(_receive(listener, count, json=json))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((receiving, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if receiving.done():
            receiving.result()
        receiving.cancel()


async def _receive(listener: PushListener, count: int, *, json: bool) -> None:
    number = 0
    async for push in listener:
        print_json(push.to_json(), indent=None) if json else _print(push)
        sys.stdout.flush()
        number += 1
        if number == count:
            push.confirm()
            return


def _print(push: Push) -> None:
    """A head line and a line for each value."""
    verdict = (
        "[green]verified[/]" if push.trusted else f"[red]{push.verdict.value}[/]{f' ({push.reason})' if push.reason else ''}"
    )
    sender = "no system title" if push.system_title is None else str(push.system_title)
    source = f"from {escape(visible(push.peer))}, {push.received:%Y-%m-%d %H:%M:%S} UTC"
    console.print(f"\n[bold]{sender}[/] {verdict} {push.apdu.name} [dim]{source}[/]")
    for value in push.values:
        unit = f" {value.unit}" if value.unit else ""
        name = str(value.obis) if value.obis else "-"
        console.print(f"  {name:<20} {escape(shown(value.value))}{unit}  [dim]{escape(value.name)}[/]")
    for problem in push.problems:
        if problem.code not in NOTES:
            console.print(f"  [red]{escape(visible(problem.message))}[/]")
