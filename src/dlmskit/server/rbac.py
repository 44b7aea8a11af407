"""The check of roles against what the owner of a meter intends: every attribute and method that is weaker, with what is missing.

What really holds is not worked out a second time: the checker asks `dlmskit.cosem.access.decide`, the one function that decides
about requests, with every protection that a request can have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dlmskit.cosem.access import ObjectKey, ObjectRights, Operation, Protection, decide
from dlmskit.cosem.association_object import AssociationObject
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.view import CURRENT_ASSOCIATION
from dlmskit.errors import ServiceError
from dlmskit.server.clients import AdmittedClient
from dlmskit.server.logical_device import LogicalDevice
from dlmskit.server.rights import Pattern
from dlmskit.types.obis import Obis

_BOTH = Protection.AUTHENTICATED | Protection.ENCRYPTED
_ALL = frozenset(Operation)


@dataclass(frozen=True, slots=True)
class Intent:
    """What the owner wants requests and responses to carry at least, for some operations on some objects."""

    objects: tuple[Pattern, ...] = (Pattern.parse("*"),)
    other_than: tuple[Pattern, ...] = ()
    """Exceptions from ``objects``."""
    operations: frozenset[Operation] = _ALL
    roles: frozenset[str] | None = None
    """Names; None for every role."""
    request: Protection = _BOTH
    response: Protection = _BOTH

    def covers(self, role: str, operation: Operation, name: Obis, number: int) -> bool:
        """Whether something is said about this."""
        named = operation in self.operations and (self.roles is None or role in self.roles)
        return named and _any(self.objects, name, number) and not _any(self.other_than, name, number)


def _any(patterns: Iterable[Pattern], name: Obis, number: int) -> bool:
    return any(one.matches(name) and one.number in (None, number) for one in patterns)


PUBLIC = tuple(
    Pattern.parse(text) for text in ("0.0.1.0.0.255", "0.0.40.*.*.255", "0.0.41.0.0.255", "0.0.42.0.0.255", "0.0.43.1.*.255")
)
"""What tells nothing about people: clock, associations, SAP assignment, logical device name, invocation counters."""

BASELINE = (
    Intent(other_than=PUBLIC),
    Intent(PUBLIC, operations=frozenset((Operation.SET, Operation.ACTION))),
)
"""Where the owner says nothing: authenticated and encrypted both ways, but for reading what is public."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One attribute or method that a role may use with less protection than intended."""

    role: str
    client_sap: int
    server_sap: int
    class_id: int
    logical_name: Obis
    number: int
    name: str
    operation: Operation
    request: Protection
    """What a request must carry as things are."""
    response: Protection
    missing_request: Protection
    missing_response: Protection

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "role": self.role,
            "client_sap": self.client_sap,
            "server_sap": self.server_sap,
            "class_id": self.class_id,
            "obis": str(self.logical_name),
            "number": self.number,
            "name": self.name,
            "operation": self.operation.value,
            "request": words_of(self.request),
            "response": words_of(self.response),
            "missing_request": words_of(self.missing_request),
            "missing_response": words_of(self.missing_response),
        }


def words_of(protection: Protection) -> list[str]:
    """Names of the bits."""
    return [bit.name.lower() for bit in Protection if bit in protection and bit.name]


def check(logical_devices: Iterable[LogicalDevice], intents: Sequence[Intent] = BASELINE) -> list[Finding]:
    """Everything that is weaker than intended, by logical device, client, object and number."""
    return [
        finding
        for logical_device in logical_devices
        for client in logical_device.clients.values()
        for finding in _of_client(logical_device, client, intents)
    ]


def _of_client(logical_device: LogicalDevice, client: AdmittedClient, intents: Sequence[Intent]) -> Iterator[Finding]:
    role = client.association.role
    for (class_id, name), rights in sorted(role.objects.items(), key=lambda item: (item[0][1], item[0][0])):
        if name == CURRENT_ASSOCIATION:
            continue  # the same object once more
        try:
            one = logical_device.tree.get(class_id, name)
        except ServiceError:
            continue
        for operation, number, word in _allowed(one, rights):
            yield from _weaker(client, one, operation, number, word, intents)


def _allowed(one: InterfaceClass, rights: ObjectRights) -> Iterator[tuple[Operation, int, str]]:
    """What a role may do with an object, but for what every client must be able to do to become one."""
    for number, mode in rights.attributes.items():
        if mode & 0x01 and number != 1:
            yield Operation.GET, number, one.attributes[number].name
        if mode & 0x02:
            yield Operation.SET, number, one.attributes[number].name
    for number, mode in rights.methods.items():
        if mode & 0x01 and not (isinstance(one, AssociationObject) and number == one.reply_method):
            yield Operation.ACTION, number, one.methods[number].name


def _weaker(
    client: AdmittedClient, one: InterfaceClass, operation: Operation, number: int, word: str, intents: Sequence[Intent]
) -> Iterator[Finding]:
    wanted_request = wanted_response = Protection.NONE
    for intent in intents:
        if intent.covers(client.config.name, operation, one.obis, number):
            wanted_request |= intent.request
            wanted_response |= intent.response
    request, response = _demanded(client, one.key, operation, number)
    missing = wanted_request & ~request, wanted_response & ~response
    if any(missing):
        settings = client.settings
        where = one.class_id, one.obis, number, word, operation
        yield Finding(client.config.name, settings.client_sap, settings.server_sap, *where, request, response, *missing)


def _demanded(client: AdmittedClient, key: ObjectKey, operation: Operation, number: int) -> tuple[Protection, Protection]:
    """What is needed to be allowed: the bits of every protection with which `decide` allows it; and those of the response.

    Where nothing is enough nobody can use it, which is as strong as can be; the same where a client without ciphering
    would have to have some.
    """
    needed = Protection(7)
    response = Protection.NONE
    for bits in range(8):
        decision = decide(client.association.role, key, operation, number, Protection(bits), client.handler.policy)
        response = decision.response
        if decision.allowed:
            needed &= Protection(bits)
    if needed and not client.settings.ciphered:
        return Protection(7), Protection(7)
    return needed, response
