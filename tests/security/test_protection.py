"""Protecting and verifying APDUs: published vectors, a foreign implementation, and everything an attacker does to octets."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from dlms_cosem import security as foreign
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto.suites import SUITES, suite_of
from dlmskit.errors import DecodeError, DlmsError, EncodeError, SecurityError, SecurityReason
from dlmskit.limits import Limits
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import COUNTER_MAX, Protection, SecurityControl
from dlmskit.security.envelope import PLAIN_TAG, Form, read_envelope
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.policy import ProtectionRules
from dlmskit.security.protection import Verified, admit_plain, protect, unprotect
from dlmskit.types.system_title import SystemTitle
from tests.security.parties import CLIENT, DEDICATED, DEMANDING, GAK, GET_REQUEST, GUEK, KEYS, LENIENT, SERVER, pair, party
from tests.security.test_keys import whole_traceback
from tests.vectors import load, parameters

A, E = Protection.AUTHENTICATED, Protection.ENCRYPTED
FORMS = [Form.GLO, Form.DED, Form.GENERAL_GLO, Form.GENERAL_DED]
MODES = {0x10: "authenticated", 0x20: "encrypted", 0x30: "both"}


def refused(reason: SecurityReason, octets: bytes, context: SecurityContext) -> None:
    """Refused for this reason, and nothing moved."""
    before = {role: context.window(role).lowest_acceptable for role in present(context)}
    with pytest.raises(SecurityError) as caught:
        unprotect(octets, context)
    assert caught.value.reason is reason, caught.value
    assert {role: context.window(role).lowest_acceptable for role in present(context)} == before


def present(context: SecurityContext) -> list[KeyRole]:
    roles = [KeyRole(name) for name, _ in context.keys.named() if name in ("guek", "gbek")]
    return roles + [KeyRole.DEDICATED] * context.has_dedicated_key


# Published vectors, in both directions.


def of_vector(entry) -> tuple[SecurityContext, SecurityContext, Form, bytes]:
    """Sender and receiver of a vector, its form, and the protected APDU."""
    inputs = entry["inputs"]
    octets = bytes.fromhex(next(value for name, value in entry["outputs"].items() if name not in ("tag", "ciphertext")))
    envelope = read_envelope(octets)
    dedicated = envelope.form.dedicated
    role = KeyRole.GBEK if envelope.header.control.broadcast else KeyRole.GUEK
    key = Key.from_hex(inputs["ek"], KeyRole.DEDICATED if dedicated else role)
    gak = Key.from_hex(inputs["ak"], KeyRole.GAK)
    keys = KeySet(gak=gak) if dedicated else KeySet(gak=gak, **{role.value: key})
    sender, counter = SystemTitle(inputs["system_title"]), int(inputs["invocation_counter"], 16)
    more: dict[str, Any] = {"keys": keys, "suite": suite_of(envelope.header.control.suite), "rules": LENIENT}
    more["dedicated"] = key if dedicated else None
    sends = party(sender, CLIENT if sender != CLIENT else SERVER, first=0 if dedicated else counter, **more)
    takes = party(CLIENT if sender != CLIENT else SERVER, sender, **more)
    for _ in range(counter if dedicated else 0):
        sends.counter(KeyRole.DEDICATED).take()
    return sends, takes, envelope.form, octets


@pytest.mark.parametrize("entry", parameters(load("security", kind="apdu_protect", verified=True)))
def test_vectors(entry) -> None:
    sends, takes, form, octets = of_vector(entry)
    plain, control = bytes.fromhex(entry["inputs"]["plaintext"]), SecurityControl(int(entry["inputs"]["sc"], 16))
    assert protect(plain, sends, form, control) == octets
    verified = unprotect(octets, takes)
    assert (verified.plain, verified.form, verified.header.control) == (plain, form, control)
    assert verified.invocation_counter == int(entry["inputs"]["invocation_counter"], 16)
    assert verified.system_title == sends.own_title
    assert verified.protection == control.protection


def test_all_vectors_of_protection_are_verified_ones() -> None:
    assert load("security", kind="apdu_protect", verified=False) == []
    assert len(load("security", kind="apdu_protect")) == 10
    assert len(load("security", kind="apdu_unprotect", verified=True)) == 2


@pytest.mark.parametrize("entry", parameters(load("security", kind="apdu_unprotect", verified=True)))
def test_telegrams(entry) -> None:
    """A push of another implementation and one of a real meter, which encrypts without authentication."""
    inputs, octets = entry["inputs"], bytes.fromhex(entry["inputs"]["apdu"])
    envelope = read_envelope(octets)
    more: dict[str, Any] = {
        "keys": KeySet.from_hex(guek=inputs["ek"], gak=inputs.get("ak")),
        "suite": suite_of(envelope.header.control.suite),
    }
    verified = unprotect(octets, party(CLIENT, envelope.title, rules=LENIENT, **more))
    assert verified.plain.hex().upper() == entry["outputs"]["plaintext"]
    if Protection.AUTHENTICATED not in verified.protection:
        refused(SecurityReason.PROTECTION_TOO_WEAK, octets, party(CLIENT, envelope.title, **more))


@given(st.binary(max_size=300), st.integers(0, COUNTER_MAX))
def test_a_foreign_implementation_makes_the_same_octets(body: bytes, counter: int) -> None:
    plain = b"\xc0" + body
    expected = foreign.encrypt(
        foreign.SecurityControlField(0, authenticated=True, encrypted=True), CLIENT.octets, counter,
        bytes.fromhex(GUEK), plain, bytes.fromhex(GAK),
    )  # fmt: skip
    sends, takes = party(first=counter), party(SERVER, CLIENT)
    octets = protect(plain, sends)
    assert read_envelope(octets).content == expected
    assert unprotect(octets, takes).plain == plain


# There and back.


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("suite_id", SUITES)
@pytest.mark.parametrize("size", [1, 13, 116, 117, 250, 2042, 2043, 40_000])
def test_there_and_back(form: Form, mode: int, suite_id: int, size: int) -> None:
    suite = suite_of(suite_id)
    keys = KeySet(guek=Key(bytes(range(suite.key_octets))), gak=Key(bytes(range(1, suite.key_octets + 1)), KeyRole.GAK))
    dedicated = Key(bytes(range(2, suite.key_octets + 2)), KeyRole.DEDICATED)
    client, server = pair(LENIENT, keys=keys, suite=suite, dedicated=dedicated)
    plain = b"\xc0" + bytes(size - 1)
    octets = protect(plain, client, form, SecurityControl(mode | suite_id))
    verified = unprotect(octets, server)
    assert verified.plain == plain
    assert verified.key_role is (KeyRole.DEDICATED if form.dedicated else KeyRole.GUEK)


@pytest.mark.parametrize("plain_tag", sorted(set(PLAIN_TAG.values())))
@pytest.mark.parametrize("form", [Form.GLO, Form.DED])
def test_every_service_has_its_form(form: Form, plain_tag: int) -> None:
    client, server = pair(dedicated=DEDICATED)
    octets = protect(bytes((plain_tag, 1, 2)), client, form)
    assert PLAIN_TAG[octets[0]] == plain_tag
    assert unprotect(octets, server).plain == bytes((plain_tag, 1, 2))


@pytest.mark.parametrize("plain", [b"", b"\x0f", b"\x60\x00", b"\xd8\x01\x05", b"\xd9", b"\xe0"])
def test_what_has_no_service_specific_form(plain: bytes) -> None:
    client, server = pair(dedicated=DEDICATED)
    for form in (Form.GLO, Form.DED):
        with pytest.raises(EncodeError):
            protect(plain, client, form)
    if plain:
        assert unprotect(protect(plain, client, Form.GENERAL_GLO), server).plain == plain
    else:
        with pytest.raises(EncodeError):
            protect(plain, client, Form.GENERAL_GLO)
    assert client.counter(KeyRole.GUEK).take() == bool(plain)  # a refusal uses up no counter


@given(st.lists(st.tuples(st.sampled_from(FORMS), st.sampled_from([0x10, 0x30, 0x70]), st.binary(max_size=50)), max_size=20))
def test_no_iv_comes_twice(messages) -> None:
    client, server = pair(LENIENT, dedicated=DEDICATED)
    seen = set()
    for form, octet, body in messages:
        control = SecurityControl(octet & (0x3F if form.dedicated else 0xFF))
        verified = unprotect(protect(b"\xc0" + body, client, form, control), server)
        seen.add((verified.key_role, verified.invocation_counter))
    assert len(seen) == len(messages)


# Attacks on the octets.


def whole(form: Form, mode: int = 0x30) -> tuple[bytes, SecurityContext]:
    """A valid message, and a receiver that would take anything which verifies."""
    client, server = pair(LENIENT if mode == 0x20 else DEMANDING, dedicated=DEDICATED, first=0x01234567)
    return protect(GET_REQUEST, client, form, SecurityControl(mode)), server


@pytest.mark.case("R-045")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mode", [0x10, 0x30])
def test_every_bit_counts(form: Form, mode: int) -> None:
    octets, server = whole(form, mode)
    for bit in range(8 * len(octets)):
        changed = (int.from_bytes(octets) ^ 1 << bit).to_bytes(len(octets))
        with pytest.raises((SecurityError, DecodeError)):
            unprotect(changed, server)
        assert [server.window(role).lowest_acceptable for role in present(server)] == [0, 0, 0]
    assert unprotect(octets, server).plain == GET_REQUEST


@pytest.mark.case("R-006", "R-045")
def test_every_octet_by_every_other() -> None:
    octets, server = whole(Form.GENERAL_GLO)
    for at in range(len(octets)):
        for value in set(range(256)) - {octets[at]}:
            with pytest.raises((SecurityError, DecodeError)):
                unprotect(octets[:at] + bytes((value,)) + octets[at + 1 :], server)
    assert unprotect(octets, server).gap == 0x01234567


@pytest.mark.case("R-004", "R-005")
@pytest.mark.parametrize("form", FORMS)
def test_cut_and_extended_anywhere(form: Form) -> None:
    octets, server = whole(form)
    for size in range(len(octets)):
        with pytest.raises(DecodeError):
            unprotect(octets[:size], server)
    for extra in range(1, 17):
        with pytest.raises(DecodeError):
            unprotect(octets + bytes(extra), server)


@given(st.binary(max_size=64), st.sampled_from([0xC8, 0xD0, 0xDB, 0xDC, 0x21]))
def test_any_octets_end_in_our_errors(rest: bytes, tag: int) -> None:
    server = party(SERVER, CLIENT, rules=LENIENT, dedicated=DEDICATED)
    for octets in (rest, bytes((tag,)) + rest, bytes((tag, len(rest))) + rest):
        try:
            verified = unprotect(octets, server)
        except DlmsError:
            continue
        assert Protection.AUTHENTICATED not in verified.protection


def with_control(octets: bytes, control: int) -> bytes:
    at = len(octets) - len(read_envelope(octets).content) - 5
    return octets[:at] + bytes((control,)) + octets[at + 1 :]


@pytest.mark.case("R-046")
@pytest.mark.parametrize("form", FORMS)
def test_a_rewritten_security_control_octet(form: Form) -> None:
    """Under strict rules the policy refuses it, without looking at the tag; under rules that ask for nothing the tag does."""
    octets, demanding = whole(form)
    strict = party(SERVER, CLIENT, dedicated=DEDICATED)
    for control in range(256):
        if control == 0x30:
            continue
        with pytest.raises(SecurityError) as caught:
            unprotect(with_control(octets, control), strict)
        assert caught.value.reason is not SecurityReason.DECIPHERING_FAILED
        with pytest.raises(SecurityError):
            unprotect(with_control(octets, control), demanding)
    for control, reason in (
        (0x20, SecurityReason.PROTECTION_TOO_WEAK),
        (0x10, SecurityReason.PROTECTION_TOO_WEAK),
        (0x00, SecurityReason.SECURITY_CONTROL_INVALID),
        (0x70, SecurityReason.SECURITY_CONTROL_INVALID),
        (0xB0, SecurityReason.SECURITY_CONTROL_INVALID),
        (0x31, SecurityReason.SUITE_MISMATCH),
        (0x3F, SecurityReason.SUITE_MISMATCH),
    ):
        refused(reason, with_control(octets, control), strict)


@pytest.mark.case("R-047")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("incoming", [A | E, A, A | E | Protection.SIGNED])
def test_encryption_alone_where_authentication_is_required(form: Form, incoming: Protection) -> None:
    octets, _ = whole(form, 0x20)
    rules = ProtectionRules(incoming=incoming, accept_encryption_only=True)
    refused(SecurityReason.PROTECTION_TOO_WEAK, octets, party(SERVER, CLIENT, rules=rules, dedicated=DEDICATED))


@pytest.mark.case("R-047")
def test_encryption_alone_needs_a_rule_of_its_own() -> None:
    """A policy that asks for nothing, or for encryption alone, is no permission yet."""
    octets, lenient = whole(Form.GLO, 0x20)
    for incoming in (Protection.NONE, E):
        refused(SecurityReason.PROTECTION_TOO_WEAK, octets, party(SERVER, CLIENT, rules=ProtectionRules(incoming=incoming)))
    assert unprotect(octets, lenient).protection == E


@pytest.mark.case("R-047", "R-052")
def test_encryption_alone_never_moves_the_window() -> None:
    """Otherwise a forged counter of FFFFFFFF would lock the honest sender out."""
    client, server = pair(LENIENT)
    octets = protect(GET_REQUEST, client, Form.GENERAL_GLO, SecurityControl(0x20))
    forged = octets[:-17] + b"\xff\xff\xff\xff" + octets[-13:]
    unprotect(forged, server)
    assert server.window(KeyRole.GUEK).lowest_acceptable == 0
    unprotect(protect(GET_REQUEST, client), server)
    assert server.window(KeyRole.GUEK).lowest_acceptable == 2
    refused(SecurityReason.COUNTER_REPEATED, octets, server)


@pytest.mark.case("R-046")
def test_authentication_alone_where_encryption_is_required() -> None:
    octets, _ = whole(Form.GLO, 0x10)
    refused(SecurityReason.PROTECTION_TOO_WEAK, octets, party(SERVER, CLIENT))
    refused(SecurityReason.PROTECTION_TOO_WEAK, octets, party(SERVER, CLIENT, rules=ProtectionRules(incoming=E)))
    assert unprotect(octets, party(SERVER, CLIENT, rules=ProtectionRules(incoming=A))).plain == GET_REQUEST


@pytest.mark.case("R-048")
@pytest.mark.parametrize("plain", [GET_REQUEST, b"\xc4\x01\x81\x00\x05", b"\xd8\x01\x02", b"\x0f", b""])
def test_a_clear_message_where_protection_is_required(plain: bytes) -> None:
    for context in pair():
        with pytest.raises(SecurityError) as caught:
            admit_plain(plain, context)
        assert caught.value.reason is SecurityReason.PROTECTION_TOO_WEAK
        with pytest.raises(DecodeError):
            unprotect(plain, context)
    admit_plain(plain, party(rules=ProtectionRules(incoming=Protection.NONE)))


@pytest.mark.parametrize("weak", [0x10, 0x20])
def test_we_do_not_send_less_than_the_rules_say(weak: int) -> None:
    client = party()
    with pytest.raises(SecurityError) as caught:
        protect(GET_REQUEST, client, Form.GLO, SecurityControl(weak))
    assert caught.value.reason is SecurityReason.PROTECTION_TOO_WEAK
    assert client.counter(KeyRole.GUEK).take() == 0


@pytest.mark.case("R-049")
@pytest.mark.parametrize("mode", [0x10, 0x30])
@pytest.mark.parametrize("tag_octets", [0, 4, 8, 11])
def test_a_cut_tag(mode: int, tag_octets: int) -> None:
    octets, server = whole(Form.GLO, mode)
    cut = octets[: len(octets) - 12 + tag_octets]
    refused(SecurityReason.DECIPHERING_FAILED, bytes((cut[0], len(cut) - 2)) + cut[2:], server)


@pytest.mark.case("R-049")
def test_a_tag_of_16_octets() -> None:
    octets, server = whole(Form.GLO)
    whole_tag = AESGCM(bytes.fromhex(GUEK)).encrypt(CLIENT.octets + octets[3:7], GET_REQUEST, b"\x30" + bytes.fromhex(GAK))
    assert octets[7:] == whole_tag[:-4]
    refused(SecurityReason.DECIPHERING_FAILED, bytes((0xC8, 5 + len(whole_tag))) + octets[2:7] + whole_tag, server)


# Counters.


@pytest.mark.case("R-050")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mode", [0x10, 0x30])
def test_a_repeated_message(form: Form, mode: int) -> None:
    octets, server = whole(form, mode)
    assert unprotect(octets, server).plain == GET_REQUEST
    for _ in range(3):
        refused(SecurityReason.COUNTER_REPEATED, octets, server)


@pytest.mark.case("R-050")
def test_one_form_repeated_in_another() -> None:
    """glo- and general-glo share key, counter and tag: the window is shared as well."""
    octets, server = whole(Form.GLO)
    general = b"\xdb\x08" + CLIENT.octets + octets[1:]
    assert unprotect(general, server).plain == GET_REQUEST
    refused(SecurityReason.COUNTER_REPEATED, octets, server)


@pytest.mark.case("R-051")
def test_only_greater_counters() -> None:
    client, server = pair()
    messages = [protect(GET_REQUEST, client) for _ in range(1010)]
    assert unprotect(messages[1], server).gap == 1
    refused(SecurityReason.COUNTER_REPEATED, messages[0], server)
    refused(SecurityReason.COUNTER_REPEATED, messages[1], server)
    assert unprotect(messages[2], server).gap == 0
    assert unprotect(messages[1003], server).gap == 1000
    refused(SecurityReason.COUNTER_REPEATED, messages[1002], server)
    assert unprotect(messages[1004], server).plain == GET_REQUEST


@pytest.mark.case("R-052")
def test_at_the_end_of_the_counter() -> None:
    client, server = pair(first=COUNTER_MAX)
    last = protect(GET_REQUEST, client)
    with pytest.raises(SecurityError) as caught:
        protect(GET_REQUEST, client)
    assert caught.value.reason is SecurityReason.COUNTER_EXHAUSTED
    assert unprotect(last, server).invocation_counter == COUNTER_MAX
    refused(SecurityReason.COUNTER_REPEATED, last, server)
    refused(SecurityReason.COUNTER_REPEATED, protect(GET_REQUEST, party()), server)


@pytest.mark.case("R-045", "R-052")
def test_a_forged_counter_moves_nothing() -> None:
    client, server = pair()
    octets = protect(GET_REQUEST, client)
    refused(SecurityReason.DECIPHERING_FAILED, octets[:3] + b"\xff\xff\xff\xff" + octets[7:], server)
    assert unprotect(octets, server).plain == GET_REQUEST


# Titles, keys, inner tags.


@pytest.mark.case("R-056")
@pytest.mark.parametrize("form", [Form.GENERAL_GLO, Form.GENERAL_DED])
def test_titles_in_general_forms(form: Form) -> None:
    client, server = pair(dedicated=DEDICATED)
    octets = protect(GET_REQUEST, client, form)
    stranger = octets[:2] + b"strange1" + octets[10:]
    refused(SecurityReason.SYSTEM_TITLE_MISMATCH, stranger, server)
    own = protect(GET_REQUEST, server, form)
    refused(SecurityReason.SYSTEM_TITLE_MISMATCH, own, server)
    empty = octets[:1] + b"\x00" + octets[10:]
    refused(SecurityReason.SYSTEM_TITLE_MISSING, empty, server)
    allows = party(SERVER, CLIENT, dedicated=DEDICATED, rules=ProtectionRules(accept_empty_title=True))
    refused(SecurityReason.SYSTEM_TITLE_MISMATCH, stranger, allows)
    assert unprotect(empty, allows).system_title == CLIENT
    assert unprotect(octets, server).plain == GET_REQUEST


@pytest.mark.case("R-056")
def test_a_left_out_title_is_not_made_up_of_what_follows() -> None:
    """The octets behind an empty title may look like the peer's title when that begins like a length and a header."""
    peer = SystemTitle(bytes((20, 0x30, 0, 0, 0, 9, 1, 2)))
    octets = b"\xdb\x00" + peer.octets + bytes(13)
    assert read_envelope(octets).title is None
    refused(SecurityReason.SYSTEM_TITLE_MISSING, octets, party(SERVER, peer))


