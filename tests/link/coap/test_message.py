"""CoAP messages: the vectors, every option length, hostile octets, and tshark as a witness."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.coap.message import Block, Code, Message, Option, Type, decode_block, decode_message
from tests.vectors import load, parameters


@pytest.mark.parametrize("entry", parameters(load("wrapper", "coap")))
def test_vector_both_ways(entry):
    octets = bytes.fromhex(entry["hex"])
    message = decode_message(octets)
    assert message.encode() == octets
    assert (message.type.name, f"{message.code >> 5}.{message.code & 31:02}") == (entry["type"], entry["code"])
    assert message.message_id == entry.get("message_id", 0x1234)
    assert message.token.hex() == entry.get("token", "")
    assert message.payload.hex().upper() == entry.get("payload", "")
    assert message.all(Option.URI_PATH) == ((entry["uri_path"].encode(),) if "uri_path" in entry else ())


OPTIONS = st.lists(st.tuples(st.integers(0, 3000), st.binary(max_size=300)), max_size=8).map(
    lambda options: tuple(sorted(options, key=lambda option: option[0]))
)


@given(
    st.sampled_from(Type), st.sampled_from([2, 0x44, 0x84]), st.integers(0, 0xFFFF), st.binary(max_size=8), OPTIONS, st.binary()
)
def test_any_message_both_ways(kind, code, message_id, token, options, payload):
    message = Message(kind, code, message_id, token, options, payload)
    assert decode_message(message.encode()) == message


@pytest.mark.parametrize(
    "octets",
    [
        *("", "40", "40020000"[:6], "80020001", "49020001", "4802000101", "40000001FF", "4100000101", "40200001", "40E00001"),
        *("40020001F0", "400200010F", "40020001D0", "40020001E000", "4002000101", "40020001FF", "40020001E0FFFFE0FFFF"),
        "40020001" + "00" * 33,
    ],
)
def test_format_errors(octets):
    with pytest.raises(DecodeError):
        decode_message(bytes.fromhex(octets))


def test_token_too_long():
    with pytest.raises(EncodeError):
        Message(Type.CON, Code.POST, 1, bytes(9)).encode()


@pytest.mark.parametrize(
    ("block", "octets"), [(Block(0, False, 0), ""), (Block(0, True, 6), "0e"), (Block(4660, False, 2), "012342")]
)
def test_blocks(block, octets):
    assert block.encode().hex() == octets
    assert decode_block(block.encode()) == block


@pytest.mark.parametrize("octets", ["07", "00000000"])
def test_reserved_blocks(octets):
    with pytest.raises(DecodeError):
        decode_block(bytes.fromhex(octets))


@given(st.binary(max_size=40))
def test_hostile_octets_are_read_or_refused(octets):
    try:
        message = decode_message(octets)
    except DecodeError:
        return
    assert decode_message(message.encode()) == message
