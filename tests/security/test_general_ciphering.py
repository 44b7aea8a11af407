"""general-ciphering: vectors, every way to name a key, the header that is authenticated, keys that come again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dlmskit.apdu.ciphering import AgreedKey, GeneralCiphering, IdentifiedKey, WrappedKey
from dlmskit.crypto.curves import P_256
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.keywrap import wrap_key
from dlmskit.crypto.suites import SUITE_1, SUITE_2, SUITES, suite_of
from dlmskit.errors import DecodeError, DlmsError, EncodeError, SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import COUNTER_MAX, Protection
from dlmskit.security.conventions import AadProfile, Conventions
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.envelope import Form
from dlmskit.security.general_header import GeneralHeader
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.layers import Ciphered, GeneralCiphered, KeyChoice
from dlmskit.security.parties import Correspondence, Identity, KnownParty, directory_of
from dlmskit.security.protection import protect, protect_layers, unprotect
from dlmskit.security.windows import ReceivedCounters
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.system_title import SystemTitle
from tests.security.parties import CLIENT, GET_REQUEST, SERVER
from tests.security.people import ANYTHING, THIRD, general, keys_of, people, person, with_rules
from tests.vectors import load

A, E, AE = Protection.AUTHENTICATED, Protection.ENCRYPTED, Protection.AUTHENTICATED | Protection.ENCRYPTED
VECTORS = {entry["name"]: entry for entry in load("security")}
FRESH = [KeyChoice.WRAPPED, KeyChoice.ONE_PASS, KeyChoice.STATIC]
IDENTIFIED = [KeyChoice.GUEK, KeyChoice.GBEK]


def octets_of(name: str, field: str, where: str = "outputs") -> bytes:
    return bytes.fromhex(VECTORS[name][where][field])


def refused(reason: SecurityReason, octets: bytes, context: SecurityContext) -> None:
    """Refused for this reason, and nothing moved, no key became the established one."""
    before = state(context)
    with pytest.raises(SecurityError) as caught:
        unprotect(octets, context)
    assert caught.value.reason is reason, caught.value
    assert state(context) == before


def state(context: SecurityContext) -> Any:
    windows = {name: window.lowest_acceptable for name, window in context.received._windows.items() if window.lowest_acceptable}
    return windows, dict(context.received._fresh._lowest), dict(context.fresh_keys.receiving)


def changed(octets: bytes, **fields: Any) -> bytes:
    """The same message with other fields; its tag is left as it is."""
    apdu = GeneralCiphering.decode(octets)
    values = {name: getattr(apdu, name) for name in apdu.__struct_fields__} | fields
    return GeneralCiphering(**values).encode()


# Vectors. The tags of the three messages are our own computation: see docs/explanation/security-vectors.md.


def annex(own: str, *, ephemeral: str = "", **more: Any) -> SecurityContext:
    """A party of the Green Book's annex on key agreement, where the client is ...BC614E and the server ...0001."""
    private = {
        "client": (
            VECTORS["hls7_ecdsa_p256"]["inputs"]["client_private"],
            VECTORS["c0e2s_static_unified"]["inputs"]["client_static_private"],
        ),
        "server": (
            VECTORS["hls7_ecdsa_p256"]["inputs"]["server_private"],
            VECTORS["c1e1s_client_to_server"]["inputs"]["server_static_private"],
        ),
    }
    titles = {"client": SERVER, "server": CLIENT}
    pairs = {
        name: (SigningKey(P_256, bytes.fromhex(signing)), AgreementKey(P_256, bytes.fromhex(agreement)))
        for name, (signing, agreement) in private.items()
    }
    signing, agreement = pairs[own]
    known = [
        KnownParty(title=titles[name], verification=pairs[name][0].public, agreement=pairs[name][1].public) for name in pairs
    ]
    return person(
        titles[own],
        titles["server" if own == "client" else "client"],
        correspondence=Correspondence(
            identity=Identity(signing=signing, agreement=agreement),
            directory=directory_of(*known),
            ephemeral=lambda curve: AgreementKey(curve, bytes.fromhex(ephemeral)),
        ),
        keys=KeySet.from_hex(gak=VECTORS["general_ciphering_agreed_key_c1e1s"]["inputs"]["ak"]),
        rules=replace(ANYTHING, accept_encryption_only=True),
        **more,
    )


