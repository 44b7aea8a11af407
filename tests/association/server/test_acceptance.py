"""The AARE decision table: every row by its octets, the published AAREs, and the order of the rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from dlmskit.apdu import Aare, Aarq, InitiateRequest, application_context_name, decode_apdu, mechanism_name
from dlmskit.apdu.acse import AUTHENTICATION
from dlmskit.association import AarqOnOpen, AssociationSettings, EventCode, Party, ServerSwitches, State
from dlmskit.association.server.acceptance import DECISIONS
from dlmskit.codec.ber import AuthenticationValue
from dlmskit.limits import Limits
from dlmskit.security.policy import SecurityPolicy
from dlmskit.security.protection import protect
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import Mechanism
from tests.association.peers import CIPHERED, CLIENT_TITLE, HLS, LLS, LN_CIPHERED, PLAIN, SERVER_TITLE, Pair, settings
from tests.vectors import load

VECTORS = {entry["name"]: bytes.fromhex(entry["hex"]) for entry in load("apdu")}
CHALLENGE = AuthenticationValue(bytes(range(16)))


def initiate(**changes: Any) -> bytes:
    return InitiateRequest(**{"proposed_conformance": 0x007E1F, "client_max_receive_pdu_size": 1200, **changes}).encode()


def aarq(way: AssociationSettings, **changes: Any) -> bytes:
    """An AARQ that the server of ``way`` takes, with changes."""
    fields: dict[str, Any] = {
        "application_context_name": application_context_name(way.application_context),
        "user_information": initiate(),
    }
    if way.needs_titles:
        fields["calling_ap_title"] = CLIENT_TITLE.octets
    if way.mechanism is not Mechanism.LOWEST:
        fields |= {
            "sender_acse_requirements": AUTHENTICATION,
            "mechanism_name": mechanism_name(way.mechanism),
            "calling_authentication_value": AuthenticationValue(b"12345678") if way.mechanism is Mechanism.LLS else CHALLENGE,
        }
    return Aarq(**{**fields, **changes}).encode()


def proposing(**changes: Any) -> bytes:
    """A plain AARQ whose InitiateRequest is changed."""
    return aarq(PLAIN, user_information=initiate(**changes))


def green_book(way: AssociationSettings) -> AssociationSettings:
    """The server of the Green Book's examples."""
    return replace(way, conformance=Conformance(0x00501F), max_pdu_size=500)


OPEN_POLICY = replace(CIPHERED, security_policy=SecurityPolicy.NOTHING)
"""Ciphering is possible, nothing demands it: rows about what is inside can be tried in clear."""
USER = replace(LLS, user_ids=frozenset({5}))

DEDICATED_KEY = VECTORS["initiate-request-dedkey"]
LN_1, LN_3 = application_context_name(1), application_context_name(3)
USER_1, USER_2, USER_3, USER_6 = "A305A103020101", "A305A103020102", "A305A103020103", "A305A103020106"
USER_11, USER_12, USER_13 = "A305A10302010B", "A305A10302010C", "A305A10302010D"
PROVIDER_2, PERMANENT = "A305A203020102", "A203020101"
NONE, DECIPHERING = "", "0E010006"
OTHER, VERSION, CONFORMANCE, SIZE = "0E010600", "0E010601", "0E010602", "0E010603"

