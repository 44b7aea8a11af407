"""A meter in a house whose time is moved by hand, and its supplier's client over TCP."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dlmskit
from dlmskit.apps.simulator.description import Description, parse_description
from dlmskit.apps.simulator.guarding import PORTS
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.apps.simulator.templates import template_text
from dlmskit.server import Database
from dlmskit.transport.tcp_server import serve_tcp

GUEK, GAK = bytes(range(16)), bytes(range(0xD0, 0xE0))
KEYS = dlmskit.KeySet.from_hex(guek=GUEK.hex(), gak=GAK.hex())
GATEWAY = "0.0.19.40.0.255"


class Customer:
    """A meter in a house, its supplier's client, and the time."""

    def __init__(self, template: str, folder: Path, *start: int, collect: int = 60, token_key_file: str | None = None) -> None:
        text = template_text(template).replace("past_days = 35", "past_days = 0\ncommissioned = 2025-03-01")
        if token_key_file is not None:
            text = re.sub("^token_key = .*$", f'token_key_file = "{token_key_file}"', text, flags=re.MULTILINE)
        self.description: Description = parse_description(
            text.replace("price_per_kwh", f"collect_seconds = {collect}\nprice_per_kwh")
        )
        self.moment = datetime(*start, tzinfo=UTC)  # type: ignore[arg-type,misc]
        self._folder = folder
        self.sent: list[bytes] = []
        self.meter = self._started()

    def _started(self) -> SimulatedMeter:
        return SimulatedMeter(
            self.description, Database(self._folder / "meter.sqlite"), folder=self._folder, now=lambda: self.moment
        )

    def later(self, **by: float) -> None:
        """Time passes, and the meter does what is due."""
        until = self.moment + timedelta(**by)
        while self.moment < until:
            self.moment = min(self.moment + timedelta(minutes=5), until)
            self.meter.life.advance()

    def power_cut(self, **by: float) -> None:
        self.meter.close()
        self.moment += timedelta(**by)
        self.meter = self._started()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The meter answers at this URL."""
        listener = await serve_tcp("127.0.0.1", 0, handler_factory=self.meter.device.at_port(PORTS["tcp"]))
        try:
            yield f"tcp://127.0.0.1:{listener.port}"
        finally:
            await listener.close()

    @asynccontextmanager
    async def supplier(self, client: int = 1) -> AsyncIterator[dlmskit.Meter]:
        where: dict[str, Any] = {"keys": KEYS, "counters": str(self._folder / "counters")} if client != 16 else {}
        async with (
            self.serving() as url,
            dlmskit.connect(
                f"{url}?client={client}", **where, on_apdu=lambda sent, _, apdu: self.sent.append(apdu) if sent else None
            ) as one,
        ):
            yield one

    async def read(self, *codes: str) -> list[Any]:
        async with self.supplier() as meter:
            return [await meter.read(code) for code in codes]

    async def enter(self, token: bytes) -> int:
        async with self.supplier() as meter:
            status: int = (await meter.call(GATEWAY, 1, token))[0]
            return status
