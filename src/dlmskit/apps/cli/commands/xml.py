"""``dlmskit xml``: APDUs to XML and back."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from dlmskit.apdu import decode_apdu
from dlmskit.apdu.xml import from_document, to_document, to_xml
from dlmskit.apps.cli.octets import is_xml, text_of
from dlmskit.apps.cli.output import print_json
from dlmskit.codec.schema import Apdu
from dlmskit.codec.xml import StyleName
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
    """Write APDUs as XML, or XML as the octets of APDUs: whichever of the two is given, the other comes out.

    Several APDUs (a line of a file each) become one document, and a document with several gives a line for each.
    Protected APDUs are shown as they are; dlmskit decode --xml opens them, and finds APDUs in frames.

    Example: dlmskit xml C001C100030100010800FF0200 --style standard
    """
    text = text_of(source)
    if text is not None and is_xml(text):
        found = [apdu.encode().hex().upper() for apdu in from_document(text)]
        print_json({"hex": found[0]} if len(found) == 1 else {"hex": found}) if json else typer.echo("\n".join(found))
        return 0
    chunks = read_input(source) if text is None else read_octets(text, "standard input" if source == "-" else source)
    apdus = [_decoded(chunk.octets) for chunk in chunks]
    written: StyleName = "simple" if style is Style.SIMPLE else "standard"
    if json:
        print_json({"apdus": [{"style": style.value, "xml": to_xml(apdu, written)} for apdu in apdus]})
    else:
        typer.echo(to_document(apdus, written))
    return 0


def _decoded(octets: bytes) -> Apdu:
    try:
        return decode_apdu(octets)
    except DecodeError as error:
        raise DecodeError(f"{error.reason}; a frame is no APDU yet: try dlmskit decode --xml", error.offset, error.path) from None
