"""``--record`` and ``--pcap`` of the commands that talk to a meter: what passes, written to files without secrets in clear."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from dlmskit.errors import ConfigError
from dlmskit.trace.capture_writer import CaptureWriter
from dlmskit.trace.exchange import Recorder
from dlmskit.trace.redaction import redacted
from dlmskit.transport.base import Saps
from dlmskit.transport.tapped import ApduSink

Record = Annotated[Path | None, typer.Option(help="Write every APDU into this file, for dlmskit replay.")]
Pcap = Annotated[
    Path | None, typer.Option(help="Write every APDU into this packet capture, as wrapper over TCP; .pcapng or .pcap.")
]


@contextmanager
def recording(record: Path | None, pcap: Path | None, about: str) -> Iterator[ApduSink | None]:
    """A sink that writes both files; None where neither is wanted. Raises ConfigError where a file cannot be written."""
    if record is None and pcap is None:
        yield None
        return
    with ExitStack() as stack:
        sinks: list[ApduSink] = []
        try:
            if record is not None:
                log = stack.enter_context(record.open("w", encoding="utf-8"))
                sinks.append(Recorder(log, time.monotonic, about=about).passed)
            if pcap is not None:
                file = stack.enter_context(pcap.open("wb"))
                sinks.append(_capturing(CaptureWriter(file, ng=pcap.suffix == ".pcapng")))
        except OSError as error:
            raise ConfigError(f"{error.filename} cannot be written: {error.strerror}") from None

        def passed(from_client: bool, saps: Saps, apdu: bytes) -> None:
            for sink in sinks:
                sink(from_client, saps, apdu)

        yield passed


def _capturing(writer: CaptureWriter) -> ApduSink:
    def passed(from_client: bool, saps: Saps, apdu: bytes) -> None:
        writer.apdu(redacted(apdu), time.time(), from_client=from_client, client_sap=saps.client, server_sap=saps.server)

    return passed
