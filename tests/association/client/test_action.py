"""ACTION as a client: the published exchanges octet by octet, and servers that break off or cheat (application layer, 5.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.apdu import ActionResponseWithOptionalData, CosemMethodDescriptor
from dlmskit.association import ClientTolerances
from dlmskit.codec.data import Data
from dlmskit.errors import DlmsError, LocalProtocolError
from dlmskit.types.conformance import Conformance
from dlmskit.types.obis import Obis
from tests.association.client.test_get import FIFTY, VECTORS, echoing
from tests.association.peers import ECHO, PLAIN, Pair, answers, drive

SCRIPT = CosemMethodDescriptor(9, Obis("0.0.10.0.0.255").octets, 1)
OTHER_SCRIPT = CosemMethodDescriptor(9, Obis("0.0.10.0.1.255").octets, 1)
IMAGE_BLOCK = CosemMethodDescriptor(18, Obis("0.0.44.0.0.255").octets, 2)
TWO = Data.long_unsigned(2)
LONG = Data.octet_string(bytes(200))


def done(result: int, returned: Data | int | None = None) -> ActionResponseWithOptionalData:
    return ActionResponseWithOptionalData(result, returned)


def test_published_request() -> None:
    line, sent = echoing("action-resp-ok-nodata")
    assert drive(Pair(PLAIN).associate().client.action(SCRIPT, TWO), line) == done(0)
    assert sent == [VECTORS["action-script"]]


def test_published_list() -> None:
    line, sent = echoing("action-list-resp")
    found = drive(Pair(PLAIN).associate().client.action_list([SCRIPT, OTHER_SCRIPT], [Data.long_unsigned(1), TWO]), line)
    assert found == [done(0), done(3)]
    assert sent[0][3:] == VECTORS["action-list"][3:]


def test_published_request_in_blocks() -> None:
    """The server takes 48 octets: blocks of 30, as in the example."""
    line, sent = echoing("action50-next", "action50-resp")
    pair = Pair(PLAIN, replace(PLAIN, max_pdu_size=48)).associate()
    assert drive(pair.client.action(IMAGE_BLOCK, FIFTY), line) == done(0)
    assert [octets[3:] for octets in sent] == [VECTORS["action50-first"][3:], VECTORS["action50-last"][3:]]


@pytest.mark.parametrize("vectors", [("action50-resp-full",), ("action50-resp-block1", "action50-resp-block2")])
def test_published_answer(vectors: tuple[str, ...]) -> None:
    line, sent = echoing(*vectors)
    assert drive(Pair(PLAIN).associate().client.action(IMAGE_BLOCK), line) == done(0, FIFTY)
    assert sent[1:] == [VECTORS["action-request-next"][:2] + b"\x81" + VECTORS["action-request-next"][3:]] * (len(vectors) - 1)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (["C7014100"], done(0)),
        (["C701410001" + "01FA"], done(0, 250)),
        (["C7014103" + "00"], done(3)),
        (["C703410100010011" + "05"], done(0, Data.unsigned(5))),
        (["C702410100000001" + "05" + "0001001105"], done(0, Data.unsigned(5))),
        (["C702410100000001" + "02" + "1105"], done(0, Data.unsigned(5))),
        (["C702410000000001" + "01" + "00", "C701410F00"], done(15)),
    ],
    ids=["no flag", "error in place of data", "failed", "list of one", "one block", "bare value in the block", "broken off"],
)
def test_what_servers_do(octets: list[str], expected: ActionResponseWithOptionalData) -> None:
    pair = Pair(PLAIN).associate()
    assert drive(pair.client.action(ECHO, TWO), answers(*map(bytes.fromhex, octets))) == expected
    pair.still_works()


def test_liberties_are_written_down_and_can_be_refused() -> None:
    bare = bytes.fromhex("C702410100000001021105")
    pair = Pair(PLAIN).associate()
    drive(pair.client.action(ECHO, TWO), answers(bare))
    assert "bare return value" in pair.client.deviations[0]
    pair.still_works()
    assert pair.client.deviations == ()
    strict = Pair(replace(PLAIN, tolerances=ClientTolerances(field_deviations=False)), PLAIN).associate()
    for octets in (bare, bytes.fromhex("C7014100")):
        with pytest.raises(DlmsError):
            drive(strict.client.action(ECHO, TWO), answers(octets[:2] + b"\x41" + octets[3:], octets[:2] + b"\x42" + octets[3:]))


@pytest.mark.parametrize(
    "octets",
    [
        ["C702410000000002" + "0100"],
        ["C702410000000001" + "0100", "C702410000000003" + "0100"],
        ["C702410000000001" + "00"],
        ["C70241010000000101" + "77"],
        ["C70341" + "00"],
        ["C70341" + "02" + "0000" + "0000"],
        ["C702410000000001" + "0100", "C70341" + "01" + "0000"],
    ],
)
def test_servers_that_cheat(octets: list[str]) -> None:
    pair = Pair(PLAIN).associate()
    with pytest.raises(DlmsError):
        drive(pair.client.action(ECHO, TWO), answers(*map(bytes.fromhex, octets)))
    pair.still_works()


@pytest.mark.parametrize("octets", [["C7044100000002"], ["C7044100000001", "C7044100000002", "C7044100000002"]])
def test_acknowledgements_that_cheat(octets: list[str]) -> None:
    pair = Pair(PLAIN, replace(PLAIN, max_pdu_size=120)).associate()
    with pytest.raises(DlmsError):
        drive(pair.client.action(ECHO, LONG), answers(*map(bytes.fromhex, octets)))
    pair.still_works()


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (["C701410C00"], [done(12)] * 2),
        (["C702410000000001" + "0102", "C702410100000002" + "04" + "00000300"], [done(0), done(3)]),
        (["C702410000000001" + "0102", "C701410F00"], [done(15)] * 2),
    ],
    ids=["as a whole", "in blocks", "broken off"],
)
def test_lists(octets: list[str], expected: list[ActionResponseWithOptionalData]) -> None:
    pair = Pair(PLAIN).associate()
    assert drive(pair.client.action_list([ECHO, ECHO], [TWO, None]), answers(*map(bytes.fromhex, octets))) == expected
    with pytest.raises(DlmsError):
        drive(pair.client.action_list([ECHO, ECHO], [TWO, None]), answers(bytes.fromhex("C7034201" + "0000")))
    pair.still_works()


def test_what_cannot_be_sent() -> None:
    few = replace(PLAIN, conformance=PLAIN.conformance & ~Conformance.BLOCK_TRANSFER_WITH_ACTION, max_pdu_size=100)
    pair = Pair(PLAIN, few).associate()
    with pytest.raises(LocalProtocolError, match="block-transfer-with-action"):
        next(pair.client.action(ECHO, LONG))
    with pytest.raises(LocalProtocolError, match="2 methods and 1 parameters"):
        next(pair.client.action_list([ECHO, ECHO], [None]))
    tiny = Pair(PLAIN, replace(PLAIN, max_pdu_size=12)).associate()
    with pytest.raises(LocalProtocolError, match="13 octets"):
        next(tiny.client.action(ECHO))
