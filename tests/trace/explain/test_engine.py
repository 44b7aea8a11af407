"""The explain engine on what is not a sound telegram, and on associations: reasons, nesting, blocks, repairs, hostile octets."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.apdu import GeneralBlockTransfer, GetResponseWithDatablock
from dlmskit.apdu.common import DataBlockG
from dlmskit.security.keys import KeySet
from dlmskit.trace.explain import Code, KeyRing, Verdict, explain, explain_all
from dlmskit.trace.explain.engine import Engine
from dlmskit.types.system_title import SystemTitle
from tests.vectors import load

VECTORS = {entry["name"]: bytes.fromhex(entry["hex"]) for entry in load("apdu", kind="apdu")}
GUEK, GAK = "000102030405060708090A0B0C0D0E0F", "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
TITLE = SystemTitle("4D4D4D0000BC614E")


def ring(*titles: SystemTitle, guek: str | None = GUEK, gak: str | None = GAK) -> KeyRing:
    return KeyRing(KeySet.from_hex(guek=guek, gak=gak), titles)


def codes(octets: bytes, keys: KeyRing | None = None) -> list[Code]:
    return [problem.code for problem in explain(octets, keys).all_problems]


def test_glo_request_of_the_green_book_opens_under_the_given_title() -> None:
    explanation = explain(VECTORS["glo-get-request"], ring(TITLE))
    (apdu,) = explanation.apdus
    assert (apdu.name, apdu.plain, explanation.exit_code) == ("get-request-normal", VECTORS["get-normal-clock"], 0)
    assert [layer.verdict for layer in apdu.security] == [Verdict.VERIFIED]


def test_glo_form_without_title_says_what_is_missing() -> None:
    assert codes(VECTORS["glo-get-request"], ring()) == [Code.MISSING_SYSTEM_TITLE]


def test_wrong_title_is_told_when_the_right_one_is_known() -> None:
    """The message names one title, but opens under another that the user gave."""
    glo = VECTORS["glo-get-request"]
    forged = bytes((0xDB, 8)) + b"WRONGXYZ" + glo[1:]
    explanation = explain(forged, ring(TITLE))
    assert Code.WRONG_SYSTEM_TITLE in [problem.code for problem in explanation.all_problems]
    assert explanation.apdus[0].name == "get-request-normal"
    assert explanation.exit_code == 4


@pytest.mark.parametrize(
    ("text", "code"),
    [("6303800100", Code.WRONG_ENCRYPTION_KEY), ("E6000000C2", Code.WRONG_ENCRYPTION_KEY), ("C401C10006000004D2", None)],
)
def test_what_is_never_ciphered_is_taken_for_noise(text: str, code: Code | None) -> None:
    keys = KeySet.from_hex(guek=GUEK)
    assert keys.guek is not None
    content = keys.guek.gcm.encryption(TITLE.octets).protect((7).to_bytes(4, "big"), bytes.fromhex(text))
    message = bytes((0xDB, 8)) + TITLE.octets + bytes((5 + len(content), 0x20)) + (7).to_bytes(4, "big") + content
    assert (code is None) == (Code.WRONG_ENCRYPTION_KEY not in codes(message, KeyRing(keys)))


def test_key_of_another_length_is_named() -> None:
    (problem,) = explain(VECTORS["glo-get-request"], ring(TITLE, guek="00" * 32)).all_problems
    assert problem.code == Code.WRONG_ENCRYPTION_KEY
    assert "16 octets" in problem.message


def test_aarq_is_explained_with_what_it_carries() -> None:
    """The password is in the octets that were given; the explanation of its field does not spell it out."""
    (apdu,) = explain(VECTORS["aarq-ln-lls"]).apdus
    shown = str(apdu.tree) + json.dumps(apdu.fields)
    assert "initiateRequest" in shown
    assert "12345678" not in shown
    assert b"12345678".hex() not in shown.lower()


@pytest.mark.parametrize("name", sorted(name for name, octets in VECTORS.items() if not name.startswith(("neg-", "robust-"))))
def test_every_vector_is_explained(name: str) -> None:
    explanation = Engine().explain(VECTORS[name])
    assert explanation.name != "unknown"
    json.dumps(explanation.to_json())


@pytest.mark.parametrize("name", sorted(name for name in VECTORS if name.startswith("neg-")))
def test_malformed_vectors_say_where(name: str) -> None:
    problems = Engine().explain(VECTORS[name]).problems
    assert problems
    if name == "neg-trailing":  # a single FF, which many meters put behind a message
        assert problems[0].code == Code.TOLERATED
        return
    assert problems[0].code == Code.MALFORMED
    assert problems[0].offset is not None


def blocks(octets: bytes, size: int) -> list[bytes]:
    parts = [octets[at : at + size] for at in range(0, len(octets), size)]
    last = len(parts)
    return [
        GeneralBlockTransfer(0xC0 if number == last else 0x40, number, 0, part).encode() for number, part in enumerate(parts, 1)
    ]


def test_general_blocks_are_put_together() -> None:
    explanation = explain_all(blocks(VECTORS["data-notification-datetime"], 5))
    assert explanation.apdus[-1].plain == VECTORS["data-notification-datetime"]
    assert explanation.exit_code == 0


@pytest.mark.parametrize("without", [0, 1, -1])
def test_missing_block_delivers_nothing(without: int) -> None:
    pieces = blocks(VECTORS["data-notification-datetime"], 5)
    del pieces[without]
    explanation = explain_all(pieces)
    assert Code.BLOCK_MISSING in [problem.code for problem in explanation.all_problems]
    assert not explanation.values
    assert explanation.exit_code == 5


def test_long_get_answer_has_the_name_that_was_asked_for() -> None:
    request, response = VECTORS["get50-req"], VECTORS["get50-resp"]
    raw = response[4:]
    pieces = [
        request,
        GetResponseWithDatablock(0xC1, DataBlockG(False, 1, raw[:20])).encode(),
        GetResponseWithDatablock(0xC1, DataBlockG(True, 2, raw[20:])).encode(),
    ]
    (value,) = explain_all(pieces).values
    assert value.data.octets == raw
    assert value.obis is not None
    assert value.obis.octets == request[5:11]


def test_nothing_at_all() -> None:
    explanation = explain(b"")
    assert not explanation.apdus
    assert explanation.to_json()["apdu"] is None


@given(st.binary(max_size=300))
def test_any_octets_are_explained_without_an_error(octets: bytes) -> None:
    json.dumps(explain(octets, ring(TITLE)).to_json())


@given(st.sampled_from(sorted(VECTORS)), st.data())
def test_any_change_of_a_vector_is_explained_without_an_error(name: str, data: st.DataObject) -> None:
    octets = bytearray(VECTORS[name])
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] = data.draw(st.integers(0, 255))
    json.dumps(explain(bytes(octets), ring(TITLE)).to_json())


def test_scaler_read_behind_the_value_belongs_to_it() -> None:
    """A head-end that reads the value first and its scaler_unit after it, as a capture shows it."""
    register = bytes.fromhex("00030100010800FF")
    pieces = [
        b"\xc0\x01\xc1" + register + b"\x02\x00",
        bytes.fromhex("C401C1000600003039"),
        b"\xc0\x01\xc2" + register + b"\x03\x00",
        bytes.fromhex("C401C20002020FFF161E"),
    ]
    value = explain_all(pieces).values[0]
    assert (value.value, value.unit) == (1234.5, "Wh")


def test_a_push_of_another_meter_than_the_given_one_is_said() -> None:
    entry = next(one for one in load("captures/landisgyr") if one["id"] == "lgz-e450-gbt-glo-1")
    keys = KeySet.from_hex(guek=entry["guek"], gak=entry["ak"])
    right, wrong = SystemTitle("4C475A677370B177"), SystemTitle("4C475A6773700000")
    assert not explain(bytes.fromhex(entry["hex"]), KeyRing(keys, [right])).all_problems
    explanation = explain(bytes.fromhex(entry["hex"]), KeyRing(keys, [wrong]))
    assert [problem.code for problem in explanation.all_problems] == [Code.WRONG_SYSTEM_TITLE]
    assert explanation.exit_code == 4
