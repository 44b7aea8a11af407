"""general-ciphering, general-signing and compression in the explain engine: what opens, and precisely why the rest does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.apdu.ciphering import AgreedKey, GeneralCiphering, GeneralSigning, IdentifiedKey, WrappedKey
from dlmskit.crypto.curves import P_256, curve_of
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.suites import SUITE_0, SUITE_1, SUITE_2, SecuritySuite, suite_of
from dlmskit.limits import Limits
from dlmskit.security.control import Protection, SecurityControl
from dlmskit.security.conventions import AadProfile, Conventions, SigningProfile
from dlmskit.security.envelope import Form
from dlmskit.security.keys import KeySet
from dlmskit.security.layers import Ciphered, GeneralCiphered, KeyChoice, Signed, Step
from dlmskit.security.protection import protect, protect_layers
from dlmskit.trace.explain import Code, Explanation, KeyRing, Verdict, explain, explain_all
from dlmskit.trace.explain.engine import Engine
from tests.security.parties import CLIENT, GET_REQUEST, SERVER
from tests.security.people import TITLES, agreement_key, keys_of, people, signing_key
from tests.security.refusals import changed
from tests.security.test_compression import under_bit_7
from tests.vectors import load

LOAD = b"\xc4\x01\xc1\x00\x09\x81\xc8" + b"0123456789" * 20


def ring(suite: SecuritySuite = SUITE_1, *, keys: KeySet | None = None, public: bool = True, private: Any = SERVER) -> KeyRing:
    """Everything that a user may hold; what is tested is taken away."""
    made = KeyRing(keys if keys is not None else keys_of(suite))
    if suite.curve is None:
        return made
    for title in TITLES if public else ():
        made.verification_keys[title] = signing_key(title, curve_of(suite)).public
        made.agreement_keys[title] = agreement_key(title, curve_of(suite)).public
    if private is not None:
        made.private_agreement_keys[private] = agreement_key(private, curve_of(suite))
    return made


def sent(*steps: Step, plain: bytes = GET_REQUEST, suite: SecuritySuite = SUITE_1, **more: Any) -> bytes:
    return protect_layers(plain, people(suite=suite, **more)[0], steps)


def codes(explanation: Explanation) -> list[Code]:
    return [problem.code for problem in explanation.all_problems]


def verdicts(explanation: Explanation) -> list[Verdict]:
    return [layer.verdict for apdu in explanation.apdus for layer in apdu.security]


# What opens.


@pytest.mark.parametrize("suite_id", [0, 1, 2])
@pytest.mark.parametrize("key", [choice for choice in KeyChoice if choice is not KeyChoice.ESTABLISHED])
@pytest.mark.parametrize("protection", [Protection.AUTHENTICATED, Protection(3)])
def test_general_ciphering_opens(suite_id: int, key: KeyChoice, protection: Protection) -> None:
    suite = suite_of(suite_id)
    if suite.curve is None and key in (KeyChoice.ONE_PASS, KeyChoice.STATIC):
        return
    explanation = explain(sent(GeneralCiphered(key=key, protection=protection), suite=suite), ring(suite))
    (apdu,) = explanation.apdus
    (layer,) = apdu.security
    assert (apdu.plain, apdu.name, codes(explanation), explanation.exit_code) == (GET_REQUEST, "get-request-normal", [], 0)
    assert (layer.verdict, layer.form, layer.system_title, layer.recipient) == (
        Verdict.VERIFIED,
        "general-ciphering",
        str(CLIENT),
        str(SERVER),
    )
    assert layer.transaction_id
    assert layer.key_info
    assert "get-request-normal" in str(apdu.tree)


def test_the_unverified_vectors_open_all_the_same() -> None:
    """All three are under one key, wrapped, identified or agreed: the engine finds it in each way."""
    for entry in load("security", kind="general_ciphering"):
        inputs = entry["inputs"]
        keys = KeySet.from_hex(guek=inputs.get("ek"), gak=inputs["ak"], kek=inputs.get("kek"))
        known = KeyRing(keys)
        server = next(one for one in load("security") if one["name"] == "c1e1s_client_to_server")["inputs"]
        known.private_agreement_keys[CLIENT] = AgreementKey(P_256, bytes.fromhex(server["server_static_private"]))
        explanation = explain(bytes.fromhex(entry["outputs"]["apdu"]), known)
        assert explanation.apdus[0].plain == bytes.fromhex(inputs["plaintext"])
        assert verdicts(explanation) == [Verdict.VERIFIED]


@pytest.mark.parametrize("owner", [CLIENT, SERVER])
def test_a_statically_agreed_key_is_found_from_either_side(owner: Any) -> None:
    octets = sent(GeneralCiphered(key=KeyChoice.STATIC))
    assert verdicts(explain(octets, ring(private=owner))) == [Verdict.VERIFIED]


def test_a_key_established_before_is_remembered() -> None:
    client, _ = people()
    first = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED)])
    second = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.ESTABLISHED)])
    assert verdicts(explain_all([first, second], ring())) == [Verdict.VERIFIED, Verdict.VERIFIED]
    alone = explain(second, ring())
    assert (codes(alone), verdicts(alone)) == ([Code.MISSING_KEY], [Verdict.NOT_DECIPHERED])
    assert "established" in alone.all_problems[0].message


@pytest.mark.parametrize("legacy", [False, True])
def test_either_algorithm_id(legacy: bool) -> None:
    octets = sent(GeneralCiphered(key=KeyChoice.ONE_PASS), conventions=Conventions(legacy_algorithm_id=legacy))
    assert verdicts(explain(octets, ring())) == [Verdict.VERIFIED]


def test_a_header_that_is_not_authenticated_is_told() -> None:
    octets = sent(GeneralCiphered(), conventions=Conventions(aad=AadProfile.SC_AK_ONLY))
    explanation = explain(octets, ring())
    assert (codes(explanation), verdicts(explanation)) == ([Code.HEADER_NOT_AUTHENTICATED], [Verdict.VERIFIED])
    assert explanation.exit_code == 0


def test_layers_in_the_order_in_which_they_come_off() -> None:
    steps = (GeneralCiphered(key=KeyChoice.ONE_PASS), Signed(), Ciphered(form=Form.GENERAL_GLO))
    explanation = explain(sent(*steps), ring())
    (apdu,) = explanation.apdus
    assert [layer.form for layer in apdu.security] == ["general-glo-ciphering", "general-signing", "general-ciphering"]
    assert (set(verdicts(explanation)), apdu.plain) == ({Verdict.VERIFIED}, GET_REQUEST)
    assert [layer.signed for layer in apdu.security] == [False, True, False]


@pytest.mark.parametrize("suite", [SUITE_1, SUITE_2])
@pytest.mark.parametrize("profile", SigningProfile)
def test_a_signature_that_fits(suite: SecuritySuite, profile: SigningProfile) -> None:
    octets = sent(Signed(), suite=suite, conventions=Conventions(signing=profile))
    explanation = explain(octets, ring(suite))
    assert (verdicts(explanation), explanation.exit_code, explanation.apdus[0].plain) == ([Verdict.VERIFIED], 0, GET_REQUEST)
    usual = profile is SigningProfile.CONTENT_WITHOUT_LENGTH
    assert codes(explanation) == ([] if usual else [Code.TOLERATED])
    assert explanation.apdus[0].security[0].suite == suite.id


@pytest.mark.parametrize("form", [Form.GENERAL_GLO, Form.GENERAL_DED])
def test_compressed_content_is_restored(form: Form) -> None:
    octets = sent(Ciphered(form=Form.GENERAL_GLO, compress=True), plain=LOAD)
    explanation = explain(octets, ring())
    assert (explanation.apdus[0].plain, codes(explanation)) == (LOAD, [])
    assert explanation.apdus[0].security[0].compressed
    octets = sent(GeneralCiphered(compress=True), plain=LOAD)
    assert explain(octets, ring()).apdus[0].plain == LOAD


def test_compressed_where_the_standard_has_no_compression() -> None:
    client, _ = people(conventions=Conventions(compressed_service_specific=True))
    plain = b"\xc0\x01\xc1" + bytes(90)
    octets = protect(plain, client, Form.GLO, SecurityControl(0xB1))
    known = ring()
    known.client_title = CLIENT
    explanation = explain(octets, known)
    assert "compressed in a service-specific form" in explanation.all_problems[0].message
    assert (explanation.apdus[0].plain, explanation.all_problems[0].code) == (plain, Code.TOLERATED)


# What does not open, and why.


def without(**fields: None) -> KeySet:
    return replace(keys_of(SUITE_1), **fields)


@pytest.mark.parametrize(
    ("step", "known", "code", "verdict", "word"),
    [
        (GeneralCiphered(), ring(keys=without(guek=None, gbek=None)), Code.MISSING_KEY, Verdict.NOT_DECIPHERED, "GUEK"),
        (
            GeneralCiphered(key=KeyChoice.GBEK),
            ring(keys=without(guek=None, gbek=None)),
            Code.MISSING_KEY,
            Verdict.NOT_DECIPHERED,
            "GBEK",
        ),
        (GeneralCiphered(), ring(keys=keys_of(SUITE_1, 9)), Code.WRONG_ENCRYPTION_KEY, Verdict.NOT_DECIPHERED, "nonsense"),
        (
            GeneralCiphered(),
            ring(keys=without(gak=None)),
            Code.MISSING_AUTHENTICATION_KEY,
            Verdict.UNVERIFIED,
            "no authentication",
        ),
        (
            GeneralCiphered(),
            ring(keys=replace(keys_of(SUITE_1), gak=keys_of(SUITE_1, 9).gak)),
            Code.WRONG_AUTHENTICATION_KEY,
            Verdict.UNVERIFIED,
            "tag does not fit",
        ),
        (GeneralCiphered(protection=Protection.ENCRYPTED), ring(), Code.NOT_AUTHENTICATED, Verdict.DECIPHERED, "nobody vouches"),
        (
            GeneralCiphered(key=KeyChoice.WRAPPED),
            ring(keys=without(kek=None)),
            Code.MISSING_KEY,
            Verdict.NOT_DECIPHERED,
            "master key",
        ),
        (
            GeneralCiphered(key=KeyChoice.WRAPPED),
            ring(keys=keys_of(SUITE_1, 9)),
            Code.WRONG_MASTER_KEY,
            Verdict.NOT_DECIPHERED,
            "master key",
        ),
        (GeneralCiphered(key=KeyChoice.ONE_PASS), ring(private=None), Code.MISSING_KEY, Verdict.NOT_DECIPHERED, "recipient"),
        (GeneralCiphered(key=KeyChoice.ONE_PASS), ring(private=CLIENT), Code.MISSING_KEY, Verdict.NOT_DECIPHERED, "recipient"),
        (GeneralCiphered(key=KeyChoice.STATIC), ring(private=None), Code.MISSING_KEY, Verdict.NOT_DECIPHERED, "static keys"),
        (GeneralCiphered(key=KeyChoice.STATIC), ring(public=False), Code.MISSING_KEY, Verdict.NOT_DECIPHERED, "static keys"),
        (Signed(), ring(public=False), Code.MISSING_VERIFICATION_KEY, Verdict.UNVERIFIED, str(CLIENT)),
    ],
)
def test_the_reason_is_precise(step: Step, known: KeyRing, code: Code, verdict: Verdict, word: str) -> None:
    explanation = explain(sent(step), known)
    assert (codes(explanation), verdicts(explanation)) == ([code], [verdict])
    assert word in explanation.all_problems[0].message
    assert explanation.apdus[0].security[0].reason == code.value
    assert explanation.exit_code == (
        0 if verdict in (Verdict.UNVERIFIED, Verdict.DECIPHERED) and code is not Code.WRONG_AUTHENTICATION_KEY else 4
    )


@pytest.mark.parametrize(
    ("key_info", "code"),
    [
        (IdentifiedKey(2), Code.KEY_INFO_INVALID),
        (WrappedKey(1, bytes(24)), Code.KEY_INFO_INVALID),
        (WrappedKey(0, bytes(23)), Code.KEY_INFO_INVALID),
        (WrappedKey(0, bytes(24)), Code.WRONG_MASTER_KEY),
        (AgreedKey(b"\x03", b""), Code.KEY_INFO_INVALID),
        (AgreedKey(b"\x01", bytes(127)), Code.KEY_INFO_INVALID),
        (AgreedKey(b"\x01", bytes(128)), Code.PUBLIC_KEY_INVALID),
    ],
)
def test_key_info_that_is_none(key_info: Any, code: Code) -> None:
    explanation = explain(changed(sent(GeneralCiphered()), key_info=key_info), ring())
    assert (codes(explanation), explanation.exit_code) == ([code], 4)
    plain = changed(sent(GeneralCiphered(protection=Protection.AUTHENTICATED)), key_info=key_info)
    readable = explain(plain, ring())
    assert (codes(readable), readable.apdus[0].plain) == ([code], GET_REQUEST)


def test_an_agreed_key_in_suite_0() -> None:
    octets = changed(sent(GeneralCiphered(), suite=SUITE_0), key_info=AgreedKey(b"\x02", b""))
    assert codes(explain(octets, ring(SUITE_0))) == [Code.KEY_INFO_INVALID]


def test_an_ephemeral_key_that_somebody_else_signed() -> None:
    octets = sent(GeneralCiphered(key=KeyChoice.ONE_PASS))
    known = ring()
    known.verification_keys[CLIENT] = signing_key(SERVER, P_256).public
    explanation = explain(octets, known)
    assert Code.SIGNATURE_INVALID in codes(explanation)
    assert explanation.exit_code == 4


def test_a_changed_signature() -> None:
    octets = sent(Signed())
    for altered, word in ((octets[:-1] + bytes((octets[-1] ^ 1,)), "does not fit"), (shorter(octets), "63 octets")):
        explanation = explain(altered, ring())
        if word == "63 octets":
            word = "this one has 63"
        assert (codes(explanation), verdicts(explanation)) == ([Code.SIGNATURE_INVALID], [Verdict.UNVERIFIED])
        assert word in explanation.all_problems[0].message
        assert explanation.apdus[0].plain == GET_REQUEST


def shorter(octets: bytes) -> bytes:
    apdu = GeneralSigning.decode(octets)
    values = {name: getattr(apdu, name) for name in apdu.__struct_fields__}
    return GeneralSigning(**(values | {"signature": apdu.signature[:-1]})).encode()


def test_a_changed_header() -> None:
    explanation = explain(changed(sent(GeneralCiphered()), transaction_id=b"other"), ring())
    assert codes(explanation) == [Code.WRONG_AUTHENTICATION_KEY]


def test_a_repeated_message() -> None:
    octets = sent(GeneralCiphered(key=KeyChoice.WRAPPED))
    assert codes(explain_all([octets, octets], ring())) == [Code.COUNTER_REPEATED]


def test_a_broken_security_header() -> None:
    octets = changed(sent(GeneralCiphered()), ciphered_content=b"\x31\x00")
    assert codes(explain(octets, ring())) == [Code.MALFORMED]


def test_compression_that_is_none() -> None:
    client, _ = people()
    explanation = explain(under_bit_7(b"\xff\xff\xff", client), ring())
    assert (codes(explanation), verdicts(explanation)) == ([Code.COMPRESSION_INVALID], [Verdict.VERIFIED])
    assert explanation.apdus[0].plain is None
    assert explanation.exit_code == 5


@pytest.mark.case("R-059")
@pytest.mark.parametrize("step", [Ciphered(form=Form.GENERAL_GLO, compress=True), GeneralCiphered(compress=True)])
def test_compression_is_bounded(step: Step) -> None:
    octets = sent(step, plain=LOAD)
    for limit, expected in ((len(LOAD), []), (len(LOAD) - 1, [Code.COMPRESSION_INVALID])):
        explained = Engine(ring(), Limits(apdu_octets=limit)).explain(octets)
        assert [problem.code for problem in explained.problems] == expected


@pytest.mark.case("R-049")
def test_content_without_room_for_a_tag() -> None:
    octets = sent(GeneralCiphered(protection=Protection.AUTHENTICATED))
    content = GeneralCiphering.decode(octets).ciphered_content
    explanation = explain(changed(octets, ciphered_content=content[: 5 + 11]), ring())
    assert (codes(explanation), explanation.apdus[0].plain) == ([Code.MALFORMED], None)


@pytest.mark.parametrize("transaction_id", [b"", bytes(128)])
def test_a_statically_agreed_key_without_a_transaction_id(transaction_id: bytes) -> None:
    octets = changed(sent(GeneralCiphered(key=KeyChoice.STATIC)), transaction_id=transaction_id)
    assert codes(explain(octets, ring())) == [Code.KEY_INFO_INVALID]


def test_compression_in_suite_0() -> None:
    octets = sent(Ciphered(form=Form.GENERAL_GLO), suite=SUITE_0)
    at = octets.index(b"\x30", 10)
    assert codes(explain(octets[:at] + b"\xb0" + octets[at + 1 :], ring(SUITE_0))) == [Code.SECURITY_UNSUPPORTED]


@given(st.binary(max_size=200), st.sampled_from([0xDD, 0xDF]), st.booleans())
def test_any_octets_are_explained_without_an_error(octets: bytes, tag: int, headed: bool) -> None:
    head = b"\x01\x00\x08" + CLIENT.octets + b"\x08" + SERVER.octets + b"\0\0" if headed else b""
    explain(bytes((tag,)) + head + octets, ring())


@given(st.integers(0, 1 << 16), st.integers(1, 255), st.sampled_from([KeyChoice.WRAPPED, KeyChoice.ONE_PASS, KeyChoice.GUEK]))
def test_any_change_is_explained_and_never_verified(where: int, change: int, key: KeyChoice) -> None:
    octets = sent(GeneralCiphered(key=key), Signed())
    at = where % len(octets)
    explanation = explain(octets[:at] + bytes((octets[at] ^ change,)) + octets[at + 1 :], ring())
    assert verdicts(explanation) != [Verdict.VERIFIED, Verdict.VERIFIED]


def test_no_key_is_in_an_explanation() -> None:
    octets = sent(GeneralCiphered(key=KeyChoice.WRAPPED))
    known = ring()
    shown = repr(explain(octets, known)) + repr(known.established)
    (key,) = known.established.values()
    assert key.reveal().hex() not in shown.lower()
    assert repr(key.reveal())[2:-1] not in shown
    assert GeneralCiphering.decode(octets).key_info is not None
