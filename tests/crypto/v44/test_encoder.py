"""The encoder makes the streams that foreign encoders make, octet for octet, and everything it makes is restored."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto.v44 import DecoderSettings, EncoderSettings, WhenFull, compress, compress_for_sending, decompress, encoder
from dlmskit.errors import DecodeError, EncodeError
from tests.crypto.v44.inputs import ENTRIES, compressed_of, encoder_settings, input_of, lcg, own_apdus, real_apdus
from tests.vectors import parameters

ROUND_TRIPS = [entry for entry in ENTRIES if entry["kind"] == "round_trip"]
STREAMS = [entry for entry in ENTRIES if entry["kind"] in ("round_trip", "parameters")]


@pytest.mark.parametrize("entry", parameters(STREAMS))
def test_makes_the_streams_of_the_reference(entry) -> None:
    assert compress(input_of(entry), encoder_settings(entry, avoid_newest=False)) == compressed_of(entry)


@pytest.mark.parametrize("entry", parameters(ROUND_TRIPS))
def test_avoids_the_codeword_that_flawed_decoders_misread(entry) -> None:
    """Where the file has a stream of the careful mode it is that one; where it has none the two modes do not differ."""
    careful = [other for other in entry.get("alternatives", ()) if "ref avoiding C1" in other["produced_by"]]
    expected = bytes.fromhex(careful[0]["compressed"]) if careful else compressed_of(entry)
    assert compress(input_of(entry), encoder_settings(entry, avoid_newest=True)) == expected


@pytest.mark.parametrize("entry", parameters([entry for entry in ENTRIES if entry["kind"] == "protected_apdu"]))
def test_what_is_protected_is_this_stream(entry) -> None:
    assert compress(bytes.fromhex(entry["input"]), EncoderSettings(avoid_newest=False)) == compressed_of(entry)


@pytest.mark.parametrize("apdu", [*real_apdus(), *own_apdus()], ids=lambda apdu: f"{len(apdu)} octets")
def test_every_apdu(apdu: bytes) -> None:
    """As it is, however long, and as it would be sent."""
    settings = EncoderSettings(when_full=WhenFull.REINIT)
    assert decompress(compress(apdu, settings), len(apdu), settings.decoder) == apdu
    sent = compress_for_sending(apdu)
    assert sent is None or (len(sent) < len(apdu) and decompress(sent, len(apdu)) == apdu)


def test_ten_thousand_round_trips() -> None:
    """Real APDUs and our own, one after the other with octets changed, and random octets of small and large alphabets."""
    dice = random.Random(44)
    apdus = real_apdus() + own_apdus()
    choices = [
        EncoderSettings(codewords, string_octets, history, 7, when_full, avoid_newest)
        for codewords, string_octets, history in ((256, 32, 512), (1024, 255, 3072), (1525, 255, None))
        for when_full in (WhenFull.FREEZE, WhenFull.REINIT)
        for avoid_newest in (False, True)
        if not (when_full is WhenFull.FREEZE and history == 512)
    ]
    for turn in range(10_000):
        if turn % 2:
            data = bytearray(dice.choice(apdus)[:600] + dice.choice(apdus)[:100])
            for _ in range(dice.randrange(4)):
                data[dice.randrange(len(data))] = dice.randrange(256)
        else:
            alphabet = bytes(dice.sample(range(256), dice.choice((1, 2, 3, 8, 64))))
            data = bytearray(dice.choices(alphabet, k=dice.randrange(200)))
        settings = choices[turn % len(choices)]
        octets = compress(bytes(data), settings)
        assert decompress(octets, len(data), DecoderSettings(string_octets=settings.string_octets)) == data
        assert decompress(octets, len(data), settings.decoder) == data


@given(st.binary(max_size=400), st.integers(256, 300), st.integers(32, 255), st.sampled_from((7, 8)), st.booleans())
def test_restored_under_any_settings(data: bytes, codewords: int, strings: int, ordinal: int, avoid: bool) -> None:
    for when_full in (WhenFull.FREEZE, WhenFull.REINIT):
        settings = EncoderSettings(codewords, strings, None, ordinal, when_full, avoid)
        assert decompress(compress(data * 3, settings), 3 * len(data), settings.decoder) == data * 3


@pytest.mark.parametrize("entry", parameters([entry for entry in ROUND_TRIPS if entry["input_octets"] <= 1020]))
def test_sends_what_became_shorter(entry) -> None:
    data = input_of(entry)
    octets = compress_for_sending(data)
    whole = compress(data)
    assert octets == (whole if len(whole) < len(data) else None)


def test_does_not_send_what_our_own_decoder_does_not_restore(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(100)
    assert compress_for_sending(data) is not None
    for wrong in (compress(bytes(99)), compress(bytes(101)), compress(b"\x01" * 100), compress(data)[:-1], b""):
        monkeypatch.setattr(encoder, "compress", lambda data, settings, wrong=wrong: wrong)
        assert compress_for_sending(data) is None


def test_gives_up_where_the_peer_is_not_known() -> None:
    """Up to 1020 octets no tree is full, so all settings give one stream; beyond, the profile says what the peer expects."""
    for settings in (EncoderSettings(when_full=WhenFull.FREEZE), EncoderSettings(1525, history_octets=None)):
        assert compress(lcg(3, 1020), settings) == compress(lcg(3, 1020))
    full = lcg(3, 1100)
    assert len(compress(full, EncoderSettings(when_full=WhenFull.FREEZE))) > 0
    with pytest.raises(EncodeError, match="codewords are used up"):
        compress(full)
    assert compress_for_sending(full) is None
    assert compress(bytes(3072))
    with pytest.raises(EncodeError, match="3073 octets for a history of 3072"):
        compress(bytes(3073))
    assert compress_for_sending(bytes(3073)) is None
    assert compress_for_sending(bytes(3073), EncoderSettings(when_full=WhenFull.REINIT)) is not None


def test_a_wrong_string_length_is_not_restored() -> None:
    """N7 must be the same on both ends: this is why it is a setting of the decoder too."""
    octets = compress(bytes(300), EncoderSettings(string_octets=143))
    with pytest.raises(DecodeError):
        decompress(octets, 300, DecoderSettings(string_octets=142))