@pytest.mark.case("R-056")
def test_no_title_is_taken_from_the_message() -> None:
    octets = protect(GET_REQUEST, party(), Form.GENERAL_GLO)
    unknown = party(SERVER, None, rules=LENIENT)
    for message in (octets, octets[:1] + b"\x00" + octets[10:]):
        with pytest.raises(SecurityError) as caught:
            unprotect(message, unknown)
        assert caught.value.reason is SecurityReason.SYSTEM_TITLE_MISSING


@pytest.mark.case("R-057")
@pytest.mark.parametrize("form", FORMS)
def test_reflected_messages(form: Form) -> None:
    client, server = pair(LENIENT, dedicated=DEDICATED)
    reason = SecurityReason.SYSTEM_TITLE_MISMATCH if form.general else SecurityReason.DECIPHERING_FAILED
    refused(reason, protect(GET_REQUEST, client, form), client)
    refused(reason, protect(b"\xc4\x01\x81\x00\x00", server, form), server)


@pytest.mark.case("R-058")
@pytest.mark.parametrize("form", [Form.DED, Form.GENERAL_DED])
def test_a_dedicated_form_without_a_dedicated_key(form: Form) -> None:
    client, server = party(dedicated=DEDICATED), party(SERVER, CLIENT)
    octets = protect(GET_REQUEST, client, form)
    refused(SecurityReason.MISSING_KEY, octets, server)
    server.use_dedicated_key(Key(DEDICATED.reveal()[::-1], KeyRole.DEDICATED))
    refused(SecurityReason.DECIPHERING_FAILED, octets, server)