def test_identified_key_vector() -> None:
    entry = VECTORS["general_ciphering_identified_key"]
    inputs, expected = entry["inputs"], octets_of("general_ciphering_identified_key", "apdu")
    keys = KeySet.from_hex(guek=inputs["ek"], gak=inputs["ak"])
    client, server = people(keys=keys)
    client.counter(KeyRole.GUEK).take()
    step = GeneralCiphered(transaction_id=bytes.fromhex(inputs["transaction_id"]))
    assert protect_layers(bytes.fromhex(inputs["plaintext"]), client, [step]) == expected
    verified = unprotect(expected, server)
    assert verified.plain.hex().upper() == inputs["plaintext"]
    assert general(verified).general == general(verified).general
    assert (verified.invocation_counter, verified.system_title, verified.form) == (1, CLIENT, Form.GENERAL_CIPHERING)
    assert (verified.key_role, verified.protection) == (KeyRole.GUEK, AE)


def test_wrapped_key_vector() -> None:
    """The wrapped key is the one of RFC 3394, 4.1; the tag is made under the key inside."""
    entry = VECTORS["general_ciphering_wrapped_key"]
    inputs, expected = entry["inputs"], octets_of("general_ciphering_wrapped_key", "apdu")
    keys = KeySet.from_hex(kek=inputs["kek"], gak=inputs["ak"])
    cek = bytes.fromhex(inputs["cek"])
    client, server = (
        person(
            own,
            peer,
            keys=keys,
            correspondence=Correspondence(random=lambda count: cek[:count]),
            conventions=Conventions(first_counter=1),
        )
        for own, peer in ((CLIENT, SERVER), (SERVER, CLIENT))
    )
    step = GeneralCiphered(key=KeyChoice.WRAPPED, transaction_id=bytes.fromhex("0000000000000001"))
    assert protect_layers(bytes.fromhex(inputs["plaintext"]), client, [step]) == expected
    verified = unprotect(expected, server)
    assert verified.plain.hex().upper() == inputs["plaintext"]
    assert (verified.key_role, general(verified).key) == (KeyRole.CEK, KeyChoice.WRAPPED)
    assert server.fresh_keys.receiving[CLIENT].key.reveal() == cek


def test_agreed_key_vector() -> None:
    """Point and signature are the published ones, and so is the ciphertext; the tag is our own computation."""
    octets = octets_of("general_ciphering_agreed_key_c1e1s", "apdu")
    published = octets_of("c1e1s_general_ciphering_content", "ciphertext")
    assert octets[-12 - len(published) : -12] == published
    server = annex("server")
    verified = unprotect(octets, server)
    assert verified.plain == octets_of("c1e1s_general_ciphering_content", "plaintext", "inputs")
    assert general(verified).key is KeyChoice.ONE_PASS
    assert server.fresh_keys.receiving[SERVER].key.reveal() == octets_of("c1e1s_client_to_server", "ek")


@pytest.mark.parametrize(("suite_id", "legacy"), [(1, False), (1, True)])
def test_one_pass_agreement_both_ways(suite_id: int, legacy: bool) -> None:
    suffix = "_legacy_algorithm_id" if legacy else ""
    conventions = Conventions(legacy_algorithm_id=legacy)
    client = annex(
        "client", ephemeral=VECTORS["c1e1s_client_to_server"]["inputs"]["client_ephemeral_private"], conventions=conventions
    )
    plain = octets_of("c1e1s_general_ciphering_content", "plaintext", "inputs")
    octets = protect_layers(plain, client, [GeneralCiphered(key=KeyChoice.ONE_PASS, transaction_id=b"\1\2\3\4\5\6\7\x08")])
    assert client.fresh_keys.sending[CLIENT].key.reveal() == octets_of(f"c1e1s_client_to_server{suffix}", "ek")
    content = GeneralCiphering.decode(octets).ciphered_content
    if not legacy:
        assert content[5:-12] == octets_of("c1e1s_general_ciphering_content", "ciphertext")
    assert unprotect(octets, annex("server", conventions=conventions)).plain == plain
    # The server's way back: its ephemeral private key is not published, so its published message is taken apart.
    answer = octets_of("c1e1s_ephemeral_signature_server", "ephemeral_public", "inputs") + octets_of(
        "c1e1s_ephemeral_signature_server", "signature_rs"
    )
    receiving = annex("client", conventions=conventions)
    key = octets_of(f"c1e1s_server_to_client{suffix}", "ek")
    under_it = Key(key).gcm.encryption(CLIENT.octets).protect(bytes(4), plain)
    message = GeneralCiphering(
        b"\1", CLIENT.octets, SERVER.octets, b"", b"", AgreedKey(b"\1", answer), b"\x21" + bytes(4) + under_it
    ).encode()
    assert unprotect(message, receiving).plain == plain
    assert receiving.fresh_keys.receiving == {}  # without a tag nothing proves the key


