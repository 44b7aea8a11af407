"""general-ciphering under attack: every bit, the header that is authenticated, repetitions, titles, third parties."""

from __future__ import annotations

import pytest

from dlmskit.apdu.ciphering import GeneralCiphering, IdentifiedKey, WrappedKey
from dlmskit.crypto.keywrap import wrap_key
from dlmskit.crypto.suites import SUITE_1
from dlmskit.errors import DecodeError, DlmsError, SecurityError, SecurityReason
from dlmskit.security.control import COUNTER_MAX, Protection
from dlmskit.security.conventions import AadProfile, Conventions
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.envelope import Form
from dlmskit.security.layers import GeneralCiphered, KeyChoice
from dlmskit.security.protection import protect, protect_layers, unprotect
from dlmskit.types.system_title import SystemTitle
from tests.security.parties import CLIENT, GET_REQUEST, SERVER
from tests.security.people import FRESH, IDENTIFIED, THIRD, keys_of, people, person, with_rules
from tests.security.refusals import changed, refused, state

A, E, AE = Protection.AUTHENTICATED, Protection.ENCRYPTED, Protection.AUTHENTICATED | Protection.ENCRYPTED


@pytest.mark.case("R-045")
@pytest.mark.parametrize("key", [KeyChoice.GUEK, *FRESH])
@pytest.mark.parametrize("protection", [A, AE])
def test_every_bit_counts(key: KeyChoice, protection: Protection) -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key, protection=protection)])
    step = 1 if len(octets) < 100 else 7  # every octet is touched; of a long point not in every bit
    for bit in range(0, 8 * len(octets), step):
        altered = (int.from_bytes(octets) ^ 1 << bit).to_bytes(len(octets))
        with pytest.raises((SecurityError, DecodeError)):
            unprotect(altered, server)
        assert state(server) == ({}, {}, {})
    assert unprotect(octets, server).plain == GET_REQUEST


@pytest.mark.case("R-004", "R-005")
def test_cut_and_extended_anywhere() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED)])
    for size in range(len(octets)):
        with pytest.raises(DecodeError):
            unprotect(octets[:size], server)
    with pytest.raises(DecodeError):
        unprotect(octets + b"\x00", server)
    assert unprotect(octets, server).plain == GET_REQUEST


@pytest.mark.parametrize("aad", AadProfile)
def test_what_of_the_header_is_authenticated(aad: AadProfile) -> None:
    """By the standard all of it; in the other profile nothing, which is why it must be asked for."""
    client, _ = people(conventions=Conventions(aad=aad))
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(other_information=b"1")])
    for fields in ({"transaction_id": b"other"}, {"other_information": b"2"}, {"date_time": bytes(12)}):
        _, server = people(conventions=Conventions(aad=aad))
        altered = changed(octets, **fields)
        if aad is AadProfile.STANDARD:
            refused(SecurityReason.DECIPHERING_FAILED, altered, server)
        else:
            assert unprotect(altered, server).plain == GET_REQUEST


def test_only_the_configured_profile_is_tried() -> None:
    for ours in AadProfile:
        client, _ = people(conventions=Conventions(aad=ours))
        octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
        for theirs in set(AadProfile) - {ours}:
            _, server = people(conventions=Conventions(aad=theirs))
            refused(SecurityReason.DECIPHERING_FAILED, octets, server)


@pytest.mark.case("R-046")
def test_a_rewritten_security_control_octet() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    content = GeneralCiphering.decode(octets).ciphered_content
    strict = with_rules(server, incoming=AE)
    for control in set(range(256)) - {0x31}:
        altered = changed(octets, ciphered_content=bytes((control,)) + content[1:])
        for context in (server, strict):
            with pytest.raises(DlmsError):
                unprotect(altered, context)
    for control, reason in (
        (0x21, SecurityReason.PROTECTION_TOO_WEAK),
        (0x01, SecurityReason.SECURITY_CONTROL_INVALID),
        (0x71, SecurityReason.SECURITY_CONTROL_INVALID),
        (0x30, SecurityReason.SUITE_MISMATCH),
        (0x32, SecurityReason.SUITE_MISMATCH),
    ):
        refused(reason, changed(octets, ciphered_content=bytes((control,)) + content[1:]), strict)
    plain_text = protect_layers(GET_REQUEST, client, [GeneralCiphered(protection=A)])
    refused(SecurityReason.PROTECTION_TOO_WEAK, plain_text, strict)


