"""The server per state: what is answered, what is dropped, and that what is refused has no effect (application layer, 7.5)."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from dlmskit.apdu import (
    ActionRequestNormal,
    ActionResponseNormal,
    ExceptionResponse,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    SetRequestNormal,
    decode_apdu,
)
from dlmskit.association import AssociationSettings, EventCode, Party, ServerSwitches, State
from dlmskit.codec.data import Data
from dlmskit.cosem.access import Role
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.limits import Limits
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection, SecurityControl
from dlmskit.security.envelope import Form
from dlmskit.security.policy import SecurityPolicy
from dlmskit.security.protection import protect, unprotect
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ActionResult, DataAccessResult, Mechanism
from tests.association.first_octets import PLAIN_SERVICES, owed
from tests.association.peers import (
    BROKEN,
    CIPHERED,
    CLIENT_TITLE,
    DEDICATED,
    DENIED,
    ECHO,
    FAILING,
    GENERAL,
    GUARDED,
    HIDDEN,
    HLS,
    KEYS,
    LLS,
    LN_CIPHERED,
    MISSING,
    OTHER_KEYS,
    PLAIN,
    SERVER_TITLE,
    VALUE,
    Meter,
    Pair,
    listed,
    settings,
)

GET = GetRequestNormal(0xC1, VALUE, None).encode()
SET = SetRequestNormal(0xC1, VALUE, None, Data.unsigned(1)).encode()
ACTION = ActionRequestNormal(0xC1, ECHO, Data.unsigned(1)).encode()
NOT_ALLOWED, NOT_PROTECTED, TOO_LONG, NOT_DECIPHERED = (bytes.fromhex(f"D801{code:02d}") for code in (2, 1, 4, 5))
REPLY_TO_HLS = bytes.fromhex("000F0000280000FF01")


def in_state(state: State, way: AssociationSettings) -> Pair:
    """A pair whose server is in this state."""
    pair = Pair(way)
    if state is State.INACTIVE:
        pair.server.lower_layer_lost()
    elif state is State.HLS_PENDING:
        exchange = pair.client.associate()
        pair.serve(next(exchange)[0])
    elif state is State.ASSOCIATED:
        pair.associate()
    assert pair.server.state is state
    return pair


# --- All first octets in all states ------------------------------------------------------------------------------------


@pytest.mark.case("R-070", "R-026", "R-038")
@pytest.mark.parametrize("way", [HLS, CIPHERED], ids=["clear", "ciphered"])
@pytest.mark.parametrize("state", [State.INACTIVE, State.IDLE, State.HLS_PENDING, State.ASSOCIATED])
def test_all_first_octets_in_all_states(state: State, way: AssociationSettings) -> None:
    """With nothing and with random octets behind them: the answer of the standard, or one of the refusals; never an effect."""
    dice = Random(f"{state}{way.ciphered}")
    pair = in_state(state, way)
    for octet in range(256):
        for body in (b"", dice.randbytes(1), dice.randbytes(12), dice.randbytes(200)):
            answer = pair.one(bytes((octet,)) + body)
            expected = owed(state, octet)
            if expected is not None:
                assert answer == expected, f"{octet:02X}"
            elif answer:
                refusal = decode_apdu(answer)
                denied = getattr(refusal, "result", None) == DataAccessResult.READ_WRITE_DENIED
                assert isinstance(refusal, ExceptionResponse) or denied
    assert pair.server.state is (state if state is not State.INACTIVE else State.IDLE)
    assert pair.meter.log == []
    if state is State.ASSOCIATED:
        pair.still_works()
    elif state is not State.HLS_PENDING:
        pair.associate().still_works()


@pytest.mark.parametrize("state", [State.IDLE, State.HLS_PENDING, State.ASSOCIATED])
def test_nothing_at_all_is_dropped(state: State) -> None:
    pair = in_state(state, HLS)
    assert pair.server.receive(b"") == ()


# --- Without an association, and while it is pending -------------------------------------------------------------------


@pytest.mark.case("R-026")
@pytest.mark.parametrize("octets", [GET, SET, ACTION, bytes.fromhex("D9") + bytes(8)], ids=["GET", "SET", "ACTION", "ACCESS"])
def test_services_without_an_association(octets: bytes) -> None:
    """Before the AARQ, after a refused one, and after the release."""
    pair = Pair(LLS, client_keys=OTHER_KEYS)
    assert pair.one(octets) == NOT_ALLOWED
    with pytest.raises(Exception, match="authentication-failure"):
        pair.associate()
    assert pair.one(octets) == NOT_ALLOWED
    pair = Pair(LLS).associate()
    pair.run(pair.client.release())
    assert pair.one(octets) == NOT_ALLOWED
    assert pair.meter.log == []
    pair.associate().still_works()


@pytest.mark.case("R-038")
@pytest.mark.parametrize("way", [HLS, CIPHERED, GENERAL], ids=["clear", "glo", "general"])
@pytest.mark.parametrize("plain", [GET, SET, ACTION, GET[:4]], ids=["GET", "SET", "another ACTION", "cut"])
def test_services_between_passes_2_and_4(way: AssociationSettings, plain: bytes) -> None:
    """Well protected or not: nothing but the reply passes; the handshake can still be finished."""
    pair = Pair(way)
    exchange = pair.client.associate()
    aare = pair.serve(next(exchange)[0])[0]
    pass_3 = exchange.send(aare)[0]
    octets = plain
    if way.ciphered:
        assert pair.client.security is not None
        form = Form.GENERAL_GLO if way is GENERAL else Form.GLO
        octets = protect(plain, pair.client.security, form)
    assert pair.one(octets) == NOT_ALLOWED
    assert pair.server.state is State.HLS_PENDING
    assert pair.server.associated is None
    assert pair.meter.log == []
    if not way.ciphered:  # pass 3 was made before the counter of what was sent in between
        pair.serve(pass_3)
        assert pair.server.associated


@pytest.mark.case("R-039")
@pytest.mark.parametrize("wrong", ["short", "tag", "other type", "nothing"])
def test_one_attempt_for_each_challenge(wrong: str) -> None:
    pair = Pair(HLS)
    exchange = pair.client.associate()
    right = exchange.send(pair.serve(next(exchange)[0])[0])[0]
    head = right[:13]
    bad = {
        "short": head + b"\x09\x00",
        "tag": right[:-1] + bytes((right[-1] ^ 1,)),
        "other type": head + b"\x0a" + right[14:],
        "nothing": right[:12] + b"\x00",
    }[wrong]
    refused = decode_apdu(pair.one(bad))
    assert isinstance(refused, ActionResponseNormal)
    assert refused.single_response.result == ActionResult.OTHER_REASON
    assert refused.single_response.return_parameters is None, "and no f(CtoS)"
    assert pair.server.state is State.IDLE
    assert pair.one(right) == NOT_ALLOWED
    assert pair.server_log.codes()[0] is EventCode.AUTHENTICATION_FAILED
    exchange.close()
    pair.associate().still_works()


@pytest.mark.case("R-033", "R-035")
def test_a_recorded_association_is_worth_nothing() -> None:
    """In clear with HLS: the old f(StoC) does not answer the new challenge. Ciphered: the counters are used up."""
    for way in (HLS, CIPHERED):
        pair = Pair(way).associate()
        pair.run(pair.client.set(VALUE, Data.unsigned(5)))
        pair.run(pair.client.release())
        recorded, effects = list(pair.sent), pair.meter.effects
        for octets in recorded:
            pair.one(octets)
            assert pair.server.state is not State.ASSOCIATED
        assert pair.meter.effects == effects
        pair.associate().still_works()


@pytest.mark.case("R-033")
def test_pass_3_of_another_association() -> None:
    """A man in the middle lets an honest client answer the challenge of his own association: it buys him nothing.

    The association opens (mechanism 5 binds titles, and he uses the client's), but without keys he cannot say a word in it.
    """
    honest, meter = Pair(CIPHERED), Pair(CIPHERED)
    exchange = honest.client.associate()
    aare = meter.serve(next(exchange)[0])[0]
    pass_3 = exchange.send(aare)[0]
    meter.serve(pass_3)
    assert meter.server.state is State.ASSOCIATED
    assert meter.one(GET) == NOT_PROTECTED
    assert meter.one(b"\xc8\x1e\x30\x00\x00\x00\xff" + bytes(25)) == NOT_DECIPHERED
    assert meter.meter.log == []


def test_passes_3_and_4_have_a_time_limit() -> None:
    pair = in_state(State.HLS_PENDING, HLS)
    deadline = pair.server.deadline
    assert deadline is not None
    pair.clock.now = deadline + 0.1
    pair.server.expire()
    assert pair.server.state is State.IDLE
    assert pair.server.deadline is None
    pair.associate().still_works()


# --- Associated --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [PLAIN, CIPHERED, GENERAL, DEDICATED], ids=["clear", "glo", "general", "ded"])
@pytest.mark.parametrize(
    ("plain", "answer"),
    [
        (bytes.fromhex("C004C1") + VALUE.encode() + b"\0", "C401C10103"),
        (bytes.fromhex("C106C1") + VALUE.encode() + b"\0\0", "C501C103"),
        (GET[:7], "C401C10103"),
        (SET[:-1], "C501C103"),
        (SET[:-2] + b"\x07\x00", "C501C103"),
        (GET[:2], "D80102"),
        (GET + b"\x00", "D80102"),
        (SET + b"\xff", "D80102"),
        (ACTION[:-1], "D80102"),
        (bytes.fromhex("C307C1") + ECHO.encode(), "D80102"),
        (GetRequestWithList(0xC1, (listed(VALUE),)).encode()[:-1], "C401C10103"),
    ],
)
def test_malformed_requests(way: AssociationSettings, plain: bytes, answer: str) -> None:
    """Nothing is executed, and the association stays: the official cases read an attribute afterwards."""
    pair = Pair(way).associate()
    octets = plain
    if way.ciphered:
        assert pair.client.security is not None
        octets = protect(plain, pair.client.security, pair.client._core.form or Form.GLO)
    found = pair.one(octets)
    if answer.startswith("D8"):
        assert found.hex().upper() == answer, "an exception-response is never protected"
    else:
        security = pair.client.security
        assert opened(found, security).hex().upper() == answer
    assert pair.meter.log == []
    pair.still_works()


def opened(octets: bytes, security: SecurityContext | None) -> bytes:
    """The plain answer."""
    if security is None:
        return octets
    return octets if octets[0] in {0xC4, 0xC5, 0xC7} else unprotect(octets, security).plain


@pytest.mark.parametrize("octet", [0x7E, 0x82])
@pytest.mark.parametrize(("result", "code"), [(None, 4), (DataAccessResult.READ_WRITE_DENIED, 3)])
def test_an_object_that_does_not_exist(octet: int, result: DataAccessResult | None, code: int) -> None:
    """object-undefined; the official case wants read-write-denied: a switch."""
    switches = ServerSwitches() if result is None else ServerSwitches(unknown_object_result=result)
    pair = Pair(replace(PLAIN, switches=switches)).associate()
    assert pair.run(pair.client.get(MISSING)) == code
    assert pair.run(pair.client.set(MISSING, Data.unsigned(octet))) == code


def test_unconfirmed_requests_are_executed_and_not_answered() -> None:
    pair = Pair(PLAIN).associate()
    for plain in (SET, ACTION, GET):
        assert pair.one(plain[:2] + b"\x81" + plain[3:]) == b""
    assert pair.meter.effects == 2
    assert pair.one(GET[:2] + b"\x81" + GET[3:7]) == b"", "no error answer either"
    lax = Pair(replace(PLAIN, switches=ServerSwitches(answer_unconfirmed=True))).associate()
    assert lax.one(GET[:2] + b"\x81" + GET[3:]).hex().startswith("c40181")


@pytest.mark.parametrize("way", [PLAIN, CIPHERED], ids=["clear", "glo"])
def test_longer_than_negotiated(way: AssociationSettings) -> None:
    pair = Pair(way, replace(way, max_pdu_size=100)).associate()
    assert pair.one((b"\xc1" if way is PLAIN else b"\xc9") + bytes(100)) == TOO_LONG
    pair.still_works()


@pytest.mark.parametrize("octets", [b"\xc8\x05\x30\x00\x00\x00\x01", b"\xd0\x05\x30\x00\x00\x00\x01", b"\xdb\x00\x05" + bytes(5)])
def test_ciphered_in_a_context_without_ciphering(octets: bytes) -> None:
    for way in (PLAIN, HLS):
        assert Pair(way).associate().one(octets) == NOT_ALLOWED


def test_what_is_not_negotiated() -> None:
    """GET alone: SET, ACTION, lists and blocks are not allowed, selective access and attribute 0 are violations."""
    pair = Pair(PLAIN, replace(PLAIN, conformance=Conformance.GET)).associate()
    blocks = ("C102C1" + VALUE.encode().hex() + "00" + "0000000001" + "0100", "C103C1" + "0100000001" + "00", "C002C100000001")
    for plain in (SET, ACTION, GetRequestWithList(0xC1, (listed(VALUE),)).encode(), *map(bytes.fromhex, blocks)):
        assert pair.one(plain) == NOT_ALLOWED
    selection = bytes.fromhex("0102") + Data.null().octets
    assert pair.one(GET[:-1] + selection).hex().upper() == "C401C1010D"
    assert pair.one(GET[:-2] + b"\x00\x00").hex().upper() == "C401C1010D"
    assert pair.meter.log == []


def test_attribute_0_with_get() -> None:
    """All attributes that the role names, in order; null-data for what may not be read, and for what fails."""
    pair = Pair(PLAIN).associate()
    everything = pair.run(pair.client.get(replace_attribute(0)))
    assert isinstance(everything, Data)
    value = Data.double_long_unsigned(1234)
    assert everything.elements() == (value, value, value, *[Data.null()] * 6)
    hidden = pair.run(pair.client.get_list([listed(GUARDED), listed(replace_attribute(0))]))
    assert hidden == [DataAccessResult.READ_WRITE_DENIED, everything]


def replace_attribute(number: int):
    return type(VALUE)(VALUE.class_id, VALUE.instance_id, number)


@pytest.mark.case("R-074")
def test_an_object_that_fails() -> None:
    """Other-reason for this item alone; the error is for the log, not for the wire."""
    pair = Pair(PLAIN).associate()
    assert pair.run(pair.client.get_list([listed(VALUE), listed(BROKEN), listed(VALUE)]))[1] == DataAccessResult.OTHER_REASON
    assert isinstance(pair.server_log[-1].error, KeyError)
    assert pair.run(pair.client.set(BROKEN, Data.unsigned(1))) == DataAccessResult.OTHER_REASON
    assert pair.run(pair.client.action(FAILING)).result == ActionResult.TEMPORARY_FAILURE
    assert not any(b"bug" in octets for octets in pair.received)
    pair.still_works()


@pytest.mark.case("R-041")
def test_every_path_asks_the_same_access_function() -> None:
    """Normal, list, blocks, attribute 0, selective access: what may not be read or written stays unread and unwritten."""
    pair = Pair(replace(PLAIN, max_pdu_size=60)).associate()
    long = Data.octet_string(bytes(500))
    denied = DataAccessResult.READ_WRITE_DENIED
    assert pair.run(pair.client.get(HIDDEN)) == denied
    assert pair.run(pair.client.get_list([listed(HIDDEN)])) == [denied]
    assert pair.run(pair.client.set(HIDDEN, Data.unsigned(1))) == denied
    assert pair.run(pair.client.set(HIDDEN, long)) == denied
    assert pair.run(pair.client.set_list([listed(HIDDEN)], [long])) == [denied]
    assert pair.run(pair.client.action(DENIED)).result == denied
    assert pair.run(pair.client.action(DENIED, long)).result == denied
    assert [response.result for response in pair.run(pair.client.action_list([DENIED], [long]))] == [denied]
    assert pair.meter.log == []


def test_a_role_that_changes_is_asked_anew() -> None:
    meter = Meter()
    pair = Pair(PLAIN, meter=meter).associate()
    pair.still_works()
    meter.the_role = Role("nothing")
    assert pair.run(pair.client.get(VALUE)) == DataAccessResult.OBJECT_UNDEFINED


# --- Protection --------------------------------------------------------------------------------------------------------


@pytest.mark.case("R-048")
@pytest.mark.supports("policy demands authenticated requests", "policy demands encrypted requests", suite=0, side="server")
@pytest.mark.parametrize("plain", [GET, SET, ACTION], ids=["GET", "SET", "ACTION"])
def test_a_clear_request_where_protection_is_demanded(plain: bytes) -> None:
    pair = Pair(CIPHERED).associate()
    assert pair.one(plain) == NOT_PROTECTED
    assert pair.meter.log == []
    assert pair.server_log.codes()[-1] is EventCode.PROTECTION_TOO_WEAK
    pair.still_works()


@pytest.mark.case("R-046", "R-047")
@pytest.mark.supports("policy demands authenticated requests", "policy demands encrypted requests", suite=0, side="server")
@pytest.mark.parametrize("protection", [Protection.AUTHENTICATED, Protection.ENCRYPTED])
def test_less_protection_than_the_policy(protection: Protection) -> None:
    pair = Pair(CIPHERED).associate()
    weak = settings(
        application_context=LN_CIPHERED,
        security_policy=SecurityPolicy(int(protection) << 2 | int(protection) << 5),
    )
    attacker = pair.client_credentials.security(Party.CLIENT, weak, SERVER_TITLE)
    octets = protect(SET, attacker, Form.GLO, SecurityControl.of(attacker.suite, protection))
    assert pair.one(octets) == NOT_DECIPHERED
    assert pair.meter.log == []
    assert pair.server_log.codes()[-1] is EventCode.PROTECTION_TOO_WEAK
    pair.still_works()


@pytest.mark.case("R-045")
@pytest.mark.supports("forged counter without effect", suite=None, side="server")
@pytest.mark.parametrize("way", [CIPHERED, GENERAL, DEDICATED], ids=["glo", "general-glo", "ded"])
def test_every_bit_of_a_request(way: AssociationSettings) -> None:
    """Nothing is executed, the receive counter stays; the untouched octets are still taken afterwards."""
    pair = Pair(way).associate()
    assert pair.client.security is not None
    octets = protect(SET, pair.client.security, pair.client._core.form or Form.GLO)
    for bit in range(8 * len(octets)):
        flipped = bytearray(octets)
        flipped[bit // 8] ^= 1 << bit % 8
        answer = pair.one(bytes(flipped))
        assert answer[:1] in {b"", b"\xd8"}
        assert pair.meter.log == []
        assert pair.server.state is State.ASSOCIATED
    assert pair.one(octets)[:1] != b"\xd8"
    assert pair.meter.effects == 1


@pytest.mark.case("R-050")
@pytest.mark.supports("repeated message refused", suite=None, side="server")
@pytest.mark.parametrize("way", [CIPHERED, GENERAL, DEDICATED], ids=["glo", "general-glo", "ded"])
def test_the_last_message_again(way: AssociationSettings) -> None:
    """Executed once; the answer says which counter is the lowest that would be taken."""
    pair = Pair(way).associate()
    pair.run(pair.client.set(VALUE, Data.unsigned(9)))
    octets = pair.sent[-1]
    counter = int.from_bytes(octets[12:16] if way is GENERAL else octets[3:7])
    assert pair.one(octets).hex().upper() == f"D80106{counter + 1:08X}"
    assert pair.meter.effects == 1
    assert pair.server_log.codes()[-1] is EventCode.COUNTER_REPEATED
    pair.still_works()


@pytest.mark.case("R-051")
@pytest.mark.supports("repeated message refused", suite=None, side="server")
def test_old_equal_next_and_far_counters() -> None:
    pair = Pair(CIPHERED).associate()
    counter = pair.client_credentials.transmit.of(KEYS.guek, CLIENT_TITLE)  # type: ignore[arg-type]
    assert pair.client.security is not None
    first, second, third = (protect(SET, pair.client.security) for _ in range(3))
    table = [(second, True), (first, False), (second, False), (third, True), (third, False)]
    for octets, taken in table:
        before = pair.meter.effects
        answer = pair.one(octets)
        assert (answer[:1] == b"\xcd") is taken
        assert pair.meter.effects - before == taken
    counter.advance_to(counter.next + 1000 if counter.next else 1000)
    pair.still_works()
    assert EventCode.COUNTER_GAP in pair.server_log.codes(), "a gap is accepted and logged"


@pytest.mark.case("R-057")
def test_reflected_messages() -> None:
    """Our own responses sent back to us as requests, and the requests of the client under the tag of another service."""
    pair = Pair(CIPHERED).associate()
    pair.run(pair.client.set(VALUE, Data.unsigned(9)))
    request, response = pair.sent[-1], pair.received[-1]
    assert pair.one(response) == b""
    assert pair.one(b"\xc9" + response[1:])[:2] == b"\xd8\x01"
    assert pair.client.security is not None
    other = protect(GET, pair.client.security)
    assert pair.one(b"\xc9" + other[1:]) == NOT_DECIPHERED, "inner and outer tag must belong together"
    assert request[0] == 0xC9
    assert pair.meter.effects == 1
    pair.still_works()


@pytest.mark.case("R-058")
@pytest.mark.parametrize("kind", ["never agreed", "of the association before"])
def test_ded_without_a_dedicated_key(kind: str) -> None:
    pair = Pair(DEDICATED)
    if kind == "never agreed":
        octets = b"\xd1\x1e\x30" + bytes(29)
        pair = Pair(CIPHERED).associate()
    else:
        pair.associate()
        assert pair.client.security is not None
        octets = protect(SET, pair.client.security, Form.DED)
        pair.run(pair.client.release())
        pair.associate()
    assert pair.one(octets) == NOT_DECIPHERED
    assert pair.meter.log == []
    pair.still_works()


@pytest.mark.case("R-070")
@pytest.mark.parametrize("way", [GENERAL, replace(GENERAL, dedicated_key=True)], ids=["general-glo", "general-ded"])
def test_all_first_octets_inside_of_general_ciphering(way: AssociationSettings) -> None:
    """What is owed for the inner APDU in clear, or not allowed: so with AARQ, RLRQ and protection inside of protection."""
    pair = Pair(way).associate()
    security, form = pair.client.security, pair.client._core.form
    assert security is not None
    assert form is not None
    for octet in range(256):
        answer = pair.one(protect(bytes((octet,)) + bytes(30), security, form))
        if octet not in PLAIN_SERVICES:
            assert answer in {owed(State.ASSOCIATED, octet), NOT_ALLOWED}, f"{octet:02X}"
    assert pair.meter.log == []
    assert pair.server.state is State.ASSOCIATED
    pair.still_works()


def test_silence_instead_of_an_answer_that_may_be_an_oracle() -> None:
    pair = Pair(replace(CIPHERED, switches=ServerSwitches(silent_on_deciphering_error=True))).associate()
    assert pair.one(b"\xc9\x1e\x30\x7f\xff\xff\xff" + bytes(25)) == b""
    pair.still_works()


def test_all_failures_of_protection_look_the_same() -> None:
    """Rule 7: wrong tag, wrong suite, wrong title, too weak, inner tag: one answer for all."""
    pair = Pair(GENERAL).associate()
    ahead = bytes.fromhex("00FFFFFF")
    glo = [bytes((0xC9, 0x1E, control)) + ahead + bytes(25) for control in (0x30, 0x31, 0x00, 0x10, 0x20, 0x70, 0xB0)]
    general = b"\xdb\x08" + b"MMM00000" + b"\x1e\x30" + ahead + bytes(25)
    assert {pair.one(octets) for octets in [*glo, general]} == {NOT_DECIPHERED}


# --- Release, loss, time -----------------------------------------------------------------------------------------------


@pytest.mark.case("R-042")
@pytest.mark.parametrize("way", [CIPHERED, GENERAL, DEDICATED, replace(CIPHERED, mechanism=Mechanism.LOWEST)], ids=str)
def test_an_unauthenticated_release_is_dropped(way: AssociationSettings) -> None:
    pair = Pair(way).associate()
    exchange = pair.client.release()
    honest = next(exchange)[0]
    exchange.close()
    for octets in (
        bytes.fromhex("6200"),
        bytes.fromhex("6203800100"),
        bytes.fromhex("6212BE10040E01000000065F1F0400007E1F04B0"),
        honest[:-1] + bytes((honest[-1] ^ 1,)),
    ):
        assert pair.one(octets) == b""
        assert pair.server.state is State.ASSOCIATED
        assert pair.server_log.codes()[-1] is EventCode.RELEASE_NOT_PROTECTED
    assert pair.one(honest)[:1] == b"\x63", "the honest one still releases"
    assert pair.server.state is State.IDLE


@pytest.mark.parametrize("octets", ["6200", "6203800100", "6203800101", "620380011E", "6212BE10040E01000000065F1F0400007E1F04B0"])
def test_release_in_clear(octets: str) -> None:
    pair = Pair(PLAIN).associate()
    assert pair.one(bytes.fromhex(octets)).hex().upper() == "6303800100"
    assert pair.one(GET) == NOT_ALLOWED


def test_a_release_that_cannot_be_read() -> None:
    pair = Pair(PLAIN).associate()
    assert pair.one(bytes.fromhex("620400010203")) == NOT_ALLOWED
    pair.still_works()


def test_the_lower_layer_is_lost() -> None:
    pair = Pair(DEDICATED).associate()
    pair.server.lower_layer_lost()
    assert (pair.server.state, pair.server.context, pair.server.associated) == (State.INACTIVE, None, None)
    assert pair.one(GET) == NOT_ALLOWED
    assert pair.server_log.codes()[-2] is EventCode.ABORTED


def test_inactivity_ends_an_association() -> None:
    """Like an abort, no APDU is sent; whoever comes later finds no association."""
    pair = Pair(PLAIN).associate()
    assert pair.server.deadline == pair.clock.now + Limits().inactivity_seconds
    pair.clock.now += 100
    pair.still_works()
    pair.clock.now += 121
    assert pair.one(GET) == NOT_ALLOWED
    assert EventCode.ABORTED in pair.server_log.codes()


# --- Pre-established and broadcast -------------------------------------------------------------------------------------

PRE_ESTABLISHED = settings(application_context=LN_CIPHERED, pre_established=True)
BROADCAST = settings(application_context=LN_CIPHERED, pre_established=True, server_sap=0x7F)


def test_pre_established() -> None:
    """Open from the start, cannot be released, survives silence, is there again after the connection came back."""
    pair = Pair(PRE_ESTABLISHED)
    pair.still_works()
    assert pair.one(bytes.fromhex("6203800100")) == b""
    assert pair.one(bytes.fromhex("601DA109060760857405080103BE10040E01000000065F1F0400007E1F04B0")) == b""
    pair.clock.now += 1e6
    pair.still_works()
    pair.server.lower_layer_lost()
    pair.still_works()


@pytest.mark.case("R-044")
@pytest.mark.supports("broadcast under the broadcast key", suite=0, side="server")
def test_broadcast_is_never_answered() -> None:
    """A confirmed request is not even executed; an unconfirmed one is where the broadcast key authenticates it."""
    pair = Pair(BROADCAST)
    security = pair.client_credentials.security(Party.CLIENT, BROADCAST, SERVER_TITLE)
    broadcast = SecurityControl.of(security.suite, Protection.AUTHENTICATED | Protection.ENCRYPTED, broadcast=True)
    unconfirmed = ACTION[:2] + b"\x01" + ACTION[3:]
    aarq = bytes.fromhex("601DA109060760857405080103BE10040E01000000065F1F0400007E1F04B0")
    for octets in (aarq, ACTION, unconfirmed, protect(ACTION, security, Form.GLO, broadcast), b"\xcb" + bytes(40)):
        assert pair.one(octets) == b""
        assert pair.meter.log == []
    assert pair.one(protect(unconfirmed, security, Form.GLO, broadcast)) == b""
    assert pair.meter.effects == 1
    unicast = Pair(CIPHERED).associate()
    assert unicast.one(protect(SET, security, Form.GLO, broadcast)) == NOT_DECIPHERED, "unicast needs the unicast key"


# --- Settings that cannot be ------------------------------------------------------------------------------------------


def test_what_a_server_cannot_be_made_of() -> None:
    with pytest.raises(SecurityError) as caught:
        Pair(PLAIN, settings(mechanism=Mechanism.HLS_MANUFACTURER))
    assert caught.value.reason is SecurityReason.UNSUPPORTED
    with pytest.raises(ConfigError, match="system title"):
        Pair(PLAIN, AssociationSettings(mechanism=Mechanism.HLS_GMAC))
    with pytest.raises(ConfigError, match="password"):
        Pair(PLAIN, LLS, server_keys=type(KEYS)())


def test_a_value_that_cannot_be_sent() -> None:
    """Too long for one answer and no blocks negotiated: other-reason, and the association lives."""
    meter = Meter(Data.octet_string(bytes(500)))
    few = replace(PLAIN, conformance=PLAIN.conformance & ~Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ, max_pdu_size=100)
    pair = Pair(few, meter=meter).associate()
    assert pair.run(pair.client.get(VALUE)) == DataAccessResult.OTHER_REASON
    assert pair.run(pair.client.get_list([listed(VALUE)])) == [DataAccessResult.OTHER_REASON]
    found = decode_apdu(pair.received[-2])
    assert isinstance(found, GetResponseNormal)
