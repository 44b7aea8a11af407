"""Client against server, over every mechanism, application context, wrapping and kind of key: open, use, release.

This proves that the two sides agree; that they agree with the rest of the world is proved by vectors (`client/test_opening`,
`server/test_acceptance`) and by a foreign stack (`test_gurux`).
"""

from __future__ import annotations

import pytest

from dlmskit.apdu import decode_apdu
from dlmskit.association import AssociationSettings, EventCode, State, Wrapping
from dlmskit.codec.data import Data
from dlmskit.errors import LocalProtocolError
from dlmskit.security.envelope import FORM_OF_TAG, Form
from dlmskit.security.policy import AUTHENTICATED_BOTH_WAYS, ENCRYPTED_BOTH_WAYS, STRONGEST_SYMMETRIC, SecurityPolicy
from dlmskit.types.enums import DataAccessResult, Mechanism
from tests.association.peers import (
    CIPHERED,
    ECHO,
    GUARDED,
    HIDDEN,
    KEYS,
    LN,
    LN_CIPHERED,
    MISSING,
    UNIT,
    VALUE,
    Pair,
    listed,
    settings,
)

MECHANISMS = [Mechanism.LOWEST, Mechanism.LLS, Mechanism.HLS_GMAC]
WAYS = [
    *[settings(application_context=LN, mechanism=mechanism) for mechanism in MECHANISMS],
    *[
        settings(application_context=LN_CIPHERED, mechanism=mechanism, wrapping=wrapping, dedicated_key=dedicated)
        for mechanism in MECHANISMS
        for wrapping in (Wrapping.SERVICE_SPECIFIC, Wrapping.GENERAL)
        for dedicated in (False, True)
    ],
]


def form_of(way: AssociationSettings) -> Form:
    """The form of the APDUs in such an association."""
    return Form((2 if way.wrapping is Wrapping.GENERAL else 0) + way.dedicated_key)


def name(way: AssociationSettings) -> str:
    return f"{way.application_context.name}-{way.mechanism.name}-{way.wrapping.name}{'-DEDICATED' * way.dedicated_key}"


def shown(way: AssociationSettings) -> list[pytest.MarkDecorator]:
    """What an association of this kind shows of the support table; without ciphering nothing."""
    cells = f"mechanism {way.mechanism.value}", f"{form_of(way).label} authenticated+encrypted"
    return [pytest.mark.supports(*cells, suite=way.security_suite)] if way.ciphered else []


@pytest.mark.parametrize("way", [pytest.param(way, marks=shown(way), id=name(way)) for way in WAYS])
def test_open_use_release(way: AssociationSettings) -> None:
    pair = Pair(way)
    context = pair.run(pair.client.associate())
    assert {pair.client.state, pair.server.state} == {State.ASSOCIATED}
    assert pair.client.context == context
    assert pair.server.context is not None
    assert (pair.server.context.conformance, pair.server.context.ciphered) == (context.conformance, context.ciphered)
    assert pair.run(pair.client.get(VALUE)) == Data.double_long_unsigned(1234)
    assert pair.run(pair.client.set(VALUE, Data.double_long_unsigned(7))) == DataAccessResult.SUCCESS
    assert pair.run(pair.client.get_list([listed(VALUE), listed(HIDDEN), listed(MISSING)])) == [
        Data.double_long_unsigned(7),
        DataAccessResult.READ_WRITE_DENIED,
        DataAccessResult.OBJECT_UNDEFINED,
    ]
    echoed = pair.run(pair.client.action(ECHO, Data.octet_string(b"there and back")))
    assert (echoed.result, echoed.return_parameters) == (0, Data.octet_string(b"there and back"))
    guarded = pair.run(pair.client.get(GUARDED))
    assert guarded == (Data.double_long_unsigned(7) if way.ciphered else DataAccessResult.READ_WRITE_DENIED)
    assert pair.run(pair.client.release())
    assert {pair.client.state, pair.server.state} == {State.IDLE}
    assert pair.client.context is pair.server.context is None
    assert EventCode.RELEASED in pair.server_log.codes()
    with pytest.raises(LocalProtocolError):
        pair.run(pair.client.get(VALUE))


@pytest.mark.parametrize("way", WAYS, ids=name)
def test_everything_again_in_blocks(way: AssociationSettings) -> None:
    """Both sides receive 100 octets at most; a long value, long parameters, long lists both ways."""
    small = settings(
        application_context=way.application_context,
        mechanism=way.mechanism,
        wrapping=way.wrapping,
        dedicated_key=way.dedicated_key,
        max_pdu_size=100,
    )
    pair = Pair(small).associate()
    opened = len(pair.sent)
    long = Data.octet_string(bytes(range(256)) * 4)
    assert pair.run(pair.client.set(VALUE, long)) == 0
    assert pair.run(pair.client.get(VALUE)) == long
    assert pair.run(pair.client.action(ECHO, long)).return_parameters == long
    assert pair.run(pair.client.get_list([listed(VALUE), listed(HIDDEN), listed(VALUE)])) == [long, 3, long]
    assert pair.run(pair.client.set_list([listed(UNIT), listed(VALUE)], [long, Data.array([long, long])])) == [3, 0]
    assert pair.meter.value == Data.array([long, long])
    responses = pair.run(pair.client.action_list([ECHO, ECHO], [long, None]))
    assert [response.return_parameters for response in responses] == [long, None]
    assert all(len(apdu) <= 100 for apdu in pair.sent[opened:] + pair.received[opened:])
    assert max(map(len, pair.received[opened:])) > 90, "blocks are as large as they may be"
    assert max(map(len, pair.sent[opened:])) > 90


