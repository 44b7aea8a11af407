"""``dlmskit keys csr``: a certificate request (PKCS#10) for a key of a file."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.markup import escape

from dlmskit.apps.cli.key_entries import Entry, File, Json, open_entry, title_of
from dlmskit.apps.cli.octets import to_pem, write_new
from dlmskit.apps.cli.output import console, print_json
from dlmskit.crypto.certificates import request_for_agreement, request_for_signing
from dlmskit.errors import SecurityError, SecurityReason


class Use(StrEnum):
    """What the key is for."""

    SIGNATURE = "signature"
    KEY_AGREEMENT = "key-agreement"


def run(
    file: File,
    request: Annotated[str, typer.Argument(help="The file to write, in PEM; an existing one is never replaced.")],
    use: Annotated[Use, typer.Option(help="What the certificate is for.")] = Use.SIGNATURE,
    entry: Entry = None,
    json: Json = False,
) -> int:
    """Make a certificate request for the system title of an entry; the key itself proves that it is there.

    Example: dlmskit keys csr client.keys client.csr --use key-agreement
    """
    name, found = open_entry(file, entry)
    title = title_of(name, found)
    if use is Use.SIGNATURE and found.pairs.signing_key is not None:
        made = request_for_signing(found.pairs.signing_key, title)
    elif use is Use.KEY_AGREEMENT and found.pairs.agreement_key is not None:
        made = request_for_agreement(found.pairs.agreement_key, title)
    else:
        message = f"the entry {name!r} has no private key for {use.value}: keys new --suite 1 makes one"
        raise SecurityError(SecurityReason.MISSING_KEY, message)
    write_new(request, to_pem(made.octets, "CERTIFICATE REQUEST"))
    if json:
        print_json({"file": request, "system_title": str(title), "use": use.value})
    else:
        console.print(f"[green]wrote[/] {escape(request)}: {title} asks for a {use.value} certificate")
    return 0
