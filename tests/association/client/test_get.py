"""GET as a client: the published requests and block exchanges octet by octet, and servers that break off or cheat (5.2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.apdu import (
    CosemAttributeDescriptor,
    DataBlockG,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
    SelectiveAccessDescriptor,
)
from dlmskit.codec.data import Data
from dlmskit.errors import DecodeError, DlmsError, LocalProtocolError, RemoteProtocolError
from dlmskit.limits import Limits
from dlmskit.types.conformance import Conformance
from dlmskit.types.obis import Obis
from tests.association.peers import PLAIN, VALUE, Pair, answers, drive, listed
from tests.vectors import load

VECTORS = {entry["name"]: bytes.fromhex(entry["hex"]) for entry in load("apdu")}
SAMPLE = CosemAttributeDescriptor(1, Obis("0.0.128.0.0.255").octets, 2)
SECOND = CosemAttributeDescriptor(1, Obis("0.0.128.1.0.255").octets, 2)
FIFTY = Data.octet_string(bytes.fromhex("".join(f"{number:02d}" for number in range(1, 51))))


def block(number: int, raw: bytes | int, *, last: bool = False, invoke_id: int = 0x41) -> bytes:
    return GetResponseWithDatablock(invoke_id, DataBlockG(last, number, raw)).encode()


def echoing(*vectors: str):
    """The published answers, under the invoke-id of each request; and what was sent, under the id of the examples."""
    left, sent = [VECTORS[name] for name in vectors], []

    def line(octets: bytes) -> list[bytes]:
        sent.append(octets[:2] + b"\x81" + octets[3:])
        reply = left.pop(0)
        return [reply[:2] + octets[2:3] + reply[3:]]

    return line, sent


def test_published_exchange() -> None:
    line, sent = echoing("get50-resp")
    assert drive(Pair(PLAIN).associate().client.get(SAMPLE), line) == FIFTY
    assert sent == [VECTORS["get50-req"]]


def test_published_exchange_in_blocks() -> None:
    line, sent = echoing("get50-block1", "get50-block2")
    assert drive(Pair(PLAIN).associate().client.get(SAMPLE), line) == FIFTY
    assert sent == [VECTORS["get50-req"], VECTORS["get50-next"]]


@pytest.mark.parametrize("vectors", [("getlist-resp",), ("getlist-block1", "getlist-block2")])
def test_published_list(vectors: tuple[str, ...]) -> None:
    line, sent = echoing(*vectors)
    found = drive(Pair(PLAIN).associate().client.get_list([listed(SAMPLE), listed(SECOND)]), line)
    assert found == [FIFTY, Data.visible_string("000")]
    assert sent[0] == VECTORS["getlist-req"]


def test_published_selection() -> None:
    exchange = (
        Pair(PLAIN)
        .associate()
        .client.get(
            CosemAttributeDescriptor(7, Obis("1.0.99.1.0.255").octets, 2),
            SelectiveAccessDescriptor(2, Data.decode(VECTORS["get-entry"][14:])),
        )
    )
    sent = next(exchange)[0]
    assert sent[:2] + b"\xc1" + sent[3:] == VECTORS["get-entry"]


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ([block(1, FIFTY.octets, last=True)], FIFTY),
        ([block(0, FIFTY.octets[:9]), block(1, FIFTY.octets[9:], last=True)], FIFTY),
        ([block(1, FIFTY.octets), block(2, b"", last=True)], FIFTY),
        ([block(1, FIFTY.octets[:9]), block(2, 14, last=True)], 14),
        ([block(1, 19, last=True)], 19),
        ([block(1, FIFTY.octets[:9]), GetResponseNormal(0x41, 15).encode()], 15),
        ([GetResponseWithList(0x41, (FIFTY,)).encode()], FIFTY),
        ([GetResponseWithList(0x41, (3,)).encode()], 3),
        ([GetResponseNormal(0x41, 77).encode()], 77),
    ],
    ids=range(9),
)
def test_what_servers_do(octets: list[bytes], expected: Data | int) -> None:
    """A single block, numbers from 0, an empty last block, errors in every place, a list for a single one, unknown codes."""
    assert drive(Pair(PLAIN).associate().client.get(VALUE), answers(*octets)) == expected


@pytest.mark.case("R-062")
@pytest.mark.parametrize(
    ("octets", "error"),
    [
        ([block(2, b"\x00")], RemoteProtocolError),
        ([block(1, b"\x09"), block(1, b"\x09")], RemoteProtocolError),
        ([block(1, b"\x09"), block(3, b"\x00", last=True)], RemoteProtocolError),
        ([block(1, b"\x09"), block(0, b"\x00", last=True)], RemoteProtocolError),
        ([block(1, b"")], RemoteProtocolError),
        ([block(1, b"\x09"), block(2, b"")], RemoteProtocolError),
        ([block(1, b"\x09"), GetResponseNormal(0x41, FIFTY).encode()], RemoteProtocolError),
        ([block(1, b"\x09\x05", last=True)], DecodeError),
        ([block(1, FIFTY.octets + b"\x00", last=True)], DecodeError),
        ([GetResponseWithList(0x41, ()).encode()], RemoteProtocolError),
        ([GetResponseWithList(0x41, (FIFTY, FIFTY)).encode()], RemoteProtocolError),
    ],
    ids=range(11),
)
def test_servers_that_cheat(octets: list[bytes], error: type[DlmsError]) -> None:
    """A typed error, no endless loop; the next request is served."""
    pair = Pair(PLAIN).associate()
    with pytest.raises(error):
        drive(pair.client.get(VALUE), answers(*octets))
    pair.still_works()


def test_blocks_without_an_end() -> None:
    """What is assembled is bounded; an honest value of the same size is not refused by this."""
    pair = Pair(PLAIN, limits=Limits(apdu_octets=1000)).associate()
    count = 0

    def line(_: bytes) -> list[bytes]:
        nonlocal count
        count += 1
        return [block(count, bytes(100))]

    with pytest.raises(RemoteProtocolError, match="1000 octets"):
        drive(pair.client.get(VALUE), line)
    assert count == 11
    pair.still_works()


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ([GetResponseNormal(0x41, 3).encode()], [3, 3]),
        ([block(1, 15, last=True)], [15, 15]),
        ([block(1, b"\x02\x00"), block(2, b"\x11\x05\x01\x04", last=True)], [Data.unsigned(5), 4]),
    ],
)
def test_lists_that_fail_as_a_whole(octets: list[bytes], expected: list[Data | int]) -> None:
    pair = Pair(PLAIN).associate()
    assert drive(pair.client.get_list([listed(VALUE)] * 2), answers(*octets)) == expected


@pytest.mark.parametrize(
    "octets",
    [
        GetResponseWithList(0x41, (FIFTY,)).encode(),
        GetResponseWithList(0x41, (FIFTY,) * 3).encode(),
        GetResponseNormal(0x41, FIFTY).encode(),
        block(1, b"\x02\x00\x11\x05", last=True),
    ],
)
def test_lists_of_another_length(octets: bytes) -> None:
    pair = Pair(PLAIN).associate()
    with pytest.raises(DlmsError):
        drive(pair.client.get_list([listed(VALUE)] * 2), answers(octets))
    pair.still_works()


def test_what_is_not_asked() -> None:
    """A list longer than the server takes, selection and attribute 0 where they were not negotiated."""
    pair = Pair(PLAIN, replace(PLAIN, max_pdu_size=100)).associate()
    with pytest.raises(LocalProtocolError, match="100"):
        next(pair.client.get_list([listed(VALUE)] * 20))
    plain = Pair(PLAIN, replace(PLAIN, conformance=Conformance.GET)).associate()
    with pytest.raises(LocalProtocolError, match="selective-access"):
        next(plain.client.get(VALUE, SelectiveAccessDescriptor(1, Data.null())))
    with pytest.raises(LocalProtocolError, match="attribute0"):
        next(plain.client.get(CosemAttributeDescriptor(1, SAMPLE.instance_id, 0)))