ROWS: list[tuple[str, AssociationSettings, bytes, str, str]] = [
    ("protocol version without version 1", PLAIN, aarq(PLAIN, protocol_version=bytes.fromhex("0560")), PROVIDER_2, NONE),
    ("protocol version empty", PLAIN, aarq(PLAIN, protocol_version=b"\x00"), PROVIDER_2, NONE),
    ("context unknown", PLAIN, aarq(PLAIN, application_context_name=bytes.fromhex("5F857405070203")), USER_2, NONE),
    ("context of short names", PLAIN, VECTORS["aarq-sn-lowest"], USER_2, NONE),
    ("context with ciphering not offered", PLAIN, aarq(PLAIN, application_context_name=LN_3), USER_2, NONE),
    ("context without ciphering not offered", CIPHERED, aarq(CIPHERED, application_context_name=LN_1), USER_2, NONE),
    ("authentication needed: none", LLS, VECTORS["aarq-ln-lowest"], USER_12, NONE),
    ("authentication needed: no requirements", LLS, aarq(LLS, sender_acse_requirements=None), USER_12, NONE),
    ("authentication needed: requirements empty", LLS, aarq(LLS, sender_acse_requirements=bytes.fromhex("0700")), USER_12, NONE),
    ("mechanism unknown", LLS, aarq(LLS, mechanism_name=mechanism_name(9)), USER_11, NONE),
    ("mechanism foreign", LLS, aarq(LLS, mechanism_name=bytes.fromhex("5F857405080201")), USER_11, NONE),
    ("mechanism where none is", PLAIN, VECTORS["aarq-ln-lls"], USER_11, NONE),
    ("mechanism HLS for LLS", LLS, VECTORS["aarq-ln-hls5"], USER_11, NONE),
    ("title missing", HLS, VECTORS["aarq-ln-hls5"], USER_3, NONE),
    ("title of 1 octet", HLS, aarq(HLS, calling_ap_title=b"M"), USER_3, NONE),
    ("title of 10 octets", HLS, aarq(HLS, calling_ap_title=b"MMM1234567"), USER_3, NONE),
    ("title of no manufacturer", HLS, aarq(HLS, calling_ap_title=bytes(8)), USER_3, NONE),
    ("title our own", HLS, aarq(HLS, calling_ap_title=SERVER_TITLE.octets), USER_3, NONE),
    ("title not the expected one", HLS, aarq(HLS, calling_ap_title=b"MMM00000"), USER_3, NONE),
    ("user missing", USER, VECTORS["aarq-ln-lls"], USER_6, NONE),
    ("user not in the list", USER, aarq(USER, calling_ae_invocation_id=6), USER_6, NONE),
    ("password wrong", LLS, aarq(LLS, calling_authentication_value=AuthenticationValue(b"12345679")), USER_13, NONE),
    ("password missing", LLS, aarq(LLS, calling_authentication_value=None), USER_13, NONE),
    ("challenge missing", HLS, aarq(HLS, calling_authentication_value=None), USER_13, NONE),
    ("user-information in clear", CIPHERED, aarq(CIPHERED), USER_13, DECIPHERING),
    ("ciphered without ciphering", PLAIN, aarq(PLAIN, user_information=VECTORS["glo-initiate-request"]), USER_13, DECIPHERING),
    ("another APDU inside", PLAIN, aarq(PLAIN, user_information=VECTORS["initiate-response-gb"]), USER_13, DECIPHERING),
    ("user-information missing", PLAIN, aarq(PLAIN, user_information=None), USER_1, OTHER),
    ("user-information cut", PLAIN, aarq(PLAIN, user_information=initiate()[:-1]), USER_1, OTHER),
    ("user-information too long", PLAIN, aarq(PLAIN, user_information=initiate() + b"\0"), USER_1, OTHER),
    ("dedicated key in clear", PLAIN, aarq(PLAIN, user_information=DEDICATED_KEY), USER_1, OTHER),
    ("dedicated key not ciphered", OPEN_POLICY, aarq(OPEN_POLICY, user_information=DEDICATED_KEY), USER_1, OTHER),
    ("version 5", PLAIN, proposing(proposed_dlms_version_number=5), USER_1, VERSION),
    ("conformance of short names", PLAIN, proposing(proposed_conformance=0x1C0320), USER_1, CONFORMANCE),
    ("conformance empty", PLAIN, proposing(proposed_conformance=0), USER_1, CONFORMANCE),
    ("PDU size 1", PLAIN, proposing(client_max_receive_pdu_size=1), USER_1, SIZE),
    ("PDU size 11", PLAIN, proposing(client_max_receive_pdu_size=11), USER_1, SIZE),
]  # fmt: skip


ROWS_OF_CASES = {"user-information in clear": "R-048"}


def _marked(name: str, *row: object) -> Any:
    return pytest.param(*row, id=name, marks=[pytest.mark.case(ROWS_OF_CASES[name])] if name in ROWS_OF_CASES else [])


