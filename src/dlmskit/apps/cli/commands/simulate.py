"""``dlmskit simulate``: be a meter that a file describes."""

from __future__ import annotations

import asyncio
import json as json_text
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

import typer
from rich.markup import escape
from rich.table import Table

from dlmskit.apps.cli.output import console
from dlmskit.apps.simulator.page_address import PageAddress
from dlmskit.apps.simulator.serving import Served, Serving, described, served, served_many, stop_signal
from dlmskit.apps.simulator.templates import available
from dlmskit.link.wrapper import PORT
from dlmskit.types.sap import MANAGEMENT_LOGICAL_DEVICE, PUBLIC_CLIENT


def run(  # noqa: PLR0913, PLR0917 - each is an option
    file: Annotated[
        Path | None,
        typer.Argument(help="The meter, described in TOML, or the name of one that --list shows."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that is free.")] = PORT,
    host: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 for everybody.")] = "127.0.0.1",
    state: Annotated[Path | None, typer.Option(help="Folder that keeps the meter's state; without it the meter forgets.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another household than the one in the file.")] = None,
    meters: Annotated[int | None, typer.Option(min=1, max=20000, help="A fleet: so many meters of this description.")] = None,
    speed: Annotated[float | None, typer.Option(min=0.001, max=100000, help="How much faster than ours its time goes.")] = None,
    faults: Annotated[Path | None, typer.Option(help="File of what shall go wrong, and when; see the how-to.")] = None,
    web: Annotated[
        str | None,
        typer.Option(metavar="[HOST:]PORT", help="A page to give faults on, and the same as JSON; 0 takes a free port."),
    ] = None,
    web_elsewhere: Annotated[
        bool, typer.Option("--web-elsewhere", help="That page may be where other machines reach it; it has a token and no TLS.")
    ] = False,
    udp: Annotated[bool, typer.Option("--udp", help="Serve UDP instead of TCP.")] = False,
    listen: Annotated[
        str | None, typer.Option(help="Another medium, as a URL such as tls://127.0.0.1:4060?..., in place of --host and --port.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="The meters that are there by name, and nothing else.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON line when the meter is ready, nothing else.")] = False,
) -> int:
    """Be a meter: serve the objects, associations and load profile that a file describes, until Ctrl-C or SIGTERM.

    Example: dlmskit simulate examples/household.toml --port 4059
    """
    if show:
        return _list(json=json)
    if file is None:
        raise typer.BadParameter("name a file, or a meter that --list shows", param_hint="FILE")
    page = None if web is None else PageAddress.parse(web, elsewhere=web_elsewhere)
    serving = Serving(
        host=host, port=port, udp=udp, url=listen, state=state, seed=seed, meters=meters, speed=speed, faults=faults, page=page
    )
    many = described(file, serving).fleet.meters > 1
    if many and (udp or listen):
        raise typer.BadParameter("a fleet is served over TCP", param_hint="--meters")
    asyncio.run(_serve_fleet(file, serving, json=json) if many else _serve(file, serving, json=json))
    return 0


def _list(*, json: bool) -> int:
    if json:
        print(json_text.dumps([one._asdict() for one in available()]))
        return 0
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("name", "what it is"):
        table.add_column(heading)
    for one in available():
        table.add_row(one.name, escape(one.what))
    console.print(table)
    return 0


async def _serve_fleet(file: Path, serving: Serving, *, json: bool) -> None:
    stop = stop_signal()
    async with served_many(file, serving) as fleet:
        if json:
            listed = [
                {"system_title": str(meter.device.system_title), "url": url}
                for meter, url in zip(fleet.meters, fleet.urls, strict=True)
            ]
            ready = {"ready": True, "meters": listed, "key_file": str(fleet.key_file), "web": fleet.page}
            print(json_text.dumps(ready), flush=True)
        else:
            console.print(
                f"[bold]{len(fleet.meters)} meters[/] are ready, from [bold cyan]{fleet.urls[0]}[/] to {fleet.urls[-1]}"
            )
            console.print(f"[dim]keys for clients: {escape(str(fleet.key_file))}[/]")
            _print_page(fleet.page)
            console.print("\n[dim]Ctrl-C stops them.[/]")
            sys.stdout.flush()
        await stop.wait()


async def _serve(file: Path, serving: Serving, *, json: bool) -> None:
    stop = stop_signal()
    async with served(file, serving) as meter:
        if json:
            print(json_text.dumps(_ready(meter)), flush=True)
        else:
            _print_screen(file, serving, meter)
        await stop.wait()
        if not json:
            console.print("\nStopped; the counters are put away." if serving.state else "\nStopped.")


def _ready(meter: Served) -> dict[str, object]:
    return {
        "ready": True,
        "url": meter.url,
        "port": meter.listener.port,
        "system_title": str(meter.meter.device.system_title),
        "key_file": None if meter.key_file is None else str(meter.key_file),
        "web": meter.page,
        "clients": [
            {"name": client.config.name, "client_sap": sap, "server_sap": logical_device.sap}
            for logical_device in meter.meter.device
            for sap, client in logical_device.clients.items()
        ],
    }


def _print_screen(file: Path, serving: Serving, meter: Served) -> None:
    device, description = meter.meter.device, meter.meter.description
    console.print(f"[bold]{escape(device[MANAGEMENT_LOGICAL_DEVICE].name)}[/] is ready at [bold cyan]{meter.url}[/]")
    kept = escape(str(serving.state)) if serving.state else "in a temporary folder, gone when it stops (--state keeps it)"
    console.print(f"[dim]described in {escape(str(file))}, system title {device.system_title}; state {kept}[/]\n")
    table = Table(title="Clients", title_justify="left", box=None, pad_edge=False, header_style="dim")
    for heading in ("name", "client", "server", "mechanism", "protection", "objects"):
        table.add_column(heading, justify="right" if heading in {"client", "server", "objects"} else "left")
    for logical_device in device:
        for sap, client in logical_device.clients.items():
            settings = client.config.settings
            protection = "authenticated and encrypted" if settings.ciphered else "none"
            seen = str(len(client.association.view().visible()))
            table.add_row(
                escape(client.config.name), str(sap), str(logical_device.sap), settings.mechanism.label, protection, seen
            )
    console.print(table)
    for number, profile in enumerate(description.profile):
        rows = meter.meter.rows(number)
        console.print(
            f"{'' if number else chr(10)}[dim]profile {profile.obis}: {rows} rows, one every {_period(profile.period)}[/]"
        )
    console.print(f"\n[bold]Read it[/]{' [dim](in another terminal)[/]' if sys.stdout.isatty() else ''}")
    for command in _commands(meter, _shared_words(serving)):
        console.print(f"  {escape(command)}")
    _print_page(meter.page)
    console.print("\n[dim]Ctrl-C stops it.[/]")
    sys.stdout.flush()


def _print_page(url: str | None) -> None:
    if url is not None:
        console.print(f"\n[bold]Faults[/] are given at [bold cyan]{escape(url)}[/]", soft_wrap=True)


def _shared_words(serving: Serving) -> str:
    """What of the listener's address a client must say as well, ready to stand in front of its own words."""
    words = parse_qsl(urlsplit(serving.url or "").query)
    return "".join(f"{key}={value}&" for key, value in words if key in _SHARED)


_SHARED = frozenset(("server_lower", "server_upper", "address", "baud", "characters", "start", "sign_on"))


def _commands(meter: Served, words: str) -> list[str]:
    """What to type to read this meter."""
    clients = meter.meter.device[MANAGEMENT_LOGICAL_DEVICE].clients
    commands = []
    if PUBLIC_CLIENT in clients:
        commands.append(f'dlmskit read "{meter.url}?{words}client={PUBLIC_CLIENT}" 0.0.1.0.0.255')
    ciphered = [sap for sap, client in clients.items() if client.config.settings.ciphered]
    profiles = meter.meter.description.profile
    if ciphered:
        url = f'"{meter.url}?{words}client={ciphered[0]}"'
        keys = f"--keys {meter.key_file or 'KEYFILE'}"
        commands.append(f"dlmskit objects {url} {keys}")
        if profiles:
            commands.append(f"dlmskit profile {url} {profiles[0].obis} {keys} --format plot")
    return commands


def _period(seconds: int) -> str:
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % size == 0:
            return word if seconds == size else f"{seconds // size} {word}s"
    return f"{seconds} seconds"