def test_static_unified_agreement() -> None:
    """The published ciphertext under the published key; as encryption alone, because the published tag fits nothing."""
    inputs = VECTORS["c0e2s_static_unified"]["inputs"]
    plain = octets_of("c0e2s_general_ciphering_content", "plaintext", "inputs")
    client, server = annex("client"), annex("server")
    step = GeneralCiphered(key=KeyChoice.STATIC, transaction_id=bytes.fromhex(inputs["transaction_id"]))
    octets = protect_layers(plain, client, [step])
    assert client.fresh_keys.sending[CLIENT].key.reveal() == octets_of("c0e2s_static_unified", "ek")
    assert GeneralCiphering.decode(octets).ciphered_content[5:-12] == octets_of("c0e2s_general_ciphering_content", "ciphertext")
    assert GeneralCiphering.decode(octets).key_info == AgreedKey(b"\x02", b"")
    assert unprotect(octets, server).plain == plain
    assert server.fresh_keys.receiving[SERVER].key.reveal() == octets_of("c0e2s_static_unified", "ek")


def test_agreement_in_suite_2() -> None:
    entry = VECTORS["c1e1s_suite2_own"]
    from dlmskit.crypto.curves import P_384

    u, v = (AgreementKey(P_384, bytes.fromhex(entry["inputs"][f"{name}_private"])) for name in ("u", "v"))
    sender, receiver = SERVER, CLIENT
    client = person(
        sender,
        receiver,
        suite=SUITE_2,
        correspondence=Correspondence(
            identity=Identity(signing=SigningKey.generate(P_384)),
            directory=directory_of(KnownParty(title=receiver, agreement=v.public)),
            ephemeral=lambda _curve: u,
        ),
    )
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.ONE_PASS)])
    assert client.fresh_keys.sending[receiver].key.reveal().hex().upper() == entry["outputs"]["ek"]
    info = GeneralCiphering.decode(octets).key_info
    assert isinstance(info, AgreedKey)
    assert info.key_ciphered_data[:96].hex().upper() == entry["inputs"]["u_public"]
    assert len(info.key_ciphered_data) == 192


def test_every_vector_of_the_form_is_named_unverified() -> None:
    """They are no proof of the authenticated data: docs/explanation/security-vectors.md says so."""
    assert load("security", kind="general_ciphering", verified=True) == []
    assert len(load("security", kind="general_ciphering")) == 3


# There and back.


@pytest.mark.parametrize("suite_id", SUITES)
@pytest.mark.parametrize("key", [*IDENTIFIED, *FRESH])
@pytest.mark.parametrize("protection", [A, AE])
@pytest.mark.parametrize("aad", AadProfile)
def test_there_and_back(suite_id: int, key: KeyChoice, protection: Protection, aad: AadProfile) -> None:
    suite = suite_of(suite_id)
    client, server = people(suite=suite, conventions=Conventions(aad=aad))
    time = CosemDateTime(bytes.fromhex("07EA0B1506091500FF8000FF")[:12])
    step = GeneralCiphered(key=key, protection=protection, date_time=time, other_information=b"tariff")
    if suite.curve is None and key in (KeyChoice.ONE_PASS, KeyChoice.STATIC):
        with pytest.raises(SecurityError) as caught:
            protect_layers(GET_REQUEST, client, [step])
        assert caught.value.reason is SecurityReason.UNSUPPORTED
        return
    for number in range(3):
        verified = unprotect(protect_layers(GET_REQUEST, client, [step]), server)
        layer = general(verified)
        assert (verified.plain, layer.protection, layer.key) == (GET_REQUEST, protection, key)
        assert layer.general is not None
        assert (layer.general.originator, layer.general.recipient) == (CLIENT, SERVER)
        assert (layer.general.time, layer.general.other_information) == (time, b"tariff")
        assert verified.invocation_counter == (0 if key in FRESH else number)
        assert (verified.gap, layer.gap) == (0, 0)


