"""The key file of a laboratory: the keys that stand in the description anyway, as a file that clients take."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from dlmskit.apps.simulator.description import Keys
from dlmskit.apps.simulator.key_pairs import MeterPairs
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.apps.simulator.models import everybody
from dlmskit.client.key_file import write_key_file
from dlmskit.client.parties import OWN_ENTRY
from dlmskit.security.key_pairs import KeyPairs


def write_lab_keys(path: Path, meters: Iterable[SimulatedMeter], client: KeyPairs) -> None:
    """Write the file: an entry for each meter by its system title, and one for the clients. Raises ConfigError."""
    parts = ['storage = "plain"']
    parts += [_entry(f"keys.{meter.device.system_title}", _of_meter(meter)) for meter in meters]
    if own := client.table():
        parts.append(_entry(f"keys.{OWN_ENTRY}", own.items()))
    write_key_file(path, "\n\n".join([*parts, ""]).encode())


def _entry(name: str, fields: Iterable[tuple[str, str]]) -> str:
    return "\n".join([f"[{name}]", *(f"{field} = {json.dumps(value, ensure_ascii=False)}" for field, value in fields)])


def _of_meter(meter: SimulatedMeter) -> Iterator[tuple[str, str]]:
    keys = meter.description.keys
    if keys is not None:
        yield from _of_keys(keys, meter.pairs)
    passwords = {client.password for client in everybody(meter.description) if client.password is not None}
    if len(passwords) == 1:  # an entry holds one
        yield "lls_password", passwords.pop()


def _of_keys(keys: Keys, pairs: MeterPairs) -> Iterator[tuple[str, str]]:
    """Shared secrets, and the public halves of the key pairs of the meter."""
    yield "guek", keys.guek
    yield "gak", keys.gak
    if keys.kek is not None:
        yield "kek", keys.kek
    if keys.hls_secret is not None:
        yield "hls_secret_hex", keys.hls_secret
    for purpose, public, _ in pairs.meter.named():
        yield f"{purpose}_public_key", public.octets.hex()