@pytest.mark.parametrize(("way", "octets", "diagnostic", "user_information"), [_marked(*row) for row in ROWS])
def test_refused(way: AssociationSettings, octets: bytes, diagnostic: str, user_information: str) -> None:
    """The AARE, octet by octet; nothing is open afterwards, and the next honest AARQ is accepted."""
    pair = Pair(replace(way, user_id=5), way)
    found = pair.one(octets)
    context = f"A109060760857405080{way.application_context + 100}"
    version = "80020780" if octets[2] == 0x80 else ""
    error = f"BE0604{len(user_information) // 2:02X}{user_information}" if user_information else ""
    body = version + context + PERMANENT + diagnostic + error
    assert found.hex().upper() == f"61{len(body) // 2:02X}{body}"
    assert pair.server.state is State.IDLE
    assert pair.server.context is None
    assert {EventCode.AARQ_REFUSED, EventCode.AUTHENTICATION_FAILED} & set(pair.server_log.codes())
    pair.associate().still_works()


def test_every_row_is_tried() -> None:
    """Rows that need a counter, a full house or a ciphered AARQ have tests of their own below."""
    apart = {
        "invocation counter of the InitiateRequest used before",
        "no room for another association",
        "no answer allowed where authentication needs one",
        "challenge missing, of a wrong length or reflected",
        "certificate missing or not to be believed, where signatures are needed",  # test_certificates
    }
    tried = set()
    for _name, way, octets, _diagnostic, _error in ROWS:
        pair = Pair(replace(way, user_id=5), way)
        pair.one(octets)
        tried.add(pair.server_log[-1].detail)
    assert {row.situation for row in DECISIONS} - apart <= tried


@pytest.mark.parametrize(
    ("way", "asked", "answer"),
    [
        (green_book(PLAIN), "aarq-ln-lowest", "aare-ln-ok"),
        (green_book(LLS), "aarq-ln-lls", "aare-ln-ok"),
        (green_book(LLS), "aarq-ln-userid-lls", "aare-ln-ok"),
        (green_book(PLAIN), "aarq-ln-called-title", "aare-ln-ok"),
        (replace(PLAIN, conformance=Conformance(0x1E1D), max_pdu_size=1224), "aarq-ln-lowest-max", "aare-ln-ok-1224"),
    ],
)
def test_published_answers(way: AssociationSettings, asked: str, answer: str) -> None:
    """Green Book: the AARQ of an example gets the AARE of the example, octet by octet."""
    pair = Pair(server=way)
    assert pair.one(VECTORS[asked]) == VECTORS[answer]
    assert pair.server.state is State.ASSOCIATED


def test_published_answer_of_hls_5() -> None:
    """The AARE with system title and challenge; the published StoC comes out of the random source."""
    way = replace(green_book(CIPHERED), security_policy=SecurityPolicy.NOTHING, challenge_octets=8)
    pair = Pair(server=way, server_random=lambda count: bytes.fromhex("503677524A323146")[:count])
    assert pair.one(VECTORS["aarq-ln-hls5-ciphered-context"]) == VECTORS["aare-ln-system-title-hls5"]
    assert pair.server.state is State.HLS_PENDING


def test_protocol_version_and_quality_of_service_are_echoed() -> None:
    pair = Pair(server=green_book(PLAIN))
    found = decode_apdu(pair.one(VECTORS["aarq-protocol-version"]))
    assert isinstance(found, Aare)
    assert found.protocol_version == bytes.fromhex("0780")
    found = decode_apdu(pair.one(aarq(PLAIN, user_information=initiate(proposed_quality_of_service=1))))
    assert isinstance(found, Aare)
    assert (found.result, (found.user_information or b"")[:3].hex()) == (0, "080101")


