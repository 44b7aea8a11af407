"""The protection of requests: too little, spoiled, repeated, reflected; nothing is executed, and every refusal looks the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.association import AssociationSettings, EventCode, Party, ServerSwitches, State
from dlmskit.codec.data import Data
from dlmskit.security.control import Protection, SecurityControl
from dlmskit.security.envelope import Form
from dlmskit.security.policy import SecurityPolicy
from dlmskit.security.protection import protect
from tests.association.first_octets import PLAIN_SERVICES, owed
from tests.association.peers import (
    CIPHERED,
    CLIENT_TITLE,
    DEDICATED,
    GENERAL,
    KEYS,
    LN_CIPHERED,
    SERVER_TITLE,
    VALUE,
    Pair,
    settings,
)
from tests.association.server.octets import ACTION, GET, NOT_ALLOWED, NOT_DECIPHERED, NOT_PROTECTED, SET


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
