"""key_transfer on a living meter: what is taken and what is not, under which key the answer goes, and what holds afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dlmskit.association.credentials import Credentials
from dlmskit.association.errors import AssociationRefused, InvocationCounterRefused, RequestRefused
from dlmskit.association.ports import EventCode
from dlmskit.association.settings import Wrapping
from dlmskit.codec.data import Data
from dlmskit.crypto.keywrap import wrap_key
from dlmskit.errors import DlmsError
from dlmskit.security.keys import KeyRole, KeySet
from dlmskit.security.policy import AUTHENTICATED_BOTH_WAYS, SecurityPolicy
from dlmskit.server import ClientConfig, Device, Grants
from dlmskit.types.enums import ActionResult
from dlmskit.types.system_title import SystemTitle
from tests.server.keyed import (
    ALL,
    NOTE,
    ROLES,
    SETUP,
    Owner,
    fresh_keys,
    kek,
    key_list,
    meter,
    opens,
    settings_of,
    with_keys,
)
from tests.server.peers import METER

DENIED, REFUSED = ActionResult.READ_WRITE_DENIED, ActionResult.OTHER_REASON


def codes(device: Device) -> list[EventCode]:
    return [entry.code for entry in device.log]


def octets_of(keys: KeySet, *roles: KeyRole) -> dict[KeyRole, bytes]:
    return {role: getattr(keys, role.value).reveal() for role in roles}


LISTS = [ROLES[:1], ROLES[1:2], ROLES[2:3], (KeyRole.GUEK, KeyRole.GAK), ROLES[3:], ROLES]


@pytest.mark.parametrize(
    ("version", "suite", "roles"),
    # Version 0 knows neither other suites nor the master key.
    [(1, suite, roles) for suite in (0, 1, 2) for roles in LISTS] + [(0, 0, roles) for roles in LISTS[:4]],
)
def test_new_keys_hold_and_old_ones_do_not(version: int, suite: int, roles: tuple[KeyRole, ...]) -> None:
    keys = fresh_keys(suite)
    device = meter(keys, settings={"security_suite": suite}, security_setup_version=version)
    new = octets_of(fresh_keys(suite), *roles)
    owner = Owner(device, keys, security_suite=suite).open()
    assert owner.transfer(new, kek(keys)) == 0
    owner.lose()
    changed = with_keys(keys, new)
    assert opens(device, changed, security_suite=suite)
    opening = not {KeyRole.GUEK, KeyRole.GAK}.isdisjoint(roles)
    assert opens(device, keys, security_suite=suite) is not opening
    # And the next transfer goes under the master key of now.
    again = Owner(device, changed, security_suite=suite).at(500).open()
    other = octets_of(fresh_keys(suite), KeyRole.GUEK)
    if KeyRole.KEK in roles:
        assert again.transfer(other, kek(keys)) == REFUSED
    assert again.transfer(other, kek(changed)) == 0
    again.lose()
    assert opens(device, with_keys(changed, other), security_suite=suite)


@pytest.mark.case("R-079")
@pytest.mark.parametrize("wrapping", [Wrapping.SERVICE_SPECIFIC, Wrapping.GENERAL])
@pytest.mark.parametrize("dedicated", [False, True])
def test_the_answer_goes_under_the_old_keys_and_everything_after_it_under_the_new(wrapping: Wrapping, dedicated: bool) -> None:
    keys = fresh_keys()
    device = meter(keys)
    other_port = Owner(device, keys, title=SystemTitle("4845530000000002")).open()
    owner = Owner(device, keys, wrapping=wrapping, dedicated_key=dedicated).open()
    new = octets_of(fresh_keys(), KeyRole.GUEK, KeyRole.GAK)
    assert owner.transfer(new, kek(keys)) == 0  # our client took the answer: it was under the old keys
    owner.use(with_keys(keys, new))
    assert owner.value(1, NOTE) == b""
    assert owner.set(1, NOTE, 2, Data.octet_string(b"cellar")) == 0
    # An association that was open on another connection is under them too.
    with pytest.raises(DlmsError):
        other_port.value(1, NOTE)
    other_port.use(with_keys(keys, new))
    assert other_port.value(1, NOTE) == b"cellar"


@pytest.mark.case("R-082")
def test_a_retired_key_is_refused_and_named_in_the_log() -> None:
    keys = fresh_keys()
    device = meter(keys)
    owner = Owner(device, keys).open()
    new = octets_of(fresh_keys(), KeyRole.GUEK)
    assert owner.transfer(new, kek(keys)) == 0
    with pytest.raises(RequestRefused):
        owner.set(1, NOTE, 2, Data.octet_string(b"attic"))  # still under the old key
    assert codes(device)[-2:] == [EventCode.RETIRED_KEY, EventCode.PROTECTION_FAILED]
    late = Owner(device, keys).at(500)
    with pytest.raises(AssociationRefused) as refused:
        late.open()
    stranger = Owner(device, fresh_keys()).at(500)
    with pytest.raises(AssociationRefused) as unknown:
        stranger.open()
    assert str(refused.value) == str(unknown.value)  # a peer is told nothing
    assert codes(device)[-2:] == [EventCode.RETIRED_KEY, EventCode.AUTHENTICATION_FAILED]
    owner.use(with_keys(keys, new))
    assert owner.value(1, NOTE) == b""


def test_counters_of_a_new_key_start_anew_and_those_of_an_old_one_never_do() -> None:
    keys = fresh_keys()
    device = meter(keys)
    owner = Owner(device, keys).at(1000).open()
    assert owner.value(1, "0.0.43.1.0.255") >= 1000
    new = octets_of(fresh_keys(), KeyRole.GUEK)
    assert owner.transfer(new, kek(keys)) == 0
    last = device.last_counter(keys)
    owner.lose()
    changed = with_keys(keys, new)
    owner = Owner(device, changed).open()
    assert owner.value(1, "0.0.43.1.0.255") < 10
    # The old key comes back: its numbers go on where they were.
    assert owner.transfer(octets_of(keys, KeyRole.GUEK), kek(keys)) == 0
    owner.lose()
    with pytest.raises(InvocationCounterRefused) as refused:
        Owner(device, keys).at(last).open()
    assert refused.value.lowest_acceptable == last + 1
    assert Owner(device, keys).at(last + 1).open().value(1, NOTE) == b""


def flipped(octets: bytes) -> list[bytes]:
    """Each bit changed, one at a time."""
    number, size = int.from_bytes(octets), len(octets)
    return [(number ^ 1 << bit).to_bytes(size) for bit in range(8 * size)]


@pytest.mark.case("R-076")
def test_every_changed_bit_of_a_wrapped_key_is_refused() -> None:
    keys = fresh_keys()
    device = meter(keys)
    owner = Owner(device, keys).open()
    before = device[1].clients[1].keys.state
    new = octets_of(fresh_keys(), *ROLES)
    wrapped = [wrap_key(kek(keys), new[role]) for role in ROLES]
    for place in (0, 3):
        for changed in flipped(wrapped[place]):
            listed = [changed if n == place else one for n, one in enumerate(wrapped)]
            assert owner.call(2, key_list(dict(enumerate(listed)))).result == REFUSED
    assert device[1].clients[1].keys.state is before
    assert codes(device)[-1] is EventCode.SECURITY_CHANGE_REFUSED
    assert next(reversed(list(device.log))).reason == "deciphering-failed"
    assert owner.value(1, NOTE) == b""
    assert opens(device, keys)


WRONG: list[tuple[str, Any]] = [
    ("another master key", lambda keys: {0: wrap_key(bytes(16), bytes(range(16)))}),
    ("8 octets", lambda keys: {0: bytes(8)}),
    ("16 octets", lambda keys: {0: bytes(range(16))}),
    ("a key of 32 octets in suite 0", lambda keys: {0: wrap_key(kek(keys), bytes(range(32)))}),
    ("nothing", lambda keys: {0: b""}),
    (
        "the last of four is wrong",
        lambda keys: dict.fromkeys(range(3), wrap_key(kek(keys), bytes(range(16)))) | {3: b"x"},
    ),
    ("an unknown key id", lambda keys: {7: wrap_key(kek(keys), bytes(range(16)))}),
    ("one key twice", lambda keys: [(0, wrap_key(kek(keys), bytes(range(16))))] * 2),
    ("no key at all", lambda keys: []),
]


@pytest.mark.case("R-076")
@pytest.mark.case("R-077")
@pytest.mark.parametrize(("what", "listed"), WRONG, ids=[what for what, _ in WRONG])
def test_a_list_is_taken_as_a_whole_or_not_at_all(what: str, listed: Any) -> None:
    keys = fresh_keys()
    device = meter(keys)
    owner = Owner(device, keys).open()
    before = device[1].clients[1].keys.state
    assert owner.call(2, key_list(listed(keys))).result == REFUSED
    assert device[1].clients[1].keys.state is before
    assert owner.value(1, NOTE) == b""
    owner.lose()
    assert opens(device, keys)


@pytest.mark.case("R-077")
@pytest.mark.parametrize(
    "parameter", [Data.null(), Data.octet_string(bytes(24)), Data.array([Data.enum(0)]), Data.array([Data.structure(())])]
)
def test_what_is_no_list_of_keys_is_refused(parameter: Data) -> None:
    keys = fresh_keys()
    owner = Owner(meter(keys), keys).open()
    assert owner.call(2, parameter).result in {ActionResult.TYPE_UNMATCHED, REFUSED}
    assert owner.value(1, NOTE) == b""


def test_without_a_master_key_nothing_is_taken() -> None:
    keys = replace(fresh_keys(), kek=None)
    device = meter(keys)
    owner = Owner(device, keys).open()
    assert owner.transfer({KeyRole.GUEK: bytes(range(16))}, bytes(16)) == REFUSED
    assert opens(device, keys)


@pytest.mark.case("R-078")
@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        (Grants.parse(read=["*"]), DENIED),
        (Grants.parse(read=["*"], execute=[f"{SETUP}:1"]), DENIED),
        (Grants.parse(read=[NOTE]), ActionResult.OBJECT_UNDEFINED),
        (Grants.parse(read=["*"], execute=[f"{SETUP}:2"]), 0),
    ],
)
def test_the_master_key_alone_is_not_the_right(grants: Grants, expected: int) -> None:
    keys = fresh_keys()
    device = meter(keys, grants=grants)
    new = octets_of(fresh_keys(), KeyRole.GUEK)
    owner = Owner(device, keys).open()
    assert owner.transfer(new, kek(keys)) == expected
    owner.lose()
    assert opens(device, with_keys(keys, new) if expected == 0 else keys)


@pytest.mark.case("R-078")
def test_too_weak_protection_is_read_write_denied_whatever_the_policy_allows() -> None:
    for policy in (SecurityPolicy.NOTHING, AUTHENTICATED_BOTH_WAYS):
        keys = fresh_keys()
        device = meter(keys, settings={"security_policy": policy})
        new = octets_of(fresh_keys(), KeyRole.GUEK)
        owner = Owner(device, keys, security_policy=policy).open()
        assert owner.transfer(new, kek(keys)) == DENIED
        owner.lose()
        assert opens(device, keys, security_policy=policy)
        strong = Owner(device, keys).at(500).open()
        assert strong.transfer(new, kek(keys)) == 0


def test_a_handshake_that_is_not_finished_ends_with_its_keys() -> None:
    keys = fresh_keys()
    device = meter(keys)
    waiting = Owner(device, keys, title=SystemTitle("4845530000000002"))
    exchange = waiting.association.associate()
    aare = waiting.send(next(exchange)[0])
    owner = Owner(device, keys).open()
    assert owner.transfer(octets_of(fresh_keys(), KeyRole.GUEK), kek(keys)) == 0
    pass_3 = exchange.send(aare[0])
    answer = waiting.send(pass_3[0])
    with pytest.raises(DlmsError):
        exchange.send(answer[0])
    assert EventCode.AUTHENTICATION_FAILED in codes(device)


def test_version_0_and_1_show_what_they_are() -> None:
    keys = fresh_keys()
    device = meter(keys)
    owner = Owner(device, keys).open()
    assert owner.value(64, SETUP, 4) == owner.title.octets
    assert owner.value(64, SETUP, 5) == device.system_title.octets
    assert owner.value(64, SETUP, 2) == 0x6C
    assert owner.value(64, SETUP, 6) == []


def test_every_client_has_its_own_keys() -> None:
    """What one changes in its security setup is not changed for another."""
    keys, theirs = fresh_keys(), fresh_keys()
    other = ClientConfig(
        name="other", settings=settings_of(client_sap=2, server_system_title=METER), credentials=Credentials(keys=theirs)
    )
    device = meter(keys, others=[(other, ALL)])
    owner = Owner(device, keys).open()
    new = octets_of(fresh_keys(), KeyRole.GUEK)
    assert owner.transfer(new, kek(keys)) == 0
    assert opens(device, theirs, title=SystemTitle("4845530000000002"), client_sap=2)
    assert opens(device, with_keys(keys, new))