@pytest.mark.parametrize(
    "changes",
    [
        {"called_ae_qualifier": b"dummy"},
        {"called_ap_invocation_id": 1, "called_ae_invocation_id": 2, "calling_ap_invocation_id": 3},
        {"calling_ae_invocation_id": 9},
        {"sender_acse_requirements": bytes.fromhex("0700")},
        {"mechanism_name": mechanism_name(0)},
        {"implementation_information": b"x"},
        {"calling_ap_title": b"short"},
        {"user_information": initiate(proposed_dlms_version_number=7)},
        {"user_information": initiate(client_max_receive_pdu_size=0)},
        {"user_information": initiate(client_max_receive_pdu_size=12)},
        {"user_information": initiate(client_max_receive_pdu_size=0xFFFF)},
        {"user_information": initiate(proposed_conformance=0xFFFFFF)},
    ],
    ids=str,
)
def test_accepted(changes: dict) -> None:
    """What a server does not use, and what it negotiates down."""
    pair = Pair(server=PLAIN)
    found = decode_apdu(pair.one(aarq(PLAIN, **changes)))
    assert isinstance(found, Aare)
    assert (found.result, found.result_source_diagnostic.value, found.responding_ap_title) == (0, 0, None)
    assert found.user_information is not None
    negotiated = decode_apdu(found.user_information)
    assert negotiated.negotiated_dlms_version_number == 6  # type: ignore[attr-defined]
    assert pair.server.state is State.ASSOCIATED


@pytest.mark.case("R-029")
def test_never_more_than_proposed() -> None:
    pair = Pair(server=PLAIN)
    found = decode_apdu(pair.one(aarq(PLAIN, user_information=initiate(proposed_conformance=0x10 | 0x020000 | 0x100000))))
    assert isinstance(found, Aare)
    assert pair.server.context is not None
    assert pair.server.context.conformance == Conformance.GET


@pytest.mark.case("R-030")
@pytest.mark.parametrize("size", [12, 30])
def test_a_size_that_no_ciphered_answer_fits_into(size: int) -> None:
    """31 octets are the least that hold 12 octets of plain APDU under authenticated encryption."""
    way = settings(application_context=LN_CIPHERED, conformance=PLAIN.conformance & ~Conformance.GENERAL_PROTECTION)
    pair = Pair(replace(way, max_pdu_size=size), way)
    with pytest.raises(Exception, match="pdu-size-too-short"):
        pair.associate()
    Pair(replace(way, max_pdu_size=31), way).associate().still_works()


@pytest.mark.case("R-027")
@pytest.mark.parametrize("way", [HLS, CIPHERED], ids=["HLS", "ciphered"])
@pytest.mark.parametrize("proposed", [0, 1, 2, 3, 4, 6, 7])
def test_no_downgrade(way: AssociationSettings, proposed: int) -> None:
    """A server of mechanism 5 takes no other, however the client asks; every attempt is counted."""
    pair = Pair(server=way)
    changes: dict[str, Any] = {"mechanism_name": mechanism_name(proposed)}
    if not proposed:
        changes = {"mechanism_name": None, "sender_acse_requirements": None, "calling_authentication_value": None}
    found = decode_apdu(pair.one(aarq(way, **changes)))
    assert isinstance(found, Aare)
    assert (found.result, found.result_source_diagnostic.value) == (1, 11 if proposed else 12)
    assert pair.server.state is State.IDLE
    assert pair.server_log.codes() == [EventCode.AUTHENTICATION_FAILED]


@pytest.mark.case("R-036")
@pytest.mark.parametrize(
    "challenge", [b"", b"1234567", bytes(range(65)), b"x" * 1000, bytes(16)], ids=lambda c: f"{len(c)} octets"
)
def test_challenges_that_prove_nothing(challenge: bytes) -> None:
    pair = Pair(HLS)
    found = decode_apdu(pair.one(aarq(HLS, calling_authentication_value=AuthenticationValue(challenge))))
    assert isinstance(found, Aare)
    assert (found.result, found.result_source_diagnostic.value) == (1, 13)
    pair.associate().still_works()


@pytest.mark.case("R-036")
def test_a_challenge_that_comes_again_is_logged() -> None:
    pair = Pair(server=HLS)
    for _attempt in range(2):
        pair.one(aarq(HLS))
        pair.clock.now += 1000
        pair.server.expire()
    assert EventCode.CHALLENGE_REPEATED in pair.server_log.codes()


