"""Which of the received APDUs is the answer, and what happens to the others (application layer, 7.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from dlmskit.apdu import GetResponseNormal
from dlmskit.association import (
    ClientTolerances,
    ConfirmedServiceErrorReceived,
    EventCode,
    ExceptionReceived,
    InvocationCounterRefused,
    State,
)
from dlmskit.codec.data import Data
from dlmskit.errors import DecodeError, DlmsError, LocalProtocolError, SecurityError, SecurityReason, TransportTimeout
from dlmskit.security.envelope import Form
from dlmskit.security.protection import protect
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import StateError
from tests.association.peers import (
    CIPHERED,
    DEDICATED,
    ECHO,
    GENERAL,
    HLS,
    LLS,
    OTHER_KEYS,
    PLAIN,
    VALUE,
    Pair,
    answers,
    drive,
    listed,
)

PUSH = bytes.fromhex("0F000000010000")
EVENT = bytes.fromhex("C200") + VALUE.encode() + b"\x11\x05"
WAYS = pytest.mark.parametrize("way", [PLAIN, CIPHERED, GENERAL, DEDICATED], ids=["clear", "glo", "general", "ded"])


def before(pair: Pair, *octets: bytes) -> Callable[[bytes], Iterable[bytes]]:
    """The line of this pair, with other APDUs arriving before the answer."""
    return lambda sent: [*octets, *pair.serve(sent)]


def answer(invoke_id: int, value: int) -> bytes:
    return GetResponseNormal(invoke_id, Data.double_long_unsigned(value)).encode()


def unheard(into: list[bytes], octets: Iterable[bytes]) -> list[bytes]:
    """Nothing comes back; what was said is noted."""
    into += octets
    return []


# --- Invoke-ids --------------------------------------------------------------------------------------------------------


def test_invoke_ids_go_round() -> None:
    pair = Pair(PLAIN).associate()
    for number in range(40):
        pair.run(pair.client.get(VALUE))
        assert pair.sent[-1][2] == 0x40 | number % 15 + 1


@pytest.mark.parametrize("negotiated", [True, False])
def test_high_priority_where_it_was_negotiated(negotiated: bool) -> None:
    way = replace(PLAIN, high_priority=True)
    server = way if negotiated else replace(PLAIN, conformance=way.conformance & ~Conformance.PRIORITY_MGMT_SUPPORTED)
    pair = Pair(way, server).associate()
    pair.still_works()
    assert pair.sent[-1][2] == (0xC1 if negotiated else 0x41)


@pytest.mark.case("R-066")
def test_answers_with_another_invoke_id_are_dropped() -> None:
    """Of another request, repeated, and late: never paired by order alone."""
    pair = Pair(PLAIN).associate()
    first = pair.run(pair.client.get(VALUE), before(pair, answer(0x42, 1), answer(0xC7, 2), b"\xc5\x01\x41\x00"))
    assert first == pair.meter.value
    assert pair.client_log.codes().count(EventCode.UNMATCHED_RESPONSE) == 3
    late = pair.received[-1]
    with pytest.raises(TransportTimeout):
        drive(pair.client.get(VALUE), answers(late))
    pair.meter.value = Data.unsigned(9)
    assert pair.run(pair.client.get(VALUE), before(pair, late)) == Data.unsigned(9)


@pytest.mark.case("R-066")
def test_the_answer_to_a_request_that_timed_out() -> None:
    pair = Pair(CIPHERED).associate()
    late: list[bytes] = []
    with pytest.raises(TransportTimeout):
        drive(pair.client.get(VALUE), lambda sent: unheard(late, pair.serve(sent)))
    pair.meter.value = Data.unsigned(9)
    assert pair.run(pair.client.get(VALUE), before(pair, *late)) == Data.unsigned(9)
    assert EventCode.UNMATCHED_RESPONSE in pair.client_log.codes()


@pytest.mark.parametrize("upper", [0x00, 0x80, 0xC0, 0xF0])
def test_only_four_bits_are_compared(upper: int) -> None:
    pair = Pair(PLAIN).associate()
    assert drive(pair.client.get(VALUE), answers(answer(upper | 1, 5))) == Data.double_long_unsigned(5)


def test_a_server_that_always_says_0() -> None:
    pair = Pair(replace(PLAIN, tolerances=ClientTolerances(any_invoke_id=True)), PLAIN).associate()
    pair.still_works()
    assert drive(pair.client.get(VALUE), answers(answer(0, 5))) == Data.double_long_unsigned(5)


# --- Others in between -------------------------------------------------------------------------------------------------


@WAYS
def test_notifications_are_kept_and_waiting_goes_on(way: Any) -> None:
    pair = Pair(way).associate()
    assert pair.run(pair.client.get(VALUE), before(pair, PUSH, EVENT)) == pair.meter.value
    kept = [pair.client.notifications.popleft() for _ in range(2)]
    assert [notification.octets for notification in kept] == [PUSH, EVENT]
    assert [notification.verified for notification in kept] == [None, None]


@pytest.mark.case("R-071")
def test_protected_notifications_say_so() -> None:
    """What came in clear is marked as not verified; what does not verify is dropped."""
    pair = Pair(GENERAL).associate()
    security = pair.server.security
    assert security is not None
    good, event = protect(PUSH, security, Form.GENERAL_GLO), protect(EVENT, security, Form.GLO)
    forged = protect(EVENT, security, Form.GLO)[:-1] + b"\0"
    assert pair.run(pair.client.get(VALUE), before(pair, good, event, forged)) == pair.meter.value
    kept = list(pair.client.notifications)
    assert [notification.octets for notification in kept] == [PUSH, EVENT]
    assert all(notification.verified is not None for notification in kept)
    assert EventCode.PROTECTION_FAILED in pair.client_log.codes()


@pytest.mark.case("R-043")
@WAYS
def test_forged_rlre_and_aare(way: Any) -> None:
    """Dropped: nothing of what was negotiated changes."""
    pair = Pair(way).associate()
    context, security = pair.client.context, pair.client.security
    aare = pair.received[0]
    assert (
        pair.run(pair.client.get(VALUE), before(pair, bytes.fromhex("6303800100"), aare, b"\x60\x00", b"\x99"))
        == pair.meter.value
    )
    assert (pair.client.context, pair.client.security) == (context, security)
    assert pair.client_log.codes().count(EventCode.UNEXPECTED_APDU) == 4
    pair.still_works()


@pytest.mark.case("R-057")
@WAYS
def test_our_own_request_sent_back(way: Any) -> None:
    pair = Pair(way).associate()
    if way is PLAIN:
        reflect: Callable[[bytes], Iterable[bytes]] = lambda sent: [sent]
        with pytest.raises(TransportTimeout):
            drive(pair.client.get(VALUE), reflect)
    elif way is GENERAL:
        with pytest.raises(SecurityError) as caught:
            drive(pair.client.get(VALUE), lambda sent: [sent])
        assert caught.value.reason is SecurityReason.SYSTEM_TITLE_MISMATCH
    else:
        with pytest.raises(SecurityError) as caught:
            drive(pair.client.get(VALUE), lambda sent: [bytes((sent[0] + 4,)) + sent[1:]])
        assert caught.value.reason is SecurityReason.DECIPHERING_FAILED
    pair.still_works()


@WAYS
def test_nothing_at_all_is_dropped(way: Any) -> None:
    pair = Pair(way).associate()
    assert pair.run(pair.client.get(VALUE), before(pair, b"")) == pair.meter.value


def test_apdus_without_a_request() -> None:
    """Notifications are kept, the rest is reported; nothing is raised."""
    pair = Pair(CIPHERED).associate()
    for octets in (
        PUSH,
        EVENT,
        b"",
        b"\x99",
        bytes.fromhex("D80105"),
        b"\xc4\x01\x41\x00\x00",
        b"\xcc\x03\x30\x00\x00",
        PUSH[:3],
    ):
        pair.client.receive(octets)
    assert len(pair.client.notifications) == 3, "a notification is not decoded before somebody reads it"
    pair.still_works()


def test_only_the_newest_notifications_are_kept() -> None:
    pair = Pair(PLAIN).associate()
    for _ in range(1000):
        pair.client.receive(PUSH)
    assert len(pair.client.notifications) == 256


# --- Errors ------------------------------------------------------------------------------------------------------------


@WAYS
@pytest.mark.parametrize(
    ("octets", "error"),
    [
        ("D80102", ExceptionReceived),
        ("D8FAFB", ExceptionReceived),
        ("D8010600001234", InvocationCounterRefused),
        ("0E010302", ConfirmedServiceErrorReceived),
    ],
)
def test_errors_of_the_server(way: Any, octets: str, error: type[DlmsError]) -> None:
    """They come in clear, so they are hints: this request fails, the association stays."""
    pair = Pair(way).associate()
    with pytest.raises(error) as caught:
        drive(pair.client.get(VALUE), answers(bytes.fromhex(octets)))
    if isinstance(caught.value, InvocationCounterRefused):
        assert caught.value.lowest_acceptable == 0x1234
        assert caught.value.state_error == StateError.SERVICE_NOT_ALLOWED
    assert pair.client.state is State.ASSOCIATED
    pair.still_works()


def test_an_error_inside_general_glo() -> None:
    """Newer meters wrap the exception-response."""
    pair = Pair(GENERAL).associate()
    security = pair.server.security
    assert security is not None
    wrapped = protect(bytes.fromhex("D80102"), security, Form.GENERAL_GLO)
    with pytest.raises(ExceptionReceived):
        drive(pair.client.get(VALUE), answers(wrapped))
    pair.still_works()


@pytest.mark.case("R-048")
@pytest.mark.parametrize("way", [CIPHERED, GENERAL, DEDICATED], ids=["glo", "general", "ded"])
def test_an_answer_in_clear(way: Any) -> None:
    pair = Pair(way).associate()
    with pytest.raises(SecurityError) as caught:
        drive(pair.client.get(VALUE), lambda sent: [answer(0x41, 1), answer(0x42, 1)])
    assert caught.value.reason is SecurityReason.PROTECTION_TOO_WEAK
    pair.still_works()


@pytest.mark.parametrize("way", [PLAIN, HLS], ids=["clear", "HLS"])
def test_a_ciphered_answer_where_ciphering_is_not(way: Any) -> None:
    pair = Pair(way).associate()
    rogue = Pair(CIPHERED).associate()
    rogue.still_works()
    with pytest.raises(TransportTimeout):
        drive(pair.client.get(VALUE), answers(rogue.received[-1]))
    pair.still_works()


@pytest.mark.case("R-045")
@pytest.mark.parametrize("way", [CIPHERED, GENERAL, DEDICATED], ids=["glo", "general", "ded"])
def test_every_bit_of_an_answer(way: Any) -> None:
    """Refused; the untouched answer is taken afterwards, so nothing has moved."""
    pair = Pair(way).associate()
    exchange = pair.client.get(VALUE)
    whole = pair.serve(next(exchange)[0])[0]
    exchange.close()
    assert pair.client.security is not None
    core = pair.client._core
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        with suppress(SecurityError, DecodeError):
            assert core.accept(bytes(flipped), frozenset((GetResponseNormal,)), 0x41) is None
    found = core.accept(whole, frozenset((GetResponseNormal,)), core._invoke_id)
    assert isinstance(found, GetResponseNormal)
    assert found.result == pair.meter.value


@pytest.mark.case("R-050", "R-066")
def test_an_answer_that_comes_twice() -> None:
    pair = Pair(CIPHERED).associate()
    pair.run(pair.client.get(VALUE))
    old = pair.received[-1]
    assert pair.run(pair.client.get(VALUE), before(pair, old, old)) == pair.meter.value
    assert pair.client_log.codes().count(EventCode.COUNTER_REPEATED) == 2


def test_answers_under_other_keys() -> None:
    pair, rogue = Pair(CIPHERED).associate(), Pair(CIPHERED, client_keys=OTHER_KEYS, server_keys=OTHER_KEYS).associate()
    rogue.still_works()
    forged = rogue.received[-1][:3] + b"\x7f" + rogue.received[-1][4:]
    with pytest.raises(SecurityError):
        drive(pair.client.get(VALUE), answers(forged))
    pair.still_works()


def test_an_answer_that_cannot_be_decoded() -> None:
    pair = Pair(PLAIN).associate()
    with pytest.raises(DecodeError):
        drive(pair.client.get(VALUE), answers(bytes.fromhex("C4014100")))
    pair.still_works()


# --- One at a time, in the right state ---------------------------------------------------------------------------------


def calls(pair: Pair) -> list[Any]:
    client = pair.client
    return [
        client.get(VALUE),
        client.get_list([listed(VALUE)]),
        client.set(VALUE, Data.unsigned(1)),
        client.set_list([listed(VALUE)], [Data.unsigned(1)]),
        client.action(ECHO),
        client.action_list([ECHO], [None]),
        client.release(),
    ]


def test_calls_in_a_wrong_state() -> None:
    """LocalProtocolError, and not an octet is sent."""
    pair = Pair(PLAIN)
    for exchange in calls(pair):
        with pytest.raises(LocalProtocolError):
            next(exchange)
    pair.associate()
    with pytest.raises(LocalProtocolError):
        next(pair.client.associate())
    pair.client.lower_layer_lost()
    for exchange in [*calls(pair), pair.client.associate()]:
        with pytest.raises(LocalProtocolError):
            next(exchange)
    pair.client.lower_layer_connected()
    pair.associate().still_works()


def test_one_request_at_a_time() -> None:
    pair = Pair(PLAIN).associate()
    running = pair.client.get(VALUE)
    octets = next(running)[0]
    for exchange in calls(pair):
        with pytest.raises(LocalProtocolError, match="one request at a time"):
            next(exchange)
    with pytest.raises(StopIteration) as stop:
        running.send(pair.serve(octets)[0])
    assert stop.value.value == pair.meter.value
    for exchange in calls(pair):
        next(exchange)
        exchange.close()
    assert pair.client.state is State.IDLE, "the release was begun, so the association is over"


def test_the_lower_layer_is_lost_while_waiting() -> None:
    pair = Pair(CIPHERED).associate()
    running = pair.client.get(VALUE)
    next(running)
    pair.client.lower_layer_lost()
    with pytest.raises(TransportTimeout):
        running.throw(TransportTimeout("gone"))
    assert (pair.client.state, pair.client.context, pair.client.security) == (State.INACTIVE, None, None)
    assert pair.client_log.codes()[-1] is EventCode.ABORTED


# --- Repetition --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [1, 2])
def test_a_get_is_sent_again(lost: int) -> None:
    """The same invoke-id, a new invocation counter. SET and ACTION are never repeated."""
    pair = Pair(replace(CIPHERED, retries=2)).associate()
    sent: list[bytes] = []

    def line(octets: bytes) -> list[bytes]:
        sent.append(octets)
        return [] if len(sent) <= lost else pair.serve(octets)

    assert drive(pair.client.get(VALUE), line) == pair.meter.value
    assert len({octets[3:7] for octets in sent}) == lost + 1
    for exchange in (pair.client.set(VALUE, Data.unsigned(1)), pair.client.action(ECHO)):
        with pytest.raises(TransportTimeout):
            drive(exchange, answers())
    sent.clear()
    with pytest.raises(TransportTimeout):
        drive(pair.client.get(VALUE), lambda octets: unheard(sent, [octets]))
    assert len(sent) == 3


# --- What was not negotiated -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("granted", "index"),
    [
        (Conformance.SET, 0),
        (Conformance.GET, 1),
        (Conformance.GET, 2),
        (Conformance.SET, 3),
        (Conformance.GET, 4),
        (Conformance.ACTION, 5),
    ],
)
def test_services_that_were_not_negotiated(granted: Conformance, index: int) -> None:
    pair = Pair(LLS, replace(LLS, conformance=granted)).associate()
    with pytest.raises(LocalProtocolError, match="not negotiated"):
        next(calls(pair)[index])
