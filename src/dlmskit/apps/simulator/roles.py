"""The role tables of a description: policies, rights and what the owner intends, out of the words of the file."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from dlmskit.apps.simulator.description import Description, clients_of
from dlmskit.apps.simulator.role_tables import Client, GrantTable, IntentTable, PolicyTable, RoleTable
from dlmskit.cosem.access import AccessMode, Operation, Protection
from dlmskit.errors import ConfigError
from dlmskit.security.policy import SIGNED_BOTH_WAYS, STRONGEST_SYMMETRIC, SecurityPolicy
from dlmskit.server import Grants
from dlmskit.server.rbac import BASELINE, Intent
from dlmskit.server.rights import Grant, Pattern

_OPERATIONS = {"read": Operation.GET, "write": Operation.SET, "execute": Operation.ACTION}


def protection_of(words: Iterable[str]) -> Protection:
    """``["authenticated", "encrypted"]`` as bits."""
    return reduce(or_, (Protection[word.upper()] for word in words), Protection.NONE)


def policy_of(client: Client) -> SecurityPolicy:
    """The security policy of a client or role. Raises ConfigError for one that could not be kept."""
    table = client.policy if isinstance(client, RoleTable) else None
    if not client.ciphered:
        if table is not None and (table.request or table.response):
            raise ConfigError("a policy needs ciphering: write ciphered = true, or take the policy out")
        return SecurityPolicy.NOTHING
    signed = SIGNED_BOTH_WAYS if client.signed else SecurityPolicy.NOTHING
    return signed | (STRONGEST_SYMMETRIC if table is None else _policy(table))


def _policy(table: PolicyTable) -> SecurityPolicy:
    return SecurityPolicy(int(AccessMode.demanding(protection_of(table.request), protection_of(table.response))))


def grants_of(client: Client) -> Grants:
    """The rights of a client or role. Raises ConfigError for protection that its associations never carry."""
    tables = client.grant if isinstance(client, RoleTable) else ()
    for table in tables:
        if not client.ciphered and (table.request or table.response):
            raise ConfigError(
                f"a grant on {', '.join(table.objects)} demands protection that this role cannot have without ciphering"
            )
    return Grants.parse(client.read, client.write, client.execute, also=map(_grant, tables))


def _grant(table: GrantTable) -> Grant:
    demands = AccessMode.demanding(protection_of(table.request), protection_of(table.response))
    return Grant.of(table.objects, *(_OPERATIONS[word] for word in table.operations), demands=demands)


def versions_of(client: Client) -> dict[str, Any]:
    """Versions of the objects that describe its association, as `ClientConfig` takes them."""
    if not isinstance(client, RoleTable):
        return {}
    return {"association_version": client.association_version, "security_setup_version": client.security_setup_version}


def intents_of(description: Description) -> tuple[Intent, ...]:
    """What the owner intends; where the file says nothing, the baseline. Raises ConfigError for the name of no role."""
    names = {client.name for client in clients_of(description)}
    for table in description.intent:
        if strange := sorted(set(table.roles) - names):
            raise ConfigError(f"intent: there is no role {strange[0]!r}; there are {', '.join(sorted(names))}")
    return tuple(map(_intent, description.intent)) or BASELINE


def _intent(table: IntentTable) -> Intent:
    return Intent(
        objects=tuple(Pattern.parse(text) for text in table.objects),
        other_than=tuple(Pattern.parse(text) for text in table.other_than),
        operations=frozenset(_OPERATIONS[word] for word in table.operations),
        roles=frozenset(table.roles) or None,
        request=protection_of(table.request),
        response=protection_of(table.response),
    )