@pytest.mark.case("R-031")
def test_our_own_challenge_is_refused() -> None:
    pair = Pair(server=replace(HLS, challenge_octets=16), server_random=lambda count: CHALLENGE.octets[:count])
    found = decode_apdu(pair.one(aarq(HLS)))
    assert isinstance(found, Aare)
    assert (found.result, found.result_source_diagnostic.value) == (1, 13)


def test_busy() -> None:
    pair = Pair(PLAIN)
    pair.server._has_room = lambda: False
    assert pair.one(aarq(PLAIN)) == VECTORS["aare-ln-transient"]
    pair.server._has_room = lambda: True
    pair.associate().still_works()


def test_no_answer_allowed() -> None:
    """An unconfirmed association: no AARE, no answers, and requests are executed. With a password it is refused, in silence."""
    pair = Pair(server=PLAIN)
    assert pair.one(aarq(PLAIN, user_information=VECTORS["initiate-request-response-not-allowed"])) == b""
    assert pair.server.state is State.ASSOCIATED
    assert pair.one(bytes.fromhex("C301014600000060030AFF0100")[:3] + bytes.fromhex("0046000060030AFF0100")) == b""
    assert pair.meter.effects == 1
    pair = Pair(server=LLS)
    assert pair.one(aarq(LLS, user_information=VECTORS["initiate-request-response-not-allowed"])) == b""
    assert pair.server.state is State.IDLE


def test_dedicated_key_must_be_fresh_and_of_the_right_length() -> None:
    pair = Pair(CIPHERED)
    security = pair.client_credentials.security(Party.CLIENT, CIPHERED, SERVER_TITLE)
    for key in (bytes(16), bytes(range(16)), bytes(range(32))):
        found = decode_apdu(pair.one(aarq(CIPHERED, user_information=protect(initiate(dedicated_key=key), security))))
        assert isinstance(found, Aare)
        assert (found.user_information or b"").hex().upper() == OTHER
    pair.associate().still_works()


@pytest.mark.case("R-035")
def test_a_counter_used_before_is_answered_with_the_counter() -> None:
    """The AARQ of a recorded association again: in place of the AARE the lowest counter that would be taken."""
    pair = Pair(CIPHERED).associate()
    recorded = pair.sent[0]
    pair.run(pair.client.release())
    lowest = pair.server_credentials.received.of(pair.server_credentials.keys.guek, CLIENT_TITLE).lowest_acceptable  # type: ignore[arg-type]
    assert pair.one(recorded).hex().upper() == f"D80106{lowest:08X}"
    assert pair.server.state is State.IDLE
    pair.associate().still_works()


@pytest.mark.case("R-007")
@pytest.mark.parametrize("tag", ["A6", "AC"])
def test_a_component_that_stands_twice(tag: str) -> None:
    """Neither the first nor the last wins: rejected, and said so in the log."""
    pair = Pair(HLS)
    octets = aarq(HLS)
    at = octets.index(bytes.fromhex(tag))
    piece = octets[at : at + 2 + octets[at + 1]]
    body = octets[2:at] + piece + octets[at:]
    found = decode_apdu(pair.one(b"\x60\x81" + bytes((len(body),)) + body))
    assert isinstance(found, Aare)
    assert (found.result, found.result_source_diagnostic.value) == (1, 1)
    assert tag in str(pair.server_log[-1].error)
    pair.associate().still_works()


@pytest.mark.case("R-008")
def test_a_component_that_nobody_knows_is_skipped() -> None:
    """Application layer, 3: unknown context tags are skipped."""
    octets = VECTORS["aarq-ln-lowest"]
    body = octets[2:13] + bytes.fromhex("BA03020100") + octets[13:]
    pair = Pair(server=PLAIN)
    found = decode_apdu(pair.one(bytes((0x60, len(body))) + body))
    assert isinstance(found, Aare)
    assert found.result == 0


