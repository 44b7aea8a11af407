"""The stages of the message pipeline, each to look at: APDU and XML, layers of protection, frames."""

from __future__ import annotations

from typing import Any

from dlmskit.apdu import decode_apdu
from dlmskit.apdu.ciphering import GeneralCiphering, GeneralDedCiphering, GeneralGloCiphering, GeneralSigning
from dlmskit.apdu.xml import from_xml, to_xml
from dlmskit.apps.cli.octets import STANDARD_INPUT, is_xml, octets_of, text_of
from dlmskit.errors import DecodeError
from dlmskit.security.envelope import FORM_OF_TAG, GENERAL_CIPHERING, GENERAL_SIGNING, Form, read_envelope
from dlmskit.types.system_title import SystemTitle

Stage = dict[str, Any]
"""One stage as JSON: its name, its octets in hexadecimal, and what can be told without a key."""


def apdu_stage(name: str, octets: bytes) -> Stage:
    """An APDU as a stage, with its XML; of a ciphered one the content apart: security header, text or ciphertext, tag."""
    stage: Stage = {"stage": name, "hex": octets.hex().upper()}
    if octets and octets[0] in FORM_OF_TAG:
        envelope = read_envelope(octets)
        stage |= {
            "form": envelope.form.label,
            "security_control": f"{int(envelope.header.control):02X}",
            "invocation_counter": envelope.header.invocation_counter,
            "ciphered_content": (envelope.header.encode() + envelope.content).hex().upper(),
        }
    elif octets and octets[0] in {GENERAL_CIPHERING, GENERAL_SIGNING}:
        form = Form.GENERAL_CIPHERING if octets[0] == GENERAL_CIPHERING else Form.GENERAL_SIGNING
        stage["form"] = form.label
    try:
        stage["xml"] = to_xml(decode_apdu(octets))
    except DecodeError as error:
        stage["not_understood"] = str(error)
    return stage


def read_apdu(source: str) -> bytes:
    """A whole APDU from XML or octets, in an argument, a file, or from standard input. Raises ConfigError, DecodeError."""
    text = text_of(source)
    if text is None:
        octets = octets_of(source, "the APDU")
    elif is_xml(text):
        return from_xml(text).encode()
    else:
        octets = octets_of(text, "standard input" if source == STANDARD_INPUT else "the APDU")
    decode_apdu(octets)
    return octets


def titles_in(octets: bytes) -> tuple[SystemTitle | None, SystemTitle | None]:
    """Originator and recipient as a protected APDU claims them; None where it leaves one out. Raises DecodeError."""
    apdu = decode_apdu(octets)
    if isinstance(apdu, GeneralCiphering | GeneralSigning):
        return _title(apdu.originator_system_title), _title(apdu.recipient_system_title)
    if isinstance(apdu, GeneralGloCiphering | GeneralDedCiphering):
        return _title(apdu.system_title), None
    return None, None


def _title(octets: bytes) -> SystemTitle | None:
    return SystemTitle(octets) if octets else None
