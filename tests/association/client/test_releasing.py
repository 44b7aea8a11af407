"""Releasing as a client: the RLRQ has the form of the AARQ, and it is over whatever comes (application layer, 3.5, 7.3)."""

from __future__ import annotations

import pytest

from dlmskit.apdu import InitiateRequest, Rlre, Rlrq, decode_apdu
from dlmskit.association import ClientAssociation, EventCode, State
from dlmskit.errors import LocalProtocolError
from dlmskit.security.envelope import FORM_OF_TAG, Form
from dlmskit.security.protection import protect, unprotect
from dlmskit.types.enums import ReleaseRequestReason
from tests.association.peers import (
    CIPHERED,
    DEDICATED,
    GENERAL,
    LN_CIPHERED,
    PLAIN,
    Dice,
    Pair,
    answers,
    credentials,
    drive,
    settings,
)


@pytest.mark.parametrize(("reason", "octets"), [(0, "6203800100"), (1, "6203800101"), (30, "620380011E")])
def test_in_clear(reason: int, octets: str) -> None:
    pair = Pair(PLAIN).associate()
    assert pair.run(pair.client.release(ReleaseRequestReason(reason)))
    assert pair.sent[-1].hex().upper() == octets


@pytest.mark.parametrize(("way", "form"), [(CIPHERED, Form.GLO), (GENERAL, Form.GENERAL_GLO), (DEDICATED, Form.GLO)])
def test_ciphered(way, form: Form) -> None:
    """Under the global key; a dedicated key is not repeated in it."""
    pair = Pair(way).associate()
    security = pair.server.security
    assert security is not None
    octets = next(pair.client.release())[0]
    rlrq = decode_apdu(octets)
    assert isinstance(rlrq, Rlrq)
    assert rlrq.user_information is not None
    assert FORM_OF_TAG[rlrq.user_information[0]] is form
    inside = decode_apdu(unprotect(rlrq.user_information, security).plain)
    assert isinstance(inside, InitiateRequest)
    assert inside.dedicated_key is None


@pytest.mark.parametrize("way", [PLAIN, CIPHERED], ids=["clear", "ciphered"])
@pytest.mark.parametrize(
    "octets", ["", "638003800100", "D80102", "0E010302", "6303800100", "6300", "6315800100BE10040E0800065F1F040000381F009B0007"]
)
def test_it_is_over_whatever_comes(way, octets: str) -> None:
    """Time-out, errors, and an RLRE; on a ciphered association an RLRE in clear agrees to nothing."""
    pair = Pair(way).associate()
    agreed = drive(pair.client.release(), answers(bytes.fromhex(octets)) if octets else answers())
    assert agreed is (way is PLAIN and octets.startswith("63") and octets != "638003800100")
    assert (pair.client.state, pair.client.context, pair.client.security) == (State.IDLE, None, None)
    assert pair.client_log.codes()[-1] is EventCode.RELEASED


def test_answers_and_pushes_in_between() -> None:
    pair = Pair(PLAIN).associate()
    push = bytes.fromhex("0F000000010000")
    assert pair.run(pair.client.release(), lambda sent: [push, b"\xc4\x01\x41\x00\x00", *pair.serve(sent)])
    assert [notification.octets for notification in pair.client.notifications] == [push]


def test_a_pre_established_association_cannot_be_released() -> None:
    way = settings(application_context=LN_CIPHERED, pre_established=True)
    association = ClientAssociation(way, credentials(), random=Dice())
    assert association.state is State.ASSOCIATED
    with pytest.raises(LocalProtocolError):
        next(association.release())


def test_another_apdu_inside_of_the_rlre() -> None:
    """Well protected, and no InitiateResponse: it agrees to nothing."""
    pair = Pair(GENERAL).associate()
    security = pair.server.security
    assert security is not None
    inside = protect(bytes.fromhex("C401410000"), security, Form.GENERAL_GLO)
    rlre = Rlre(reason=0, user_information=inside).encode()
    assert not drive(pair.client.release(), answers(rlre))
    assert pair.client.state is State.IDLE