@pytest.mark.parametrize("key", FRESH)
def test_a_fresh_key_is_named_once_and_used_on(key: KeyChoice) -> None:
    client, server = people()
    first = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key)])
    later = [protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.ESTABLISHED)]) for _ in range(3)]
    assert GeneralCiphering.decode(later[0]).key_info is None
    refused(SecurityReason.MISSING_KEY, later[0], server)
    assert unprotect(first, server).invocation_counter == 0
    assert [unprotect(octets, server).invocation_counter for octets in later] == [1, 2, 3]
    assert unprotect(protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key)]), server).invocation_counter == 0


def test_without_an_established_key() -> None:
    client, _ = people()
    with pytest.raises(SecurityError) as caught:
        protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.ESTABLISHED)])
    assert caught.value.reason is SecurityReason.MISSING_KEY


def test_each_direction_has_its_own_key() -> None:
    client, server = people()
    unprotect(protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED)]), server)
    with pytest.raises(SecurityError):
        protect_layers(GET_REQUEST, server, [GeneralCiphered(key=KeyChoice.ESTABLISHED)])
    unprotect(protect_layers(GET_REQUEST, server, [GeneralCiphered(key=KeyChoice.ONE_PASS)]), client)
    assert server.fresh_keys.sending[CLIENT].key != client.fresh_keys.sending[SERVER].key


@pytest.mark.parametrize("first", [0, 1, 5, COUNTER_MAX])
def test_any_first_counter_of_a_fresh_key_is_taken(first: int) -> None:
    client, server = people(conventions=Conventions(first_counter=first))
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED)])
    assert unprotect(octets, server).invocation_counter == first


def test_a_key_is_forgotten_with_the_association() -> None:
    client, server = people()
    unprotect(protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED)]), server)
    later = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.ESTABLISHED)])
    server.drop_dedicated_key()
    refused(SecurityReason.MISSING_KEY, later, server)


# Attacks.


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


# Key-info that is not one.


@pytest.mark.case("R-009")
@pytest.mark.parametrize(
    ("key_info", "reason"),
    [
        (IdentifiedKey(2), SecurityReason.UNSUPPORTED),
        (IdentifiedKey(255), SecurityReason.UNSUPPORTED),
        (WrappedKey(1, bytes(24)), SecurityReason.UNSUPPORTED),
        (WrappedKey(0, b""), SecurityReason.WRONG_KEY_LENGTH),
        (WrappedKey(0, bytes(24)), SecurityReason.DECIPHERING_FAILED),
        (WrappedKey(0, bytes(32)), SecurityReason.WRONG_KEY_LENGTH),
        (AgreedKey(b"", b""), SecurityReason.UNSUPPORTED),
        (AgreedKey(b"\x03", b""), SecurityReason.UNSUPPORTED),
        (AgreedKey(b"\x01\x01", bytes(128)), SecurityReason.UNSUPPORTED),
        (AgreedKey(b"\x02", b"\x00"), SecurityReason.UNSUPPORTED),
        (AgreedKey(b"\x01", b""), SecurityReason.PUBLIC_KEY_INVALID),
        (AgreedKey(b"\x01", bytes(127)), SecurityReason.PUBLIC_KEY_INVALID),
        (AgreedKey(b"\x01", bytes(192)), SecurityReason.PUBLIC_KEY_INVALID),
        (AgreedKey(b"\x01", AgreementKey.generate(P_256).public.octets), SecurityReason.SIGNATURE_INVALID),
        (AgreedKey(b"\x01", AgreementKey.generate(P_256).public.octets + bytes(65)), SecurityReason.SIGNATURE_INVALID),
    ],
)
def test_key_info_that_is_none(key_info: Any, reason: SecurityReason) -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    refused(reason, changed(octets, key_info=key_info), server)


