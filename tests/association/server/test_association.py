"""The server per state: what is answered, what is dropped, and that what is refused has no effect (application layer, 7.5)."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from dlmskit.apdu import (
    ActionResponseNormal,
    ExceptionResponse,
    GetResponseNormal,
    decode_apdu,
)
from dlmskit.association import AssociationSettings, EventCode, Party, State
from dlmskit.codec.data import Data
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.limits import Limits
from dlmskit.security.control import Protection, SecurityControl
from dlmskit.security.envelope import Form
from dlmskit.security.protection import protect
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ActionResult, DataAccessResult, Mechanism
from tests.association.first_octets import owed
from tests.association.peers import (
    CIPHERED,
    DEDICATED,
    GENERAL,
    HLS,
    KEYS,
    LLS,
    LN_CIPHERED,
    OTHER_KEYS,
    PLAIN,
    SERVER_TITLE,
    VALUE,
    Meter,
    Pair,
    listed,
    settings,
)
from tests.association.server.octets import ACTION, GET, NOT_ALLOWED, NOT_DECIPHERED, NOT_PROTECTED, SET


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
