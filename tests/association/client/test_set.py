"""SET as a client: the published exchanges octet by octet, and servers that break off or cheat (application layer, 5.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.apdu import CosemAttributeDescriptor
from dlmskit.codec.data import Data
from dlmskit.errors import DlmsError, LocalProtocolError
from dlmskit.types.conformance import Conformance
from dlmskit.types.obis import Obis
from tests.association.client.test_get import FIFTY, SAMPLE, SECOND, VECTORS, echoing
from tests.association.peers import PLAIN, VALUE, Pair, answers, drive, listed

CLOCK = CosemAttributeDescriptor(8, Obis("0.0.1.0.0.255").octets, 2)
LONG = Data.octet_string(bytes(200))


def test_published_request() -> None:
    sent = next(Pair(PLAIN).associate().client.set(CLOCK, Data.decode(VECTORS["set-normal"][13:])))[0]
    assert sent[:2] + b"\xc1" + sent[3:] == VECTORS["set-normal"]


def test_published_exchange_in_blocks() -> None:
    """The server takes 48 octets: blocks of 30, as in the example."""
    line, sent = echoing("set50-ack1", "set50-done")
    pair = Pair(PLAIN, replace(PLAIN, max_pdu_size=49)).associate()
    assert drive(pair.client.set(SAMPLE, FIFTY), line) == 0
    assert sent == [VECTORS["set50-first"], VECTORS["set50-last"]]


def test_published_list() -> None:
    values = [FIFTY, Data.visible_string("000")]
    line, sent = echoing("set-list-resp")
    assert drive(Pair(PLAIN).associate().client.set_list([listed(SAMPLE), listed(SECOND)], values), line) == [0, 3]
    assert sent == [VECTORS["set-list"]]
    line, sent = echoing("set50-ack1", "set-list-lastresp")
    pair = Pair(PLAIN, replace(PLAIN, max_pdu_size=60)).associate()
    assert drive(pair.client.set_list([listed(SAMPLE), listed(SECOND)], values), line) == [0, 0]
    assert sent == [VECTORS["set-list-first"], VECTORS["set-list-lastblock"]]


@pytest.mark.parametrize(
    ("octets", "single", "listing"),
    [
        (["C5014103"], 3, [3, 3]),
        (["C502410000000" + "1", "C503410000000002"], 0, [0, 0]),
        (["C503411300000001"], 19, [19, 19]),
        (["C502410000000" + "1", "C503411100000002"], 17, [17, 17]),
        (["C502410000000" + "1", "C5014112"], 18, [18, 18]),
    ],
    ids=["normal", "last block", "at once", "at the second block", "normal, late"],
)
def test_what_servers_do(octets: list[str], single: int, listing: list[int]) -> None:
    """One code ends a transfer early, and stands for every item of a list."""
    small = replace(PLAIN, max_pdu_size=150)
    for_one, for_list = Pair(PLAIN, small).associate(), Pair(PLAIN, small).associate()
    assert drive(for_one.client.set(VALUE, LONG), answers(*map(bytes.fromhex, octets))) == single
    assert (
        drive(for_list.client.set_list([listed(VALUE)] * 2, [LONG, Data.null()]), answers(*map(bytes.fromhex, octets))) == listing
    )


@pytest.mark.parametrize(
    "octets", [["C5024100000002"], ["C5024100000001", "C5024100000001"], ["C505410200"], ["C50541020000" + "00"]]
)
def test_servers_that_cheat(octets: list[str]) -> None:
    """Another block acknowledged, the last one acknowledged and no result, results that are not as many."""
    pair = Pair(PLAIN, replace(PLAIN, max_pdu_size=150)).associate()
    with pytest.raises(DlmsError):
        drive(pair.client.set(VALUE, LONG), answers(*map(bytes.fromhex, octets)))
    pair.still_works()


def test_what_cannot_be_sent() -> None:
    few = replace(PLAIN, conformance=PLAIN.conformance & ~Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE, max_pdu_size=100)
    pair = Pair(PLAIN, few).associate()
    with pytest.raises(LocalProtocolError, match="block-transfer-with-set"):
        next(pair.client.set(VALUE, LONG))
    with pytest.raises(LocalProtocolError, match="2 attributes and 1 values"):
        next(pair.client.set_list([listed(VALUE)] * 2, [LONG]))
    tiny = Pair(PLAIN, replace(PLAIN, max_pdu_size=12)).associate()
    with pytest.raises(LocalProtocolError, match="no block fits"):
        next(tiny.client.set(VALUE, LONG))
    tiny = Pair(PLAIN, replace(PLAIN, max_pdu_size=20)).associate()
    assert tiny.run(tiny.client.set(VALUE, LONG)) == 0, "one octet in each block: slow, and it works"
    assert tiny.meter.value == LONG