def test_a_dedicated_key_is_no_broadcast_key() -> None:
    client, server = pair(LENIENT, dedicated=DEDICATED)
    octets = protect(GET_REQUEST, client, Form.DED)
    refused(SecurityReason.SECURITY_CONTROL_INVALID, with_control(octets, 0x70), server)
    with pytest.raises(SecurityError):
        protect(GET_REQUEST, client, Form.DED, SecurityControl(0x70))


def test_the_broadcast_key_needs_a_rule_and_has_a_window_of_its_own() -> None:
    client = party()
    octets = protect(GET_REQUEST, client, Form.GLO, SecurityControl(0x70))
    refused(SecurityReason.SECURITY_CONTROL_INVALID, octets, party(SERVER, CLIENT))
    allows = ProtectionRules(accept_broadcast=True)
    refused(SecurityReason.MISSING_KEY, octets, party(SERVER, CLIENT, rules=allows, keys=KeySet.from_hex(guek=GUEK, gak=GAK)))
    server = party(SERVER, CLIENT, rules=allows)
    assert unprotect(octets, server).key_role is KeyRole.GBEK
    assert server.window(KeyRole.GBEK).lowest_acceptable == 1
    assert server.window(KeyRole.GUEK).lowest_acceptable == 0
    assert unprotect(protect(GET_REQUEST, client), server).key_role is KeyRole.GUEK


