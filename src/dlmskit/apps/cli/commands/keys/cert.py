"""``dlmskit keys cert``: certificates of the DLMS profile, issued by an authority whose key is in a key file."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape

from dlmskit.apps.cli.key_entries import Entry, Json, open_entry
from dlmskit.apps.cli.octets import read_der, to_pem, write_new
from dlmskit.apps.cli.output import console, print_json
from dlmskit.crypto.certificates import Certificate, CertificateAuthority, CertificateRequest, Role, Validity
from dlmskit.crypto.provider import Signer
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.types.system_title import SystemTitle

_SERIAL_BITS = 64


def run(  # noqa: PLR0913, PLR0917 - the options of a command
    file: Annotated[str, typer.Argument(help="Key file of the authority.")],
    certificate: Annotated[str, typer.Argument(help="The file to write, in PEM; an existing one is never replaced.")],
    root: Annotated[str | None, typer.Option(help="Make a new root of this name, signed by itself.")] = None,
    issuer: Annotated[str | None, typer.Option(help="The authority's own certificate.")] = None,
    request: Annotated[str | None, typer.Option(help="Certify this request of an end entity.")] = None,
    title: Annotated[
        str | None, typer.Option(help="Whose request it is, hex: you know that, the request only claims it.")
    ] = None,
    sub_ca: Annotated[
        str | None, typer.Option(help="Certify a sub-authority of this name, with the signing key of --sub-ca-keys.")
    ] = None,
    sub_ca_keys: Annotated[str | None, typer.Option(help="Key file of the sub-authority.")] = None,
    days: Annotated[int, typer.Option(min=1, help="How long it is valid.")] = 3650,
    entry: Entry = None,
    json: Json = False,
) -> int:
    """Be a small certification authority: a root, sub-authorities below it, certificates for requests.

    Example: dlmskit keys cert root.keys meter.pem --issuer root.pem --request meter.csr --title 4D4D4D0000BC614E
    """
    signer = _signer(file, entry)
    now = datetime.now(UTC).replace(microsecond=0)
    validity = Validity(now, now + timedelta(days=days))
    if [root is not None, request is not None, sub_ca is not None].count(True) != 1:
        raise ConfigError("say one of --root NAME, --request FILE with --title, --sub-ca NAME with --sub-ca-keys")
    if root is not None:
        made = CertificateAuthority.root(root, signer, _serial(), validity).certificate
    elif issuer is None:
        raise ConfigError("an authority needs its own certificate: give --issuer root.pem, which keys cert --root makes")
    else:
        authority = CertificateAuthority(Certificate(read_der(issuer, "CERTIFICATE")), signer)
        made = _certified(authority, request, title, validity) if request else _sub(authority, sub_ca, sub_ca_keys, validity)
    write_new(certificate, to_pem(made.octets, "CERTIFICATE"))
    role = made.role.value if made.role is not None else "other"
    if json:
        print_json({"file": certificate, "subject": made.common_name, "role": role, "serial_number": str(made.serial_number)})
    else:
        console.print(
            f"[green]wrote[/] {escape(certificate)}: {role} {escape(made.common_name)}, until {made.not_after:%Y-%m-%d}"
        )
    return 0


def _certified(authority: CertificateAuthority, path: str, title: str | None, validity: Validity) -> Certificate:
    if title is None:
        raise ConfigError("whose request is it? Say --title: what the request claims is no proof")
    asked = CertificateRequest(read_der(path, "CERTIFICATE REQUEST"))
    return authority.certify(asked, SystemTitle(title), asked.role or Role.SIGNATURE, _serial(), validity)


def _sub(authority: CertificateAuthority, name: str | None, keys: str | None, validity: Validity) -> Certificate:
    if name is None or keys is None:
        raise ConfigError("a sub-authority has a key of its own: give --sub-ca-keys with its key file")
    return authority.issue_ca(name, _signer(keys, None).public, _serial(), validity)


def _signer(file: str, entry: str | None) -> Signer:
    name, found = open_entry(file, entry)
    if found.pairs.signing_key is None:
        message = f"the entry {name!r} has no signing_key: keys new --suite 1 makes one"
        raise SecurityError(SecurityReason.MISSING_KEY, message)
    return found.pairs.signing_key


def _serial() -> int:
    """Unpredictable, and unique by its length (RFC 5280, 4.1.2.2)."""
    return secrets.randbits(_SERIAL_BITS) | 1 << _SERIAL_BITS
