"""Roles with protection of their own, in every version of the association object; and the checker, which asks what decides."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode, Operation, Protection, decide
from dlmskit.cosem.object_list import read_object_list
from dlmskit.errors import ConfigError
from dlmskit.security.policy import AUTHENTICATED_BOTH_WAYS, STRONGEST_SYMMETRIC, SecurityPolicy
from dlmskit.server import Device, Grants
from dlmskit.server.rbac import BASELINE, Finding, Intent, check
from dlmskit.server.rights import Grant, Pattern
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis
from tests.server.keyed import NOTE, OWN, SETUP, Owner, fresh_keys, meter

A, E, S = Protection.AUTHENTICATED, Protection.ENCRYPTED, Protection.SIGNED
GET, SET, ACTION = Operation.GET, Operation.SET, Operation.ACTION
DENIED = DataAccessResult.READ_WRITE_DENIED
KEYS = fresh_keys()


def with_grants(*grants: Grant, policy: SecurityPolicy = SecurityPolicy.NOTHING, **words: Any) -> Device:
    return meter(KEYS, grants=Grants.parse(also=grants), settings={"security_policy": policy}, **words)


def demands(request: Protection = Protection.NONE, response: Protection = Protection.NONE) -> AccessMode:
    return AccessMode.demanding(request, response)


@pytest.mark.case("R-041")
@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_a_right_demands_more_than_the_policy_whatever_its_version_can_say(version: int) -> None:
    device = with_grants(
        Grant.of(["*"], GET),
        Grant.of([f"{NOTE}:2"], GET, SET, demands=demands(A | E, A | E)),
        policy=AUTHENTICATED_BOTH_WAYS,
        association_version=version,
    )
    weak = Owner(device, KEYS, security_policy=AUTHENTICATED_BOTH_WAYS).open()
    assert weak.get(1, NOTE) == DENIED
    assert weak.set(1, NOTE, 2, Data.octet_string(b"x")) == DENIED
    assert isinstance(weak.get(1, "0.0.42.0.0.255"), Data)
    listed = {one.logical_name: one.rights for one in read_object_list(weak.get(15, OWN, 2), version)}  # type: ignore[arg-type]
    said = listed[Obis(NOTE)].attributes[2]
    assert said == (3, 0x27, 0x27, 0x6F)[version]
    weak.lose()
    strong = Owner(device, KEYS).at(500).open()
    assert strong.value(1, NOTE) == b""
    assert strong.set(1, NOTE, 2, Data.octet_string(b"x")) == 0


def test_a_response_is_protected_as_its_right_demands_and_not_only_as_the_request_was() -> None:
    device = with_grants(Grant.of([NOTE], GET, demands=demands(A, A | E)), policy=AUTHENTICATED_BOTH_WAYS)
    owner = Owner(device, KEYS, security_policy=AUTHENTICATED_BOTH_WAYS).open()
    assert owner.value(1, NOTE) == b""
    assert owner.recorded[-1][2] >> 4 & 3 == A
    assert owner.answered[-1][2] >> 4 & 3 == A | E


def test_operations_and_demands_add_up() -> None:
    device = with_grants(
        Grant.of(["*"], GET), Grant.of(["0.0.96.*.*.255"], SET, demands=demands(A)), Grant.of([NOTE], SET, demands=demands(E, E))
    )
    mode = device[1].clients[1].association.role.objects[1, Obis(NOTE)].attributes[2]
    assert mode == AccessMode.READ_WRITE | demands(A | E, E)


def test_what_touches_keys_is_listed_with_its_floor() -> None:
    device = with_grants(Grant.of(["*"], ACTION), Grant.of([f"{SETUP}:2"], SET))
    rights = device[1].clients[1].association.role.objects[64, Obis(SETUP)]
    assert set(rights.methods) == set(range(1, 9))
    assert all(mode.request == A | E for mode in rights.methods.values())
    assert rights.attributes[2].request == A | E


# --- The checker ---


def brief(findings: list[Finding]) -> list[tuple[str, int, Operation, Protection, Protection]]:
    return [(str(one.logical_name), one.number, one.operation, one.missing_request, one.missing_response) for one in findings]


def test_nothing_is_weaker_where_the_policy_demands_everything() -> None:
    device = with_grants(Grant.of(["*"], GET, SET, ACTION), policy=STRONGEST_SYMMETRIC)
    assert check(device) == []


def test_everything_that_is_weaker_is_listed_once_for_each_operation() -> None:
    device = with_grants(
        Grant.of([NOTE], GET, SET, demands=demands(A, A)), Grant.of(["0.0.42.0.0.255"], GET), policy=SecurityPolicy.NOTHING
    )
    assert brief(check(device)) == [(NOTE, 2, GET, E, E), (NOTE, 2, SET, E, E)]


def test_intents_name_objects_operations_and_roles() -> None:
    device = with_grants(Grant.of(["*"], GET, SET), policy=AUTHENTICATED_BOTH_WAYS)
    note, everything = (Pattern.parse(NOTE),), (Pattern.parse("*"),)
    assert brief(check(device, [Intent(note, operations=frozenset((SET,)), request=S, response=A)])) == [
        (NOTE, 2, SET, S, Protection.NONE)
    ]
    assert check(device, [Intent(note, roles=frozenset(("somebody",)))]) == []
    assert check(device, [Intent(everything, other_than=everything)]) == []
    both = check(device, [Intent(note, request=E, response=A), Intent(note, request=S, response=E)])
    assert brief(both) == [(NOTE, 2, GET, E | S, E), (NOTE, 2, SET, E | S, E)]
    one = (Pattern.parse(f"{NOTE}:1"),)
    assert check(device, [Intent(one)]) == []  # the logical name tells nothing that the list did not


@pytest.mark.parametrize(("request_bits", "response_bits"), list(itertools.product(range(4), range(4))))
def test_the_checker_says_what_the_meter_does(request_bits: int, response_bits: int) -> None:
    """For every demand: with exactly what the checker says is needed it goes, with one bit less it does not."""
    device = with_grants(Grant.of([NOTE], GET, demands=demands(Protection(request_bits), Protection(response_bits))))
    everything = [Intent(request=Protection(7), response=Protection(7))]
    (finding,) = [one for one in check(device, everything) if one.logical_name == Obis(NOTE)]
    assert (finding.request, finding.response) == (request_bits, response_bits)
    role = device[1].clients[1].association.role
    for bits in range(8):
        decision = decide(role, (1, Obis(NOTE)), GET, 2, Protection(bits))
        assert decision.allowed is not bool(request_bits & ~bits)
        assert decision.response == response_bits


def test_a_policy_that_was_strengthened_counts() -> None:
    device = with_grants(Grant.of(["*"], GET, ACTION))
    before = check(device)
    assert before
    assert Owner(device, KEYS).open().call(1, Data.enum(0x6C)).result == 0
    assert check(device) == []


def test_findings_as_json() -> None:
    device = with_grants(Grant.of([NOTE], GET))
    (finding,) = check(device, BASELINE)
    assert finding.to_json() == {
        "role": "management", "client_sap": 1, "server_sap": 1, "class_id": 1, "obis": NOTE, "number": 2, "name": "value",
        "operation": "get", "request": [], "response": [], "missing_request": ["authenticated", "encrypted"],
        "missing_response": ["authenticated", "encrypted"],
    }  # fmt: skip


def test_version_0_of_the_security_setup_takes_only_policies_that_it_can_say() -> None:
    with pytest.raises(ConfigError, match="version 0"):
        with_grants(policy=SecurityPolicy.AUTHENTICATED_REQUEST, security_setup_version=0)
    with pytest.raises(ConfigError, match="suite 0 alone"):
        meter(fresh_keys(1), settings={"security_suite": 1}, security_setup_version=0)
