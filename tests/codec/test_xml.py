"""APDUs and data as XML: the shapes of both styles, names, numbers without names, and octets back for every vector."""

from __future__ import annotations

from typing import Any

import pytest

from dlmskit.apdu import (
    Aare,
    Aarq,
    ConfirmedServiceError,
    DataBlockG,
    GatewayRequest,
    GetResponseNormal,
    GetResponseWithDatablock,
    InitiateRequest,
    application_context_name,
    decode_apdu,
    mechanism_name,
)
from dlmskit.apdu.xml import data_from_xml, data_to_xml, from_xml, to_xml
from dlmskit.codec.ber import AuthenticationValue, Diagnostic
from dlmskit.codec.data import Data
from dlmskit.codec.schema import Apdu
from dlmskit.codec.xml import StyleName
from dlmskit.errors import DecodeError, EncodeError
from tests.apdu.test_vectors import VALID, octets
from tests.vectors import parameters

STYLES: tuple[StyleName, ...] = ("simple", "standard")

GET = "C001C1000100002B0100FF0200"
GET_SIMPLE = """\
<GetRequest>
  <GetRequestNormal>
    <InvokeIdAndPriority Value="C1"/>
    <AttributeDescriptor>
      <ClassId Value="0001"/>
      <InstanceId Value="00002B0100FF"/>
      <AttributeId Value="02"/>
    </AttributeDescriptor>
  </GetRequestNormal>
</GetRequest>"""
GET_STANDARD = """\
<?xml version="1.0" encoding="utf-8"?>
<x:xDLMS-APDU xmlns:x="http://www.dlms.com/COSEMpdu">
  <x:get-request>
    <x:get-request-normal>
      <x:invoke-id-and-priority>193</x:invoke-id-and-priority>
      <x:cosem-attribute-descriptor>
        <x:class-id>1</x:class-id>
        <x:instance-id>00002B0100FF</x:instance-id>
        <x:attribute-id>2</x:attribute-id>
      </x:cosem-attribute-descriptor>
    </x:get-request-normal>
  </x:get-request>
</x:xDLMS-APDU>"""


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("vector", parameters(VALID))
def test_octets_to_xml_to_octets(vector: dict[str, Any], style: StyleName) -> None:
    whole = octets(vector)
    if vector["kind"] == "apdu":
        text = to_xml(decode_apdu(whole), style)
        assert from_xml(text).encode() == from_xml(text.encode()).encode() == whole
    else:
        assert data_from_xml(data_to_xml(Data.decode(whole), style)).octets == whole


@pytest.mark.parametrize(("style", "text"), [("simple", GET_SIMPLE), ("standard", GET_STANDARD)])
def test_the_shape_of_a_message(style: StyleName, text: str) -> None:
    assert to_xml(decode_apdu(bytes.fromhex(GET)), style) == text
    assert from_xml(text).encode() == bytes.fromhex(GET)


def test_pdu_may_stand_around_one_apdu() -> None:
    assert from_xml(f"<Pdu>{GET_SIMPLE}</Pdu>").encode() == bytes.fromhex(GET)
    with pytest.raises(DecodeError, match="one APDU, not 2"):
        from_xml(f"<Pdu>{GET_SIMPLE}{GET_SIMPLE}</Pdu>")


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(EncodeError, match="no XML style"):
        to_xml(decode_apdu(bytes.fromhex(GET)), "fancy")  # type: ignore[arg-type]


# --- APDUs inside --------------------------------------------------------------------------------------------------------


def aarq(information: bytes | None, **more: Any) -> Aarq:
    return Aarq(application_context_name=application_context_name(3), user_information=information, **more)


@pytest.mark.parametrize(
    ("information", "element"),
    [
        (InitiateRequest().encode(), "<InitiateRequest>"),
        (bytes.fromhex("2103300102"), '<glo_InitiateRequest Value="300102"/>'),
        (bytes.fromhex("DB0003300102"), "<GeneralGloCiphering>"),
        (b"\x99\x00", '<UserInformation Value="9900"/>'),
        (b"", '<UserInformation Value=""/>'),
    ],
    ids=["plain", "ciphered", "general", "unknown", "empty"],
)
def test_user_information_stands_in_place(information: bytes, element: str) -> None:
    apdu = aarq(information)
    assert element in to_xml(apdu)
    assert from_xml(to_xml(apdu)) == apdu
    assert f"<x:user-information>{information.hex().upper()}</x:user-information>" in to_xml(apdu, "standard").replace(
        "<x:user-information/>", "<x:user-information></x:user-information>"
    )
    assert from_xml(to_xml(apdu, "standard")) == apdu


def test_no_user_information_is_no_element() -> None:
    assert from_xml(to_xml(aarq(None))) == aarq(None)


@pytest.mark.parametrize("style", STYLES)
def test_a_gateway_header_holds_the_apdu_in_place(style: StyleName) -> None:
    apdu = GatewayRequest(1, b"\x01\x02", bytes.fromhex(GET))
    assert "get-request-normal" in to_xml(apdu, "standard")
    assert from_xml(to_xml(apdu, style)) == apdu


def test_apdus_inside_one_another_are_limited() -> None:
    apdu = GatewayRequest(1, b"", bytes.fromhex(GET))
    for _ in range(6):
        apdu = GatewayRequest(1, b"", apdu.encode())
    text = to_xml(apdu)
    assert text.count("<GatewayRequest>") == 5
    assert from_xml(text) == apdu
    deep = "<GatewayRequest><NetworkId Value='01'/><PhysicalDeviceAddress Value=''/>"
    with pytest.raises(DecodeError, match="at most 4 are allowed"):
        from_xml(deep * 6 + GET_SIMPLE + "</GatewayRequest>" * 6)


