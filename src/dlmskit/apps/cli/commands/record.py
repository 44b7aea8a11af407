"""``dlmskit record``: write down what passes between a client and a meter."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from dlmskit.apps.cli.output import console, print_json
from dlmskit.apps.cli.places import tcp_place
from dlmskit.apps.cli.recording import Pcap, recording
from dlmskit.apps.simulator.serving import stop_signal
from dlmskit.errors import ConfigError
from dlmskit.trace.live import LiveFrames, sap_of
from dlmskit.trace.relay import Relay
from dlmskit.transport.base import Saps
from dlmskit.transport.tapped import ApduSink


def run(
    file: Annotated[Path, typer.Argument(help="The record to write.")],
    here: Annotated[str, typer.Argument(metavar="URL", help="Where the client connects to: tcp://host:port.")],
    to: Annotated[str, typer.Option(help="The meter: tcp://host:port.")],
    pcap: Pcap = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON line when it listens, one when it ends.")] = False,
) -> int:
    """Stand between a client and a meter (wrapper or HDLC over TCP) and record every APDU, until Ctrl-C or SIGTERM.

    Passwords and dedicated keys in clear are masked; what is ciphered is written as it was sent.

    Example: dlmskit record exchange.jsonl tcp://127.0.0.1:4060 --to tcp://192.0.2.7:4059 --pcap exchange.pcapng
    """
    if file.exists():
        raise ConfigError(f"{file} is there already; a record is never written over")
    with recording(file, pcap, f"relay to {to}") as sink:
        asyncio.run(_record(tcp_place(here), tcp_place(to), sink, json=json))
    return 0


async def _record(here: tuple[str, int], there: tuple[str, int], sink: ApduSink | None, *, json: bool) -> None:
    stop = stop_signal()
    ways = Ways(sink)
    async with Relay(here, there, ways.passed) as relay:
        url = f"tcp://{here[0]}:{relay.port}"
        print_json({"listening": url}, indent=None) if json else console.print(
            f"recording at [bold cyan]{url}[/]; Ctrl-C stops it"
        )
        sys.stdout.flush()
        await stop.wait()
    if json:
        print_json({"apdus": ways.count}, indent=None)
    else:
        console.print(f"\n{ways.count} APDUs are recorded.")


class Ways:
    """Both ways of every connection of a relay, as APDUs between SAPs."""

    def __init__(self, sink: ApduSink | None) -> None:
        self.count = 0
        self._sink = sink
        self._ways: dict[tuple[int, bool], LiveFrames] = {}

    def passed(self, connection: int, from_client: bool, octets: bytes) -> None:
        """The sink of the relay."""
        if not octets:
            self._ways.pop((connection, True), None)
            self._ways.pop((connection, False), None)
            return
        frames = self._ways.setdefault((connection, from_client), LiveFrames())
        for apdu in frames.feed(octets):
            source, destination = sap_of(apdu.source), sap_of(apdu.destination)
            client, server = (source, destination) if from_client else (destination, source)
            self.count += 1
            if self._sink is not None:
                self._sink(from_client, Saps(client, server), apdu.octets)