@pytest.mark.case("R-047")
@pytest.mark.parametrize("key", [KeyChoice.GUEK, *FRESH])
def test_encryption_alone(key: KeyChoice) -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key, protection=E)])
    refused(SecurityReason.PROTECTION_TOO_WEAK, octets, server)
    refused(SecurityReason.PROTECTION_TOO_WEAK, octets, with_rules(server, incoming=AE, accept_encryption_only=True))
    tolerant = with_rules(server, accept_encryption_only=True)
    assert unprotect(octets, tolerant).protection == E
    assert state(tolerant) == ({}, {}, {})  # no counter moves, no key is established


@pytest.mark.case("R-049")
@pytest.mark.parametrize("tag_octets", [0, 4, 8, 11, 13, 16])
def test_a_tag_of_another_length(tag_octets: int) -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    content = GeneralCiphering.decode(octets).ciphered_content
    other = (content + bytes(4))[: len(content) - 12 + tag_octets]
    refused(SecurityReason.DECIPHERING_FAILED, changed(octets, ciphered_content=other), server)


@pytest.mark.case("R-050", "R-051")
@pytest.mark.parametrize("key", [*IDENTIFIED, *FRESH])
def test_a_repeated_message(key: KeyChoice) -> None:
    client, server = people()
    first = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key)])
    second = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key if key in IDENTIFIED else KeyChoice.ESTABLISHED)])
    assert unprotect(first, server).plain == GET_REQUEST
    refused(SecurityReason.COUNTER_REPEATED, first, server)
    assert unprotect(second, server).plain == GET_REQUEST
    refused(SecurityReason.COUNTER_REPEATED, first, server)
    if key in IDENTIFIED:
        refused(SecurityReason.COUNTER_REPEATED, second, server)


@pytest.mark.case("R-050")
@pytest.mark.parametrize("key", FRESH)
def test_a_key_introduced_again_does_not_start_again(key: KeyChoice) -> None:
    """Not after another key, not in the next association, and not after a restart where there is a store."""
    client, server = people()
    old = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key)])
    new = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key)])
    unprotect(old, server)
    unprotect(new, server)
    refused(SecurityReason.COUNTER_REPEATED, old, server)
    next_association = person(SERVER, CLIENT, received=server.received)
    refused(SecurityReason.COUNTER_REPEATED, old, next_association)
    refused(SecurityReason.COUNTER_REPEATED, new, next_association)


def test_a_repeated_transaction_id_repeats_no_iv() -> None:
    """Then the statically agreed key comes again: its counter, which is stored, goes on."""
    store = MemoryCounterStore()
    step = GeneralCiphered(key=KeyChoice.STATIC, transaction_id=b"always the same")
    seen = set()
    _, server = people()
    for _ in range(5):
        client = person(CLIENT, SERVER, transmit=TransmitCounters(store))
        for _ in range(2):
            verified = unprotect(protect_layers(GET_REQUEST, client, [step]), server)
            seen.add((client.fresh_keys.sending[SERVER].key.fingerprint, verified.invocation_counter))
    assert len({fingerprint for fingerprint, _ in seen}) == 1
    assert len(seen) == 10


def test_one_form_repeated_in_another() -> None:
    """Where the header is not authenticated, glo- and general-ciphering make the same tag: they share the window as well."""
    client, server = people(conventions=Conventions(aad=AadProfile.SC_AK_ONLY))
    glo = protect(GET_REQUEST, client, Form.GLO)
    general_form = GeneralCiphering(b"", CLIENT.octets, SERVER.octets, b"", b"", IdentifiedKey(0), glo[2:]).encode()
    assert unprotect(general_form, server).plain == GET_REQUEST
    refused(SecurityReason.COUNTER_REPEATED, glo, server)
    wrapped = wrap_key(bytes(server.keys.kek.reveal()), server.keys.guek.reveal())  # type: ignore[union-attr]
    again = changed(general_form, key_info=WrappedKey(0, wrapped))
    refused(SecurityReason.UNSUPPORTED, again, server)  # the global key is no fresh one