# --- Numbers without names, and values with another spelling ------------------------------------------------------


@pytest.mark.case("R-009")
@pytest.mark.parametrize(
    ("apdu", "simple", "standard"),
    [
        (GetResponseNormal(0xC1, 77), '<DataAccessError Value="4D"/>', "<x:data-access-result>77</x:data-access-result>"),
        (
            aarq(None, mechanism_name=mechanism_name(8)),
            '<MechanismName Value="08"/>',
            "<x:mechanism-name>8</x:mechanism-name>",
        ),
        (ConfirmedServiceError(77, 6, 1), '<Service Value="4D"/>', "<x:service>77</x:service>"),
        (ConfirmedServiceError(1, 77, 1), '<ErrorClass Value="4D"/>', "<x:error-class>77</x:error-class>"),
        (ConfirmedServiceError(1, 6, 77), '<Initiate Value="4D"/>', "<x:initiate>77</x:initiate>"),
        (ConfirmedServiceError(1, 10, 5), '<Other Value="05"/>', "<x:other>5</x:other>"),
        (
            Aare(application_context_name=application_context_name(1), result=9, result_source_diagnostic=Diagnostic(99)),
            '<ACSEServiceUser Value="63"/>',
            "<x:acse-service-user>99</x:acse-service-user>",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Apdu) else "",
)
def test_numbers_without_a_name_are_written_as_numbers(apdu: Apdu, simple: str, standard: str) -> None:
    assert simple in to_xml(apdu)
    assert standard in to_xml(apdu, "standard")
    assert from_xml(to_xml(apdu)) == from_xml(to_xml(apdu, "standard")) == apdu


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "apdu",
    [
        aarq(None, mechanism_name=b"\x01\x02"),
        aarq(None, mechanism_name=b""),
        aarq(None, sender_acse_requirements=b"\x07\xff"),
        aarq(None, sender_acse_requirements=b""),
        aarq(None, sender_acse_requirements=b"\x00"),
        aarq(None, calling_ae_invocation_id=200),
        aarq(None, calling_ae_invocation_id=-56),
        aarq(None, calling_authentication_value=AuthenticationValue(b"12345678", 0x81)),
        aarq(None, calling_authentication_value=AuthenticationValue(b"", 0xA2)),
        Aarq(application_context_name=bytes.fromhex("5F857405070203")),
        GetResponseWithDatablock(1, DataBlockG(5, 1, b"\x01")),  # type: ignore[arg-type]
    ],
)
def test_other_spellings_come_back(apdu: Apdu, style: StyleName) -> None:
    assert from_xml(to_xml(apdu, style)) == apdu


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("spelling", "raw"),
    [
        ("03FF", True),
        ("0301", False),
        ("0981030102 03", True),
        ("0A0141", False),
        ("0A01FF", True),
        ("0A020041", True),
        ("0A03200A0D", False),
        ("0C0141", False),
        ("0C02C3A4", False),
        ("0C03EDA080", True),
        ("0C02C080", True),
        ("0C03EFBFBF", True),
        ("0403FF", True),
        ("0403E0", False),
        ("048103E0", True),
        ("0181011105", True),
        ("02820001 0A81 0141", True),
        ("177FC00001", False),
        ("18FFF8000000000001", False),
        ("0D99", False),
        ("131200", False),
        ("13128100", True),
        ("1302010102000211 12 06 010203040506", False),
        ("130281021112 06 010001020002", True),
    ],
)
def test_data_with_another_spelling_carry_raw(spelling: str, raw: bool, style: StyleName) -> None:
    data = Data.decode(bytes.fromhex(spelling)) if not spelling.startswith("13020101") else Data.decode(COMPACT)
    text = data_to_xml(data, style)
    assert ("Raw=" in text) is raw
    assert data_from_xml(text) == data


COMPACT = bytes.fromhex("13 02 02 01 0002 11 12 08 01020003 04050006".replace(" ", ""))


def test_raw_belongs_to_its_value() -> None:
    assert data_from_xml('<Boolean Value="True" Raw="03FF"/>').octets == b"\x03\xff"
    for stale in ('<Boolean Value="False" Raw="03FF"/>', '<UInt8 Value="01" Raw="03FF"/>', '<Boolean Value="True" Raw="03"/>'):
        with pytest.raises(DecodeError):
            data_from_xml(stale)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ('<UInt32 Value="1391"/>', "0600001391"),
        ('<Int8 Value="fe"/>', "0FFE"),
        ('<OctetString Value="01 02"/>', "09020102"),
        ('<Boolean Value="1"/>', "0301"),
        ('<Boolean Value="false"/>', "0300"),
        ('<Float32 Value="1.5"/>', "173FC00000"),
        ("<Data><None/></Data>", "00"),
        ('<Structure Qty="77"><None/></Structure>', "020100"),
        ('<x:bcd xmlns:x="http://www.dlms.com/COSEMpdu">153</x:bcd>', "0D99"),
        ('<long xmlns="http://www.dlms.com/COSEMpdu"> -2 </long>', "10FFFE"),
        ('<x:visible-string xmlns:x="http://www.dlms.com/COSEMpdu"> a </x:visible-string>', "0A03206120"),
        ('<String Value="&lt;&amp;&quot;&#65;"/>', "0A043C262241"),
        ("<!-- said --><None/>", "00"),
    ],
)
def test_spellings_that_are_read(text: str, octets: str) -> None:
    assert data_from_xml(text).octets == bytes.fromhex(octets)


def test_secrets_are_part_of_the_message() -> None:
    apdu = InitiateRequest(dedicated_key=bytes(range(16)))
    assert "000102030405060708090A0B0C0D0E0F" in to_xml(apdu)
    assert from_xml(to_xml(apdu)) == apdu
