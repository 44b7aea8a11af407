"""XML that is wrong, or meant to harm: refused with a DecodeError, without files, network, or work beyond its size."""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmskit.apdu.xml import data_from_xml, data_to_xml, from_xml, to_xml
from dlmskit.codec.data import Data
from dlmskit.errors import DecodeError
from dlmskit.limits import Limits
from dlmskit.testing.strategies import apdus
from tests.codec.test_xml import GET_SIMPLE, GET_STANDARD

EXCEPTION = "<ExceptionResponse><StateError Value='01'/><ServiceError Value='06'/></ExceptionResponse>"
INITIATE = (
    "<InitiateRequest><ProposedDlmsVersionNumber Value='06'/><ProposedConformance><ConformanceBit Name='Get'/>"
    "</ProposedConformance><ProposedMaxPduSize Value='0'/></InitiateRequest>"
)
LAUGHS = "<!DOCTYPE lolz [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>"


@pytest.mark.case("R-014")
@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE GetRequest>",
        LAUGHS,
        "<!DOCTYPE GetRequest SYSTEM 'http://192.0.2.1/evil.dtd'>",
        "<?xml version='1.0'?>\n<!-- x -->\n<!DOCTYPE GetRequest [<!ELEMENT GetRequest ANY>]>",
        "<!ENTITY a 'b'>",
    ],
)
def test_a_doctype_is_refused_before_the_body(prolog: str) -> None:
    for text in (prolog + GET_SIMPLE, prolog + GET_SIMPLE[:20], (prolog + GET_SIMPLE).encode()):
        with pytest.raises(DecodeError, match="DOCTYPE"):
            from_xml(text)
        with pytest.raises(DecodeError, match="DOCTYPE"):
            data_from_xml(text)


@pytest.mark.case("R-014")
def test_no_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("41", encoding="utf-8")
    text = f"<!DOCTYPE a [<!ENTITY e SYSTEM '{secret.as_uri()}'>]><OctetString Value='01'>&e;</OctetString>"
    opened: list[str] = []
    sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
    with pytest.raises(DecodeError):
        data_from_xml(text)
    assert str(secret) not in opened


@pytest.mark.case("R-014")
def test_another_encoding_hides_nothing() -> None:
    hidden = ("<?xml version='1.0' encoding='utf-16'?><!DOCTYPE a><None/>").encode("utf-16")
    with pytest.raises(DecodeError, match="UTF-8"):
        data_from_xml(hidden)
    assert data_from_xml("<?xml version='1.0' encoding='utf-16'?><None/>").octets == b"\0"
    with pytest.raises(DecodeError, match="surrogate"):
        data_from_xml("<String Value='\ud800'/>")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not xml",
        "<GetRequest>",
        "<a/><b/>",
        "<GetRequest>&unknown;</GetRequest>",
        "<String Value='\x00'/>",
        "<GetRequest/>",
        "<Nothing/>",
        "<Pdu/>",
        "<GetRequest xmlns='http://example.org/other'/>",
        GET_SIMPLE.replace("02", "0002"),
        GET_SIMPLE.replace("C1", "1C1"),
        GET_SIMPLE.replace("C1", "-1"),
        GET_SIMPLE.replace("C1", ""),
        GET_SIMPLE.replace("00002B0100FF", "00002B0100F"),
        GET_SIMPLE.replace("00002B0100FF", "00002B0100"),
        GET_SIMPLE.replace("<ClassId", "<Class"),
        GET_SIMPLE.replace('<ClassId Value="0001"/>', ""),
        GET_SIMPLE.replace('<ClassId Value="0001"/>', '<ClassId Value="0001"/><ClassId Value="0001"/>'),
        GET_SIMPLE.replace('<ClassId Value="0001"/>', '<ClassId Value="0001"><None/></ClassId>'),
        GET_SIMPLE.replace("<AttributeDescriptor>", "<AttributeDescriptor>text"),
        GET_SIMPLE.replace('Value="C1"', 'Value="C1" Other="1"'),
        GET_SIMPLE.replace('Value="C1"', 'Value="C1" Raw="C1"'),
        GET_SIMPLE.replace("</GetRequestNormal>", "</GetRequestNormal><GetRequestNormal/>"),
        GET_STANDARD.replace(">193<", ">256<"),
        GET_STANDARD.replace(">193<", ">0xC1<"),
        GET_STANDARD.replace(">193<", ">" + "9" * 5000 + "<"),
        "<ReadRequest><VariableName Value='0100'/><Nothing/></ReadRequest>",
        "<AssociationRequest/>",
        "<ReleaseRequest><Reason Value='Never'/></ReleaseRequest>",
        "<ConfirmedServiceError><Service Value='01'/><ServiceError><Nothing Value='1'/></ServiceError></ConfirmedServiceError>",
        EXCEPTION,
        EXCEPTION.replace("06", "05").replace("</Exc", "<InvocationCounter Value='05'/></Exc"),
        INITIATE.replace("Get", "Fly"),
    ],
)
def test_wrong_apdus_are_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        from_xml(text)