@pytest.mark.parametrize("form", [Form.GLO, Form.DED])
def test_what_is_inside_is_what_the_outside_says(form: Form) -> None:
    """A get-request sent as an action-request: the tag of the outside is not authenticated, the inside decides."""
    client, server = pair(dedicated=DEDICATED)
    octets = protect(GET_REQUEST, client, form)
    as_action = bytes((octets[0] + 3,)) + octets[1:]
    refused(SecurityReason.INNER_TAG_MISMATCH, as_action, server)
    assert unprotect(octets, server).plain == GET_REQUEST
    octets = protect(GET_REQUEST, client, form)  # and so when both tags have been seen before
    refused(SecurityReason.INNER_TAG_MISMATCH, bytes((octets[0] + 3,)) + octets[1:], server)
    assert unprotect(octets, server).plain == GET_REQUEST


@pytest.mark.parametrize("form", FORMS)
def test_nothing_inside(form: Form) -> None:
    client, server = pair(LENIENT, dedicated=DEDICATED)
    channel = client.outgoing(form, SecurityControl(0x30))
    content = b"\x30\x00\x00\x00\x00" + channel.protect(bytes(4), b"")
    head = channel.learn_head(b"\xc0") if form.general else channel.heads[0xC0]
    octets = head + bytes((len(content),)) + content
    refused(SecurityReason.INNER_TAG_MISMATCH, octets, server)


