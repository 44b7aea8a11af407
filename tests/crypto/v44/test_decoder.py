"""The decoder restores what six foreign encoders made, refuses what the file says, and is bounded whatever comes."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto.v44 import DecoderSettings, EncoderSettings, compress, decompress
from dlmskit.crypto.v44.bits import BitWriter
from dlmskit.errors import DecodeError
from tests.crypto.v44.inputs import ENTRIES, compressed_of, decoder_settings, input_of, real_apdus
from tests.vectors import load, parameters

STREAMS = [entry for entry in ENTRIES if entry["kind"] in ("round_trip", "parameters")]
BOMBS = [entry for entry in ENTRIES if entry["kind"] == "bomb"]
REFUSED = [entry for entry in ENTRIES if entry["kind"] == "refuse"]
CHOICES = [entry for entry in ENTRIES if entry["kind"] == "choice"]


def test_no_entry_of_the_file_is_left_out() -> None:
    """Each kind has its tests here and in the two files beside: an entry of another kind would have none."""
    protected = [entry for entry in ENTRIES if entry["kind"] == "protected_apdu"]
    assert [len(entries) for entries in (STREAMS, BOMBS, REFUSED, CHOICES, protected)] == [103, 5, 20, 12, 4]
    assert len(ENTRIES) == 144


@pytest.mark.parametrize("entry", parameters(STREAMS))
def test_restores_every_stream(entry) -> None:
    data, settings = input_of(entry), decoder_settings(entry)
    assert decompress(compressed_of(entry), len(data), settings) == data


@pytest.mark.parametrize("entry", parameters([entry for entry in STREAMS if "alternatives" in entry]))
def test_restores_what_other_encoders_make_of_the_same(entry) -> None:
    data, settings = input_of(entry), decoder_settings(entry)
    for other in entry["alternatives"]:
        octets = bytes.fromhex(other["compressed"])
        if other.get("note") == "not a legal stream":  # strings longer than N7: no decoder restores it
            with pytest.raises(DecodeError):
                decompress(octets, len(data) + 1, settings)
        else:
            assert decompress(octets, len(data), settings) == data, other["produced_by"]


@pytest.mark.parametrize("entry", parameters(load("security", kind="v44")))
def test_streams_of_the_security_vectors(entry) -> None:
    data, octets = bytes.fromhex(entry["inputs"]["data"]), bytes.fromhex(entry["outputs"]["compressed"])
    assert decompress(octets, len(data)) == data


@pytest.mark.case("R-059")
@pytest.mark.parametrize("entry", parameters(BOMBS))
def test_bombs_give_what_they_hold_and_not_an_octet_above_the_limit(entry) -> None:
    octets, data = compressed_of(entry), input_of(entry)
    assert decompress(octets, len(data)) == data
    if data:
        with pytest.raises(DecodeError, match="octets come out"):
            decompress(octets, len(data) - 1)


@pytest.mark.case("R-059")
@pytest.mark.parametrize("entry", parameters([entry for entry in BOMBS if entry["input_octets"]]))
def test_bombs_take_no_memory(entry) -> None:
    octets, limit = compressed_of(entry), 2048
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match="more than 2048 octets"):
            decompress(octets, limit)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * limit


@pytest.mark.case("R-059")
@pytest.mark.parametrize("data", [b"ABCDEF", b"ABABA", b"ABABAB", bytes(100)])
def test_no_kind_of_code_goes_beyond_the_limit(data: bytes) -> None:
    """An octet as itself, a codeword, an extension, a codeword just made: each as the last code."""
    octets = compress(data, EncoderSettings(avoid_newest=False))
    assert decompress(octets, len(data)) == data
    with pytest.raises(DecodeError, match=f"more than {len(data) - 1} octets"):
        decompress(octets, len(data) - 1)


def test_a_full_dictionary_makes_no_more_strings() -> None:
    """300 codewords: 4 control codes and 296 strings, made by 297 octets; so 300 never stands for anything."""
    settings = DecoderSettings(codewords=300)
    for number, stands in ((299, True), (300, False)):
        writer = BitWriter(7)
        for at in range(400):
            writer.ordinal(at * 7 % 128)
        writer.codeword(number)
        octets = writer.finish()
        if stands:
            assert decompress(octets, 1000, settings)[-2:] == bytes((295 * 7 % 128, 296 * 7 % 128))
        else:
            with pytest.raises(DecodeError, match="stands for nothing"):
                decompress(octets, 1000, settings)


@pytest.mark.case("R-059")
@pytest.mark.parametrize("entry", parameters(REFUSED))
def test_refuses(entry) -> None:
    with pytest.raises(DecodeError):
        decompress(compressed_of(entry), 1 << 20)


@pytest.mark.parametrize("entry", parameters(CHOICES))
def test_chooses_as_recommended(entry) -> None:
    settings = DecoderSettings(codewords=entry["parameters"]["N2"])
    verdict, _, text = entry["observed"]["ref"].partition(", ")
    if verdict == "accepts":
        assert decompress(compressed_of(entry), 100, settings).hex().upper() == text
    else:
        with pytest.raises(DecodeError):
            decompress(compressed_of(entry), 100, settings)


@pytest.mark.parametrize(
    ("name", "restored"),
    [
        ("no octets", ""),
        ("FLUSH missing (cut after the last data code)", "414243"),
        ("cut in the middle of a code", "4142"),
        ("cut in the middle of an extension", "41424142"),
        ("STEPUP as last code", None),
    ],
)
def test_flush_need_not_be_there_where_the_profile_says_so(name: str, restored: str | None) -> None:
    """As dlms-py and others read these; a STEPUP that announces nothing stays an error."""
    (entry,) = (entry for entry in CHOICES if entry["name"] == name)
    settings = DecoderSettings(require_flush=False)
    if restored is None:
        with pytest.raises(DecodeError, match="without FLUSH"):
            decompress(compressed_of(entry), 100, settings)
    else:
        assert decompress(compressed_of(entry), 100, settings) == bytes.fromhex(restored)


def test_without_flush_only_zero_bits_may_be_left() -> None:
    settings = DecoderSettings(require_flush=False)
    assert decompress(bytes.fromhex("828409"), 100, settings) == b"ABAB"  # A, B, codeword 4, one bit 0
    with pytest.raises(DecodeError, match="without FLUSH"):
        decompress(bytes.fromhex("828489"), 100, settings)  # the same, and one bit 1
    assert decompress(bytes.fromhex("820903"), 100, settings) == b"AAAA"  # A, codeword 4, extension 1, six bits 0
    with pytest.raises(DecodeError, match="without FLUSH"):
        decompress(bytes.fromhex("820913"), 100, settings)  # the same, a bit among the six


@pytest.mark.parametrize(
    "name", ["one zero octet after FLUSH", "another packet after FLUSH", "padding bits after FLUSH not zero"]
)
def test_what_follows_flush_is_never_data(name: str) -> None:
    (entry,) = (entry for entry in CHOICES if entry["name"] == name)
    assert decompress(compressed_of(entry), 100, DecoderSettings(ignore_after_flush=True)) == b"ABABAB"


def test_errors_say_where() -> None:
    with pytest.raises(DecodeError, match=r"V.44: octets after FLUSH \(at octet 5\)"):
        decompress(bytes.fromhex("828409350000"), 100)


@pytest.mark.case("R-059")
@given(st.binary(max_size=200), st.integers(0, 300))
def test_any_octets_end_in_octets_or_a_decode_error(octets: bytes, limit: int) -> None:
    try:
        assert len(decompress(octets, limit)) <= limit
    except DecodeError as error:
        assert 0 <= error.offset <= len(octets)  # noqa: PT017 - either outcome is right


@pytest.mark.case("R-059")
@given(st.sampled_from(real_apdus()), st.data())
def test_damaged_streams(apdu: bytes, data: st.DataObject) -> None:
    octets = bytearray(compress(apdu[:1000]))
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    cut = bytes(octets[: data.draw(st.integers(0, len(octets)))])
    try:
        assert len(decompress(cut, 2000)) <= 2000
    except DecodeError as error:
        assert 0 <= error.offset <= len(cut)  # noqa: PT017
