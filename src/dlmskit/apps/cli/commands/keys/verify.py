"""``dlmskit keys verify``: a signature over octets, or a certificate up to a trusted root."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from dlmskit.apps.cli.key_entries import Json
from dlmskit.apps.cli.keyfile import open_key_file
from dlmskit.apps.cli.octets import octets_of, read_der
from dlmskit.apps.cli.output import console, print_json
from dlmskit.apps.cli.parties import public_key_of
from dlmskit.crypto.certificates import Certificate, RevocationList, Role, Trust, validate
from dlmskit.crypto.ecdsa import verify
from dlmskit.crypto.suites import suite_of
from dlmskit.errors import ConfigError
from dlmskit.types.system_title import SystemTitle


def run(  # noqa: PLR0913, PLR0917 - the options of a command
    source: Annotated[str, typer.Argument(help="A certificate file; with --signature what was signed: hex, a file, or -.")],
    signature: Annotated[str | None, typer.Option(help="The signature, r and s in hexadecimal.")] = None,
    by: Annotated[str | None, typer.Option(help="Who signed: a signing certificate, or an entry of --keys.")] = None,
    keys: Annotated[str | None, typer.Option(help="Key file with the entry of the signer.")] = None,
    anchor: Annotated[list[str] | None, typer.Option(help="Certificate of an authority that is trusted; several may be.")] = None,
    intermediate: Annotated[list[str] | None, typer.Option(help="Certificates that may help to build the path.")] = None,
    crl: Annotated[list[str] | None, typer.Option(help="Revocation lists; then every issuer must have a current one.")] = None,
    role: Annotated[Role, typer.Option(help="What the certificate is to be used for.")] = Role.SIGNATURE,
    title: Annotated[str | None, typer.Option(help="Whose certificate it must be, hex.")] = None,
    suite: Annotated[int, typer.Option(min=1, max=2, help="Security suite, which says the curve.")] = 1,
    at: Annotated[str | None, typer.Option(help="The time to validate for, ISO 8601 with its zone; else now.")] = None,
    json: Json = False,
) -> int:
    """Verify a signature, or a certificate: path, validity, revocation, use and system title. Exit code 4 says that it is wrong.

    Example: dlmskit keys verify meter.pem --anchor root.pem --role key-agreement --title 4D4D4D0000BC614E
    """
    if signature is not None:
        return _signature(source, signature, by, keys, as_json=json)
    if not anchor:
        raise ConfigError("a certificate is verified up to an authority that you trust: give --anchor root.pem")
    certificate = Certificate(read_der(source, "CERTIFICATE"))
    trust = Trust(
        suite=suite_of(suite),
        anchors=[Certificate(read_der(path, "CERTIFICATE")) for path in anchor],
        intermediates=[Certificate(read_der(path, "CERTIFICATE")) for path in intermediate or ()],
        revocation_lists=[RevocationList(read_der(path, "X509 CRL")) for path in crl or ()],
        require_revocation_list=bool(crl),
    )
    path = validate(certificate, role, trust, _moment(at), None if title is None else SystemTitle(title))
    names = [one.common_name for one in path]
    findings = list(certificate.findings())
    if json:
        print_json({"valid": True, "role": role.value, "path": names, "findings": findings, **_said(certificate)})
        return 0
    console.print(f"[green]valid[/] for {role.value}: {' <- '.join(names)}", markup=True)
    for finding in findings:
        console.print(f"[yellow]differs from the profile[/]: {finding}")
    return 0


def _signature(source: str, signature: str, by: str | None, keys: str | None, *, as_json: bool) -> int:
    if by is None:
        raise ConfigError("who signed? Say --by with a signing certificate, or with an entry of --keys")
    title, public = public_key_of(by, "signing", None if keys is None else open_key_file(keys))
    verify(public, octets_of(source, "what was signed"), octets_of(signature, "the signature"))
    if as_json:
        print_json({"valid": True, "signer": str(title)})
    else:
        console.print(f"[green]valid[/]: signed by {title}")
    return 0


def _said(certificate: Certificate) -> dict[str, str]:
    return {
        "subject": certificate.common_name,
        "serial_number": str(certificate.serial_number),
        "public_key": certificate.public_key.octets.hex().upper(),
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
    }


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ConfigError(f"{text!r:.40} is no time with a zone; write it as 2026-03-01T12:00:00Z")
    return moment