def test_a_wrapped_key_of_another_suite() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    kek = server.keys.kek
    assert kek is not None
    long = WrappedKey(0, wrap_key(kek.reveal(), bytes(range(32))))
    refused(SecurityReason.WRONG_KEY_LENGTH, changed(octets, key_info=long), server)


def points() -> list[Any]:
    """R-061: on the twist or off the curve, infinity, compressed, other lengths."""
    good = PublicKey(P_256, AgreementKey.generate(P_256).public.octets).octets
    return [
        pytest.param(bytes(64), id="infinity"),
        pytest.param(good[:63] + bytes((good[63] ^ 1,)), id="off the curve"),
        pytest.param(b"\xff" * 64, id="above the prime"),
        pytest.param(b"\x02" + good[:32], id="compressed"),
        pytest.param(b"\x04" + good, id="with 04"),
    ]


@pytest.mark.case("R-061")
@pytest.mark.parametrize("point", points())
def test_an_invalid_point_is_refused_though_it_is_signed(point: bytes) -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    signature = client.parties.signing_key().sign(point)
    refused(SecurityReason.PUBLIC_KEY_INVALID, changed(octets, key_info=AgreedKey(b"\x01", point + signature)), server)


@pytest.mark.case("R-061")
def test_a_point_that_its_originator_did_not_sign() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.ONE_PASS)])
    info = GeneralCiphering.decode(octets).key_info
    assert isinstance(info, AgreedKey)
    point = AgreementKey.generate(P_256).public.octets
    for data in (point + info.key_ciphered_data[64:], info.key_ciphered_data[:64] + SigningKey.generate(P_256).sign(point)):
        refused(SecurityReason.SIGNATURE_INVALID, changed(octets, key_info=AgreedKey(b"\x01", data)), server)


def test_forged_messages_leave_nothing_behind() -> None:
    """Not one window per forged transaction id: memory is for what verified."""
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.STATIC)])
    for number in range(50):
        refused(SecurityReason.DECIPHERING_FAILED, changed(octets, transaction_id=bytes((1, number))), server)
    assert state(server) == ({}, {}, {})
    assert len(server.received._windows) <= 1


def test_what_is_missing_is_said() -> None:
    bare = Correspondence()
    for key, what in ((KeyChoice.WRAPPED, "randomness"), (KeyChoice.ONE_PASS, "public key"), (KeyChoice.STATIC, "private key")):
        client = person(CLIENT, SERVER, correspondence=bare)
        with pytest.raises(SecurityError, match=what):
            protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key)])
    for key, role in ((KeyChoice.GUEK, "guek"), (KeyChoice.GBEK, "gbek"), (KeyChoice.WRAPPED, "kek")):
        client = person(CLIENT, SERVER, keys=KeySet(gak=keys_of(SUITE_1).gak))
        with pytest.raises(SecurityError, match=role):
            protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key)])
    client = person(CLIENT, SERVER, keys=replace(keys_of(SUITE_1), gak=None))
    with pytest.raises(SecurityError, match="gak"):
        protect_layers(GET_REQUEST, client, [GeneralCiphered()])


def test_without_an_authentication_key_where_the_rules_say_so() -> None:
    rules = replace(ANYTHING, without_authentication_key=True)
    client, server = people(rules=rules, keys=replace(keys_of(SUITE_1), gak=None))
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    assert unprotect(octets, server).plain == GET_REQUEST
    refused(SecurityReason.DECIPHERING_FAILED, octets, people()[1])


def test_keys_of_another_suite() -> None:
    client, _ = people(suite=SUITE_2)
    wrong = person(CLIENT, SERVER, suite=SUITE_2, correspondence=people()[0].parties.correspondence)
    for key in (KeyChoice.ONE_PASS, KeyChoice.STATIC):
        protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key)])
        with pytest.raises(SecurityError) as caught:
            protect_layers(GET_REQUEST, wrong, [GeneralCiphered(key=key)])
        assert caught.value.reason is SecurityReason.PUBLIC_KEY_INVALID


