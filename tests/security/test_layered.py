"""Several layers on one APDU: every order that the forms allow, what they give together, and what a broker cannot do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.apdu.ciphering import GeneralSigning
from dlmskit.crypto.suites import SUITE_1, SUITES, suite_of
from dlmskit.errors import DecodeError, DlmsError, EncodeError, SecurityError, SecurityReason
from dlmskit.limits import Limits
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection, SecurityControl
from dlmskit.security.conventions import Conventions
from dlmskit.security.envelope import Form
from dlmskit.security.keys import Key, KeyRole
from dlmskit.security.layered import _accept, _open, protection_of
from dlmskit.security.layers import Ciphered, GeneralCiphered, KeyChoice, Signed, Step
from dlmskit.security.policy import SecurityPolicy
from dlmskit.security.protection import protect, protect_layers, unprotect
from dlmskit.types.system_title import SystemTitle
from tests.security.parties import CLIENT, GET_REQUEST, SERVER
from tests.security.people import ANYTHING, THIRD, correspondence, people, person, with_rules
from tests.security.refusals import refused, state

A, E, S = Protection.AUTHENTICATED, Protection.ENCRYPTED, Protection.SIGNED
AE = A | E
GENERAL_GLO = Ciphered(form=Form.GENERAL_GLO)


def with_dedicated(suite_id: int = 1, **more: Any) -> tuple[SecurityContext, SecurityContext]:
    suite = suite_of(suite_id)
    pair = people(suite=suite, **more)
    for context in pair:
        context.use_dedicated_key(Key(bytes(range(3, 3 + suite.key_octets)), KeyRole.DEDICATED))
    return pair


protections = st.sampled_from([A, AE])
inner_steps = st.builds(Ciphered, form=st.sampled_from([Form.GLO, Form.DED]), protection=protections, broadcast=st.just(False))
outer_steps = st.one_of(
    st.builds(
        Ciphered, form=st.sampled_from([Form.GENERAL_GLO, Form.GENERAL_DED]), protection=protections, compress=st.booleans()
    ),
    st.builds(
        GeneralCiphered,
        key=st.sampled_from([KeyChoice.GUEK, KeyChoice.GBEK, KeyChoice.WRAPPED, KeyChoice.ONE_PASS, KeyChoice.STATIC]),
        protection=protections,
        compress=st.booleans(),
        other_information=st.binary(max_size=20),
    ),
    st.builds(Signed, other_information=st.binary(max_size=20)),
)


def possible(step: Step, suite_id: int) -> bool:
    """Suite 0 has neither signatures, nor agreed keys, nor compression."""
    if suite_id:
        return True
    if isinstance(step, Signed) or step.compress:
        return False
    return isinstance(step, Ciphered) or step.key not in (KeyChoice.ONE_PASS, KeyChoice.STATIC)


@given(
    st.sampled_from(sorted(SUITES)), st.one_of(st.none(), inner_steps), st.lists(outer_steps, max_size=3), st.binary(max_size=80)
)
def test_there_and_back(suite_id: int, innermost: Step | None, outside: list[Step], body: bytes) -> None:
    steps = [step for step in ([innermost] if innermost else []) + outside if possible(step, suite_id)]
    if not steps:
        return
    client, server = with_dedicated(suite_id)
    plain = b"\xc0" + body * 3
    octets = protect_layers(plain, client, steps)
    verified = unprotect(octets, server)
    assert verified.plain == plain
    assert [layer.form for layer in reversed(verified.layers)] == [
        step.form
        if isinstance(step, Ciphered)
        else Form.GENERAL_CIPHERING
        if isinstance(step, GeneralCiphered)
        else Form.GENERAL_SIGNING
        for step in steps
    ]
    assert [layer.protection for layer in reversed(verified.layers)] == [protection_of(step) for step in steps]
    assert {layer.originator for layer in verified.layers} == {CLIENT}
    before = state(server)
    with pytest.raises(SecurityError) as caught:
        unprotect(octets, server)
    assert caught.value.reason is SecurityReason.COUNTER_REPEATED
    assert state(server) == before


@given(st.lists(outer_steps, min_size=1, max_size=3), st.integers(0, 1 << 16), st.integers(1, 255))
def test_any_octet_by_another(outside: list[Step], where: int, change: int) -> None:
    client, server = with_dedicated()
    octets = protect_layers(GET_REQUEST, client, [Ciphered(), *outside])
    at = where % len(octets)
    with pytest.raises(DlmsError):
        unprotect(octets[:at] + bytes((octets[at] ^ change,)) + octets[at + 1 :], server)
    assert state(server) == ({}, {}, {})
    assert unprotect(octets, server).plain == GET_REQUEST


@given(st.binary(max_size=80), st.sampled_from([0xDD, 0xDF, 0xDB]))
def test_any_octets_end_in_our_errors(rest: bytes, tag: int) -> None:
    _, server = people()
    for octets in (rest, bytes((tag,)) + rest, bytes((tag, 0, 8)) + CLIENT.octets + b"\x08" + SERVER.octets + b"\0\0" + rest):
        with pytest.raises(DlmsError):
            unprotect(octets, server)


# One layer and the short way.


@pytest.mark.parametrize("form", [Form.GLO, Form.DED, Form.GENERAL_GLO, Form.GENERAL_DED])
@pytest.mark.parametrize("protection", [A, AE])
def test_one_step_makes_the_octets_of_protect(form: Form, protection: Protection) -> None:
    one, other = with_dedicated()[0], with_dedicated()[0]
    control = SecurityControl.of(one.suite, protection)
    assert protect_layers(GET_REQUEST, one, [Ciphered(form=form, protection=protection)]) == protect(
        GET_REQUEST, other, form, control
    )


@pytest.mark.parametrize("form", [Form.GENERAL_CIPHERING, Form.GENERAL_SIGNING])
def test_the_short_way_does_not_do_the_rest(form: Form) -> None:
    client, _ = people()
    with pytest.raises(EncodeError, match="protect_layers"):
        protect(GET_REQUEST, client, form)


def test_layers_of_a_simple_message() -> None:
    client, server = people()
    verified = unprotect(protect(GET_REQUEST, client), server)
    (layer,) = verified.layers
    assert (layer.form, layer.originator, layer.protection, layer.header) == (Form.GLO, CLIENT, AE, verified.header)
    assert (verified.signers, layer.general, layer.key) == (frozenset(), None, None)


# What layers give together.


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ([Ciphered(protection=A)], A),
        ([Ciphered(protection=A), Ciphered(form=Form.GENERAL_GLO, protection=E)], AE),
        ([GeneralCiphered(protection=A), Signed()], A | S),
        ([Signed(), GeneralCiphered()], AE | S),
        ([Signed(), Ciphered(form=Form.GENERAL_GLO)], AE | S),
        ([Ciphered(), Signed()], AE | S),
        ([Signed(), Ciphered(form=Form.GENERAL_GLO, protection=A)], A | S),
    ],
)
def test_the_union_is_what_counts(steps: list[Step], found: Protection) -> None:
    client, server = people(rules=replace(ANYTHING, accept_encryption_only=True))
    for required in map(Protection, range(8)):
        octets = protect_layers(GET_REQUEST, client, steps)
        strict = with_rules(server, incoming=required)
        if required & ~found:
            refused(SecurityReason.PROTECTION_TOO_WEAK, octets, strict)
        else:
            verified = unprotect(octets, strict)
            assert (verified.plain, verified.protection) == (GET_REQUEST, found)
        sender = with_rules(client, outgoing=required)
        if required & ~found:
            with pytest.raises(SecurityError) as caught:
                protect_layers(GET_REQUEST, sender, steps)
            assert caught.value.reason is SecurityReason.PROTECTION_TOO_WEAK
        else:
            protect_layers(GET_REQUEST, sender, steps)


@pytest.mark.parametrize("policy", [policy << 2 for policy in range(8)])
def test_the_bits_of_policy_version_1(policy: int) -> None:
    """Authenticated, encrypted, signed request: each bit is demanded of the layers together, by a server of that policy."""
    required = SecurityPolicy.from_v1(policy).request
    cases: list[tuple[list[Step], Protection]] = [
        ([Ciphered()], AE),
        ([Ciphered(), Signed()], AE | S),
        ([Signed()], S),
        ([Ciphered(protection=A)], A),
    ]
    for steps, found in cases:
        client, server = people()
        octets = protect_layers(GET_REQUEST, client, steps)
        strict = with_rules(server, incoming=required)
        if required & ~found:
            refused(SecurityReason.PROTECTION_TOO_WEAK, octets, strict)
        else:
            assert unprotect(octets, strict).plain == GET_REQUEST


@pytest.mark.case("R-047")
def test_encryption_alone_inside_a_layer_of_its_own_originator() -> None:
    client, server = people()
    fine: list[list[Step]] = [
        [GeneralCiphered(protection=E), Signed()],
        [Ciphered(protection=E), Signed()],
        [Ciphered(form=Form.GENERAL_GLO, protection=E), Ciphered(form=Form.GENERAL_GLO, protection=A)],
    ]
    for steps in fine:
        octets = protect_layers(GET_REQUEST, client, steps)
        verified = unprotect(octets, server)
        assert verified.plain == GET_REQUEST
        refused(SecurityReason.COUNTER_REPEATED, octets, server)  # what surrounds it vouches for its counter
    bare: list[list[Step]] = [
        [Signed(), GeneralCiphered(protection=E)],
        [Signed(), Ciphered(form=Form.GENERAL_GLO, protection=E)],
    ]
    for steps in bare:
        refused(SecurityReason.PROTECTION_TOO_WEAK, protect_layers(GET_REQUEST, client, steps), server)


@pytest.mark.case("R-047")
def test_a_brokers_tag_does_not_speak_for_a_third_party() -> None:
    client, server = people()
    inner = protect_layers(GET_REQUEST, person(THIRD, SERVER), [GeneralCiphered(protection=E)])
    octets = protect_layers(inner, client, [GENERAL_GLO])
    refused(SecurityReason.PROTECTION_TOO_WEAK, octets, server)
    tolerant = with_rules(server, accept_encryption_only=True)
    assert unprotect(octets, tolerant).protection == AE
    assert not [name for name in state(tolerant)[0] if str(THIRD) in name]  # its counter is moved by nobody else


# End to end through a broker.


def brokered(steps: list[Step], **more: Any) -> tuple[SecurityContext, SecurityContext, bytes]:
    client, server = people(**more)
    inner = protect_layers(GET_REQUEST, person(THIRD, SERVER, **more), steps)
    return client, server, protect_layers(inner, client, [GENERAL_GLO])


def test_a_message_of_a_third_party_through_a_client() -> None:
    """DB( DF( DD( plain ) ) ): the whole way that the standard describes."""
    _, server, octets = brokered([GeneralCiphered(key=KeyChoice.ONE_PASS), Signed()])
    assert octets[0] == 0xDB
    verified = unprotect(octets, with_rules(server, incoming=AE | S))
    assert [(layer.form, layer.originator) for layer in verified.layers] == [
        (Form.GENERAL_GLO, CLIENT),
        (Form.GENERAL_SIGNING, THIRD),
        (Form.GENERAL_CIPHERING, THIRD),
    ]
    assert (verified.system_title, verified.signers, verified.key_role) == (CLIENT, frozenset({THIRD}), KeyRole.GUEK)
    assert str(THIRD) in repr(verified)


def test_what_is_for_a_third_party_is_passed_on_as_it_is() -> None:
    client, server = people()
    for step in (Signed(recipient=THIRD), GeneralCiphered(recipient=THIRD)):
        octets = protect_layers(b"\xc4\x01", server, [step, GENERAL_GLO])
        verified = unprotect(octets, client)
        assert (verified.layers[0].form, len(verified.layers), verified.protection) == (Form.GENERAL_GLO, 1, AE)
        assert unprotect(verified.plain, person(THIRD, SERVER)).plain == b"\xc4\x01"
        octets = protect_layers(b"\xc4\x01", server, [step, GENERAL_GLO])
        refused(SecurityReason.SYSTEM_TITLE_MISMATCH, octets, with_rules(client, third_parties=frozenset()))
        outermost = protect_layers(b"\xc4\x01", server, [step])
        refused(SecurityReason.SYSTEM_TITLE_MISMATCH, outermost, client)  # nothing on it is ours


def test_what_a_broker_changes_inside_is_seen() -> None:
    client, server = people()
    inner = protect_layers(GET_REQUEST, person(THIRD, SERVER), [GeneralCiphered(), Signed()])
    for at in range(len(inner)):
        altered = inner[:at] + bytes((inner[at] ^ 1,)) + inner[at + 1 :]
        octets = protect_layers(altered, client, [GENERAL_GLO]) if altered[0] != 0xDE else b""
        if octets:
            with pytest.raises((SecurityError, DecodeError)):
                unprotect(octets, server)
            assert state(server) == ({}, {}, {})  # not even the counter of the honest layer moved
    assert unprotect(protect_layers(inner, client, [GENERAL_GLO]), server).plain == GET_REQUEST


def test_an_inner_layer_repeated_in_a_new_outer_one() -> None:
    client, server = people()
    inner = protect_layers(GET_REQUEST, person(THIRD, SERVER), [GeneralCiphered()])
    unprotect(protect_layers(inner, client, [GENERAL_GLO]), server)
    refused(SecurityReason.COUNTER_REPEATED, protect_layers(inner, client, [GENERAL_GLO]), server)


@pytest.mark.case("R-046")
def test_layers_taken_off_on_the_way() -> None:
    """Who stands between takes the signature off: what is required of the whole is missing then."""
    client, server = people()
    strict = with_rules(server, incoming=AE | S)
    octets = protect_layers(GET_REQUEST, client, [Ciphered(), Signed()])
    refused(SecurityReason.PROTECTION_TOO_WEAK, GeneralSigning.decode(octets).content, strict)
    assert unprotect(octets, strict).plain == GET_REQUEST


def test_the_content_of_a_service_specific_form_stays_one_of_its_service() -> None:
    client, server = people()
    signed = protect_layers(GET_REQUEST, client, [Signed()])
    for form in (Form.GLO, Form.DED):
        with pytest.raises(DlmsError):
            protect_layers(signed, client, [Ciphered(form=form)])
    forged = protect(signed, client, Form.GENERAL_GLO)
    glo = b"\xc8" + forged[10:]
    with pytest.raises(SecurityError) as caught:
        unprotect(glo, server)
    assert caught.value.reason is SecurityReason.INNER_TAG_MISMATCH


# Broadcasts.


def test_a_signed_broadcast_reaches_everybody() -> None:
    """One message, many meters, no peer: under the broadcast key, with a signature against those who hold that key as well."""
    one, other = SERVER, SystemTitle("4D4D4D0000BC614F")
    client = person(CLIENT, None)
    steps: list[Step] = [GeneralCiphered(key=KeyChoice.GBEK, name_recipient=False), Signed(name_recipient=False)]
    octets = protect_layers(GET_REQUEST, client, steps)
    for title in (one, other):
        meter = with_rules(
            person(title, CLIENT, correspondence=correspondence(SERVER, SUITE_1)), incoming=AE | S, accept_empty_title=True
        )
        verified = unprotect(octets, meter)
        assert (verified.plain, verified.key_role, verified.layers[1].key_role) == (GET_REQUEST, KeyRole.SIGNATURE, KeyRole.GBEK)
        refused(SecurityReason.COUNTER_REPEATED, octets, meter)
        refused(
            SecurityReason.SECURITY_CONTROL_INVALID,
            protect_layers(GET_REQUEST, client, steps),
            with_rules(meter, accept_broadcast=False),
        )
        refused(
            SecurityReason.SYSTEM_TITLE_MISSING,
            protect_layers(GET_REQUEST, client, steps),
            with_rules(meter, accept_empty_title=False),
        )


@pytest.mark.parametrize(
    "step",
    [
        Signed(),
        GeneralCiphered(key=KeyChoice.GBEK),
        GeneralCiphered(key=KeyChoice.ONE_PASS, name_recipient=False),
        GeneralCiphered(key=KeyChoice.STATIC, name_recipient=False),
    ],
)
def test_what_needs_one_peer(step: Step) -> None:
    with pytest.raises(SecurityError) as caught:
        protect_layers(GET_REQUEST, person(CLIENT, None), [step])
    assert caught.value.reason in (SecurityReason.SYSTEM_TITLE_MISSING, SecurityReason.SYSTEM_TITLE_MISMATCH)


# Bounds.


@pytest.mark.case("R-003")
def test_the_nesting_limit() -> None:
    client, server = people()
    four: list[Step] = [Ciphered(), GENERAL_GLO, Signed(), GENERAL_GLO]
    assert len(unprotect(protect_layers(GET_REQUEST, client, four), server).layers) == 4
    with pytest.raises(EncodeError):
        protect_layers(GET_REQUEST, client, [*four, Signed()])
    five = protect_layers(protect_layers(GET_REQUEST, client, four), client, [GENERAL_GLO])
    with pytest.raises(DecodeError, match="layers of protection"):
        unprotect(five, server)
    assert max(state(server)[0].values()) == 3  # what the four layers used, and nothing of the five


@pytest.mark.case("R-003")
def test_a_deep_nest_of_signatures_costs_nothing() -> None:
    """The limit counts layers before any signature is looked at."""
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [Signed()])
    fields = GeneralSigning.decode(octets)
    for _ in range(200):
        octets = GeneralSigning(fields.transaction_id, CLIENT.octets, SERVER.octets, b"", b"", octets, fields.signature).encode()
    with pytest.raises(DlmsError):
        unprotect(octets, server)


@pytest.mark.case("R-001")
def test_a_message_above_the_limit() -> None:
    client, _ = people()
    server = person(SERVER, CLIENT, limits=Limits(apdu_octets=100))
    for steps in ([Signed()], [GeneralCiphered()], [GENERAL_GLO]):
        octets = protect_layers(b"\xc0" + bytes(200), client, steps)
        with pytest.raises(DecodeError):
            unprotect(octets, server)


def test_no_steps() -> None:
    client, _ = people()
    with pytest.raises(EncodeError):
        protect_layers(GET_REQUEST, client, [])


@pytest.mark.case("R-048")
@pytest.mark.parametrize("inside", [b"\xc4\x01\x81\x00\x05", GET_REQUEST])
def test_a_plain_apdu_inside_nothing(inside: bytes) -> None:
    _, server = people()
    with pytest.raises(DecodeError):
        unprotect(inside, server)


def test_a_message_repeated_at_the_same_time_in_two_associations() -> None:
    """Both look at the counter before either accepts: the second one is refused when it accepts."""
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED)])
    other = person(SERVER, CLIENT, received=server.received)
    one, two = (_open(octets, context, Protection.NONE, set()) for context in (server, other))
    _accept(one, server)
    with pytest.raises(SecurityError) as caught:
        _accept(two, other)
    assert caught.value.reason is SecurityReason.COUNTER_REPEATED
    assert other.fresh_keys.receiving == {}


# One layer of ciphering inside others: the same checks as alone.


def signed(octets: bytes, context: SecurityContext) -> bytes:
    """Somebody who may sign puts a good signature around a bad layer."""
    return protect_layers(octets, context, [Signed()])


@pytest.mark.case("R-045", "R-056")
def test_a_bad_layer_inside_a_good_one() -> None:
    client, server = people()
    glo = protect_layers(GET_REQUEST, client, [Ciphered()])
    tampered = glo[:-1] + bytes((glo[-1] ^ 1,))
    refused(SecurityReason.DECIPHERING_FAILED, signed(tampered, client), server)
    set_inside = protect_layers(b"\xc1\x01", client, [Ciphered()])
    refused(SecurityReason.INNER_TAG_MISMATCH, signed(b"\xc8" + set_inside[1:], client), server)
    titled = protect_layers(GET_REQUEST, client, [GENERAL_GLO])
    other = titled[:2] + bytes.fromhex("4D4D4D0000000099") + titled[10:]
    refused(SecurityReason.SYSTEM_TITLE_MISMATCH, signed(other, client), server)
    untitled = b"\xdb\x00" + titled[10:]
    refused(SecurityReason.SYSTEM_TITLE_MISSING, signed(untitled, client), server)
    assert unprotect(signed(untitled, client), with_rules(server, accept_empty_title=True)).plain == GET_REQUEST


@pytest.mark.case("R-050")
@pytest.mark.parametrize("outer", [GENERAL_GLO, GeneralCiphered()])
def test_an_old_outer_layer_around_a_new_inner_one_moves_nothing(outer: Step) -> None:
    """The counter of the inner layer would be accepted first."""
    client, server = people()
    server, third = with_rules(server, incoming=AE | S), person(THIRD, SERVER)
    for _ in range(3):
        unprotect(protect_layers(GET_REQUEST, client, [Signed(), outer]), server)
    behind = person(CLIENT, SERVER)  # starts again: its counters were used already
    inner = protect_layers(GET_REQUEST, third, [GeneralCiphered(), Signed()])
    refused(SecurityReason.COUNTER_REPEATED, protect_layers(inner, behind, [outer]), server)
    assert unprotect(protect_layers(inner, client, [outer]), server).plain == GET_REQUEST


@pytest.mark.case("R-047")
def test_a_third_partys_signature_does_not_speak_for_the_peer() -> None:
    client, server = people()
    inner = protect_layers(GET_REQUEST, client, [Ciphered(form=Form.GENERAL_GLO, protection=E)])
    refused(SecurityReason.PROTECTION_TOO_WEAK, signed(inner, person(THIRD, SERVER)), server)


@pytest.mark.case("R-047", "R-050")
def test_the_counter_of_encryption_alone_moves_where_its_originator_vouches_for_it() -> None:
    loose = Conventions(increasing_transactions=False)
    client, server = people(conventions=loose)
    for step in (Ciphered(protection=E), GeneralCiphered(protection=E)):
        octets = protect_layers(GET_REQUEST, client, [step, Signed()])
        assert unprotect(octets, server).plain == GET_REQUEST
        refused(SecurityReason.COUNTER_REPEATED, octets, server)


@pytest.mark.case("R-047")
def test_the_counter_of_encryption_alone_moves_nowhere_else() -> None:
    client, server = people(conventions=Conventions(increasing_transactions=False))
    tolerant = with_rules(server, accept_encryption_only=True)
    bare = Ciphered(form=Form.GENERAL_GLO, protection=E)
    ways: list[list[Step]] = [
        [Signed(), bare],
        [GeneralCiphered(protection=E), bare],
        [Ciphered(protection=E), bare],
        [bare, bare],
    ]
    for steps in ways:
        assert unprotect(protect_layers(GET_REQUEST, client, steps), tolerant).plain == GET_REQUEST
        assert state(tolerant) == ({}, {}, {})


def test_the_lowest_counter_before_a_message() -> None:
    """For what was made before its carrier and comes inside it: the answer of mechanism 5."""
    client, server = with_dedicated()
    for _ in range(3):
        client.counter(KeyRole.GUEK).take()
    for steps, expected in (
        ([Ciphered()], 0),
        ([Ciphered(), Signed()], 4),
        ([GeneralCiphered()], 5),
        ([Ciphered(form=Form.DED)], None),
        ([Signed()], None),
        ([Ciphered(form=Form.DED), GENERAL_GLO], 6),
        ([Ciphered(), Ciphered(form=Form.GENERAL_DED)], 7),
    ):
        verified = unprotect(protect_layers(GET_REQUEST, client, steps), server)  # type: ignore[arg-type]
        assert verified.lowest_before(KeyRole.GUEK) == expected
