"""One line for logs: readable, bounded, never failing, and without what must stay secret."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmskit.apdu import (
    Aarq,
    AccessRequest,
    AccessRequestAction,
    AccessRequestBody,
    ActionRequestNormal,
    CosemAttributeDescriptor,
    CosemMethodDescriptor,
    DataBlockSA,
    GeneralBlockTransfer,
    InitiateRequest,
    SetRequestNormal,
    SetRequestWithDatablock,
    VariableName,
    WriteRequest,
    application_context_name,
    decode_apdu,
)
from dlmskit.codec.ber import AuthenticationValue
from dlmskit.codec.data import Data
from dlmskit.codec.schema import Apdu
from dlmskit.codec.text import one_line

DESCRIPTOR = "{class-id=1 instance-id=0.0.43.1.0.255 attribute-id=2}"
EXCEPTION = "state-error=service-not-allowed service-error=invocation-counter-error invocation-counter=42"
SECRET = b"S3cretS3cretS3cr"
ASSOCIATION = bytes.fromhex("0000280000FF")


def bare(octets: str) -> Data:
    return Data(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("octets", "line"),
    [
        (
            "C001C1000100002B0100FF0200",
            "get-request-normal invoke-id-and-priority=193 cosem-attribute-descriptor=" + DESCRIPTOR,
        ),
        ("C401C1000600001391", "get-response-normal invoke-id-and-priority=193 result=data:double-long-unsigned 5009"),
        ("C401C1014D", "get-response-normal invoke-id-and-priority=193 result=data-access-result:unknown(77)"),
        ("0501020100", "readRequest [variable-name:256]"),
        ("0D02000103", "writeResponse [success, data-access-error:read-write-denied]"),
        (
            "D80106 0000002A",
            "exception-response state-error=service-not-allowed service-error=invocation-counter-error invocation-counter=42",
        ),
        ("6203800101", "rlrq reason=urgent"),
        ("C81E" + "30" * 30, "glo-get-request <30 octets>"),
    ],
)
def test_a_message_in_one_line(octets: str, line: str) -> None:
    assert one_line(decode_apdu(bytes.fromhex(octets))) == line


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (bare("020312000A0A0241420F FE".replace(" ", "")), "{long-unsigned 10, visible-string 'AB', integer -2}"),
        (bare("01020001 00".replace(" ", "")), "[null-data, []]"),
        (bare("090C07E50603040E091700FFC400"), "octet-string 07E50603040E091700FFC400"),
        (bare("0921" + "AB" * 33), "octet-string " + "AB" * 16 + "... <33 octets>"),
        (bare("0A03410A42"), r"visible-string 'A\nB'"),
        (bare("0C02C328"), r"utf8-string '\\xc3('"),
        (bare("0441" + "00" * 9), "bit-string <65 bits>"),
        (bare("131206000100020003"), "compact-array <9 octets>"),
        (bare("1F05"), "delta-unsigned 5"),
    ],
)
def test_data_in_one_line(data: Data, line: str) -> None:
    assert one_line(data) == line


def test_an_apdu_inside_is_shown_where_it_can_be_decoded() -> None:
    apdu = Aarq(application_context_name=application_context_name(1), user_information=InitiateRequest().encode())
    assert "user-information=<14 octets>" in one_line(apdu)
    assert "user-information=(initiateRequest response-allowed=True" in one_line(apdu, decode=decode_apdu)
    broken = Aarq(application_context_name=application_context_name(1), user_information=b"\x99")
    assert "user-information=<1 octets>" in one_line(broken, decode=decode_apdu)


def test_long_messages_are_cut_without_reading_them_all() -> None:
    data = Data.array([Data.long_unsigned(1)] * 50000)
    line = one_line(data, width=60)
    assert len(line) == 60
    assert line.endswith("...")


def secret_data() -> Data:
    return Data.structure([Data.octet_string(SECRET), Data.visible_string(SECRET)])


@pytest.mark.parametrize(
    "apdu",
    [
        InitiateRequest(dedicated_key=SECRET),
        Aarq(
            application_context_name=application_context_name(1),
            calling_authentication_value=AuthenticationValue(SECRET),
            user_information=InitiateRequest(dedicated_key=SECRET).encode(),
        ),
        SetRequestNormal(1, CosemAttributeDescriptor(15, ASSOCIATION, 7), None, secret_data()),
        ActionRequestNormal(1, CosemMethodDescriptor(15, ASSOCIATION, 2), secret_data()),
        AccessRequest(
            1,
            b"",
            AccessRequestBody((AccessRequestAction(CosemMethodDescriptor(15, ASSOCIATION, 2)),), (secret_data(),)),
        ),
        WriteRequest((VariableName(0x1234),), (secret_data(),)),
        SetRequestWithDatablock(1, DataBlockSA(True, 1, secret_data().octets)),
        GeneralBlockTransfer(0x80, 1, 0, SECRET),
    ],
    ids=lambda apdu: type(apdu).__name__,
)
def test_secrets_are_left_out(apdu: Apdu) -> None:
    line = one_line(apdu, decode=decode_apdu, width=2000)
    assert SECRET.decode() not in line
    assert SECRET.hex().upper()[:8] not in line
    assert "octets>" in line or "<secret>" in line


def test_other_objects_are_shown() -> None:
    apdu = SetRequestNormal(1, CosemAttributeDescriptor(1, ASSOCIATION, 2), None, secret_data())
    assert SECRET.decode() in one_line(apdu, width=2000)


@settings(max_examples=200)
@given(st.binary(max_size=30))
def test_octets_that_are_no_data_never_fail(octets: bytes) -> None:
    line = one_line(Data(octets))
    assert len(line) <= 200


@pytest.mark.parametrize("octets", [b"", b"\x07", b"\x02\x01" * 5000, b"\x0a\x84" + b"\xff" * 4, b"\x01\x84" + b"\xff" * 5])
def test_hostile_octets_never_fail(octets: bytes) -> None:
    assert len(one_line(Data(octets))) <= 200
    assert len(one_line(Data(octets), width=100_000)) < 1000


def test_the_repr_of_an_apdu_is_its_line_without_secrets() -> None:
    """A dedicated key in the clear inside an AARQ, a password: neither is in a repr, nor in what embeds it."""
    key, password = bytes(range(0x41, 0x51)), b"PassW0rd"
    inner = InitiateRequest(dedicated_key=key)
    apdu = Aarq(
        application_context_name=application_context_name(1),
        calling_authentication_value=AuthenticationValue(password),
        user_information=inner.encode(),
    )
    shown = f"{apdu!r} {[inner]!r}"
    for secret in (key, password):
        assert secret.hex().upper() not in shown
        assert repr(secret)[2:-1] not in shown
