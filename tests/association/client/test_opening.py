"""Opening as a client: the published AARQs and passes octet by octet, and false servers of every kind (7.3, 7.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from dlmskit.apdu import Aare, Aarq, InitiateResponse, application_context_name, decode_apdu, mechanism_name
from dlmskit.association import (
    AssociationRefused,
    AssociationSettings,
    ClientAssociation,
    ClientTolerances,
    ConfirmedServiceErrorReceived,
    Credentials,
    EventCode,
    ExceptionReceived,
    InvocationCounterRefused,
    State,
    Wrapping,
)
from dlmskit.codec.ber import AuthenticationValue, Diagnostic
from dlmskit.errors import ConfigError, DecodeError, DlmsError, SecurityError, SecurityReason, TransportTimeout
from dlmskit.security.keys import KeySet, Secret
from dlmskit.security.policy import AUTHENTICATED_BOTH_WAYS, SIGNED_BOTH_WAYS
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import AcseServiceUser, AssociationResult, Mechanism
from dlmskit.types.system_title import SystemTitle
from tests.association.correspondents import pair_of, way_of
from tests.association.peers import (
    CIPHERED,
    CLIENT_TITLE,
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
    Dice,
    Log,
    Pair,
    answers,
    credentials,
    drive,
    settings,
)
from tests.vectors import load

VECTORS = {entry["name"]: bytes.fromhex(entry["hex"]) for entry in load("apdu")}
SECURITY = {entry["name"]: entry for entry in load("security")}
OTHER_TITLE = SystemTitle("4D4D4D0000BC614E")
"""The title of the client in some examples of the Green Book and of the server in others."""
FIRST_TITLE = SystemTitle("4D4D4D0000000001")


def client(way: AssociationSettings, *, keys: KeySet = KEYS, first: int = 1, random: Any = None) -> ClientAssociation:
    made = credentials(keys, first)
    return ClientAssociation(way, made, random=random or Dice(), on_event=Log().append)


def sent_first(association: ClientAssociation) -> bytes:
    exchange = association.associate()
    octets = next(exchange)[0]
    exchange.close()
    return octets


# --- The octets of the Green Book --------------------------------------------------------------------------------------

EXAMPLE = settings(conformance=Conformance(0x007E1F), max_pdu_size=1200, client_system_title=OTHER_TITLE)
"""Client of the examples: proposes 007E1F and receives 1200 octets."""


@pytest.mark.parametrize(
    ("way", "vector"),
    [
        (EXAMPLE, "aarq-ln-lowest"),
        (replace(EXAMPLE, mechanism=Mechanism.LLS), "aarq-ln-lls"),
        (replace(EXAMPLE, mechanism=Mechanism.LLS, user_id=5), "aarq-ln-userid-lls"),
        (replace(EXAMPLE, conformance=Conformance(0x1E1D), max_pdu_size=0xFFFF), "aarq-ln-lowest-max"),
    ],
)
def test_published_aarq(way: AssociationSettings, vector: str) -> None:
    assert sent_first(client(way)) == VECTORS[vector]


def test_published_aarq_with_a_ciphered_proposal() -> None:
    """With the dedicated key 00112233... in the InitiateRequest and invocation counter 01234567."""
    way = replace(EXAMPLE, application_context=LN_CIPHERED, mechanism=Mechanism.LLS, dedicated_key=True)
    key = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
    assert sent_first(client(way, first=0x01234567, random=lambda count: key[:count])) == VECTORS["aarq-ln-cipher-lls"]


@pytest.mark.parametrize("wrapping", [Wrapping.SERVICE_SPECIFIC, Wrapping.GENERAL])
def test_a_dedicated_key_is_hidden_though_the_policy_does_not_ask(wrapping: Wrapping) -> None:
    """Authentication alone is demanded: the proposal is encrypted all the same, the requests behind it are not."""
    way = replace(DEDICATED, wrapping=wrapping, security_policy=AUTHENTICATED_BOTH_WAYS)
    drawn: list[bytes] = []

    def random(count: int) -> bytes:
        drawn.append(bytes(range(0x60 + len(drawn), 0x60 + len(drawn) + count)))
        return drawn[-1]

    pair = Pair(way, client_random=random).associate()
    assert any(octets.hex() in pair.sent[0].hex() for octets in drawn), "the challenge stands there"
    assert not any(octets in pair.sent[0] for octets in drawn if len(octets) == 16), "the key does not"
    pair.still_works()
    assert VALUE.encode() in pair.sent[-1], "authenticated alone"


def test_a_signature_hides_no_dedicated_key() -> None:
    way = way_of(1, Mechanism.HLS_ECDSA, "ded", SIGNED_BOTH_WAYS)
    with pytest.raises(ConfigError, match="agreed on under encryption"):
        pair_of(way).associate()


def test_published_aarq_of_hls_5() -> None:
    """The example has no system title in its AARQ, which mechanism 5 needs: apart from it the octets are the same."""
    way = replace(EXAMPLE, mechanism=Mechanism.HLS_GMAC, challenge_octets=8)
    ours = decode_apdu(sent_first(client(way, random=lambda count: b"K56iVagY"[:count])))
    assert isinstance(ours, Aarq)
    assert ours.calling_ap_title == OTHER_TITLE.octets
    assert msgspec.structs.replace(ours, calling_ap_title=None).encode() == VECTORS["aarq-ln-hls5"]


def test_published_passes_of_hls_5() -> None:
    """Pass 3 is f(StoC) of the example, and its f(CtoS) opens the association."""
    way = replace(HLS, client_system_title=FIRST_TITLE, server_system_title=OTHER_TITLE, challenge_octets=8)
    association = client(way, random=lambda count: b"K56iVagY"[:count])
    exchange = association.associate()
    next(exchange)
    aare = decode_apdu(VECTORS["aare-ln-hls5"])
    pass_3 = exchange.send(msgspec.structs.replace(aare, responding_ap_title=OTHER_TITLE.octets).encode())[0]
    f_stoc = SECURITY["hls5_gmac_pass3_f_StoC"]["outputs"]["f_stoc"]
    assert pass_3.hex().upper() == "C30141000F0000280000FF01010911" + f_stoc
    assert association.state is State.HLS_PENDING
    f_ctos = SECURITY["hls5_gmac_pass4_f_CtoS"]["outputs"]["f_ctos"]
    with pytest.raises(StopIteration) as stop:
        exchange.send(bytes.fromhex("C701410001000911" + f_ctos))
    assert stop.value.value.conformance == Conformance(0x00501F)
    assert association.context == stop.value.value
    assert association.context is not None
    assert (association.context.server_max_receive_pdu_size, association.context.server_system_title) == (500, OTHER_TITLE)


def test_published_passes_of_hls_5_at_the_server() -> None:
    """The same exchange from the other side."""
    way = replace(HLS, client_system_title=FIRST_TITLE, server_system_title=OTHER_TITLE, challenge_octets=8)
    pair = Pair(way, server_random=lambda count: bytes.fromhex("503677524A323146")[:count])
    pair.server_credentials.transmit.of(KEYS.guek, OTHER_TITLE).advance_to(0x01234567, largest_jump=1 << 32)  # type: ignore[arg-type]
    aarq = decode_apdu(VECTORS["aarq-ln-hls5"])
    pair.one(msgspec.structs.replace(aarq, calling_ap_title=FIRST_TITLE.octets).encode())
    f_stoc = SECURITY["hls5_gmac_pass3_f_StoC"]["outputs"]["f_stoc"]
    f_ctos = SECURITY["hls5_gmac_pass4_f_CtoS"]["outputs"]["f_ctos"]
    answer = pair.one(bytes.fromhex("C301C1000F0000280000FF01010911" + f_stoc))
    assert answer.hex().upper() == "C701C10001000911" + f_ctos
    assert pair.server.associated is not None


def test_published_aare() -> None:
    association = client(PLAIN)
    context = drive(association.associate(), answers(VECTORS["aare-ln-ok"]))
    assert (context.conformance, context.server_max_receive_pdu_size) == (Conformance(0x00501F), 500)
    assert association.state is State.ASSOCIATED


# --- Refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vector", "code", "result", "said"),
    [
        (
            "aare-ln-context-not-supported",
            AcseServiceUser.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED,
            1,
            "permanent",
        ),
        ("aare-ln-auth-failure", AcseServiceUser.AUTHENTICATION_FAILURE, 1, "permanent"),
        (
            "aare-ln-mechanism-not-recognised",
            AcseServiceUser.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED,
            1,
            "permanent",
        ),
        ("aare-ln-provider-version", 2, 1, "permanent"),
        ("aare-ln-transient", AcseServiceUser.NO_REASON_GIVEN, 2, "refused-by-the-VDE-Handler"),
        ("aare-ln-dlms-version-too-low", AcseServiceUser.NO_REASON_GIVEN, 1, "dlms-version-too-low"),
    ],
)
def test_published_refusals(vector: str, code: int, result: int, said: str) -> None:
    association = client(PLAIN)
    with pytest.raises(AssociationRefused, match=said) as caught:
        drive(association.associate(), answers(VECTORS[vector]))
    assert (caught.value.code, caught.value.result) == (code, AssociationResult(result))
    assert caught.value.authentication_failed is ("auth" in vector or "mechanism" in vector)
    assert (association.state, association.context) == (State.IDLE, None)


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        ("D80105", ExceptionReceived),
        ("D801060000002A", InvocationCounterRefused),
        ("D802060000002A", InvocationCounterRefused),
        ("0E010600", ConfirmedServiceErrorReceived),
        ("6105A10302", DecodeError),
    ],
)
def test_errors_in_place_of_the_aare(octets: str, error: type[DlmsError]) -> None:
    association = client(PLAIN)
    with pytest.raises(error) as caught:
        drive(association.associate(), answers(bytes.fromhex(octets)))
    assert association.state is State.IDLE
    if isinstance(caught.value, InvocationCounterRefused):
        assert caught.value.lowest_acceptable == 42
        assert association.security is None, "the counter is reported, never adopted"


def test_no_answer() -> None:
    association = client(PLAIN)
    with pytest.raises(TransportTimeout):
        drive(association.associate(), answers())
    assert association.state is State.IDLE
    drive(association.associate(), answers(VECTORS["aare-ln-ok"]))


def test_an_exchange_that_is_closed_leaves_nothing() -> None:
    association = client(CIPHERED)
    exchange = association.associate()
    next(exchange)
    assert association.state is State.ASSOCIATION_PENDING
    exchange.close()
    assert (association.state, association.security) == (State.IDLE, None)


# --- False servers -----------------------------------------------------------------------------------------------------


def aare(way: AssociationSettings, initiate: dict[str, Any] | None = None, **changes: Any) -> bytes:
    """An AARE that the client of ``way`` takes, with changes."""
    fields: dict[str, Any] = {
        "application_context_name": application_context_name(way.application_context),
        "result": 0,
        "result_source_diagnostic": Diagnostic(0),
        "user_information": InitiateResponse(
            **{"negotiated_conformance": 0x1D, "server_max_receive_pdu_size": 500, **(initiate or {})}
        ).encode(),
    }
    if way.needs_titles:
        fields["responding_ap_title"] = SERVER_TITLE.octets
    if way.mechanism.is_high_level:
        fields |= {
            "result_source_diagnostic": Diagnostic(14),
            "mechanism_name": mechanism_name(way.mechanism),
            "responding_authentication_value": AuthenticationValue(bytes(range(100, 116))),
        }
    return Aare(**{**fields, **changes}).encode()


def refused(way: AssociationSettings, octets: bytes) -> tuple[BaseException, list[bytes]]:
    """Why the client does not take this AARE, and everything that it sent."""
    association = client(way)
    sent: list[bytes] = []

    def line(octets_sent: bytes) -> list[bytes]:
        sent.append(octets_sent)
        return [octets] if len(sent) == 1 else []

    with pytest.raises((DlmsError, AssertionError)) as caught:
        drive(association.associate(), line)
    assert (association.state, association.context, association.security) == (State.IDLE, None, None)
    return caught.value, sent


NEEDS_SET = replace(PLAIN, required_conformance=Conformance.SET | Conformance.GET)
CHECKS: list[tuple[str, AssociationSettings, bytes, str]] = [
    ("other context", PLAIN, aare(PLAIN, application_context_name=application_context_name(3)), "application context 3"),
    ("version 5", PLAIN, aare(PLAIN, {"negotiated_dlms_version_number": 5}), "DLMS version 5"),
    ("size 1", PLAIN, aare(PLAIN, {"server_max_receive_pdu_size": 1}), "1 octets"),
    ("size 11", PLAIN, aare(PLAIN, {"server_max_receive_pdu_size": 11}), "11 octets"),
    ("unproposed bits", PLAIN, aare(PLAIN, {"negotiated_conformance": 0x12001D}), "never proposed: read, delta-value-encoding"),
    ("nothing usable", PLAIN, aare(PLAIN, {"negotiated_conformance": 0x1000}), "none of get"),
    ("required missing", NEEDS_SET, aare(PLAIN, {"negotiated_conformance": 0x10}), "not granted: set"),
    ("no user-information", PLAIN, aare(PLAIN, user_information=None), "no InitiateResponse"),
    ("other user-information", PLAIN, aare(PLAIN, user_information=VECTORS["initiate-request-gb"]), "InitiateRequest in place"),
    ("an error inside", PLAIN, aare(PLAIN, user_information=bytes.fromhex("0E010600")), "is an error"),
]  # fmt: skip


@pytest.mark.case("R-029", "R-030")
@pytest.mark.parametrize(("way", "octets", "message"), [row[1:] for row in CHECKS], ids=[row[0] for row in CHECKS])
def test_negotiated_values(way: AssociationSettings, octets: bytes, message: str) -> None:
    error, sent = refused(way, octets)
    assert message in str(error)
    assert len(sent) == 1, "nothing of it is used"


@pytest.mark.case("R-029")
def test_general_protection_stripped() -> None:
    """A client that wraps in general-glo does not go on without the bit."""
    way = replace(CIPHERED, conformance=CIPHERED.conformance & ~Conformance.GENERAL_PROTECTION)
    pair = Pair(GENERAL, way)
    with pytest.raises(DlmsError, match="not granted: general-protection"):
        pair.associate()


@pytest.mark.case("R-030")
@pytest.mark.parametrize("size", [0, 12, 0xFFFF])
def test_sizes_that_are_taken(size: int) -> None:
    """Later size checks use the negotiated value; 0 is no limit."""
    context = drive(client(PLAIN).associate(), answers(aare(PLAIN, {"server_max_receive_pdu_size": size})))
    assert context.server_max_receive_pdu_size == size


@pytest.mark.case("R-028")
@pytest.mark.parametrize(
    "changes",
    [
        {"mechanism_name": None, "responding_authentication_value": None},
        {"mechanism_name": mechanism_name(1), "responding_authentication_value": None},
        {"mechanism_name": mechanism_name(1)},
        {"mechanism_name": mechanism_name(0)},
        {"mechanism_name": mechanism_name(3)},
        {"responding_authentication_value": None},
    ],
    ids=str,
)
@pytest.mark.parametrize("way", [HLS, CIPHERED], ids=["HLS", "ciphered"])
def test_downgrade_by_a_false_server(way: AssociationSettings, changes: dict) -> None:
    error, sent = refused(way, aare(way, result_source_diagnostic=Diagnostic(0), **changes))
    assert isinstance(error, SecurityError)
    assert error.reason is SecurityReason.MECHANISM_MISMATCH
    assert len(sent) == 1, "no request leaves the client"


def test_no_challenge_for_a_password() -> None:
    error, _ = refused(LLS, aare(LLS, mechanism_name=mechanism_name(5)))
    assert isinstance(error, SecurityError)


@pytest.mark.case("R-031")
@pytest.mark.parametrize("way", [HLS, CIPHERED], ids=["HLS", "ciphered"])
def test_a_reflected_challenge(way: AssociationSettings) -> None:
    ctos = Dice()(way.challenge_octets)
    error, sent = refused(way, aare(way, responding_authentication_value=AuthenticationValue(ctos)))
    assert isinstance(error, SecurityError)
    assert error.reason is SecurityReason.CHALLENGE_REFLECTED
    assert len(sent) == 1, "no pass 3"


@pytest.mark.case("R-036")
@pytest.mark.parametrize("size", [0, 7, 65, 1000])
def test_challenges_of_a_wrong_length(size: int) -> None:
    challenge = AuthenticationValue(bytes(index & 0xFF for index in range(size)))
    error, sent = refused(HLS, aare(HLS, responding_authentication_value=challenge))
    assert isinstance(error, SecurityError)
    assert error.reason is SecurityReason.CHALLENGE_INVALID
    assert len(sent) == 1
    error, _ = refused(HLS, aare(HLS, responding_authentication_value=AuthenticationValue(bytes(16))))
    assert isinstance(error, SecurityError)


@pytest.mark.case("R-037", "R-032")
@pytest.mark.parametrize("expected", [None, SERVER_TITLE], ids=["any server", "this server"])
@pytest.mark.parametrize("title", [None, b"", b"MMM0001", b"MMM000001", CLIENT_TITLE.octets, b"mmm00001", b"KFM00001"], ids=repr)
@pytest.mark.parametrize("way", [HLS, CIPHERED], ids=["HLS", "ciphered"])
def test_titles_of_a_false_server(way: AssociationSettings, title: bytes | None, expected: SystemTitle | None) -> None:
    """Missing, malformed, our own, of nobody, and another than the one in our registry."""
    way = replace(way, server_system_title=expected)
    octets = aare(way, responding_ap_title=title)
    if title == b"KFM00001" and expected is None:
        association = client(way)
        exchange = association.associate()
        next(exchange)
        if way is HLS:
            exchange.send(octets)
            assert association.state is State.HLS_PENDING
        return
    error, sent = refused(way, octets)
    assert isinstance(error, SecurityError)
    assert error.reason in {SecurityReason.SYSTEM_TITLE_MISMATCH, SecurityReason.SYSTEM_TITLE_MISSING}
    assert len(sent) == 1


@pytest.mark.case("R-032")
def test_relay_between_two_clients() -> None:
    """A false server joins two clients that share keys: each one's title and challenge is given to the other as a server's.

    Each pass 3 is then the other's pass 4. Who knows the title of its server refuses. Without that knowledge the relay works:
    the second half shows that the guard matters.
    """
    titles = SystemTitle("4D4D4D0000000011"), SystemTitle("4D4D4D0000000022")
    for known in (SERVER_TITLE, None):
        one, other = (
            client(replace(HLS, client_system_title=title, server_system_title=known), random=Dice(seed))
            for seed, title in enumerate(titles)
        )
        first, second = one.associate(), other.associate()
        aarqs = [Aarq.decode(next(exchange)[0]) for exchange in (first, second)]
        crossed = [
            aare(
                HLS, responding_ap_title=aarq.calling_ap_title, responding_authentication_value=aarq.calling_authentication_value
            )
            for aarq in reversed(aarqs)
        ]
        if known is not None:
            for exchange, octets in ((first, crossed[0]), (second, crossed[1])):
                with pytest.raises(SecurityError, match="unexpected server title"):
                    exchange.send(octets)
            continue
        passes = [exchange.send(octets)[0] for exchange, octets in ((first, crossed[0]), (second, crossed[1]))]
        for exchange, pass_3 in ((first, passes[1]), (second, passes[0])):
            with pytest.raises(StopIteration):
                exchange.send(b"\xc7\x01\x41\x00\x01\x00" + pass_3[13:])
        assert one.state is other.state is State.ASSOCIATED


@pytest.mark.case("R-048")
def test_an_initiate_response_in_clear_though_the_request_was_ciphered() -> None:
    error, _ = refused(CIPHERED, aare(CIPHERED))
    assert isinstance(error, SecurityError)
    assert error.reason is SecurityReason.PROTECTION_TOO_WEAK


def test_an_initiate_response_under_other_keys() -> None:
    pair = Pair(CIPHERED)
    rogue = Pair(CIPHERED, client_keys=OTHER_KEYS, server_keys=OTHER_KEYS)
    rogue_client = rogue.client.associate()
    ours = pair.client.associate()
    next(ours)
    forged = rogue.serve(next(rogue_client)[0])[0]
    with pytest.raises(SecurityError):
        ours.send(forged)
    assert pair.client.state is State.IDLE


@pytest.mark.parametrize("way", [HLS, CIPHERED, DEDICATED], ids=["HLS", "ciphered", "dedicated"])
@pytest.mark.parametrize("wrong", ["result", "tag", "nothing", "type", "f(StoC) back", "exception"])
def test_a_server_that_does_not_prove_itself(way: AssociationSettings, wrong: str) -> None:
    """Pass 4 is wrong: the association is not opened, and nothing is left of it."""
    pair = Pair(way)
    exchange = pair.client.associate()
    pass_3 = exchange.send(pair.serve(next(exchange)[0])[0])[0]
    if way.ciphered:
        bad = bytes.fromhex("D80105") if wrong == "exception" else pass_4(pair, pass_3, wrong)
    else:
        right = pair.serve(pass_3)[0]
        bad = {
            "result": b"\xc7\x01\x41\xfa\x00",
            "tag": right[:-1] + bytes((right[-1] ^ 1,)),
            "nothing": right[:4] + b"\x00",
            "type": right[:6] + b"\x0a" + right[7:],
            "f(StoC) back": right[:6] + pass_3[13:],
            "exception": bytes.fromhex("D80103"),
        }[wrong]
    with pytest.raises(DlmsError):
        exchange.send(bad)
    assert (pair.client.state, pair.client.context, pair.client.security) == (State.IDLE, None, None)
    assert EventCode.ASSOCIATED not in pair.client_log.codes()


def pass_4(pair: Pair, pass_3: bytes, wrong: str) -> bytes:
    """A pass 4 that is well protected and wrong inside."""
    from dlmskit.security.protection import protect, unprotect

    security = pair.server.security
    assert security is not None
    plain = unprotect(pass_3, security).plain
    inside = {
        "result": "FA00",
        "tag": "00010009111000000009" + "00" * 12,
        "nothing": "0000",
        "type": "0001000A0141",
        "f(StoC) back": "000100" + plain[13:].hex(),
    }[wrong]
    return protect(bytes.fromhex("C70141" + inside), security)


# --- Tolerances, settings, the rest ------------------------------------------------------------------------------------


def test_deviations_of_real_servers_are_taken_and_written_down() -> None:
    """The three lengths of a real meter's AARE are one short (the meter speaks short names; here its shape with logical ones)."""
    octets = bytearray(VECTORS["aare-ln-ok"])
    for at in (1, 26, 28):
        octets[at] -= 1
    context = drive(client(PLAIN).associate(), answers(bytes(octets)))
    assert context.conformance == Conformance(0x00501F)
    assert context.deviations
    strict = client(replace(PLAIN, tolerances=ClientTolerances(field_deviations=False)))
    with pytest.raises(DecodeError):
        drive(strict.associate(), answers(bytes(octets)))


