"""What the commands that talk to a meter share: their options, the connection, progress, and how values are written down."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from dlmskit.apps.cli.keyfile import open_key_file
from dlmskit.apps.cli.output import errors, visible
from dlmskit.apps.cli.recording import recording
from dlmskit.association.ports import AssociationEvent
from dlmskit.client.aio import Meter, connect
from dlmskit.client.journal import log_event
from dlmskit.client.plan import WeakSecurityWarning
from dlmskit.client.readings import Reading
from dlmskit.client.words import Words
from dlmskit.cosem.catalog import describe
from dlmskit.errors import ConfigError, ServiceError
from dlmskit.trace.naming.value import friendly, plain
from dlmskit.transport.tapped import ApduSink
from dlmskit.types.obis import Obis

Url = Annotated[
    str,
    typer.Argument(
        help="The meter, as tcp://host:4059?client=1&server=1; further words as in the API: mechanism, pdu, timeout ..."
    ),
]
KeyFile = Annotated[str | None, typer.Option("--keys", help="Key file of the meter; sealed ones ask for their passphrase.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]
AllowWeak = Annotated[
    bool, typer.Option("--allow-weak", help="Go on where passwords or values can be read or changed on the way.")
]
ClassId = Annotated[
    int | None, typer.Option(min=0, max=0xFFFF, help="Interface class, where the catalog does not know the code.")
]


def on_meter(
    url: str,
    keys: str | None,
    busy: str,
    work: Callable[[Meter], Awaitable[int]],
    *,
    allow_weak: bool = False,
    record: Path | None = None,
    pcap: Path | None = None,
) -> int:
    """Connect, do the work, hang up; the exit code of the work. On a terminal, standard error says what is waited for."""
    with recording(record, pcap, url.partition("?")[0]) as sink:
        words: Words = {"allow_weak": True} if allow_weak else {}
        return _run(url, keys, busy, work, sink, words)


def _run(
    url: str, keys: str | None, busy: str, work: Callable[[Meter], Awaitable[int]], sink: ApduSink | None, words: Words
) -> int:
    vault = None if keys is None else open_key_file(keys)
    with warnings.catch_warnings(record=True) as weak:
        warnings.simplefilter("always", WeakSecurityWarning)
        connection = connect(url, keys=vault, on_event=log_unless_raised, on_apdu=sink, **words)
    for warning in weak:
        errors.print(f"[yellow]weak[/]: {escape(str(warning.message))}")

    async def run() -> int:
        async with connection as meter:
            return await work(meter)

    if not errors.is_terminal:
        return asyncio.run(run())
    with errors.status(f"{busy} ..."):
        return asyncio.run(run())


def log_unless_raised(event: AssociationEvent) -> None:
    """What ends a command is told once, as its error."""
    if event.error is None:
        log_event(event)


def split_code(text: str, fallback: str) -> tuple[Obis, int | str]:
    """``OBIS:NAME`` or ``OBIS:NUMBER`` taken apart; without a name the ``fallback``. The colon of ``1-0:1.8.0*255`` is none."""
    try:
        return Obis(text), _name(fallback)
    except ConfigError:
        code, colon, name = text.rpartition(":")
        if not colon or not name:
            raise
        return Obis(code), _name(name)


def _name(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdecimal() else text


def value_json(reading: Reading) -> dict[str, Any]:
    """A reading as one JSON object; units and names as ``dlmskit decode`` has them."""
    return {
        "obis": str(reading.obis),
        "name": reading.description,
        "class_id": reading.class_id,
        "attribute": reading.attribute,
        "attribute_name": reading.name,
        "value": plain(friendly(reading.value)),
        "unit": None if reading.unit is None else reading.unit_symbol,
        "scaler": reading.scaler,
        "raw": plain(reading.data.value),
        "type": reading.data.type.name,
    }


def refusal_json(obis: Obis, name: int | str, error: ServiceError) -> dict[str, Any]:
    """A refused attribute as one JSON object."""
    label = getattr(error.code, "label", str(int(error.code)))
    refusal = {"kind": type(error).__name__, "code": label, "message": str(error)}
    return {"obis": str(obis), "name": describe(obis), "attribute": name, "error": refusal}


def shown(value: Any) -> str:
    """A value for a table cell: octets in hexadecimal, date-times as they are said, long ones cut, nothing a terminal obeys."""
    told = friendly(value)
    if isinstance(told, list | tuple):
        text = json.dumps(plain(told), ensure_ascii=False)
    else:
        text = told.hex().upper() if isinstance(told, bytes) else str(told)
    text = visible(text)
    return text if len(text) <= 120 else f"{text[:117]}..."
