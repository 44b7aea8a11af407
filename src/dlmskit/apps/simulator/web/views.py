"""What the page and the JSON interface show of meters and faults: plain values, and no secret among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from dlmskit.apps.simulator.fault_desk import Entry, FaultDesk
from dlmskit.apps.simulator.fault_tables import KINDS, LASTING
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.server import LogEntry
from dlmskit.types.sap import MANAGEMENT_LOGICAL_DEVICE

PAGE = 25
"""Meters at once, where nobody asks for more."""
MOST = 500
_LONGEST_QUERY = 200
_EVENTS = 3
_EVENTS_OF_ONE = 20


class Event(msgspec.Struct, frozen=True):
    """A line of a meter's log."""

    when: datetime
    code: str
    times: int
    detail: str


class MeterView(msgspec.Struct, frozen=True, kw_only=True):
    """One meter as it is now."""

    number: int
    system_title: str
    name: str
    url: str
    clock: datetime
    """What its clock says, in UTC."""
    associations: list[str]
    """Names of the clients that have one open."""
    received: int
    """The highest invocation counter that it heard from a client."""
    sent: int | None
    """The next one that it sends under; the highest of its keys. None where it sent nothing yet."""
    verified: int
    """Ciphered messages that were good."""
    refused: int
    """Ciphered messages that were not."""
    faults: dict[str, str]
    """What is wrong with it now."""
    events: list[Event]
    """The last ones, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of the meters that a search finds."""

    meters: list[MeterView]
    total: int
    query: str
    page: int
    """From 1."""
    pages: int


def found(desk: FaultDesk, query: str = "", page: int = 1, size: int = PAGE) -> Found:
    """The meters whose system title, name, address or present faults contain every word of ``query``."""
    words = query[:_LONGEST_QUERY].casefold().split()
    numbers = [number for number in range(len(desk.meters)) if not words or _has(_text(desk, number), words)]
    pages = max(1, -(-len(numbers) // size))
    page = min(max(page, 1), pages)
    shown = numbers[(page - 1) * size : page * size]
    return Found(meters=[view(desk, number) for number in shown], total=len(numbers), query=query, page=page, pages=pages)


def view(desk: FaultDesk, number: int, events: int = _EVENTS) -> MeterView:
    """One meter. ``number`` is one of the desk."""
    meter = desk.meters[number]
    device = meter.device
    sent = [counter.next for counter in device.transmit.in_use.values()]
    clients = [client for logical_device in device for client in logical_device.clients.values()]
    return MeterView(
        number=number,
        system_title=str(device.system_title),
        name=_name(meter),
        url=_url(desk, number),
        clock=meter.time.utc_now(),
        associations=[client.config.name for client in clients for _ in client.ports],
        received=max((device.last_counter(client.keys.state.in_use) for client in clients), default=0),
        sent=max((one for one in sent if one is not None), default=None),
        verified=device.tally.verified,
        refused=device.tally.refused,
        faults={str(kind): words for kind, words in meter.faults.active.items()},
        events=[_event(entry) for entry in list(device.log)[: -events - 1 : -1]],
    )


def view_of_one(desk: FaultDesk, number: int) -> MeterView:
    """One meter with more of its log."""
    return view(desk, number, _EVENTS_OF_ONE)


def entry_view(entry: Entry) -> dict[str, Any]:
    """An entry of the history as plain values."""
    plain: dict[str, Any] = msgspec.to_builtins(entry)
    return plain


def faults_view(desk: FaultDesk) -> dict[str, Any]:
    """The kinds that there are, how many meters have which now, and what was done, newest first."""
    active: dict[str, int] = {}
    for meter in desk.meters:
        for kind in meter.faults.active:
            active[kind] = active.get(kind, 0) + 1
    kinds = [{"kind": kind, "lasts": kind in LASTING} for kind in KINDS]
    return {"kinds": kinds, "active": active, "history": [entry_view(entry) for entry in reversed(desk.history)]}


def _has(text: str, words: Sequence[str]) -> bool:
    return all(word in text for word in words)


def _text(desk: FaultDesk, number: int) -> str:
    meter = desk.meters[number]
    shown: Sequence[str] = (str(meter.device.system_title), _name(meter), _url(desk, number), *meter.faults.active)
    return " ".join(shown).casefold()


def _url(desk: FaultDesk, number: int) -> str:
    return desk.urls[number] if number < len(desk.urls) else ""


def _name(meter: SimulatedMeter) -> str:
    return meter.device[MANAGEMENT_LOGICAL_DEVICE].name


def _event(entry: LogEntry) -> Event:
    return Event(entry.last, entry.code.value, entry.times, entry.detail)