def test_old_servers_with_hls() -> None:
    """Diagnostic 0 in place of 14, and no mechanism name: four passes all the same."""
    for changes in ({"result_source_diagnostic": Diagnostic(0)}, {"mechanism_name": None}):
        association = client(HLS)
        exchange = association.associate()
        next(exchange)
        assert exchange.send(aare(HLS, **changes))[0][:2] == b"\xc3\x01"
    strict = replace(HLS, tolerances=ClientTolerances(missing_mechanism_name=False))
    error, _ = refused(strict, aare(HLS, mechanism_name=None))
    assert isinstance(error, SecurityError)


def test_unproposed_bits_can_be_masked() -> None:
    way = replace(PLAIN, tolerances=ClientTolerances(unproposed_conformance=True))
    context = drive(client(way).associate(), answers(aare(PLAIN, {"negotiated_conformance": 0x10001D, "vaa_name": -1536})))
    assert context.conformance == Conformance(0x1D)
    assert len(context.deviations) == 2


@pytest.mark.parametrize(
    ("way", "keys", "error"),
    [
        (AssociationSettings(mechanism=Mechanism.HLS_GMAC), KEYS, ConfigError),
        (AssociationSettings(application_context=LN_CIPHERED), KEYS, ConfigError),
        (settings(mechanism=Mechanism.HLS_MANUFACTURER), KEYS, SecurityError),
        (LLS, KeySet(), SecurityError),
        (CIPHERED, KeySet(), SecurityError),
        (replace(CIPHERED, security_suite=2), KEYS, SecurityError),
        (replace(CIPHERED, security_suite=7), KEYS, SecurityError),
    ],
)
def test_what_cannot_be_tried(way: AssociationSettings, keys: KeySet, error: type[DlmsError]) -> None:
    """Said before anything is sent."""
    with pytest.raises(error):
        next(ClientAssociation(way, Credentials(keys=keys), random=Dice()).associate())


