"""Damaged APDUs: refused, or another value that encodes to exactly the damaged octets; never a foreign exception."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from dlmskit.apdu import Aarq, GetResponseNormal, decode_apdu
from dlmskit.apdu.xml import data_to_xml
from dlmskit.codec.data import Data
from dlmskit.codec.text import one_line
from dlmskit.errors import DecodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.types.enums import DataAccessResult, label_of
from tests.apdu.test_vectors import APDUS, octets
from tests.vectors import parameters

AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400007E1F04B0")
TITLE = "A60A04084D4D4D0000BC614E"
OTHER_TITLE = "A60A04084D4D4D0000000001"


def aarq_with(*components: str) -> bytes:
    """An AARQ with components between application-context-name and user-information."""
    body = AARQ[2:13] + bytes.fromhex("".join(components)) + AARQ[13:]
    return bytes((0x60, len(body))) + body


def is_identity(damaged: bytes) -> bool:
    """Whether the octets are refused, or mean something that is written as just these octets."""
    try:
        apdu = decode_apdu(damaged)
    except DecodeError:
        return True
    return apdu.encode() == damaged


def damaged_one_by_one(whole: bytes, values: Iterator[int] | range | None = None) -> Iterator[bytes]:
    """Each octet replaced by others: by all of ``values``, or by its bit errors and the octets at edges of lengths and flags."""
    for at, octet in enumerate(whole):
        edges = {0, 1, 2, 0x7F, 0x80, 0x81, 0x82, 0xFE, 0xFF} | {octet ^ 1 << bit for bit in range(8)}
        for value in values or edges:
            if value != octet:
                yield whole[:at] + bytes((value,)) + whole[at + 1 :]


@pytest.mark.case("R-004")
@pytest.mark.parametrize("vector", parameters(APDUS))
def test_truncated_anywhere_is_refused(vector: dict[str, Any]) -> None:
    whole = octets(vector)
    for end in range(len(whole)):
        if vector["name"].startswith("gateway-") and end >= 7:
            continue  # the APDU behind the header is octets here: its own decoder refuses it
        with pytest.raises(DecodeError):
            decode_apdu(whole[:end])


@pytest.mark.case("R-005")
@pytest.mark.parametrize("vector", parameters([v for v in APDUS if not v["name"].startswith("gateway-")]))
def test_trailing_octets_are_refused(vector: dict[str, Any]) -> None:
    for count in range(1, 17):
        with pytest.raises(DecodeError, match=f"trailing data: {count} octets"):
            decode_apdu(octets(vector) + bytes(range(count)))


@pytest.mark.case("R-006")
@pytest.mark.parametrize("vector", parameters(APDUS))
def test_a_changed_octet_is_refused_or_kept(vector: dict[str, Any]) -> None:
    assert [one.hex() for one in damaged_one_by_one(octets(vector)) if not is_identity(one)] == []


@pytest.mark.soak
@pytest.mark.parametrize("vector", parameters(APDUS))
def test_every_changed_octet_is_refused_or_kept(vector: dict[str, Any]) -> None:
    assert [one.hex() for one in damaged_one_by_one(octets(vector), range(256)) if not is_identity(one)] == []


@pytest.mark.case("R-007")
@pytest.mark.parametrize(
    "components",
    [(TITLE, OTHER_TITLE), (TITLE, TITLE), ("AC0A80083132333435363738", "AC0A80083837363534333231")],
    ids=["two titles", "one title twice", "two passwords"],
)
@pytest.mark.parametrize("deviations", [None, []], ids=["strict", "tolerant"])
def test_a_repeated_field_is_refused(components: tuple[str, ...], deviations: list[str] | None) -> None:
    with pytest.raises(DecodeError, match="stands twice"):
        decode_apdu(aarq_with(*components), deviations=deviations)


@pytest.mark.case("R-008")
def test_an_unknown_field_is_refused_or_noted() -> None:
    unknown = aarq_with("AB03020105")
    with pytest.raises(DecodeError, match="unknown component AB"):
        decode_apdu(unknown)
    deviations: list[str] = []
    assert decode_apdu(unknown, deviations=deviations) == decode_apdu(AARQ)
    assert len(deviations) == 1
    assert "AB" in deviations[0]


def test_fields_out_of_order_are_refused_or_noted() -> None:
    swapped = aarq_with("8A020780", TITLE)
    with pytest.raises(DecodeError, match="out of order"):
        decode_apdu(swapped)
    deviations: list[str] = []
    apdu = decode_apdu(swapped, deviations=deviations)
    assert isinstance(apdu, Aarq)
    assert apdu.calling_ap_title == bytes.fromhex("4D4D4D0000BC614E")
    assert deviations


@pytest.mark.case("R-009")
def test_unknown_enumerations_are_kept_as_numbers() -> None:
    apdu = decode_apdu(bytes.fromhex("C401C1014D"))
    assert isinstance(apdu, GetResponseNormal)
    assert apdu.result == 77
    assert label_of(DataAccessResult, 77) == "unknown(77)"
    assert "unknown(77)" in one_line(apdu)


@pytest.mark.case("R-001", "R-002")
@pytest.mark.parametrize(
    "hostile",
    [
        "C401C1000984FFFFFFFF010203",
        "C401C1000184FFFFFFFF00",
        "C003C184FFFFFFFF00",
        "C10481820400",
        "0584FFFFFFFF02",
        "0C84FFFFFFFF00",
        "DB84FFFFFFFF00",
        "6084FFFFFFFF00",
        "60098A84FFFFFFFF0780",
    ],
)
def test_length_bombs_cost_nothing(hostile: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError):
            decode_apdu(bytes.fromhex(hostile))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.case("R-003")
def test_deep_nesting_is_refused_by_the_limit() -> None:
    deep = b"\x02\x01" * 5000 + b"\x00"
    with pytest.raises(DecodeError, match="nesting too deep"):
        decode_apdu(b"\xc4\x01\xc1\x00" + deep)
    with pytest.raises(DecodeError, match="nesting too deep"):
        data_to_xml(Data(deep))


def test_the_size_of_an_apdu_is_limited() -> None:
    whole = b"\xe0\x80\x00\x01\x00\x00\x82\x01\x00" + bytes(256)
    assert decode_apdu(whole).encode() == whole
    with pytest.raises(DecodeError, match="at most 100 are allowed"):
        decode_apdu(whole, limits=Limits(apdu_octets=100))


def test_a_list_is_limited_by_its_count() -> None:
    item = bytes.fromhex("0001000080000 0FF0200".replace(" ", ""))
    most = DEFAULT.list_items
    head = b"\xc0\x03\xc1\x82"
    assert decode_apdu(head + most.to_bytes(2, "big") + item * most).encode()[4:6] == most.to_bytes(2, "big")
    with pytest.raises(DecodeError, match="1025 elements, at most 1024"):
        decode_apdu(head + (most + 1).to_bytes(2, "big") + item * (most + 1))


@pytest.mark.parametrize("padding", ["00", "FFFF", "000000"])
def test_padding_is_refused_or_noted(padding: str) -> None:
    padded = bytes.fromhex("C501C100" + padding)
    with pytest.raises(DecodeError, match="trailing data"):
        decode_apdu(padded)
    deviations: list[str] = []
    assert decode_apdu(padded, deviations=deviations) == decode_apdu(padded[:4])
    assert deviations
    with pytest.raises(DecodeError):
        decode_apdu(padded + b"\x12", deviations=[])
