"""ACCESS on both sides: every kind of item, mixed lists, response control, protection, sizes (application layer, 5.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dlmskit.apdu import (
    AccessRequest,
    AccessRequestAction,
    AccessRequestBody,
    AccessRequestGet,
    AccessRequestGetWithSelection,
    AccessRequestSet,
    AccessRequestSetWithSelection,
    AccessResponse,
    SelectiveAccessDescriptor,
    decode_apdu,
)
from dlmskit.association import AssociationSettings, ExceptionReceived, Wrapping
from dlmskit.codec.data import Data
from dlmskit.errors import LocalProtocolError, RemoteProtocolError, TransportTimeout
from dlmskit.security.envelope import FORM_OF_TAG, Form
from dlmskit.security.policy import AUTHENTICATED_BOTH_WAYS
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ActionResult, DataAccessResult
from tests.association.peers import (
    BROKEN,
    CIPHERED,
    DEDICATED,
    ECHO,
    FAILING,
    GENERAL,
    GUARDED,
    HIDDEN,
    MISSING,
    PLAIN,
    SECURED,
    UNIT,
    VALUE,
    Pair,
    answers,
)

ROWS = SelectiveAccessDescriptor(2, Data.structure([]))
NUMBER, OTHER = Data.double_long_unsigned(1234), Data.double_long_unsigned(5)
LONG = Data.octet_string(bytes(100))
NOTHING = Data.null()
GET, SET, CALL = AccessRequestGet(VALUE), AccessRequestSet(VALUE), AccessRequestAction(ECHO)
OK = DataAccessResult.SUCCESS
UNDEFINED, DENIED, FAILED = DataAccessResult.OBJECT_UNDEFINED, DataAccessResult.READ_WRITE_DENIED, DataAccessResult.OTHER_REASON

EVERY_KIND: list[tuple[Any, Data | None, tuple[int, Data]]] = [
    (GET, None, (OK, NUMBER)),
    (SET, OTHER, (OK, NOTHING)),
    (AccessRequestGetWithSelection(VALUE, ROWS), None, (OK, OTHER)),
    (AccessRequestSetWithSelection(VALUE, ROWS), NUMBER, (OK, NOTHING)),
    (CALL, OTHER, (OK, OTHER)),
    (CALL, None, (OK, NOTHING)),
    (AccessRequestGet(MISSING), None, (UNDEFINED, NOTHING)),
    (AccessRequestGet(HIDDEN), None, (DENIED, NOTHING)),
    (AccessRequestGet(BROKEN), None, (FAILED, NOTHING)),
    (AccessRequestSet(UNIT), OTHER, (DENIED, NOTHING)),
    (SET, NOTHING, (DataAccessResult.TYPE_UNMATCHED, NOTHING)),
    (AccessRequestAction(FAILING), None, (ActionResult.TEMPORARY_FAILURE, NOTHING)),
    (GET, None, (OK, NUMBER)),
]
"""Each item, its value, and what becomes of it. The second read sees the first write."""

WAYS = {
    "clear": PLAIN,
    "glo": CIPHERED,
    "ded": DEDICATED,
    "general-glo": GENERAL,
    "authenticated": replace(CIPHERED, security_policy=AUTHENTICATED_BOTH_WAYS),
    "general-ciphering": replace(GENERAL, wrapping=Wrapping.GENERAL_CIPHERING),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("echo", [False, True], ids=["", "self-descriptive"])
def test_every_kind_of_item_in_one_list(way: AssociationSettings, echo: bool) -> None:
    """In their order, each with its own result, in whatever protection (R-069: the result list equals the request list)."""
    pair = Pair(way).associate()
    found = pair.run(
        pair.client.access([one for one, _, _ in EVERY_KIND], [value for _, value, _ in EVERY_KIND], self_descriptive=echo)
    )
    assert found == [outcome for _, _, outcome in EVERY_KIND]
    assert len(pair.sent) == (2 if way is PLAIN else 3), "one request, behind those of the opening"


@pytest.mark.parametrize(
    ("way", "form"),
    [(CIPHERED, Form.GENERAL_GLO), (GENERAL, Form.GENERAL_GLO), (DEDICATED, Form.GENERAL_DED)],
    ids=["glo", "general-glo", "ded"],
)
def test_ciphered_it_travels_in_a_general_form(way: AssociationSettings, form: Form) -> None:
    """Green Book: ACCESS has no glo- and ded-tags. What comes behind it goes in the usual form again."""
    pair = Pair(way).associate()
    pair.run(pair.client.access([GET]))
    assert (FORM_OF_TAG[pair.sent[-1][0]], FORM_OF_TAG[pair.received[-1][0]]) == (form, form)
    pair.still_works()
    assert FORM_OF_TAG[pair.sent[-1][0]].dedicated is form.dedicated


def test_rights_demand_protection_item_by_item() -> None:
    wanted: list[Any] = [AccessRequestGet(GUARDED), AccessRequestAction(SECURED), GET]
    in_clear, ciphered = Pair(PLAIN).associate(), Pair(CIPHERED).associate()
    assert [one.result for one in in_clear.run(in_clear.client.access(wanted))] == [DENIED, DENIED, OK]
    assert [one.result for one in ciphered.run(ciphered.client.access(wanted))] == [OK, OK, OK]


@pytest.mark.case("R-069")
@pytest.mark.parametrize(
    ("breaks", "results", "effects"), [(True, [OK, UNDEFINED, FAILED, FAILED], 1), (False, [OK, UNDEFINED, OK, OK], 3)]
)
def test_break_or_continue_on_error(breaks: bool, results: list[int], effects: int) -> None:
    pair = Pair(PLAIN).associate()
    found = pair.run(
        pair.client.access([SET, AccessRequestGet(MISSING), SET, CALL], [OTHER, None, NUMBER, None], break_on_error=breaks)
    )
    assert [one.result for one in found] == results
    assert pair.meter.effects == effects


def raw(wanted: tuple[Any, ...], values: tuple[Data, ...], flags: int = 0x40000001, date_time: bytes = b"") -> bytes:
    return AccessRequest(flags, date_time, AccessRequestBody(wanted, values)).encode()


HOSTILE = {
    "fewer values": (raw((GET, SET), (OTHER,)), "D80103"),
    "more values": (raw((SET,), (OTHER, OTHER)), "D80103"),
    "count beyond the end": (bytes.fromhex("D9400000010082FFFF02") + raw((SET,), (OTHER,))[8:], "D80102"),
    "unknown choice": (raw((SET,), (OTHER,)).replace(b"\x01\x02\x00\x03", b"\x01\x06\x00\x03"), "D80102"),
    "choice 0": (raw((SET,), (OTHER,)).replace(b"\x01\x02\x00\x03", b"\x01\x00\x00\x03"), "D80102"),
    "octets behind the end": (raw((SET,), (OTHER,)) + b"\x00", "D80102"),
    "cut": (raw((SET,), (OTHER,))[:-1], "D80102"),
    "date-time of 5 octets": (raw((SET,), (OTHER,)).replace(b"\x01\x00\x01", b"\x01\x05\x01"), "D80102"),
    "nothing but the tag": (b"\xd9", "D80102"),
    "too many": (raw((SET,) * 1025, (OTHER,) * 1025), "D80102"),
}


@pytest.mark.case("R-069")
@pytest.mark.parametrize(("octets", "answer"), HOSTILE.values(), ids=HOSTILE)
def test_refused_as_a_whole(octets: bytes, answer: str) -> None:
    """Conformance case DK_ACC_N1: an exception, nothing executed, the association lives."""
    pair = Pair(PLAIN).associate()
    assert pair.one(octets).hex().upper() == answer
    assert not pair.meter.log
    pair.still_works()


@pytest.mark.case("R-069")
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_counts(count: int) -> None:
    pair = Pair(PLAIN).associate()
    assert pair.run(pair.client.access([GET] * count)) == [(OK, NUMBER)] * count


def test_flags_and_date_time_of_the_request() -> None:
    """Bits 24 to 27 are reserved and echoed; a date-time is taken (DK_ACC_P2)."""
    pair = Pair(PLAIN).associate()
    found = decode_apdu(pair.one(raw((GET,), (NOTHING,), 0xDF123456, bytes.fromhex("07E4010203040506FF800000"))))
    assert isinstance(found, AccessResponse)
    assert (found.long_invoke_id_and_priority, found.date_time) == (0xDF123456, b"")
    assert found.access_response_body.access_request_specification == (GET,)


def test_without_an_answer() -> None:
    """Service class unconfirmed: executed, and not a word about it, an error neither."""
    pair = Pair(CIPHERED).associate()
    assert pair.serve(pair.client.access_unconfirmed([SET], [OTHER])) == []
    assert pair.meter.value == OTHER
    plain = Pair(PLAIN).associate()
    assert not plain.one(raw((GET, SET), (OTHER,), 0x00000001))
    plain.still_works()


def test_not_negotiated() -> None:
    pair = Pair(PLAIN, replace(PLAIN, conformance=Conformance.GET)).associate()
    with pytest.raises(LocalProtocolError, match="not negotiated: access"):
        pair.run(pair.client.access([GET]))
    assert pair.one(raw((GET,), (NOTHING,))).hex() == "d80102"
    without = Pair(CIPHERED, replace(CIPHERED, conformance=CIPHERED.conformance & ~Conformance.GENERAL_PROTECTION)).associate()
    with pytest.raises(LocalProtocolError, match="general-protection"):
        without.run(without.client.access([GET]))
    without.still_works()


def test_in_clear_where_protection_is_due() -> None:
    pair = Pair(CIPHERED).associate()
    assert pair.one(raw((SET,), (OTHER,))).hex() == "d80101"
    assert not pair.meter.log


# --- Sizes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [PLAIN, CIPHERED], ids=["clear", "ciphered"])
def test_what_does_not_fit_is_left_out(way: AssociationSettings) -> None:
    """There are no blocks: values are refused one by one, what was written or invoked is told, nothing is longer than allowed."""
    pair = Pair(replace(way, max_pdu_size=200), replace(way, max_pdu_size=0)).associate()
    pair.meter.value = LONG
    found = pair.run(pair.client.access([GET, GET, CALL, SET, CALL], [None, None, LONG, OTHER, NUMBER]))
    assert found == [(OK, LONG), (FAILED, NOTHING), (OK, NOTHING), (OK, NOTHING), (OK, NUMBER)]
    assert len(pair.received[-1]) <= 200
    assert pair.meter.effects == 3


@pytest.mark.case("R-069")
def test_not_even_the_results_fit() -> None:
    pair = Pair(replace(PLAIN, max_pdu_size=60), replace(PLAIN, max_pdu_size=0)).associate()
    with pytest.raises(ExceptionReceived) as caught:
        pair.run(pair.client.access([SET] * 50, [OTHER] * 50))
    assert caught.value.code == 4
    assert not pair.meter.log
    pair.still_works()


def test_a_request_that_the_server_does_not_take() -> None:
    pair = Pair(PLAIN, replace(PLAIN, max_pdu_size=100)).associate()
    with pytest.raises(LocalProtocolError, match="the server takes 100"):
        pair.run(pair.client.access([GET] * 20))
    pair.still_works()


# --- The client ----------------------------------------------------------------------------------------------------------

ANSWERED = {
    "fewer results": "DA 4000 0001 00 00 02 00 00 01 0100",
    "fewer values": "DA 4000 0001 00 00 01 00 02 0100 0100",
    "other kind": "DA 4000 0001 00 00 02 00 00 02 0100 0200",
    "another request repeated": "DA 4000 0001 00 01 01 02 0003 0100010800FF 02 02 00 00 02 0100 0100",
}


@pytest.mark.case("R-069")
@pytest.mark.parametrize("answer", ANSWERED.values(), ids=ANSWERED)
def test_an_answer_that_is_none(answer: str) -> None:
    pair = Pair(PLAIN).associate()
    with pytest.raises(RemoteProtocolError):
        pair.run(pair.client.access([GET, GET]), answers(bytes.fromhex(answer)))
    pair.still_works()


def test_the_answer_to_another_request_is_not_taken() -> None:
    """All 24 bits count, none of the flags."""
    pair = Pair(PLAIN).associate()
    late = bytes.fromhex("DA 4001 0001 00 00 01 00 01 0100")
    with pytest.raises(TransportTimeout):
        pair.run(pair.client.access([GET]), answers(late))
    own = bytes.fromhex("DA 0F00 0002 00 00 01 1105 01 0100")
    assert pair.run(pair.client.access([GET]), answers(own)) == [(OK, Data.unsigned(5))]


def test_only_what_reads_is_repeated() -> None:
    pair = Pair(replace(PLAIN, retries=1)).associate()
    lost = {"left": 1}

    def line(octets: bytes) -> list[bytes]:
        answered = pair.serve(octets)
        lost["left"] -= 1
        return [] if lost["left"] >= 0 else answered

    assert pair.run(pair.client.access([GET]), line) == [(OK, NUMBER)]
    lost["left"] = 1
    with pytest.raises(TransportTimeout):
        pair.run(pair.client.access([GET, SET], [None, OTHER]), line)
    assert pair.meter.effects == 1
