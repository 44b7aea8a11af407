"""The open association: malformed requests, what is not there, not negotiated or not allowed, objects that fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.apdu import (
    GetRequestWithList,
)
from dlmskit.association import AssociationSettings, ServerSwitches
from dlmskit.codec.data import Data
from dlmskit.cosem.access import Role
from dlmskit.security.context import SecurityContext
from dlmskit.security.envelope import Form
from dlmskit.security.protection import protect, unprotect
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ActionResult, DataAccessResult
from tests.association.peers import (
    BROKEN,
    CIPHERED,
    DEDICATED,
    DENIED,
    ECHO,
    FAILING,
    GENERAL,
    GUARDED,
    HIDDEN,
    HLS,
    MISSING,
    PLAIN,
    VALUE,
    Meter,
    Pair,
    listed,
)
from tests.association.server.octets import ACTION, GET, NOT_ALLOWED, SET, TOO_LONG


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