@pytest.mark.case("R-052")
def test_at_the_end_of_a_counter() -> None:
    client, server = people()
    unprotect(protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED)]), server)
    client.fresh_keys.sending[SERVER].counter.advance_to(COUNTER_MAX, largest_jump=1 << 32)
    last = [GeneralCiphered(key=KeyChoice.ESTABLISHED)]
    assert unprotect(protect_layers(GET_REQUEST, client, last), server).invocation_counter == COUNTER_MAX
    with pytest.raises(SecurityError) as caught:
        protect_layers(GET_REQUEST, client, last)
    assert caught.value.reason is SecurityReason.COUNTER_EXHAUSTED


@pytest.mark.case("R-037", "R-056")
def test_titles() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    other = bytes.fromhex("4D4D4D0000000099")
    for fields, reason in (
        ({"originator_system_title": other}, SecurityReason.SYSTEM_TITLE_MISMATCH),
        ({"originator_system_title": SERVER.octets}, SecurityReason.SYSTEM_TITLE_MISMATCH),
        ({"originator_system_title": b""}, SecurityReason.SYSTEM_TITLE_MISSING),
        ({"recipient_system_title": other}, SecurityReason.SYSTEM_TITLE_MISMATCH),
        ({"recipient_system_title": CLIENT.octets}, SecurityReason.SYSTEM_TITLE_MISMATCH),
        ({"recipient_system_title": b""}, SecurityReason.SYSTEM_TITLE_MISSING),
    ):
        refused(reason, changed(octets, **fields), server)
    for octet_count in (1, 7, 9):
        head = octets[:10]
        with pytest.raises(DecodeError):
            unprotect(head + bytes((octet_count,)) + bytes(octet_count) + octets[19:], server)
    unnamed = protect_layers(GET_REQUEST, client, [GeneralCiphered(name_recipient=False)])
    assert unprotect(unnamed, with_rules(server, accept_empty_title=True)).plain == GET_REQUEST


@pytest.mark.case("R-057")
def test_a_message_sent_back_to_its_maker() -> None:
    client, _ = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    refused(SecurityReason.SYSTEM_TITLE_MISMATCH, octets, client)
    swapped = changed(octets, originator_system_title=SERVER.octets, recipient_system_title=CLIENT.octets)
    refused(SecurityReason.DECIPHERING_FAILED, swapped, client)


def test_third_parties_only_where_the_rules_name_them() -> None:
    third = person(THIRD, SERVER)
    octets = protect_layers(GET_REQUEST, third, [GeneralCiphered()])
    _, server = people()
    verified = unprotect(octets, server)
    assert verified.layers[0].originator == THIRD
    refused(SecurityReason.SYSTEM_TITLE_MISMATCH, octets, with_rules(server, third_parties=frozenset()))


def test_a_third_party_has_keys_of_its_own() -> None:
    """The peer of the association cannot speak for a third party, though it holds the keys of the association."""
    _, server = people()
    impostor = person(THIRD, SERVER, keys=keys_of(SUITE_1))
    refused(SecurityReason.DECIPHERING_FAILED, protect_layers(GET_REQUEST, impostor, [GeneralCiphered()]), server)


def test_to_a_third_party() -> None:
    _, server = people()
    third = person(THIRD, SERVER)
    for key in (KeyChoice.GUEK, *FRESH):
        octets = protect_layers(GET_REQUEST, server, [GeneralCiphered(recipient=THIRD, key=key)])
        assert unprotect(octets, third).plain == GET_REQUEST
    with pytest.raises(SecurityError):
        protect_layers(GET_REQUEST, server, [GeneralCiphered(recipient=SystemTitle("4D4D4D0000000099"))])