def test_limits_come_first() -> None:
    client = party()
    octets = protect(b"\xc0" + bytes(100), client)
    with pytest.raises(DecodeError):
        unprotect(octets, party(SERVER, CLIENT, limits=Limits(apdu_octets=len(octets) - 1)))
    assert unprotect(octets, party(SERVER, CLIENT, limits=Limits(apdu_octets=len(octets)))).plain


# Proofs and secrets.


def test_only_unprotect_makes_a_verified() -> None:
    client, server = pair()
    verified = unprotect(protect(GET_REQUEST, client), server)
    with pytest.raises(TypeError, match="only unprotect"):
        Verified(GET_REQUEST, 1, 0, verified.channel, object())
    with pytest.raises(TypeError):
        Verified(GET_REQUEST, 1, 0, verified.channel)  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        verified.plain = b"other"  # type: ignore[misc]
    with pytest.raises((TypeError, msgspec.ValidationError)):
        msgspec.convert({"plain": b"x", "invocation_counter": 1, "gap": 0, "channel": None, "proof": 1}, Verified)


@pytest.mark.case("R-112")
def test_no_traceback_shows_a_key_or_a_text() -> None:
    """Even a report with all local variables of the library."""
    plain = b"\xc0secret reading"
    client, server = pair(dedicated=DEDICATED)
    octets = protect(plain, client)
    wrong = party(SERVER, CLIENT, keys=KeySet.from_hex(guek=GUEK, gak=GAK[::-1]))
    acts = [
        lambda: unprotect(octets, wrong),
        lambda: unprotect(octets[:-1] + b"\x00", server),
        lambda: unprotect(bytes((octets[0] + 3,)) + octets[1:], server),
        lambda: (unprotect(octets, server), unprotect(octets, server)),
        lambda: unprotect(protect(b"\xc0" + bytes(40_000), client)[:-1] + b"\x00", server),
        lambda: unprotect(protect(plain, client, Form.DED), wrong),
        lambda: protect(b"", client),
        lambda: protect(b"\xc0", party(first=COUNTER_MAX, keys=KEYS), Form.DED),
        lambda: client.use_dedicated_key(Key.from_hex(GUEK, KeyRole.DEDICATED)),
    ]
    for act in acts:
        text = whole_traceback(act)
        for secret in (bytes.fromhex(GUEK), bytes.fromhex(GAK), DEDICATED.reveal(), plain):
            assert repr(secret)[2:-1] not in text
            assert secret.hex() not in text.lower()
            assert "secret reading" not in text
