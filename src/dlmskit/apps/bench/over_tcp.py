"""A session over TCP against a simulated meter in a process of its own; what counts is the processor time of the client.

Associate by HLS-GMAC, everything authenticated and encrypted; ten GETs; a load profile of one day; release; hang up.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from secrets import token_bytes
from time import process_time
from typing import Any

from dlmskit.apdu import CosemAttributeDescriptor
from dlmskit.apps.bench.model import Case
from dlmskit.association import AssociationSettings, ClientAssociation, Credentials, Exchange
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.codec.rows import decode_rows
from dlmskit.errors import TransportError
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.keys import KeySet
from dlmskit.security.windows import ReceivedCounters
from dlmskit.transport.base import Saps
from dlmskit.transport.tcp import TcpTransport
from dlmskit.transport.tcp_blocking import BlockingTcpTransport
from dlmskit.types.enums import ApplicationContext, Mechanism
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

REGISTER, PROFILE = Obis("1.0.1.8.0.255"), Obis("1.0.99.1.0.255")
READS = 10
_GUEK, _GAK = bytes(range(16)), bytes(range(0xD0, 0xE0))
_TITLE = SystemTitle("42454E4300000001")


class _Client:
    """Our side: sans-IO machines over the asyncio transport, as the client facade drives them."""

    def __init__(self, port: int) -> None:
        self._port = port
        keys = KeySet.from_hex(guek=_GUEK.hex(), gak=_GAK.hex())
        self._credentials = Credentials(
            keys=keys, transmit=TransmitCounters(MemoryCounterStore(), block=100_000), received=ReceivedCounters()
        )
        self._settings = AssociationSettings(
            client_sap=1,
            application_context=ApplicationContext.LN_CIPHERED,
            mechanism=Mechanism.HLS_GMAC,
            client_system_title=_TITLE,
        )
        self._loop = asyncio.new_event_loop()

    def session(self) -> None:
        """One session, from connect to hang up."""
        self._loop.run_until_complete(self._session())

    def close(self) -> None:
        """Give the event loop back."""
        self._loop.close()

    def blocking_session(self) -> None:
        """The same without asyncio."""
        with BlockingTcpTransport("127.0.0.1", self._port, Saps(1, 1)) as line:
            for exchange in self._exchanges():
                _check(_drive_blocking(line, exchange))

    async def _session(self) -> None:
        async with TcpTransport("127.0.0.1", self._port, Saps(1, 1)) as line:
            for exchange in self._exchanges():
                _check(await _drive(line, exchange))

    def _exchanges(self) -> Iterator[Exchange[Any]]:
        client = ClientAssociation(self._settings, self._credentials, random=token_bytes)
        yield client.associate()
        for _ in range(READS):
            yield client.get(CosemAttributeDescriptor(3, REGISTER.octets, 2))
        yield client.get(CosemAttributeDescriptor(7, PROFILE.octets, 2))
        yield client.release()


def _check(result: object) -> None:
    """The profile ends as rows, as many as it must have."""
    if isinstance(result, Data) and result.octets[0] == Tag.ARRAY and len(decode_rows(result)) < READS:
        raise TransportError("the meter of the benchmark did not give its profile")


def _drive_blocking(line: BlockingTcpTransport, exchange: Exchange[Any]) -> Any:
    try:
        step = next(exchange)
        while True:
            for apdu in step:
                line.send(apdu)
            step = exchange.send(line.receive())
    except StopIteration as done:
        return done.value


async def _drive(line: TcpTransport, exchange: Exchange[Any]) -> Any:
    try:
        step = next(exchange)
        while True:
            for apdu in step:
                await line.send(apdu)
            step = exchange.send(await line.receive())
    except StopIteration as done:
        return done.value


@contextmanager
def tcp_cases() -> Iterator[list[Case]]:
    """The case, as long as its meter runs."""
    with as_file(files(__package__).joinpath("meter.toml")) as description:
        command = "from dlmskit.apps.cli import main; main()"
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own command
            [sys.executable, "-c", command, "simulate", str(description), "--port", "0", "--json"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            port = json.loads(process.stdout.readline())["port"] if process.stdout else 0
            client = _Client(port)
            material = {"port": port, "guek": _GUEK, "gak": _GAK, "register": REGISTER.octets, "profile": PROFILE.octets}
            yield [
                Case(
                    "session over TCP [client CPU]",
                    client.session,
                    {**material, "reads": READS},
                    clock=process_time,
                    bars={"dlms-cosem": 5},
                ),
                Case(
                    "session over TCP without asyncio [client CPU]",
                    client.blocking_session,
                    {**material, "reads": READS},
                    clock=process_time,
                    asked="session over TCP",
                    bars={"dlms-cosem": 5},
                ),
            ]
            client.close()
        finally:
            process.terminate()
            process.wait()
            if process.stdout:
                process.stdout.close()