def test_broadcast_only_where_it_is_accepted() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.GBEK)])
    refused(SecurityReason.SECURITY_CONTROL_INVALID, octets, with_rules(server, accept_broadcast=False))
    assert unprotect(octets, server).key_role is KeyRole.GBEK


def test_nothing_inside() -> None:
    client, server = people()
    with pytest.raises(EncodeError):
        protect_layers(b"", client, [GeneralCiphered()])
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    empty = GeneralCiphering.decode(octets).ciphered_content[:5]
    refused(SecurityReason.DECIPHERING_FAILED, changed(octets, ciphered_content=empty), server)
    for short in (b"", empty[:4]):
        with pytest.raises(DecodeError):
            unprotect(changed(octets, ciphered_content=short), server)


def test_a_failed_step_establishes_nothing() -> None:
    client, _ = people()
    with pytest.raises(EncodeError):
        protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED), Ciphered(form=Form.GLO)])
    assert client.fresh_keys.sending == {}


def test_windows_of_many_fresh_keys_are_bounded(monkeypatch) -> None:
    monkeypatch.setattr("dlmskit.security.windows.FRESH_KEYS_KEPT", 3)
    client, server = people()
    step = [GeneralCiphered(key=KeyChoice.WRAPPED)]
    for _ in range(3):
        unprotect(protect_layers(GET_REQUEST, client, step), server)
    refused(SecurityReason.UNSUPPORTED, protect_layers(GET_REQUEST, client, step), server)

    class Store:
        def __init__(self) -> None:
            self.lowest: dict[str, int] = {}

        def lowest_acceptable(self, window_id: str) -> int:
            return self.lowest.get(window_id, 0)

        def raise_to(self, window_id: str, lowest: int) -> None:
            self.lowest[window_id] = lowest

    store = Store()
    stored = person(SERVER, CLIENT, received=ReceivedCounters(store))
    messages = [protect_layers(GET_REQUEST, client, step) for _ in range(6)]
    for octets in messages:
        unprotect(octets, stored)
    assert len(store.lowest) == 6
    for octets in messages:  # those that memory has dropped are known to the store
        refused_by = person(SERVER, CLIENT, received=stored.received)
        with pytest.raises(SecurityError) as caught:
            unprotect(octets, refused_by)
        assert caught.value.reason is SecurityReason.COUNTER_REPEATED


def test_a_third_partys_own_message_comes_back_to_it() -> None:
    """Where the header is not authenticated nothing but the title of the originator tells it."""
    conventions = Conventions(aad=AadProfile.SC_AK_ONLY)
    third = person(THIRD, SERVER, conventions=conventions)
    octets = protect_layers(GET_REQUEST, third, [GeneralCiphered()])
    refused(SecurityReason.SYSTEM_TITLE_MISMATCH, changed(octets, recipient_system_title=THIRD.octets), third)


@pytest.mark.parametrize("drawn", [keys_of(SUITE_1).guek, keys_of(SUITE_1).kek, Key(b"\x07" * 16)])
def test_a_key_that_is_not_fresh_is_not_sent(drawn: Key) -> None:
    client = person(CLIENT, SERVER, correspondence=Correspondence(random=lambda count: drawn.reveal()[:count]))
    with pytest.raises(SecurityError) as caught:
        protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED)])
    assert caught.value.reason is SecurityReason.UNSUPPORTED
    assert client.fresh_keys.sending == {}


@pytest.mark.parametrize("compressed", [b"", b"\x03"])
def test_verified_and_empty(compressed: bytes) -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    header = GeneralHeader.of(GeneralCiphering.decode(octets)).encode()
    control = b"\xb1" if compressed else b"\x31"
    guek, gak = client.keys.guek, client.keys.gak
    assert guek is not None
    assert gak is not None
    mode = guek.gcm.authenticated_encryption(CLIENT.octets, control + gak.reveal() + header)
    content = control + bytes(4) + mode.protect(bytes(4), compressed)
    refused(SecurityReason.INNER_TAG_MISMATCH, changed(octets, ciphered_content=content), server)


def test_policy_is_looked_at_before_the_tag() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(protection=A)])
    refused(SecurityReason.PROTECTION_TOO_WEAK, octets[:-1] + bytes((octets[-1] ^ 1,)), with_rules(server, incoming=AE))
