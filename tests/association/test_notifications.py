"""What a server sends in an open association without being asked: protection, confirmation, whoever is waiting for what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.apdu import (
    CosemAttributeDescriptor,
    DataNotification,
    DataNotificationConfirm,
    EventNotificationRequest,
    InformationReportRequest,
    VariableName,
    decode_apdu,
)
from dlmskit.association import AssociationSettings, EventCode, State
from dlmskit.association.server.notifying import Unasked
from dlmskit.codec.data import Data
from dlmskit.errors import LocalProtocolError, TransportTimeout
from dlmskit.security.envelope import FORM_OF_TAG, Form
from dlmskit.security.policy import SecurityPolicy
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ApplicationContext, Mechanism
from tests.association.peers import CIPHERED, DEDICATED, GENERAL, PLAIN, REGISTER, VALUE, Pair, settings

EVENT = EventNotificationRequest(None, CosemAttributeDescriptor(3, REGISTER.octets, 2), Data.double_long_unsigned(7))
REPORT = InformationReportRequest(None, (VariableName(0x108),), (Data.double_long_unsigned(7),))
PUSH = DataNotification(0x00000007, b"", Data.structure([Data.unsigned(1)]))
CONFIRMED_PUSH = DataNotification(0x40000007, b"", Data.structure([Data.unsigned(1)]))
SHORT = settings(application_context=ApplicationContext.SN)
SHORT_CIPHERED = settings(application_context=ApplicationContext.SN_CIPHERED, mechanism=Mechanism.HLS_GMAC)

WAYS = {
    "event, clear": (PLAIN, EVENT, None),
    "event, glo": (CIPHERED, EVENT, Form.GLO),
    "event, ded": (DEDICATED, EVENT, Form.DED),
    "push, clear": (PLAIN, PUSH, None),
    "push, glo": (CIPHERED, PUSH, Form.GENERAL_GLO),
    "push, ded": (DEDICATED, PUSH, Form.GENERAL_DED),
    "push, general-glo": (GENERAL, PUSH, Form.GENERAL_GLO),
    "report, clear": (SHORT, REPORT, None),
    "report, glo": (SHORT_CIPHERED, REPORT, Form.GLO),
    "push, short names": (SHORT_CIPHERED, PUSH, Form.GENERAL_GLO),
}


@pytest.mark.parametrize(("way", "apdu", "form"), WAYS.values(), ids=WAYS)
def test_kept_while_nothing_is_asked_and_while_an_answer_is_waited_for(
    way: AssociationSettings, apdu: Unasked, form: Form | None
) -> None:
    pair = Pair(way).associate()
    octets = pair.server.notify(apdu)
    assert FORM_OF_TAG.get(octets[0]) is form
    assert pair.client.receive(octets) == ()
    second = pair.server.notify(apdu)
    ask = pair.client.read_names([VariableName(0x108)]) if way.short_names else pair.client.get_list([])
    pair.run(ask, lambda request: [second, *pair.serve(request)])
    assert [one.octets for one in pair.client.notifications] == [apdu.encode()] * 2
    assert all((one.verified is not None) is way.ciphered for one in pair.client.notifications)


@pytest.mark.parametrize(
    "way", [PLAIN, CIPHERED, DEDICATED, GENERAL, SHORT_CIPHERED], ids=["clear", "glo", "ded", "general", "short"]
)
def test_a_confirmed_push(way: AssociationSettings) -> None:
    """Sent, kept, confirmed under the same number, and no longer waited for; the confirmation is not answered."""
    pair = Pair(way).associate()
    octets = pair.server.notify(CONFIRMED_PUSH)
    assert pair.server.unconfirmed == {7}
    (confirmation,) = pair.client.receive(octets)
    assert (confirmation[0] == 0x10) is not way.ciphered
    assert not pair.one(confirmation)
    assert pair.server.unconfirmed == frozenset()
    assert not pair.one(pair.client.receive(pair.server.notify(CONFIRMED_PUSH))[0])
    assert pair.server.state is State.ASSOCIATED


def test_confirmed_in_the_middle_of_a_request() -> None:
    pair = Pair(CIPHERED).associate()
    octets = pair.server.notify(CONFIRMED_PUSH)
    once = [octets]

    def line(request: bytes) -> list[bytes]:
        answered = pair.serve(request)
        return [once.pop(), *answered] if once else answered

    assert pair.run(pair.client.get(VALUE), line) == pair.meter.value
    assert pair.server.unconfirmed == frozenset()


def test_what_is_not_protected_as_it_must_be_is_not_confirmed() -> None:
    """A push in clear into a ciphered association: kept as unverified, and not a word about it to whoever sent it."""
    pair = Pair(CIPHERED).associate()
    assert pair.client.receive(CONFIRMED_PUSH.encode()) == ()
    assert pair.client.notifications[0].verified is None
    assert not pair.one(DataNotificationConfirm(0x40000007, b"").encode()), "nor is a confirmation in clear answered"
    assert EventCode.PROTECTION_TOO_WEAK in pair.server_log.codes()


def test_a_confirmation_of_nothing() -> None:
    pair = Pair(PLAIN).associate()
    assert not pair.one(DataNotificationConfirm(0x40000001, b"").encode())
    assert EventCode.UNMATCHED_RESPONSE in pair.server_log.codes()
    assert not pair.one(bytes.fromhex("1040"))
    pair.still_works()


def test_a_notification_that_cannot_be_read_is_kept_and_not_confirmed() -> None:
    pair = Pair(PLAIN).associate()
    assert pair.client.receive(bytes.fromhex("0F4000000700")) == ()
    assert len(pair.client.notifications) == 1


def test_without_association_nothing_is_confirmed() -> None:
    pair = Pair(PLAIN)
    assert pair.client.receive(CONFIRMED_PUSH.encode()) == ()
    assert len(pair.client.notifications) == 1
    with pytest.raises(LocalProtocolError, match="no association"):
        pair.server.notify(PUSH)


@pytest.mark.parametrize(
    ("way", "apdu", "message"),
    [
        (PLAIN, REPORT, "not negotiated: information-report"),
        (SHORT, EVENT, "not negotiated: event-notification"),
        (replace(PLAIN, conformance=Conformance.GET), PUSH, "not negotiated: data-notification"),
        (replace(CIPHERED, conformance=CIPHERED.conformance & ~Conformance.GENERAL_PROTECTION), PUSH, "general-protection"),
        (replace(PLAIN, max_pdu_size=20), DataNotification(7, b"", Data.octet_string(bytes(40))), "the client takes 20"),
    ],
)
def test_what_cannot_be_sent(way: AssociationSettings, apdu: Unasked, message: str) -> None:
    pair = Pair(way).associate()
    with pytest.raises(LocalProtocolError, match=message):
        pair.server.notify(apdu)


def test_a_pre_established_association() -> None:
    """Nothing is negotiated: what is configured holds, as for a data concentrator that listens."""
    way = settings(
        application_context=ApplicationContext.LN_CIPHERED, pre_established=True, security_policy=SecurityPolicy.from_v0(3)
    )
    pair = Pair(way)
    assert {pair.client.state, pair.server.state} == {State.ASSOCIATED}
    (confirmation,) = pair.client.receive(pair.server.notify(CONFIRMED_PUSH))
    assert not pair.one(confirmation)
    assert pair.server.unconfirmed == frozenset()


def test_more_than_are_remembered() -> None:
    pair = Pair(PLAIN).associate()
    for number in range(300):
        pair.server.notify(DataNotification(0x40000000 | number, b"", Data.null()))
    assert len(pair.server.unconfirmed) == 256


def test_the_confirmation_has_the_number_of_the_push() -> None:
    pair = Pair(PLAIN).associate()
    sent = DataNotification(0xC0ABCDEF, b"", Data.null())
    assert decode_apdu(pair.client.receive(sent.encode())[0]) == DataNotificationConfirm(0xC0ABCDEF, b"")
    with pytest.raises(TransportTimeout):
        pair.run(pair.client.get(VALUE), lambda _: [])
