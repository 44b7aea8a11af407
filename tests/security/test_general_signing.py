"""general-signing: the vector, both profiles, malformed signatures, and repetitions that only the transaction id tells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dlmskit.apdu.ciphering import GeneralSigning
from dlmskit.crypto.curves import P_256
from dlmskit.crypto.ecdsa import SigningKey, to_der
from dlmskit.crypto.suites import SUITE_0, SUITE_2, suite_of
from dlmskit.errors import DecodeError, SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection
from dlmskit.security.conventions import Conventions, SigningProfile
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.envelope import Form
from dlmskit.security.keys import KeyRole, KeySet
from dlmskit.security.layers import Ciphered, Signed, Step
from dlmskit.security.parties import Correspondence, Identity, KnownParty, directory_of
from dlmskit.security.protection import protect_layers, unprotect
from dlmskit.types.datetime import CosemDateTime
from tests.security.parties import CLIENT, GET_REQUEST, SERVER
from tests.security.people import ANYTHING, THIRD, people, person, with_rules
from tests.security.refusals import refused, state
from tests.vectors import load

S = Protection.SIGNED
(VECTOR,) = load("security", kind="general_signing", verified=True)


def changed(octets: bytes, **fields: Any) -> bytes:
    """The same message with other fields; its signature is left as it is."""
    apdu = GeneralSigning.decode(octets)
    values = {name: getattr(apdu, name) for name in apdu.__struct_fields__} | fields
    return GeneralSigning(**values).encode()


def vector_parties() -> tuple[SecurityContext, SecurityContext]:
    key = SigningKey(P_256, bytes.fromhex(VECTOR["inputs"]["private"]))
    glo = next(entry for entry in load("security") if entry["name"] == "suite1_auth_enc_get")["inputs"]
    keys = KeySet.from_hex(guek=glo["ek"], gak=glo["ak"])
    signer, verifier = SERVER, CLIENT  # in this annex of the Green Book the client is ...BC614E
    return (
        person(signer, verifier, keys=keys, correspondence=Correspondence(identity=Identity(signing=key))),
        person(
            verifier,
            signer,
            keys=keys,
            correspondence=Correspondence(directory=directory_of(KnownParty(title=signer, verification=key.public))),
        ),
    )


def test_vector() -> None:
    """Made octet for octet (the number k follows from the message), and verified; inside is a glo-get-request."""
    signer, verifier = vector_parties()
    octets, content = bytes.fromhex(VECTOR["outputs"]["apdu"]), bytes.fromhex(VECTOR["inputs"]["content"])
    header = bytes.fromhex(VECTOR["inputs"]["header"])
    made = protect_layers(content, signer, [Signed(transaction_id=header[1:9])])
    assert made == octets
    verified = unprotect(octets, verifier)
    assert [layer.form for layer in verified.layers] == [Form.GENERAL_SIGNING, Form.GLO]
    assert (verified.plain[:1], verified.protection) == (b"\xc0", Protection(7))
    assert verified.signers == {SERVER}
    assert unprotect(made, vector_parties()[1]).plain == verified.plain


def test_all_vectors_are_there() -> None:
    assert len(load("security", kind="general_signing")) == 1


# There and back.


@pytest.mark.parametrize("suite_id", [1, 2])
@pytest.mark.parametrize("profile", SigningProfile)
def test_there_and_back(suite_id: int, profile: SigningProfile) -> None:
    client, server = people(suite=suite_of(suite_id), conventions=Conventions(signing=profile))
    time = CosemDateTime(bytes.fromhex("07EA0B1506091500FF800000"))
    octets = protect_layers(GET_REQUEST, client, [Signed(date_time=time, other_information=b"x")])
    verified = unprotect(octets, server)
    (layer,) = verified.layers
    assert (verified.plain, verified.protection, verified.form) == (GET_REQUEST, S, Form.GENERAL_SIGNING)
    assert (verified.key_role, verified.system_title, verified.signers) == (KeyRole.SIGNATURE, CLIENT, frozenset({CLIENT}))
    assert layer.general is not None
    assert (layer.general.time, layer.general.recipient, layer.header) == (time, SERVER, None)
    assert len(GeneralSigning.decode(octets).signature) == suite_of(suite_id).signature_octets


def test_only_the_configured_profile_is_tried() -> None:
    for ours in SigningProfile:
        client, _ = people(conventions=Conventions(signing=ours))
        octets = protect_layers(GET_REQUEST, client, [Signed()])
        for theirs in set(SigningProfile) - {ours}:
            refused(SecurityReason.SIGNATURE_INVALID, octets, people(conventions=Conventions(signing=theirs))[1])


def test_suite_0_has_no_signatures() -> None:
    client, server = people(suite=SUITE_0)
    with pytest.raises(SecurityError) as caught:
        protect_layers(GET_REQUEST, client, [Signed()])
    assert caught.value.reason is SecurityReason.UNSUPPORTED
    octets = protect_layers(GET_REQUEST, people()[0], [Signed()])
    with pytest.raises(SecurityError):
        unprotect(octets, server)


# Attacks.


@pytest.mark.case("R-045")
def test_every_bit_counts() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [Signed()])
    for bit in range(8 * len(octets)):
        altered = (int.from_bytes(octets) ^ 1 << bit).to_bytes(len(octets))
        with pytest.raises((SecurityError, DecodeError)):
            unprotect(altered, server)
        assert state(server) == ({}, {}, {})
    assert unprotect(octets, server).plain == GET_REQUEST


@pytest.mark.case("R-060")
def test_only_r_and_s_in_fixed_length() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [Signed()])
    signature = GeneralSigning.decode(octets).signature
    r, s = signature[:32], signature[32:]
    n = P_256.order
    for other in (
        to_der(signature),
        b"",
        signature[:63],
        signature + b"\x00",
        bytes(64),
        bytes(32) + s,
        r + bytes(32),
        r + n.to_bytes(32),
        n.to_bytes(32) + s,
        r + (n + 1).to_bytes(32),
    ):
        refused(SecurityReason.SIGNATURE_INVALID, changed(octets, signature=other), server)


@pytest.mark.case("R-060")
def test_the_other_signature_of_the_same_message_is_a_repetition() -> None:
    """Anyone can make n - s of s: it verifies, so nothing may hang on the octets of a signature."""
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [Signed()])
    signature = GeneralSigning.decode(octets).signature
    other = signature[:32] + (P_256.order - int.from_bytes(signature[32:])).to_bytes(32)
    assert unprotect(octets, server).plain == GET_REQUEST
    refused(SecurityReason.COUNTER_REPEATED, changed(octets, signature=other), server)


@pytest.mark.case("R-037", "R-056")
def test_titles() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [Signed()])
    other = bytes.fromhex("4D4D4D0000000099")
    for fields, reason in (
        ({"originator_system_title": other}, SecurityReason.SYSTEM_TITLE_MISMATCH),
        ({"originator_system_title": SERVER.octets}, SecurityReason.SYSTEM_TITLE_MISMATCH),
        ({"originator_system_title": THIRD.octets}, SecurityReason.SIGNATURE_INVALID),
        ({"originator_system_title": b""}, SecurityReason.SYSTEM_TITLE_MISSING),
        ({"recipient_system_title": other}, SecurityReason.SYSTEM_TITLE_MISMATCH),
        ({"recipient_system_title": b""}, SecurityReason.SYSTEM_TITLE_MISSING),
    ):
        refused(reason, changed(octets, **fields), server)


def test_a_signer_that_is_not_known() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [Signed()])
    nobody = person(SERVER, CLIENT, correspondence=Correspondence())
    refused(SecurityReason.MISSING_KEY, octets, nobody)
    nobody.parties.introduce(KnownParty(title=CLIENT, verification=client.parties.signing_key().public))
    assert unprotect(octets, nobody).signers == {CLIENT}
    wrong = KnownParty(title=CLIENT, verification=server.parties.signing_key().public)
    deceived = person(SERVER, CLIENT, correspondence=Correspondence(directory=directory_of(wrong)))
    refused(SecurityReason.SIGNATURE_INVALID, octets, deceived)


def test_a_directory_that_answers_for_another_party() -> None:
    client, _ = people()
    lying = Correspondence(directory=lambda _title: KnownParty(title=THIRD))
    octets = protect_layers(GET_REQUEST, client, [Signed()])
    refused(SecurityReason.SYSTEM_TITLE_MISMATCH, octets, person(SERVER, CLIENT, correspondence=lying))


def test_a_key_on_the_curve_of_another_suite() -> None:
    client, _ = people()
    octets = protect_layers(GET_REQUEST, client, [Signed()])
    server = person(SERVER, CLIENT, suite=SUITE_2, correspondence=people()[1].parties.correspondence)
    refused(SecurityReason.PUBLIC_KEY_INVALID, octets, server)
    with pytest.raises(SecurityError):
        protect_layers(
            GET_REQUEST, person(CLIENT, SERVER, suite=SUITE_2, correspondence=client.parties.correspondence), [Signed()]
        )


def test_without_a_private_key() -> None:
    with pytest.raises(SecurityError) as caught:
        protect_layers(GET_REQUEST, person(CLIENT, SERVER, correspondence=Correspondence()), [Signed()])
    assert caught.value.reason is SecurityReason.MISSING_KEY


def test_nothing_is_signed() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [Signed()])
    with pytest.raises(DecodeError):
        unprotect(changed(octets, content=b""), server)


# Repetitions.


@pytest.mark.case("R-050", "R-051")
def test_what_carries_no_counter_goes_up_by_its_transaction_id() -> None:
    client, server = people()
    messages = [protect_layers(GET_REQUEST, client, [Signed()]) for _ in range(4)]
    assert unprotect(messages[1], server).plain == GET_REQUEST
    for octets in messages[:2]:
        refused(SecurityReason.COUNTER_REPEATED, octets, server)
    assert unprotect(messages[3], server).plain == GET_REQUEST
    refused(SecurityReason.COUNTER_REPEATED, messages[2], server)
    refused(SecurityReason.COUNTER_REPEATED, messages[3], person(SERVER, CLIENT, received=server.received))


@pytest.mark.parametrize("transaction_id", [b"", bytes(9), b"\xff" * 8, b"\x7f" + b"\xff" * 7])
def test_transaction_ids_that_cannot_be_compared(transaction_id: bytes) -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [Signed(transaction_id=transaction_id)])
    refused(SecurityReason.COUNTER_REPEATED, octets, server)
    loose = person(SERVER, CLIENT, conventions=Conventions(increasing_transactions=False))
    for _ in range(2):  # the switch says what it costs
        assert unprotect(octets, loose).plain == GET_REQUEST


def test_own_ids_go_up_across_restarts() -> None:
    store = MemoryCounterStore()
    _, server = people()
    for _ in range(3):
        client = person(CLIENT, SERVER, transmit=TransmitCounters(store))
        for _ in range(2):
            unprotect(protect_layers(GET_REQUEST, client, [Signed()]), server)


def test_a_counter_of_the_signer_is_enough() -> None:
    """Then the transaction id may be anything, also twice."""
    client, server = people()
    ways: list[list[Step]] = [
        [Ciphered(), Signed(transaction_id=b"")],
        [Signed(transaction_id=b"a"), Ciphered(form=Form.GENERAL_GLO)],
    ]
    for steps in ways * 2:
        octets = protect_layers(GET_REQUEST, client, steps)
        assert unprotect(octets, server).plain == GET_REQUEST
        refused(SecurityReason.COUNTER_REPEATED, octets, server)


def test_a_counter_of_somebody_else_is_not() -> None:
    """A broker can put a new layer of its own around what a third party signed: that does not make it new."""
    client, server = people()
    signed = protect_layers(GET_REQUEST, person(THIRD, SERVER), [Signed()])
    first, again = (protect_layers(signed, client, [Ciphered(form=Form.GENERAL_GLO)]) for _ in range(2))
    verified = unprotect(first, server)
    assert (verified.system_title, verified.signers) == (CLIENT, frozenset({THIRD}))
    refused(SecurityReason.COUNTER_REPEATED, again, server)


def test_an_answer_echoes_the_id_once() -> None:
    client, server = people()
    request = protect_layers(GET_REQUEST, client, [Signed()])
    transaction_id = GeneralSigning.decode(request).transaction_id
    answers = [protect_layers(b"\xc4\x01\xc1\x00\x00", server, [Signed(transaction_id=transaction_id)]) for _ in range(2)]
    pushed = protect_layers(b"\x0f", server, [Signed()])
    assert unprotect(answers[0], client).plain[:1] == b"\xc4"
    for octets in answers:
        refused(SecurityReason.COUNTER_REPEATED, octets, client)
    assert unprotect(pushed, client).plain == b"\x0f"
    protect_layers(GET_REQUEST, client, [Signed()])
    for octets in (*answers, pushed):
        refused(SecurityReason.COUNTER_REPEATED, octets, client)


def test_an_id_of_the_callers_own_is_echoed_once_too() -> None:
    client, server = people()
    protect_layers(GET_REQUEST, client, [Signed(transaction_id=b"\x01")])
    answer = protect_layers(b"\xc4", server, [Signed(transaction_id=b"\x01")])
    assert unprotect(answer, client).plain == b"\xc4"
    refused(SecurityReason.COUNTER_REPEATED, answer, client)


@pytest.mark.case("R-048")
def test_a_signature_where_more_is_required() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [Signed()])
    for incoming in (Protection.AUTHENTICATED, Protection.ENCRYPTED, Protection(3), Protection(7)):
        refused(SecurityReason.PROTECTION_TOO_WEAK, octets, with_rules(server, incoming=incoming))
    assert unprotect(octets, with_rules(server, incoming=S)).protection is S
    for outgoing in (Protection.AUTHENTICATED, Protection(7)):
        with pytest.raises(SecurityError):
            protect_layers(GET_REQUEST, person(CLIENT, SERVER, rules=replace(ANYTHING, outgoing=outgoing)), [Signed()])


def test_policy_is_looked_at_before_the_signature() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [Signed()])
    changed_signature = octets[:-1] + bytes((octets[-1] ^ 1,))
    refused(SecurityReason.PROTECTION_TOO_WEAK, changed_signature, with_rules(server, incoming=Protection(7)))
    refused(SecurityReason.SIGNATURE_INVALID, changed_signature, with_rules(server, incoming=S))