@pytest.mark.case("R-004")
def test_what_cannot_be_decoded_gets_no_answer() -> None:
    """An AARQ cut anywhere, with octets behind it, or larger than any AARQ; the state stays."""
    pair = Pair(LLS, limits=Limits(associate_octets=200))
    whole = aarq(LLS)
    longer = [whole + rest for rest in (b"\0", b"\0\0", b"\xff\xff", bytes.fromhex("BA0100"))]
    for octets in [*(whole[:end] for end in range(1, len(whole))), *longer, aarq(LLS, called_ae_qualifier=bytes(200))]:
        assert pair.one(octets) == b""
        assert pair.server.state is State.IDLE
    pair.associate().still_works()


@pytest.mark.case("R-037")
@pytest.mark.parametrize("title", [b"", b"MMM1234", b"MMM123456", SERVER_TITLE.octets, b"mmm00001", b"M1M00001"], ids=repr)
@pytest.mark.parametrize("way", [HLS, CIPHERED], ids=["HLS", "ciphered"])
def test_malformed_titles(way: AssociationSettings, title: bytes) -> None:
    pair = Pair(way, replace(way, client_system_title=None))
    found = decode_apdu(pair.one(aarq(way, calling_ap_title=title)))
    assert isinstance(found, Aare)
    assert (found.result, found.result_source_diagnostic.value) == (1, 3)
    pair.associate().still_works()


def test_switches_about_titles() -> None:
    lax = ServerSwitches(any_manufacturer=True, missing_client_title=True)
    pair = Pair(server=replace(HLS, client_system_title=None, switches=lax))
    assert decode_apdu(pair.one(aarq(HLS, calling_ap_title=bytes(range(8))))).result == 0  # type: ignore[attr-defined]
    pair = Pair(server=replace(HLS, switches=lax))
    assert decode_apdu(pair.one(VECTORS["aarq-ln-hls5"])).result == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("switch", AarqOnOpen)
def test_another_aarq(switch: AarqOnOpen) -> None:
    """Application layer, 7.2. A refused one ends the association too where it reopens; one that cannot be read does not."""
    way = replace(PLAIN, switches=ServerSwitches(aarq_on_open=switch))
    pair = Pair(way).associate()
    assert pair.one(aarq(PLAIN)[:-1]) == b""
    pair.still_works()
    reopens = switch is AarqOnOpen.REOPEN
    assert bool(pair.one(aarq(PLAIN))) is reopens
    assert pair.server.state is State.ASSOCIATED
    pair.still_works()
    refused = aarq(PLAIN, user_information=initiate(proposed_dlms_version_number=5))
    assert pair.one(refused) == (VECTORS["aare-ln-dlms-version-too-low"] if reopens else b"")
    assert pair.server.state is (State.IDLE if reopens else State.ASSOCIATED)
    assert EventCode.ANOTHER_AARQ in pair.server_log.codes()


@pytest.mark.case("R-043")
@pytest.mark.parametrize("switch", AarqOnOpen)
def test_no_aarq_touches_a_ciphered_association(switch: AarqOnOpen) -> None:
    way = replace(CIPHERED, switches=ServerSwitches(aarq_on_open=switch))
    pair = Pair(way).associate()
    before = pair.server.context
    for octets in (aarq(CIPHERED), aarq(PLAIN), pair.sent[0]):
        assert pair.one(octets) == b""
        assert pair.server.context is before
        pair.still_works()
    assert pair.server_log.codes().count(EventCode.ANOTHER_AARQ) == 3


def test_another_aarq_while_authenticating_begins_anew() -> None:
    pair = Pair(HLS)
    assert pair.one(aarq(HLS))
    assert pair.server.state is State.HLS_PENDING
    pair.associate().still_works()


def test_vectors_of_refusals() -> None:
    """The published AAREs that refuse are the ones this table makes."""
    made = {Pair(server=way).one(octets) for _name, way, octets, *_ in ROWS}
    for name in (
        "aare-ln-auth-failure",
        "aare-ln-mechanism-not-recognised",
        "aare-ln-provider-version",
        "aare-ln-dlms-version-too-low",
    ):
        expected = VECTORS[name]
        found = decode_apdu(expected)
        assert isinstance(found, Aare)
        same = msgspec.structs.replace(found, protocol_version=bytes.fromhex("0780")).encode()
        assert {expected, same} & made, name
