"""The walk that finds the end of COSEM data: vectors, cuts, bombs, budgets, and offsets and paths of its errors."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.compact import TypeDescription
from dlmskit.codec.data import Data
from dlmskit.codec.skip import check_whole, skip_data
from dlmskit.codec.values import decode_value
from dlmskit.errors import DecodeError
from dlmskit.limits import Limits
from tests.codec import strategies
from tests.vectors import load, parameters
from tests.work import at_most

VECTORS = load("apdu", kind="data")


def refusal(octets, limits=None):
    with pytest.raises(DecodeError) as caught:
        check_whole(octets, limits) if limits else check_whole(octets)
    return caught.value


@pytest.mark.parametrize("vector", parameters(VECTORS))
def test_finds_the_end(vector):
    octets = bytes.fromhex(vector["hex"])
    assert skip_data(b"\xaa\xbb" + octets + b"\xcc", 2) == 2 + len(octets)


@pytest.mark.case("R-004")
@pytest.mark.parametrize("vector", parameters(VECTORS))
def test_refuses_every_cut(vector):
    octets = bytes.fromhex(vector["hex"])
    for end in range(len(octets)):
        assert refusal(octets[:end]).offset <= end


@pytest.mark.case("R-004")
@given(strategies.data, st.data())
def test_refuses_any_cut(item, draw):
    refusal(item.octets[: draw.draw(st.integers(0, len(item.octets) - 1))])


@pytest.mark.case("R-005")
@given(strategies.data, st.binary(min_size=1, max_size=16))
def test_refuses_trailing_octets(item, rest):
    error = refusal(item.octets + rest)
    assert error.reason.startswith(f"trailing data: {len(rest)} octets")
    assert error.offset == len(item.octets)


@pytest.mark.case("R-001")
def test_a_length_bomb():
    tracemalloc.start()
    error = refusal(bytes.fromhex("0984ffffffff010203"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (error.offset, error.path) == (1, "data")
    assert error.reason == "says 4294967295, 3 octets are left"
    assert peak < 1 << 20


@pytest.mark.case("R-002")
def test_a_count_bomb():
    error = refusal(bytes.fromhex("0184ffffffff00"))
    assert error.reason == "says 4294967295, 1 octets are left"


@pytest.mark.case("R-002")
def test_elements_are_counted_against_their_limit():
    nulls = Data.array([Data.null()] * 100).octets
    check_whole(nulls, Limits(data_elements=100))
    assert refusal(nulls, Limits(data_elements=99)).reason == "more than 99 elements"
    nested = Data.structure([Data.array([Data.null()] * 60), Data.array([Data.null()] * 60)]).octets
    assert refusal(nested, Limits(data_elements=100)).path == "data[1]"


@pytest.mark.case("R-002")
@pytest.mark.parametrize(
    ("item", "elements"),
    [
        (Data.array([Data.structure([Data.null()] * 2)] * 100), 300),  # passed over as one run
        (Data.structure([Data.compact_array(TypeDescription.simple("unsigned"), range(100))]), 101),
        (Data.compact_array(TypeDescription.simple("octet-string"), [b""] * 100), 100),
    ],
)
def test_elements_are_counted_where_they_are_passed_over(item, elements):
    check_whole(item.octets, Limits(data_elements=elements))
    assert refusal(item.octets, Limits(data_elements=elements - 1)).reason == f"more than {elements - 1} elements"


@pytest.mark.case("R-003")
@pytest.mark.parametrize("head", ["0201", "0101", "02820001"])
def test_deep_nesting(head):
    error = refusal(bytes.fromhex(head) * 5000 + b"\x00")
    assert error.reason.startswith("nesting too deep")
    assert error.path == "data" + "[0]" * 32
    assert error.offset == 32 * len(head) // 2


@pytest.mark.case("R-003")
def test_nesting_up_to_the_limit():
    check_whole(b"\x02\x01" * 32 + b"\x00")
    check_whole(b"\x02\x01" * 200 + b"\x00", Limits(data_depth=200))
    assert refusal(b"\x02\x01" * 5 + b"\x00", Limits(data_depth=4)).reason.startswith("nesting too deep")
    assert refusal(b"\x02\x01" * 100_000 + b"\x00", Limits(data_depth=1 << 30)).reason.startswith("nesting too deep")
    assert refusal(b"\x02\x01" * 32 + bytes.fromhex("13110101")).reason.startswith("nesting too deep")


@pytest.mark.parametrize(
    ("octets", "offset", "path", "reason"),
    [
        ("", 0, "data", "ends before a tag"),
        ("07", 0, "data", "unknown data tag 7"),
        ("0203110112", 5, "data[1]", "ends early: 2 octets expected, 0 left"),
        ("0201090505", 3, "data[0]", "says 5, 1 octets are left"),
        ("13020109020541", 5, "data[0]", "says 5 octets, 1 are left in the compact-array"),
        ("1312030001ff", 3, "data", "compact-array contents: 3 octets are no multiple of 2"),
        ("010402010002020007", 8, "data[1][1]", "unknown data tag 7"),
        ("0102001901020304", 4, "data[1]", "ends early: 12 octets expected, 4 left"),
    ],
)
def test_errors_name_offset_and_field(octets, offset, path, reason):
    error = refusal(bytes.fromhex(octets))
    assert (error.offset, error.path, error.reason) == (offset, path, reason)


def test_errors_name_the_outer_field():
    with pytest.raises(DecodeError) as caught:
        skip_data(b"\x02\x02\x00\x08", 0, path="GetResponseNormal.result.data")
    assert caught.value.path == "GetResponseNormal.result.data[1]"


@given(st.binary(max_size=300))
def test_random_octets_are_decoded_or_refused(octets):
    try:
        check_whole(octets)
    except DecodeError:
        return
    assert Data.decode(octets).octets == octets


HOSTILE = {
    "nulls": b"\x01\x82\xff\xfb" + bytes(65531),
    "empty arrays": b"\x01\x82\x7f\xfd" + b"\x01\x00" * 0x7FFD,
    "small structures": b"\x01\x82\x55\x00" + b"\x02\x01\x00" * 0x5500,
    "alternating": b"\x01\x82\x60\x00" + b"\x02\x01\x00\x11\x00" * 0x3000,
    "error in the end": b"\x01\x82\xff\xfb" + bytes(65530) + b"\x07",
    "rows of growing strings": b"\x01\x81\xb4" + b"".join(b"\x02\x01\x09" + bytes((n,)) + bytes(n) for n in range(100)) * 12,
    "compact-array, elements without octets": b"\x13\x02\x82\x80\x00" + bytes(0x7FFF) + b"\x11\x82\x70\x00" + bytes(0x7000),
    "compact-array of strings": b"\x13\x02\x02\x00\x09\x82\xff\x00" + bytes(0xFF00),
    "compact-array, nulls around a string": b"\x13\x02\x82\x01\xff" + bytes(0x1FE) + b"\x09\x82\xf0\x00" + bytes(0xF000),
    "compact-array of long arrays": b"\x13\x01\xff\xff\x02\x02\x00\x09\x82\xf0\x00" + bytes(0xF000),
    "compact-array, huge product": b"\x13" + b"\x01\xff\xff" * 30 + b"\x00\x00",
    "compact-arrays": b"\x01\x82\x40\x00" + b"\x13\x11\x01\x05" * 0x3F00,
    "bits": b"\x04\x83\x07\xff\x00" + b"\xaa" * 0xFFE0,
    "nested to the limit": (b"\x02\x02\x00" * 31 + b"\x02\x01\x00") * 600,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_octets_cost_little(name):
    """Memory, and calls in place of time: a few for each octet, whatever the octets claim."""
    octets = HOSTILE[name]
    tracemalloc.start()
    with suppress(DecodeError):
        check_whole(octets)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * max(len(octets), 1 << 16)
    with at_most(10 * max(len(octets), 1 << 10)), suppress(DecodeError):
        check_whole(octets)


@given(strategies.mutated(strategies.data.map(lambda item: item.octets)), st.integers(0, 40), st.integers(0, 5))
def test_the_decoder_refuses_what_the_walk_refuses(octets, elements, depth):
    limits = Limits(data_elements=elements, data_depth=depth)
    results: list[object] = []
    for work in (lambda: skip_data(octets, 0, limits), lambda: decode_value(octets, 0, limits)[1]):
        try:
            results.append(work())
        except DecodeError as error:
            results.append(str(error))
    assert results[0] == results[1]
