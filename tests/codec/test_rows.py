"""Profile buffers: the fast way gives what the general way gives, value by value and refusal by refusal."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dlmskit.codec.data import Data, Delta
from dlmskit.codec.rows import decode_rows, encode_rows
from dlmskit.codec.values import decode_value
from dlmskit.errors import DecodeError, EncodeError
from dlmskit.limits import DEFAULT, Limits
from tests.codec import strategies
from tests.vectors import load, parameters
from tests.work import at_most, calls_of

CLOCK = bytes.fromhex("07e50603040e000000ffc400")
KINDS = ["octet-string", "unsigned", *["double-long-unsigned"] * 4]
VECTORS = [entry for entry in load("apdu", kind="data") if entry["name"].startswith("data-profile")]


def regular(count, seed=1):
    draw = random.Random(seed)
    return [(CLOCK[:-1] + bytes((index & 0xFF,)), 0, *(draw.randrange(1 << 32) for _ in range(4))) for index in range(count)]


def thinned(rows, chance, seed=2):
    draw = random.Random(seed)
    return [rows[0], *(tuple(None if draw.random() < chance else value for value in row) for row in rows[1:])]


def outcome(octets, limits=DEFAULT):
    try:
        return repr(decode_rows(octets, limits))
    except DecodeError as error:
        return f"refused: {error}"


def general(octets, limits=DEFAULT):
    """The same by the walk and the general decoder alone."""
    result = strategies.outcome(octets, limits)
    if result.startswith("refused"):
        return result
    rows = decode_value(octets, 0, limits)[0]
    if octets[0] not in {0x01, 0x13}:
        return f"refused: data: a profile buffer is an array or compact-array, this is {Data(octets).type.name} (at octet 0)"
    strange = next((index for index, row in enumerate(rows) if type(row) is not tuple), None)
    if strange is not None:
        return f"refused: data[{strange}]: a row of a profile buffer is a structure (at octet 0)"
    return result


@pytest.mark.parametrize("vector", parameters(VECTORS))
def test_vectors(vector):
    octets = bytes.fromhex(vector["hex"])
    assert decode_rows(octets) == decode_rows(Data.decode(octets)) == decode_value(octets)[0]


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 1000, 1500])
@pytest.mark.parametrize("chance", [0, 0.02, 0.5, 1])
def test_regular_compressed_and_ragged(count, chance):
    rows = thinned(regular(count), chance) if count else []
    octets = encode_rows(rows, KINDS)
    for _ in range(2):  # the second time with layouts that are remembered
        assert decode_rows(octets) == rows
        assert Data.decode(octets).value == rows


@given(strategies.mutated(strategies.buffers()))
@example(b"\x01\x00")
@example(b"\x01\x02\x02\x01\x11\x01\x11\x01")
@example(b"\x13\x11\x02\x01\x02")
def test_the_fast_way_equals_the_general_way(octets):
    assert outcome(octets) == general(octets)


@given(
    strategies.mutated(strategies.buffers()),
    st.builds(Limits, data_depth=st.integers(0, 4), data_elements=st.integers(0, 300), profile_layouts=st.integers(0, 3)),
)
def test_under_every_limit(octets, limits):
    assert outcome(octets, limits) == general(octets, limits)


@pytest.mark.parametrize("chance", [0, 0.05, 0.6])
def test_one_octet_changed_in_a_long_buffer(chance):
    octets = encode_rows(thinned(regular(120), chance), KINDS)
    draw = random.Random(3)
    for _ in range(300):
        changed = bytearray(octets)
        changed[draw.randrange(len(octets))] = draw.choice((0, 1, 2, 6, 9, 17, 18, draw.randrange(256)))
        assert outcome(bytes(changed)) == general(bytes(changed))


@pytest.mark.case("R-004")
@pytest.mark.parametrize("chance", [0, 0.6])
def test_every_cut_is_refused_as_by_the_walk(chance):
    octets = encode_rows(thinned(regular(20), chance), KINDS)
    for end in range(len(octets)):
        assert outcome(octets[:end]) == general(octets[:end])
        assert outcome(octets[:end]).startswith("refused")


def test_a_known_layout_that_fits_no_row_does_not_loop():
    row = b"\x02\x02\x11\x01\x06\x00\x00\x00\x05"
    for count in (1, 2, 100):
        octets = b"\x01" + bytes((count,)) + row * (count - 1) + row[:4]
        with at_most(20_000):
            assert outcome(octets).startswith("refused")


@pytest.mark.parametrize(
    ("octets", "path"), [("0101 11 05", "data[0]"), ("0102 0200 0100", "data[1]"), ("13 11 01 05", "data[0]"), ("11 05", "data")]
)
def test_rows_are_structures(octets, path):
    with pytest.raises(DecodeError) as caught:
        decode_rows(bytes.fromhex(octets))
    assert caught.value.path == path


def test_more_layouts_than_are_learnt():
    draw = random.Random(4)
    widths = (Data.unsigned, Data.long_unsigned, Data.double_long_unsigned, Data.long64_unsigned)
    rows = [Data.structure([draw.choice(widths)(index % 200) for _ in range(5)]) for index in range(1500)]
    octets = Data.array(rows).octets
    for _ in range(3):
        assert decode_rows(octets) == decode_value(octets)[0]


# --- Encoding ---


def as_data(rows, kinds):
    return Data.array(
        Data.structure(Data.null() if value is None else Data.of(kind, value) for kind, value in zip(kinds, row, strict=True))
        for row in rows
    ).octets


@pytest.mark.parametrize("chance", [0, 0.4])
def test_encodes_as_data_would(chance):
    rows = thinned(regular(300), chance)
    assert encode_rows(rows, KINDS) == as_data(rows, KINDS)


@given(st.lists(st.sampled_from(strategies.SIMPLE_TAGS), min_size=1, max_size=6), st.data())
def test_encodes_every_type(tags, draw):
    rows = draw.draw(st.lists(st.tuples(*map(strategies.values_of, tags)), max_size=8))
    assert encode_rows(rows, tags) == as_data(rows, tags)


def test_data_are_written_as_they_are():
    rows = [(1_000_000,), (Data.delta_double_long_unsigned(250),), (Data.delta_double_long_unsigned(300),)]
    octets = encode_rows(rows, ["double-long-unsigned"])
    assert octets.hex().upper() == next(entry["hex"] for entry in VECTORS if entry["name"] == "data-profile-delta")
    assert decode_rows(octets) == [(1_000_000,), (Delta(250),), (Delta(300),)]


@pytest.mark.case("R-011")
@pytest.mark.parametrize("position", [0, 5, 99])
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("unsigned", True),
        ("unsigned", False),
        ("unsigned", 256),
        ("unsigned", 1.0),
        ("long-unsigned", True),
        ("double-long", True),
        ("double-long", -(1 << 31) - 1),
        ("long64-unsigned", False),
        ("float32", True),
        ("float64", False),
        ("float32", 1e39),
        ("octet-string", "text"),
        ("octet-string", 5),
    ],
)
def test_refuses_what_a_column_cannot_hold(kind, value, position):
    fill = b"\x05" if kind == "octet-string" else 0
    rows = [(fill, 7)] * 100
    rows[position] = (value, 7)
    with pytest.raises(EncodeError, match=f"row {position}, column 0: {kind}"):
        encode_rows(rows, [kind, "unsigned"])


def test_octet_strings_of_another_length_are_not_cut():
    rows = [(b"1234",)] * 5 + [(b"12345",), (b"",)]
    assert decode_rows(encode_rows(rows, ["octet-string"])) == rows


@pytest.mark.parametrize(("rows", "kinds"), [([(1, 2)], ["unsigned"]), ([(1,)], ["unsigned"] * 2), ([(1,)], ["array"])])
def test_refuses_other_shapes(rows, kinds):
    with pytest.raises(EncodeError):
        encode_rows(rows, kinds)


def test_thinks_in_runs():
    """Guard of the speed itself: many rows of one layout cost far less than the general way."""
    octets = encode_rows(regular(2000), KINDS)
    decode_rows(octets)  # so that the layout is known
    assert calls_of(lambda: decode_rows(octets)) < 200