def test_wrong_secrets() -> None:
    for way in (LLS, HLS, CIPHERED):
        pair = Pair(way, client_keys=OTHER_KEYS)
        with pytest.raises(DlmsError):
            pair.associate()
        assert pair.client_log.codes() == [EventCode.AUTHENTICATION_FAILED]
        assert pair.server.associated is None
        assert pair.meter.log == []


@pytest.mark.parametrize("guess", [b"", b"1234567", b"123456789", b"12345678\0", b"\x0012345678", b"12345679", b"12345678" * 2])
def test_passwords_that_are_almost_right(guess: bytes) -> None:
    """Compared whole, in constant time (`Secret.matches`)."""
    pair = Pair(LLS, client_keys=KeySet(lls_password=Secret(guess)))
    with pytest.raises(AssociationRefused) as caught:
        pair.associate()
    assert caught.value.code == AcseServiceUser.AUTHENTICATION_FAILURE


def test_notifications_while_associating_are_kept() -> None:
    association = client(PLAIN)
    push = bytes.fromhex("0F000000010000")
    lines = iter([[push, b"\x63\x00", VECTORS["aare-ln-ok"]]])
    drive(association.associate(), lambda _: next(lines))
    assert [notification.octets for notification in association.notifications] == [push]
    assert drive(association.get(VALUE), answers(bytes.fromhex("C40141000500000001"))) is not None
