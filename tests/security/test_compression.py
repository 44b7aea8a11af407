"""Compressed content: only where asked for and worth it, always taken off, never more than the limit; bit 7 is authenticated."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.apdu.ciphering import GeneralCiphering
from dlmskit.codec.reader import write_length
from dlmskit.crypto.suites import SUITE_0, SUITE_1, suite_of
from dlmskit.crypto.v44 import EncoderSettings, WhenFull, compress
from dlmskit.errors import DecodeError, DlmsError, SecurityError, SecurityReason
from dlmskit.limits import Limits
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection, SecurityControl, SecurityHeader
from dlmskit.security.conventions import Conventions
from dlmskit.security.envelope import Form, read_envelope
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.layers import Ciphered, GeneralCiphered, KeyChoice, Step
from dlmskit.security.protection import protect, protect_layers, unprotect
from dlmskit.types.system_title import SystemTitle
from tests.security.parties import CLIENT, GET_REQUEST, SERVER
from tests.security.people import ANYTHING, keys_of, people, person, with_rules
from tests.security.refusals import changed, refused
from tests.vectors import load, parameters

REGULAR = b"\xc0" + b"load profile " * 30
NOISE = b"\xc0" + bytes((number * 97 + number * number * 31) % 251 for number in range(60))


def control(suite_id: int, octet: int = 0xB0) -> SecurityControl:
    return SecurityControl(octet | suite_id)


@pytest.mark.parametrize("suite_id", [1, 2])
@pytest.mark.parametrize("form", [Form.GENERAL_GLO, Form.GENERAL_DED])
@pytest.mark.parametrize("octet", [0x90, 0xB0])
def test_there_and_back(suite_id: int, form: Form, octet: int) -> None:
    suite = suite_of(suite_id)
    client, server = people(suite=suite)
    for context in (client, server):
        context.use_dedicated_key(Key(bytes(range(9, 9 + suite.key_octets)), KeyRole.DEDICATED))
    octets = protect(REGULAR, client, form, control(suite_id, octet))
    verified = unprotect(octets, server)
    assert verified.plain == REGULAR
    assert verified.header.control.compressed
    assert len(octets) < len(REGULAR) // 3
    assert unprotect(protect(REGULAR, client, form, control(suite_id, octet)), server).invocation_counter == 1


@pytest.mark.parametrize("key", [KeyChoice.GUEK, KeyChoice.WRAPPED, KeyChoice.ONE_PASS])
def test_in_general_ciphering(key: KeyChoice) -> None:
    client, server = people()
    octets = protect_layers(REGULAR, client, [GeneralCiphered(key=key, compress=True)])
    assert GeneralCiphering.decode(octets).ciphered_content[0] == 0xB1
    assert unprotect(octets, server).plain == REGULAR


@pytest.mark.parametrize("plain", [GET_REQUEST, NOISE, b"\xc0"])
def test_what_does_not_become_shorter_goes_as_it_is(plain: bytes) -> None:
    client, server = people()
    for octets in (
        protect(plain, client, Form.GENERAL_GLO, control(1)),
        protect_layers(plain, client, [Ciphered(form=Form.GENERAL_GLO, compress=True)]),
    ):
        assert read_envelope(octets).header.control == 0x31
        assert unprotect(octets, server).plain == plain
    octets = protect_layers(plain, client, [GeneralCiphered(compress=True)])
    assert GeneralCiphering.decode(octets).ciphered_content[0] == 0x31
    assert unprotect(octets, server).plain == plain


def test_nothing_is_compressed_unless_asked_for() -> None:
    client, _ = people()
    assert read_envelope(protect(REGULAR, client, Form.GENERAL_GLO)).header.control == 0x31


@given(st.binary(max_size=400), st.integers(1, 20))
def test_any_content(body: bytes, times: int) -> None:
    client, server = people()
    plain = b"\xc0" + body * times
    for step in (Ciphered(form=Form.GENERAL_GLO, compress=True), GeneralCiphered(compress=True)):
        assert unprotect(protect_layers(plain, client, [step]), server).plain == plain


# Vectors.


@pytest.mark.parametrize("entry", parameters(load("security", kind="v44", verified=True)))
def test_vectors_inside_a_protected_apdu(entry) -> None:
    """Whoever compressed it: what is protected with bit 7 set comes out restored."""
    data, compressed = bytes.fromhex(entry["inputs"]["data"]), bytes.fromhex(entry["outputs"]["compressed"])
    client, server = people()
    octets = under_bit_7(compressed, client)
    assert unprotect(octets, server).plain == data


def under_bit_7(compressed: bytes, context: SecurityContext, octet: int = 0xB1) -> bytes:
    """A general-glo APDU with this compressed content, as any other sender would make it."""
    mode = context._mode(SecurityControl(octet), KeyRole.GUEK, context.own_title)
    header = SecurityHeader(SecurityControl(octet), context.counter(KeyRole.GUEK).take()).encode()
    content = header + mode.protect(header[1:], compressed)
    return b"\xdb\x08" + context.own_title.octets + write_length(len(content)) + content


@pytest.mark.parametrize("entry", parameters(load("v44", "entries", kind="protected_apdu")))
def test_protected_apdus_of_a_foreign_stack(entry) -> None:
    octets, title = bytes.fromhex(entry["protected_apdu"]), SystemTitle(entry["system_title"])
    server = person(
        CLIENT,
        title,
        keys=KeySet.from_hex(guek=entry["ek"], gak=entry["ak"]),
        suite=suite_of(read_envelope(octets).header.control.suite),
        rules=replace(ANYTHING, accept_encryption_only=True),
    )
    assert unprotect(octets, server).plain.hex().upper() == entry["input"]


# Where it does not belong.


def test_never_in_service_specific_forms_unless_the_convention_says_so() -> None:
    client, server = people()
    with pytest.raises(SecurityError) as caught:
        protect(REGULAR, client, Form.GLO, control(1))
    assert caught.value.reason is SecurityReason.SECURITY_CONTROL_INVALID
    gurux_like = Conventions(compressed_service_specific=True)
    sender, taker = people(conventions=gurux_like)
    octets = protect(REGULAR, sender, Form.GLO, control(1))
    assert octets[0] == 0xC8
    assert unprotect(octets, taker).plain == REGULAR
    refused(SecurityReason.SECURITY_CONTROL_INVALID, octets, server)


def test_never_in_suite_0() -> None:
    client, server = people(suite=SUITE_0)
    for step in (Ciphered(form=Form.GENERAL_GLO, compress=True), GeneralCiphered(compress=True)):
        with pytest.raises(SecurityError) as caught:
            protect_layers(REGULAR, client, [step])
        assert caught.value.reason is SecurityReason.SECURITY_CONTROL_INVALID
    octets = protect(REGULAR, client, Form.GENERAL_GLO)
    at = octets.index(b"\x30", 10)
    refused(SecurityReason.SECURITY_CONTROL_INVALID, octets[:at] + b"\xb0" + octets[at + 1 :], server)


@pytest.mark.case("R-046", "R-059")
def test_bit_7_set_or_cleared_on_the_way() -> None:
    client, server = people()
    octets = protect(REGULAR, client, Form.GENERAL_GLO, control(1))
    at = octets.index(b"\xb1", 10)
    refused(SecurityReason.DECIPHERING_FAILED, octets[:at] + b"\x31" + octets[at + 1 :], server)
    plain = protect(REGULAR, client, Form.GENERAL_GLO)
    at = plain.index(b"\x31", 10)
    refused(SecurityReason.DECIPHERING_FAILED, plain[:at] + b"\xb1" + plain[at + 1 :], server)
    general = protect_layers(REGULAR, client, [GeneralCiphered()])
    content = GeneralCiphering.decode(general).ciphered_content
    refused(SecurityReason.DECIPHERING_FAILED, changed(general, ciphered_content=b"\xb1" + content[1:]), server)


# Bombs.


@pytest.mark.case("R-059")
@pytest.mark.parametrize("step", [Ciphered(form=Form.GENERAL_GLO, compress=True), GeneralCiphered(compress=True)])
def test_the_limit_is_on_what_comes_out(step: Step) -> None:
    client = person(CLIENT, SERVER, conventions=Conventions(compressing=EncoderSettings(history_octets=None)))
    plain = b"\xc0" + bytes(5000)
    octets = protect_layers(plain, client, [step])
    assert len(octets) < 200
    server = person(SERVER, CLIENT, limits=Limits(apdu_octets=5000))
    before = server.window(KeyRole.GUEK).lowest_acceptable
    with pytest.raises(DecodeError):
        unprotect(octets, server)
    assert server.window(KeyRole.GUEK).lowest_acceptable == before
    assert unprotect(octets, person(SERVER, CLIENT, limits=Limits(apdu_octets=5001))).plain == plain


@pytest.mark.case("R-059")
@pytest.mark.parametrize("entry", parameters([entry for entry in load("v44", "entries", kind="bomb") if "compressed" in entry]))
def test_bombs(entry) -> None:
    """Authentic ones, from a peer that holds the keys: what comes out is held to the largest APDU."""
    stream = bytes.fromhex(entry["compressed"])
    client, server = person(CLIENT, SERVER), person(SERVER, CLIENT, limits=Limits(apdu_octets=len(stream) + 200))
    with pytest.raises(DecodeError):
        unprotect(under_bit_7(stream, client), server)


@pytest.mark.case("R-059")
@pytest.mark.parametrize("stream", [b"\xff", b"\x82", b"\x00" * 5, compress(REGULAR)[:-1], compress(REGULAR) + b"\x00"])
def test_streams_that_are_none(stream: bytes) -> None:
    client, server = people()
    octets = under_bit_7(stream, client)
    with pytest.raises(DecodeError):
        unprotect(octets, server)
    assert server.window(KeyRole.GUEK).lowest_acceptable == 0
    assert unprotect(protect(GET_REQUEST, client, Form.GENERAL_GLO), server).plain == GET_REQUEST


@pytest.mark.case("R-059")
def test_nothing_is_restored_before_the_tag_verified(monkeypatch) -> None:
    client, server = people()
    octets = protect(REGULAR, client, Form.GENERAL_GLO, control(1))

    def never(*_: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr("dlmskit.security.channels.decompress", never)
    refused(SecurityReason.DECIPHERING_FAILED, octets[:-1] + bytes((octets[-1] ^ 1,)), server)


def test_empty_content() -> None:
    client, server = people()
    with pytest.raises(DlmsError):
        unprotect(under_bit_7(b"\x03", client), server)


def test_what_a_full_dictionary_does_is_said_by_the_convention() -> None:
    plain = b"\xc0" + bytes((number * number) % 256 for number in range(5000))
    client, server = people()
    octets = protect(plain, client, Form.GENERAL_GLO, control(1))
    assert not read_envelope(octets).header.control.compressed
    reinit = Conventions(compressing=EncoderSettings(when_full=WhenFull.REINIT))
    octets = protect(plain, person(CLIENT, SERVER, conventions=reinit), Form.GENERAL_GLO, control(1))
    assert read_envelope(octets).header.control.compressed
    assert unprotect(octets, server).plain == plain


def test_encryption_alone_is_bounded_too() -> None:
    client, server = people()
    octets = protect(REGULAR, client, Form.GENERAL_GLO, control(1, 0xA0))
    tolerant = with_rules(server, accept_encryption_only=True)
    assert unprotect(octets, tolerant).protection == Protection.ENCRYPTED
    small = person(SERVER, CLIENT, limits=Limits(apdu_octets=300), keys=keys_of(SUITE_1), rules=tolerant.rules)
    assert small.rules != ANYTHING
    with pytest.raises(DecodeError):
        unprotect(octets, small)