@pytest.mark.parametrize("way", WAYS, ids=name)
def test_answers_come_in_the_family_of_the_request(way: AssociationSettings) -> None:
    """Security concept, 2.7; and with a dedicated key nothing but passes 3 and 4 and the release uses the global one."""
    pair = Pair(way).associate()
    opened = len(pair.sent)
    pair.run(pair.client.get(VALUE))
    pair.run(pair.client.get(HIDDEN))
    for sent, received in zip(pair.sent[opened:], pair.received[opened:], strict=True):
        assert FORM_OF_TAG.get(sent[0]) == FORM_OF_TAG.get(received[0])
        assert FORM_OF_TAG.get(sent[0]) == (form_of(way) if way.ciphered else None)
    assert all(decode_apdu(apdu) for apdu in pair.sent + pair.received)


shows = pytest.mark.supports


@pytest.mark.parametrize(
    ("policy", "control"),
    [
        (SecurityPolicy.NOTHING, None),
        pytest.param(AUTHENTICATED_BOTH_WAYS, 0x10, marks=shows("glo authenticated", suite=0)),
        pytest.param(ENCRYPTED_BOTH_WAYS, 0x20, marks=shows("glo encrypted", suite=0)),
        pytest.param(STRONGEST_SYMMETRIC, 0x30, marks=shows("glo authenticated+encrypted", suite=0)),
        (STRONGEST_SYMMETRIC & ~SecurityPolicy.ENCRYPTED_RESPONSE, 0x30),
    ],
    ids=str,
)
def test_policies(policy: SecurityPolicy, control: int | None) -> None:
    """What the policy demands is what is sent, InitiateRequest included."""
    pair = Pair(settings(application_context=LN_CIPHERED, security_policy=policy)).associate()
    pair.still_works()
    request, response = pair.sent[-1], pair.received[-1]
    if control is None:
        assert (request[0], response[0]) == (0xC0, 0xC4)
    else:
        assert (request[0], request[2], response[0], response[2]) == (0xC8, control, 0xCC, control)
    assert pair.server.context is not None
    assert pair.server.context.ciphered is bool(policy)
    assert pair.run(pair.client.release())


def test_a_policy_for_responses_alone() -> None:
    """Requests in clear, answers protected, the InitiateResponse included."""
    policy = SecurityPolicy.AUTHENTICATED_RESPONSE | SecurityPolicy.ENCRYPTED_RESPONSE
    pair = Pair(settings(application_context=LN_CIPHERED, security_policy=policy)).associate()
    pair.still_works()
    assert (pair.sent[-1][0], pair.received[-1][0], pair.received[-1][2]) == (0xC0, 0xCC, 0x30)


@pytest.mark.supports("rights demand more than the policy", suite=0, side="server")
def test_rights_demand_protection_beyond_the_policy() -> None:
    """A plain request is served in clear until an attribute wants authenticated responses; a list takes the union."""
    pair = Pair(settings(application_context=LN_CIPHERED, security_policy=SecurityPolicy.NOTHING)).associate()
    pair.run(pair.client.get(VALUE))
    assert pair.received[-1][0] == 0xC4
    refused = pair.serve(bytes.fromhex("C001C1") + GUARDED.encode() + b"\x00")
    assert refused[0][0] == 0xCC, "the refusal carries what the attribute demands of its responses"
    assert refused[0][2] == 0x10
    assert pair.meter.log == [("get", VALUE)]


def test_second_association_after_release() -> None:
    """New challenges and a new dedicated key, the counters of the global key go on."""
    pair = Pair(settings(application_context=LN_CIPHERED, mechanism=Mechanism.HLS_GMAC, dedicated_key=True)).associate()
    first = pair.sent[0]
    pair.run(pair.client.release())
    pair.associate()
    pair.still_works()
    assert first not in pair.sent[1:]


def test_what_is_kept_secret() -> None:
    """R-112 in small: no key, password or challenge answer in what may be printed."""
    pair = Pair(CIPHERED).associate()
    text = repr((pair.client, pair.server, pair.client.context, pair.client.security, pair.client_log, pair.server_log))
    text += repr(CIPHERED) + repr(pair.client_credentials)
    for _, key in KEYS.named():
        assert key.reveal().hex() not in text.lower()
    assert "12345678" not in text
