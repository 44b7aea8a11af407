"""``dlmskit xml``: APDUs to XML and back."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from dlmskit.apdu import decode_apdu
from dlmskit.apdu.xml import from_xml, to_xml
from dlmskit.apps.cli.octets import is_xml, text_of
from dlmskit.apps.cli.output import print_json
from dlmskit.errors import DecodeError
from dlmskit.trace.intake import read_input, read_octets


class Style(StrEnum):
    """The two styles of XML."""

    SIMPLE = "simple"
    STANDARD = "standard"


def run(
    source: Annotated[
        str, typer.Argument(help="An APDU as hex, or XML to make octets of: as it is, in a file, or - for standard input.")
    ],
    style: Annotated[Style, typer.Option(help="Of the XML that is written; both are read.")] = Style.SIMPLE,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Write an APDU as XML, or XML as the octets of an APDU: whichever of the two is given, the other comes out.

    Protected APDUs are shown as they are; dlmskit decode --xml opens them, and finds APDUs in frames.

    Example: dlmskit xml C001C100030100010800FF0200 --style standard
    """
    text = text_of(source)
    if text is not None and is_xml(text):
        octets = from_xml(text).encode().hex().upper()
        print_json({"hex": octets}) if json else typer.echo(octets)
        return 0
    chunks = read_input(source) if text is None else read_octets(text, "standard input" if source == "-" else source)
    documents = [_to_xml(chunk.octets, style) for chunk in chunks]
    print_json({"apdus": [{"style": style.value, "xml": document} for document in documents]}) if json else None
    if not json:
        typer.echo("\n".join(documents))
    return 0


def _to_xml(octets: bytes, style: Style) -> str:
    try:
        return to_xml(decode_apdu(octets), "simple" if style is Style.SIMPLE else "standard")
    except DecodeError as error:
        raise DecodeError(f"{error.reason}; a frame is no APDU yet: try dlmskit decode --xml", error.offset, error.path) from None
