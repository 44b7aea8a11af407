"""Security policies of both versions, and the rules that follow for both sides."""

from __future__ import annotations

import pytest

from dlmskit.errors import DecodeError
from dlmskit.security.control import Protection
from dlmskit.security.policy import ProtectionRules, SecurityPolicy

A, E, S = Protection.AUTHENTICATED, Protection.ENCRYPTED, Protection.SIGNED


@pytest.mark.parametrize(("v0", "v1", "both"), [(0, 0x00, Protection.NONE), (1, 0x24, A), (2, 0x48, E), (3, 0x6C, A | E)])
def test_version_0_is_mapped(v0: int, v1: int, both: Protection) -> None:
    policy = SecurityPolicy.from_v0(v0)
    assert policy == v1 == SecurityPolicy.from_v1(v1)
    assert policy.to_v0() == v0
    assert policy.request == policy.response == both
    assert ProtectionRules.for_client(policy).incoming == ProtectionRules.for_server(policy).incoming == both


@pytest.mark.parametrize(
    ("v1", "request_", "response"),
    [(0x04, A, 0), (0x08, E, 0), (0x10, S, 0), (0x20, 0, A), (0x40, 0, E), (0x80, 0, S), (0xFC, A | E | S, A | E | S)],
)
def test_version_1_bits(v1: int, request_: Protection, response: Protection) -> None:
    policy = SecurityPolicy.from_v1(v1)
    assert (policy.request, policy.response) == (request_, response)
    assert policy.to_v0() is None
    client, server = ProtectionRules.for_client(policy), ProtectionRules.for_server(policy)
    assert (client.outgoing, client.incoming) == (server.incoming, server.outgoing) == (request_, response)


@pytest.mark.case("R-009")
@pytest.mark.parametrize(("read", "number"), [(SecurityPolicy.from_v0, n) for n in (-1, 4, 15, 255)])
def test_reserved_in_version_0(read, number: int) -> None:
    with pytest.raises(DecodeError):
        read(number)


@pytest.mark.case("R-009")
@pytest.mark.parametrize("number", [-4, 1, 2, 3, 0x6D, 0x100])
def test_unused_bits_of_version_1(number: int) -> None:
    with pytest.raises(DecodeError):
        SecurityPolicy.from_v1(number)


@pytest.mark.case("R-086")
def test_a_policy_is_only_strengthened() -> None:
    policies = [SecurityPolicy.from_v1(bits << 2) for bits in range(64)]
    for old in policies:
        for new in policies:
            assert new.strengthens(old) == (int(old) | int(new) == int(new))


def test_the_default_rules_are_the_safe_ones() -> None:
    rules = ProtectionRules()
    assert rules == ProtectionRules.for_client() == ProtectionRules.for_server()
    assert rules.incoming == rules.outgoing == A | E
    assert not any(
        (rules.accept_encryption_only, rules.accept_broadcast, rules.accept_empty_title, rules.without_authentication_key)
    )
