"""BER as ACSE needs it: every form of a component both ways, what strict decoding refuses, what tolerance notes."""

from __future__ import annotations

from typing import Any

import pytest

from dlmskit.apdu import Aare, Aarq, Rlrq, decode_apdu
from dlmskit.codec.ber import AuthenticationValue, Diagnostic, dotted, integer_octets
from dlmskit.errors import DecodeError, EncodeError

NAME = bytes.fromhex("60857405080101")
NAME_HEX = "A109060760857405080101"


def aarq_octets(*components: str) -> bytes:
    body = bytes.fromhex("".join((NAME_HEX, *components)))
    return bytes((0x60, len(body))) + body


@pytest.mark.parametrize(
    ("fields", "written"),
    [
        ({}, ""),
        ({"called_ap_title": b"12345678"}, "A20A04083132333435363738"),
        ({"calling_ae_invocation_id": 5}, "A903020105"),
        ({"calling_ae_invocation_id": 200}, "A904020200C8"),
        ({"calling_ae_invocation_id": -128}, "A903020180"),
        ({"sender_acse_requirements": b"\x07\x80"}, "8A020780"),
        ({"mechanism_name": bytes.fromhex("60857405080205")}, "8B0760857405080205"),
        ({"calling_authentication_value": AuthenticationValue(b"secret")}, "AC088006736563726574"),
        ({"calling_authentication_value": AuthenticationValue(b"\x01", 0x81)}, "AC03810101"),
        ({"user_information": b"\x01\x00"}, "BE0404020100"),
        ({"user_information": bytes(200)}, "BE81CB0481C8" + "00" * 200),
    ],
)
def test_components_both_ways(fields: dict[str, Any], written: str) -> None:
    apdu = Aarq(application_context_name=NAME, **fields)
    body = bytes.fromhex(NAME_HEX + written)
    length = bytes((len(body),)) if len(body) < 128 else bytes((0x81, len(body)))
    assert apdu.encode() == b"\x60" + length + body
    assert decode_apdu(apdu.encode()) == apdu


@pytest.mark.parametrize(
    ("diagnostic", "octets"), [(Diagnostic(14), "A305A10302010E"), (Diagnostic(2, provider=True), "A305A203020102")]
)
def test_the_diagnostic_names_its_source(diagnostic: Diagnostic, octets: str) -> None:
    apdu = Aare(application_context_name=NAME, result=1, result_source_diagnostic=diagnostic)
    assert bytes.fromhex(octets) in apdu.encode()
    assert decode_apdu(apdu.encode()) == apdu


def test_diagnostics_have_names() -> None:
    assert str(Diagnostic(14)) == "authentication-required"
    assert str(Diagnostic(2, provider=True)) == "no-common-acse-version"
    assert str(Diagnostic(99)) == "unknown(99)"


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"\x60", "ends before a length"),
        (b"\x60\x00", "application_context_name: missing"),
        (b"\x60\x80", "length of 0 octets"),
        (b"\x60\x81\x0b" + bytes.fromhex(NAME_HEX), "shortest form"),
        (b"\x60\x0c" + bytes.fromhex(NAME_HEX), "says 12, 11 octets are left"),
        (aarq_octets("A90302"), "says 3, 1 octets are left"),
        (aarq_octets("A9020201"), "says 1, 0 octets are left"),
        (aarq_octets("A90402010500"), "1 octets behind the value"),
        (aarq_octets("A903040105"), "expected 02 inside"),
        (aarq_octets("A904020200 05".replace(" ", "")), "integer not in its shortest form"),
        (aarq_octets("A9020200"), "integer of 0 octets"),
        (aarq_octets("A90B0209" + "01" * 9), "integer of 9 octets"),
        (aarq_octets("AC06736563726574"), "no charstring"),
        (aarq_octets("AC00"), "no charstring"),
        (aarq_octets("A9030201058A020780A603040131"), "out of order"),
        (aarq_octets("A903020105A903020105"), "stands twice"),
        (aarq_octets("9F0100"), "unknown component 9F"),
        (bytes.fromhex("6117A109060760857405080101A203020100A305A30302010E"), "expected A1 or A2"),
    ],
)
def test_strict_decoding_refuses(octets: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason.replace("(", r"\(")):
        decode_apdu(octets)


@pytest.mark.parametrize(
    ("octets", "field", "value"),
    [
        (b"\x60\x81\x0b" + bytes.fromhex(NAME_HEX), "calling_ap_title", None),
        (b"\x60\x0c" + bytes.fromhex(NAME_HEX), "calling_ap_title", None),
        (aarq_octets("AC06736563726574"), "calling_authentication_value", AuthenticationValue(b"secret")),
        (aarq_octets("9F0100"), "calling_ap_title", None),
        (aarq_octets("A90402020005"), "calling_ae_invocation_id", 5),
        (aarq_octets("BE0304020100"), "user_information", b"\x01\x00"),
        (aarq_octets("BE040481020100"), "user_information", b"\x01\x00"),
    ],
)
def test_tolerance_takes_and_notes(octets: bytes, field: str, value: Any) -> None:
    with pytest.raises(DecodeError):
        decode_apdu(octets)
    deviations: list[str] = []
    apdu = decode_apdu(octets, deviations=deviations)
    assert getattr(apdu, field) == value
    assert deviations
    assert getattr(decode_apdu(apdu.encode()), field) == value


@pytest.mark.parametrize(
    "apdu",
    [
        Aarq(application_context_name=NAME, calling_ae_invocation_id="5"),  # type: ignore[arg-type]
        Aarq(application_context_name=NAME, user_information="text"),  # type: ignore[arg-type]
        Aarq(application_context_name=None),  # type: ignore[arg-type]
        Rlrq(reason=1.5),  # type: ignore[arg-type]
    ],
    ids=["number", "octets", "missing", "float"],
)
def test_what_does_not_fit_is_refused(apdu: Any) -> None:
    with pytest.raises(EncodeError):
        apdu.encode()


def test_passwords_are_not_shown() -> None:
    assert "hunter2" not in repr(
        Aarq(application_context_name=NAME, calling_authentication_value=AuthenticationValue(b"hunter2"))
    )


@pytest.mark.parametrize(("value", "octets"), [(0, "00"), (127, "7F"), (128, "0080"), (-1, "FF"), (-129, "FF7F"), (256, "0100")])
def test_integers_are_as_short_as_possible(value: int, octets: str) -> None:
    assert integer_octets(value) == bytes.fromhex(octets)


@pytest.mark.parametrize(
    ("octets", "text"),
    [("60857405080101", "2.16.756.5.8.1.1"), ("2A864886F70D", "1.2.840.113549"), ("", None), ("6085", None), ("00", "0.0")],
)
def test_object_identifiers_in_text(octets: str, text: str | None) -> None:
    assert dotted(bytes.fromhex(octets)) == text
