"""``dlmskit image sign``: put firmware into a signed container."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlmskit.apps.cli.images import described
from dlmskit.apps.cli.key_entries import Entry, Json, open_entry
from dlmskit.apps.cli.output import console, print_json
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.firmware import FirmwareHeader, sign_firmware


def run(
    body: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The firmware itself.")],
    image: Annotated[Path, typer.Argument(dir_okay=False, help="Where the container goes.")],
    keys: Annotated[str, typer.Option("--keys", help="Key file with the manufacturer's key pair for signatures.")],
    device_type: Annotated[str, typer.Option(help="The type of meter that it is for.")],
    version: Annotated[int, typer.Option(min=0, help="Its number; a meter takes no lower one than it has.")],
    identification: Annotated[str, typer.Option(help="What the meter shows of it; usual: type and version.")] = "",
    entry: Entry = None,
    json: Json = False,
) -> int:
    """Sign firmware. The format of the container is in docs/reference/image-container.md.

    Example: dlmskit image sign firmware.bin firmware.img --keys maker.keys --device-type SP-100 --version 7
    """
    name, found = open_entry(keys, entry)
    signer = found.pairs.signing_key
    if signer is None:
        raise SecurityError(SecurityReason.MISSING_KEY, f"the entry {name!r} has no signing_key: keys new --suite 1 makes one")
    header = FirmwareHeader(device_type, version, (identification or f"{device_type} {version}").encode())
    octets = sign_firmware(header, body.read_bytes(), signer)
    image.write_bytes(octets)
    told = {"file": str(image), "octets": len(octets), "curve": signer.public.curve.name, **described(header)}
    if json:
        print_json(told)
    else:
        console.print(f"{image}: {told['identification']} for {device_type}, {len(octets):,} octets, signed on {told['curve']}")
    return 0
