"""Access modes in the notation of each version, and the one decision about a request."""

from __future__ import annotations

import itertools

import pytest

from dlmskit.cosem.access import (
    AUTHENTICATED,
    AccessMode,
    ObjectRights,
    Operation,
    Protection,
    Role,
    attribute_mode,
    attribute_mode_number,
    decide,
    method_mode,
    method_mode_number,
)
from dlmskit.errors import EncodeError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

N, R, W, RW = AccessMode.NONE, AccessMode.READ, AccessMode.WRITE, AccessMode.READ_WRITE
ENCRYPTED = AccessMode.REQUEST_ENCRYPTED | AccessMode.RESPONSE_ENCRYPTED

# The tables of the Blue Book, class 15: number and meaning, by version.
ATTRIBUTE_MODES = {
    0: {0: N, 1: R, 2: W, 3: RW},
    1: {0: N, 1: R, 2: W, 3: RW, 4: R | AUTHENTICATED, 5: W | AUTHENTICATED, 6: RW | AUTHENTICATED},
    3: {
        0x00: N,
        0x01: R,
        0x02: W,
        0x03: RW,
        0x25: R | AUTHENTICATED,
        0x6F: RW | AUTHENTICATED | ENCRYPTED,
        0xFF: AccessMode(0xFF),
    },
}
METHOD_MODES = {
    0: {0: N, 1: AccessMode.ACCESS},
    1: {0: N, 1: AccessMode.ACCESS, 2: AccessMode.ACCESS | AUTHENTICATED},
    3: {0x00: N, 0x01: AccessMode.ACCESS, 0x25: AccessMode.ACCESS | AUTHENTICATED},
}
ATTRIBUTE_MODES[2], METHOD_MODES[2] = ATTRIBUTE_MODES[1], METHOD_MODES[1]


@pytest.mark.parametrize(
    ("version", "number", "mode"), [(version, *row) for version, table in ATTRIBUTE_MODES.items() for row in table.items()]
)
def test_attribute_modes_both_ways(version: int, number: int, mode: AccessMode) -> None:
    assert attribute_mode(number, version) == mode
    assert attribute_mode_number(mode, version) == number


@pytest.mark.parametrize(
    ("version", "number", "mode"), [(version, *row) for version, table in METHOD_MODES.items() for row in table.items()]
)
def test_method_modes_both_ways(version: int, number: int, mode: AccessMode) -> None:
    assert method_mode(number, version) == mode
    assert method_mode_number(mode, version) == number


@pytest.mark.parametrize(("version", "number"), [(0, 4), (0, -1), (1, 7), (2, 255), (3, 256), (3, -1)])
def test_an_attribute_mode_that_no_version_has(version: int, number: int) -> None:
    with pytest.raises(EncodeError):
        attribute_mode(number, version)


@pytest.mark.parametrize(("version", "number"), [(0, 2), (1, 3), (2, -1), (3, 256)])
def test_a_method_mode_that_no_version_has(version: int, number: int) -> None:
    with pytest.raises(EncodeError):
        method_mode(number, version)


@pytest.mark.parametrize("version", range(4))
def test_an_older_notation_never_says_more(version: int) -> None:
    for mode in map(AccessMode, range(256)):
        told = attribute_mode(attribute_mode_number(mode, version), version)
        assert told & RW == mode & RW
        assert not told.request & ~mode.request


# Security setup: the four numbers of version 0, and bits of version 1 (bits 0 and 1 unused).
@pytest.mark.parametrize(
    ("policy", "version", "bits"), [(0, 0, 0), (1, 0, 0x24), (2, 0, 0x48), (3, 0, 0x6C), (0x6C, 1, 0x6C), (0xFF, 1, 0xFC)]
)
def test_a_policy_as_protection_bits(policy: int, version: int, bits: int) -> None:
    assert AccessMode.from_policy(policy, version) == bits


KEY = (3, Obis("1.0.1.8.0.255"))
A, E, S = Protection.AUTHENTICATED, Protection.ENCRYPTED, Protection.SIGNED
DENIED, OK = DataAccessResult.READ_WRITE_DENIED, DataAccessResult.SUCCESS
GET, SET, ACTION = Operation.GET, Operation.SET, Operation.ACTION


def role(attribute: int = 0, action: int = 0) -> Role:
    return Role("test", {KEY: ObjectRights({2: AccessMode(attribute)}, {1: AccessMode(action)})})


@pytest.mark.parametrize(
    ("operation", "attribute", "action", "policy", "found", "result", "response"),
    [
        (GET, 0x01, 0x00, 0x00, 0, OK, 0),
        (GET, 0x02, 0x00, 0x00, 0, DENIED, 0),
        (SET, 0x01, 0x00, 0x00, 0, DENIED, 0),
        (SET, 0x02, 0x00, 0x00, 0, OK, 0),
        (ACTION, 0xFF, 0x00, 0x00, A | E | S, DENIED, 0),
        (ACTION, 0x00, 0x01, 0x00, 0, OK, 0),
        # a right that demands authentication
        (GET, 0x05, 0x00, 0x00, 0, DENIED, 0),
        (GET, 0x05, 0x00, 0x00, E, DENIED, 0),
        (GET, 0x05, 0x00, 0x00, A, OK, 0),
        (GET, 0x05, 0x00, 0x00, A | E, OK, 0),
        # a signature is not an authentication by key, nor the other way round
        (GET, 0x05, 0x00, 0x00, S, DENIED, 0),
        (GET, 0x11, 0x00, 0x00, A | E, DENIED, 0),
        (GET, 0x11, 0x00, 0x00, S, OK, 0),
        # policy and right add up, for the request and for the response
        (GET, 0x05, 0x00, 0x48, A, DENIED, E),
        (GET, 0x05, 0x00, 0x48, A | E, OK, E),
        (GET, 0x21, 0x00, 0x40, 0, OK, A | E),
        (ACTION, 0x00, 0x85, 0x24, A, OK, A | S),
    ],
)
def test_decision(
    operation: Operation, attribute: int, action: int, policy: int, found: int, result: DataAccessResult, response: int
) -> None:
    number = 1 if operation is ACTION else 2
    decision = decide(role(attribute, action), KEY, operation, number, Protection(found), AccessMode(policy))
    assert (decision.result, decision.response, decision.allowed) == (result, response, result == OK)


def test_what_is_not_in_the_role_does_not_exist() -> None:
    assert decide(role(), (3, Obis("1.0.2.8.0.255")), GET, 2, Protection(7)).result == DataAccessResult.OBJECT_UNDEFINED
    assert decide(role(), (4, KEY[1]), GET, 2, Protection(7)).result == DataAccessResult.OBJECT_CLASS_INCONSISTENT


def test_the_logical_name_is_always_readable_and_never_writable() -> None:
    nothing = Role("test", {KEY: ObjectRights()})
    assert decide(nothing, KEY, GET, 1, Protection.NONE).allowed
    assert not decide(nothing, KEY, SET, 1, Protection.NONE).allowed
    assert not decide(nothing, KEY, GET, 1, Protection.NONE, AUTHENTICATED).allowed


def test_no_request_passes_without_what_is_demanded() -> None:
    for bits, found in itertools.product(range(256), range(8)):
        allowed = decide(role(bits), KEY, GET, 2, Protection(found)).allowed
        assert allowed == bool(bits & 1 and (bits >> 2) & 7 & ~found == 0)
