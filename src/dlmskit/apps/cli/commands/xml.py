"""``dlmskit xml``: APDUs to XML and back."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dlmskit.apdu import decode_apdu
from dlmskit.apdu.xml import from_xml, to_xml
from dlmskit.apps.cli.output import print_json
from dlmskit.errors import ConfigError, DecodeError
from dlmskit.trace.intake import MOST_OCTETS, read_input


class Style(StrEnum):
    """The two styles of XML."""

    SIMPLE = "simple"
    STANDARD = "standard"


def run(
    source: Annotated[str, typer.Argument(help="An APDU as hex or in a file; or XML, in a file or as it is, to make octets of.")],
    style: Annotated[Style, typer.Option(help="Of the XML that is written; both are read.")] = Style.SIMPLE,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Write an APDU as XML, or XML as the octets of an APDU: whichever of the two is given, the other comes out.

    Protected APDUs are shown as they are; dlmskit decode --xml opens them, and finds APDUs in frames.

    Example: dlmskit xml C001C100030100010800FF0200 --style standard
    """
    text = _xml_text(source)
    if text is not None:
        octets = from_xml(text).encode().hex().upper()
        print_json({"hex": octets}) if json else typer.echo(octets)
        return 0
    documents = [_to_xml(chunk.octets, style) for chunk in read_input(source)]
    print_json({"apdus": [{"style": style.value, "xml": document} for document in documents]}) if json else None
    if not json:
        typer.echo("\n".join(documents))
    return 0


def _to_xml(octets: bytes, style: Style) -> str:
    try:
        return to_xml(decode_apdu(octets), "simple" if style is Style.SIMPLE else "standard")
    except DecodeError as error:
        raise DecodeError(f"{error.reason}; a frame is no APDU yet: try dlmskit decode --xml", error.offset, error.path) from None


def _xml_text(source: str) -> bytes | None:
    """The XML that is given or stands in a file; None for octets."""
    if source.lstrip().startswith("<"):
        return source.encode()
    try:
        path = Path(source)
        if not path.is_file():
            return None
        with path.open("rb") as file:
            octets = file.read(MOST_OCTETS)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.strerror == "File name too long":
            return None
        raise ConfigError(f"{source[:60]}: {error}") from None
    return octets if octets.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else None