@pytest.mark.parametrize(
    "text",
    [
        "<UInt8 Value='100'/>",
        "<UInt8/>",
        "<UInt8 Value='01'><None/></UInt8>",
        "<None Value='1'/>",
        "<Boolean Value='maybe'/>",
        "<BitString Value='012'/>",
        "<Date Value='0102'/>",
        "<String Value='\u00e4'/>",
        "<Float32 Value='one'/>",
        "<Structure><Nothing/></Structure>",
        "<CompactArray/>",
        "<CompactArray><ContentsDescription/><ArrayContents Value=''/></CompactArray>",
        "<CompactArray><ContentsDescription><UInt16/></ContentsDescription><ArrayContents Value='01'/></CompactArray>",
        "<CompactArray><ContentsDescription><Array Qty='2'/></ContentsDescription><ArrayContents Value=''/></CompactArray>",
        "<CompactArray><ContentsDescription><CompactArray/></ContentsDescription><ArrayContents Value=''/></CompactArray>",
    ],
)
def test_wrong_data_are_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        data_from_xml(text)


def test_the_undamaged_texts_are_read() -> None:
    assert from_xml(EXCEPTION.replace("06", "05")).encode() == bytes.fromhex("D80105")
    assert from_xml(INITIATE).encode() == bytes.fromhex("01000000065F1F0400000010") + b"\0\0"


def test_an_error_names_line_and_element() -> None:
    with pytest.raises(DecodeError) as refusal:
        from_xml(GET_SIMPLE.replace("0001", "XX"))
    assert refusal.value.path == "GetRequest/GetRequestNormal/AttributeDescriptor/ClassId"
    assert refusal.value.reason.startswith("line 5:")


@pytest.mark.case("R-003")
@pytest.mark.parametrize("depth", [33, 200, 250, 5000])
def test_deep_nesting_is_refused_by_reader_and_writer(depth: int) -> None:
    reason = "line 1: nesting too deep" if depth < 256 else "not well-formed"
    with pytest.raises(DecodeError, match=reason):
        data_from_xml("<Structure>" * depth + "<None/>" + "</Structure>" * depth)
    with pytest.raises(DecodeError, match="nesting too deep"):
        data_to_xml(Data(b"\x02\x01" * depth + b"\x00"))


def test_what_the_limits_allow_goes_both_ways() -> None:
    data = Data.decode(b"\x02\x01" * 32 + b"\x00")
    assert data_from_xml(data_to_xml(data)) == data


def test_the_size_of_the_text_is_limited() -> None:
    limits = Limits(apdu_octets=10)
    assert data_from_xml("<None/>", limits=limits).octets == b"\0"
    with pytest.raises(DecodeError, match="at most 640 are allowed"):
        data_from_xml("<None/>" + " " * 640, limits=limits)


def test_memory_stays_in_proportion_to_the_text() -> None:
    text = "<Array>" + "<None/>" * 5000 + "</Array>"
    tracemalloc.start()
    try:
        data = data_from_xml(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(data.octets) == 5004
    assert peak < 16 * len(text) + (1 << 20)


@settings(max_examples=300)
@given(apdus(), st.sampled_from(["simple", "standard"]), st.data())
def test_damaged_xml_raises_nothing_else(apdu: object, style: str, draw: st.DataObject) -> None:
    text = to_xml(apdu, style)  # type: ignore[arg-type]
    at = draw.draw(st.integers(0, len(text)))
    end = draw.draw(st.integers(at, min(len(text), at + 40)))
    damage = draw.draw(st.sampled_from(["", "<", "/>", '"', "0", "FF", "&#0;", "<None/>", text[end : end + 40], "\ufffe"]))
    damaged = text[:at] + damage + text[end:]
    try:
        found = from_xml(damaged)
    except DecodeError:
        return
    assert from_xml(to_xml(found)) == found
