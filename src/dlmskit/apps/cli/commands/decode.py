"""``dlmskit decode``: explain any octets of DLMS/COSEM."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from dlmskit.apps.cli.keyfile import key_set, open_key_file
from dlmskit.apps.cli.output import print_json
from dlmskit.apps.cli.telegram import print_explanation, print_xml
from dlmskit.errors import ConfigError
from dlmskit.security.keys import Key, KeyRole
from dlmskit.security.vault import KeyVault
from dlmskit.trace.explain import KeyRing, explain_all
from dlmskit.trace.intake import MOST_OCTETS, read_input, read_octets
from dlmskit.types.system_title import SystemTitle


def run(  # noqa: PLR0913, PLR0917  one for each option
    source: Annotated[str, typer.Argument(help="Hex, base64, a file (text, binary, pcap, pcapng), or - for standard input.")],
    guek: Annotated[str | None, typer.Option(help="Global unicast encryption key, hex.")] = None,
    gak: Annotated[str | None, typer.Option(help="Authentication key, hex.")] = None,
    gbek: Annotated[str | None, typer.Option(help="Global broadcast encryption key, hex.")] = None,
    kek: Annotated[str | None, typer.Option(help="Master key, hex: opens keys that come wrapped.")] = None,
    dedicated_key: Annotated[str | None, typer.Option(help="Dedicated key of the association, hex.")] = None,
    system_title: Annotated[
        list[str] | None, typer.Option(help="System title of the sender, hex; may be given for each party.")
    ] = None,
    keys: Annotated[str | None, typer.Option(help="Key file instead of keys on the command line.")] = None,
    certificate: Annotated[
        list[Path] | None,
        typer.Option(
            help="Certificate of a party (DER or PEM file): checks its signatures, agrees on keys. May be given for each."
        ),
    ] = None,
    accept_damaged: Annotated[
        bool,
        typer.Option("--accept-damaged", help="List values of damaged or incomplete messages too; they are not to be trusted."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object; of a capture, a line for each APDU.")] = False,
    xml: Annotated[bool, typer.Option("--xml", help="The innermost APDUs as XML.")] = False,
) -> int:
    """Explain any octets: frames, APDUs, protection, values; and precisely why where they cannot be understood.

    Example: dlmskit decode 7EA0...7E --guek 000102030405060708090A0B0C0D0E0F --gak D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF
    """
    titles = [SystemTitle(text) for text in system_title or ()]
    vault = None if keys is None else open_key_file(keys)
    ring = KeyRing(key_set(guek=guek, gak=gak, gbek=gbek, file=vault, titles=titles), titles)
    if vault is not None:
        _know_pairs(ring, vault)
    if dedicated_key:
        ring.dedicated_key = Key.from_hex(dedicated_key, KeyRole.DEDICATED)
    if kek:
        ring.keys = replace(ring.keys, kek=Key.from_hex(kek, KeyRole.KEK))
    for path in certificate or ():
        _know_certificate(ring, path)
    chunks = read_octets(sys.stdin.buffer.read(MOST_OCTETS + 1), "standard input") if source == "-" else read_input(source)
    explanation = explain_all((chunk.octets for chunk in chunks), ring)
    if accept_damaged:
        explanation = explanation.with_damaged_values()
    if json and chunks and chunks[0].captured:
        for one in explanation.each_to_json():
            print_json(one, indent=None)
    elif json:
        print_json(explanation.to_json())
    elif xml:
        print_xml(explanation)
    else:
        print_explanation(explanation)
    return explanation.exit_code


def _know_pairs(ring: KeyRing, vault: KeyVault) -> None:
    """Use the key pairs in a key file, of whichever party."""
    if not any(True for entry in vault.values() for _ in entry.pairs.named()):
        return
    from dlmskit.apps.cli.keyring import Keyring

    known = Keyring(vault=vault)
    for title in known.titles():
        pairs = known.pairs(title)
        if pairs.signing_public_key is not None:
            ring.verification_keys[title] = pairs.signing_public_key
        if pairs.agreement_public_key is not None:
            ring.agreement_keys[title] = pairs.agreement_public_key
        if pairs.agreement_key is not None:
            ring.private_agreement_keys[title] = pairs.agreement_key


def _know_certificate(ring: KeyRing, path: Path) -> None:
    """Use the certificate in a file. Raises ConfigError where it cannot be read, SecurityError where it is none."""
    from dlmskit.crypto.certificates import Certificate
    from dlmskit.trace.explain.certificates import know_certificate

    try:
        octets = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the certificate {path} cannot be read: {error.strerror}") from error
    if octets.lstrip().startswith(b"-----BEGIN"):
        octets = _from_pem(octets, path)
    know_certificate(ring, Certificate(octets))


def _from_pem(octets: bytes, path: Path) -> bytes:
    import ssl

    try:
        return ssl.PEM_cert_to_DER_cert(octets.decode("ascii", "replace").strip())
    except ValueError:
        raise ConfigError(f"the certificate {path} is not PEM of one certificate") from None
