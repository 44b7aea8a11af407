"""``dlmskit image send``: bring new firmware to a meter, or to many at the same time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from dlmskit.apps.cli.connection import AllowWeak, Json, KeyFile, log_unless_raised
from dlmskit.apps.cli.keyfile import open_key_file
from dlmskit.apps.cli.output import console, errors, print_json
from dlmskit.client.aio import connect
from dlmskit.client.image_transfer import ImageState, identifier_of
from dlmskit.client.words import Words
from dlmskit.errors import ConfigError, DlmsError, SecurityError, TransportError
from dlmskit.security.firmware import FirmwareRefused, read_header
from dlmskit.security.vault import KeyVault

_TRIES = 3
"""Connections to one meter before it is given up; each goes on from what the meter has."""


@dataclass(slots=True)
class Delivery:
    """One meter, and what became of its image."""

    url: str
    keys: KeyVault | None
    error: DlmsError | None = None
    state: ImageState | None = None
    tries: int = 0
    task: TaskID | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        told: dict[str, Any] = {"url": self.url.partition("?")[0], "tries": self.tries}
        if self.state is not None:
            told |= {"status": self.state.status.name.lower(), "blocks": len(self.state.received)}
        if self.error is not None:
            told["error"] = {"kind": type(self.error).__name__, "message": str(self.error)}
        return told


def run(
    url: Annotated[
        str, typer.Argument(help="The meter, or @FILE with a meter on each line: URL, and a key file if it has its own.")
    ],
    image: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The image.")],
    keys: KeyFile = None,
    allow_weak: AllowWeak = False,
    activate: Annotated[bool, typer.Option(help="Activate when it was verified.")] = True,
    activate_at: Annotated[datetime | None, typer.Option(help="Let the meter activate it at this local time.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on with a transfer that was cut off.")] = True,
    at_once: Annotated[int, typer.Option(min=1, help="How many meters at the same time.")] = 50,
    poll: Annotated[float, typer.Option(min=0.01, help="Seconds between two looks at a meter that verifies or activates.")] = 5.0,
    json: Json = False,
) -> int:
    """Send an image: blocks, gaps, verification, activation, with progress. Exit code 1 where a meter refused it.

    A transfer that was cut off goes on from what the meter has; a connection that breaks is made again, three times in all.

    Example: dlmskit image send "tcp://192.0.2.7:4059?client=1" firmware.img --keys meter.keys

    Example: dlmskit image send @meters.txt firmware.img --at-once 100 --json
    """
    octets = image.read_bytes()
    deliveries = _deliveries(url, keys)
    words: Words = {"allow_weak": True} if allow_weak else {}
    options = {"activate": activate, "activate_at": activate_at, "resume": resume}
    asyncio.run(_all(deliveries, _identifier(image, octets), octets, options, words, at_once, poll))
    failed = [one for one in deliveries if one.error is not None]
    if json:
        print_json(
            {"meters": [one.to_json() for one in deliveries], "done": len(deliveries) - len(failed), "failed": len(failed)}
        )
    else:
        _say(deliveries, failed)
    return 0 if not failed else _exit_code(failed)


def _deliveries(url: str, keys: str | None) -> list[Delivery]:
    shared = None if keys is None else open_key_file(keys)
    if not url.startswith("@"):
        return [Delivery(url, shared)]
    path = Path(url[1:])
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"the list of meters cannot be read: {error}") from error
    wanted = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    if not wanted:
        raise ConfigError(f"{path} lists no meter: write one URL on each line")
    opened: dict[str, KeyVault] = {}
    found = []
    for meter, *own in wanted:
        name = str(path.parent / own[0]) if own else ""
        if name and name not in opened:
            opened[name] = open_key_file(name)
        found.append(Delivery(meter, opened[name] if name else shared))
    return found


def _identifier(path: Path, octets: bytes) -> bytes:
    """image_identifier: what the container says, else the name of the file."""
    try:
        return read_header(octets).identification or identifier_of(path.stem)
    except FirmwareRefused:
        return identifier_of(path.stem)


async def _all(
    deliveries: list[Delivery], identifier: bytes, octets: bytes, options: dict[str, Any], words: Words, at_once: int, poll: float
) -> None:
    room = asyncio.Semaphore(at_once)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[step]}"),
    )
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bars:
        whole = bars.add_task(f"{len(deliveries)} meters", total=len(deliveries), step="")

        async def one(delivery: Delivery) -> None:
            async with room:
                delivery.task = bars.add_task(delivery.url.partition("?")[0], total=None, step="")
                await _deliver(delivery, identifier, octets, options, words, poll, bars)
                bars.remove_task(delivery.task)
                bars.advance(whole)

        await asyncio.gather(*map(one, deliveries))


async def _deliver(
    delivery: Delivery, identifier: bytes, octets: bytes, options: dict[str, Any], words: Words, poll: float, bars: Progress
) -> None:
    def told(step: str, done: int, count: int) -> None:
        if delivery.task is not None:
            bars.update(delivery.task, total=count, completed=done, step=step)

    while delivery.tries < _TRIES:
        delivery.tries += 1
        try:
            async with connect(delivery.url, keys=delivery.keys, on_event=log_unless_raised, **words) as meter:
                transfer = meter.image_transfer(poll_seconds=poll)
                delivery.state = await transfer.send(identifier, octets, progress=told, **options)
                delivery.error = None
                return
        except TransportError as error:
            delivery.error = error
        except DlmsError as error:
            delivery.error = error
            return


def _say(deliveries: list[Delivery], failed: list[Delivery]) -> None:
    if len(deliveries) == 1 and not failed:
        state = deliveries[0].state
        shown = "" if state is None else state.status.name.lower().replace("_", " ")
        console.print(f"{shown}: {0 if state is None else len(state.received)} blocks")
        return
    for one in failed:
        errors.print(f"{one.url.partition('?')[0]}: {one.error}", markup=False)
    if len(deliveries) > 1:
        console.print(f"{len(deliveries) - len(failed)} of {len(deliveries)} meters have the image, {len(failed)} have not")


def _exit_code(failed: list[Delivery]) -> int:
    """Of the kind of error that all have in common; 1 where they differ, or a meter refused."""
    kinds = {3 if isinstance(one.error, TransportError) else 4 if isinstance(one.error, SecurityError) else 1 for one in failed}
    return kinds.pop() if len(kinds) == 1 else 1
