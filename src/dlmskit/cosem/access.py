"""Access rights and the one decision about them (Blue Book, class 15; security concept: role-based access).

Inside, a right is always the bit map of Association LN version 3; the older versions are notations of it that may say
less, never more. `decide` is the only place where a right meets a request. Keys and APDUs are not known here: what was
found on a message comes in as `Protection`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntFlag
from types import MappingProxyType
from typing import NamedTuple

from dlmskit.errors import EncodeError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.identity import IdentityEnum
from dlmskit.types.obis import Obis

ObjectKey = tuple[int, Obis]
"""(class_id, logical name): two classes may share one logical name."""


class Protection(IntFlag):
    """Cryptographic protection of one message, whatever its direction: the union over its layers."""

    NONE = 0
    AUTHENTICATED = 1
    ENCRYPTED = 2
    SIGNED = 4


class AccessMode(IntFlag):
    """A right on one attribute or method, and the protection it demands: exactly the bits of Association LN version 3.

    The upper six bits are also those of ``security_policy`` of Security setup version 1.
    """

    NONE = 0
    READ = 0x01
    ACCESS = 0x01
    WRITE = 0x02
    READ_WRITE = 0x03
    REQUEST_AUTHENTICATED = 0x04
    REQUEST_ENCRYPTED = 0x08
    REQUEST_SIGNED = 0x10
    RESPONSE_AUTHENTICATED = 0x20
    RESPONSE_ENCRYPTED = 0x40
    RESPONSE_SIGNED = 0x80

    @property
    def request(self) -> Protection:
        """What a request must carry."""
        return Protection((self >> 2) & 7)

    @property
    def response(self) -> Protection:
        """What the response must carry."""
        return Protection((self >> 5) & 7)

    @classmethod
    def demanding(cls, request: Protection = Protection.NONE, response: Protection = Protection.NONE) -> AccessMode:
        """The bits that demand this protection of request and response, and allow nothing."""
        return cls(int(request) << 2 | int(response) << 5)

    @classmethod
    def from_policy(cls, policy: int, version: int) -> AccessMode:
        """``security_policy`` of Security setup ``version`` as protection bits (version 0: 0 none .. 3 both)."""
        if version:
            return cls(policy & 0xFC)
        return cls((0, 0x24, 0x48, 0x6C)[policy & 3])


AUTHENTICATED = AccessMode.REQUEST_AUTHENTICATED | AccessMode.RESPONSE_AUTHENTICATED
"""What "authenticated" of Association LN versions 1 and 2 stands for: the request, and its response."""

NEWEST_ASSOCIATION = 3


def attribute_mode_number(mode: AccessMode, version: int) -> int:
    """``mode`` as access_mode of an attribute in the object list of Association LN ``version``.

    What the version cannot say is left out: version 0 tells no protection, 1 and 2 only "authenticated". It is still
    enforced.
    """
    bits = int(mode)
    if version >= NEWEST_ASSOCIATION:
        return bits
    operations = bits & 0x03
    return operations + 3 if version and operations and bits & 0x04 else operations


def attribute_mode(number: int, version: int) -> AccessMode:
    """The right that access_mode ``number`` of an attribute means; raises EncodeError where the version has no such number."""
    if version >= NEWEST_ASSOCIATION and 0 <= number <= 0xFF:
        return AccessMode(number)
    if 0 <= number <= 3:
        return AccessMode(number)
    if version in {1, 2} and number <= 6:
        return AccessMode(number - 3) | AUTHENTICATED
    raise EncodeError(f"access mode {number} of an attribute does not exist in Association LN version {version}")


def method_mode_number(mode: AccessMode, version: int) -> int:
    """``mode`` as access_mode of a method in the object list of Association LN ``version`` (version 0: a boolean)."""
    bits = int(mode) & ~0x02
    if version >= NEWEST_ASSOCIATION:
        return bits
    access = bits & 0x01
    return 2 if version and access and bits & 0x04 else access


def method_mode(number: int, version: int) -> AccessMode:
    """The right that access_mode ``number`` of a method means; raises EncodeError where the version has no such number."""
    if version >= NEWEST_ASSOCIATION and 0 <= number <= 0xFF:
        return AccessMode(number & ~0x02)
    if 0 <= number <= 1:
        return AccessMode(number)
    if version in {1, 2} and number == 2:
        return AccessMode.ACCESS | AUTHENTICATED
    raise EncodeError(f"access mode {number} of a method does not exist in Association LN version {version}")


@dataclass(frozen=True, slots=True)
class ObjectRights:
    """The rights of one role on one object, by attribute and method number. What is not named is not allowed."""

    attributes: Mapping[int, AccessMode] = field(default_factory=dict)
    methods: Mapping[int, AccessMode] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Role:
    """What one kind of client may see and do. An object that is not in the table does not exist for it."""

    name: str
    objects: Mapping[ObjectKey, ObjectRights] = field(default_factory=dict)


class Operation(IdentityEnum):
    """What is asked of an attribute or method."""

    GET = "get"
    SET = "set"
    ACTION = "action"


GUARDED = AccessMode.REQUEST_AUTHENTICATED | AccessMode.REQUEST_ENCRYPTED
"""What a request must carry at least that touches keys, secrets, certificates or the security policy."""

_ATTRIBUTES, _METHODS = 0, 1
FLOOR: Mapping[tuple[int, int, int], AccessMode] = MappingProxyType(
    {
        (15, _ATTRIBUTES, 7): GUARDED,  # secret
        (15, _METHODS, 2): GUARDED,  # change_HLS_secret
        (12, _METHODS, 5): GUARDED,  # change_secret, change_LLS_secret
        (12, _METHODS, 6): GUARDED,  # change_HLS_secret
        (64, _ATTRIBUTES, 2): GUARDED,  # security_policy
        (64, _ATTRIBUTES, 4): GUARDED,  # client_system_title
        **{(64, _METHODS, number): GUARDED for number in range(1, 9)},
    }
)
"""(class_id, 0 for attributes and 1 for methods, number) -> protection demanded whatever a role or a policy says."""


def floor_of(class_id: int, operation: Operation, number: int) -> AccessMode:
    """What this operation demands of every role. What reads nothing secret is free: a policy may be read in clear."""
    if class_id not in _FLOORED or operation is Operation.GET:
        return AccessMode.NONE
    return FLOOR.get((class_id, _METHODS if operation is Operation.ACTION else _ATTRIBUTES, number), AccessMode.NONE)


class Decision(NamedTuple):
    """The answer of `decide`."""

    result: DataAccessResult
    response: Protection
    """What the response must carry at least; holds for a refusal too."""

    @property
    def allowed(self) -> bool:
        """Whether the operation may be executed."""
        return self.result == DataAccessResult.SUCCESS


def decide(
    role: Role,
    key: ObjectKey,
    operation: Operation,
    number: int,
    found: Protection,
    policy: AccessMode = AccessMode.NONE,
) -> Decision:
    """Whether ``role`` may do ``operation`` on attribute or method ``number`` of object ``key``.

    ``found`` is the protection verified on this request, ``policy`` the security policy of the association. The
    demands of policy, right and `floor_of` add up. An object outside the role is undefined, never denied; a right that is
    missing and protection that is too weak are both read-write-denied, so that a probe learns nothing from the difference.
    """
    rights = role.objects.get(key)
    if rights is None:
        known = any(logical_name == key[1] for _, logical_name in role.objects)
        result = DataAccessResult.OBJECT_CLASS_INCONSISTENT if known else DataAccessResult.OBJECT_UNDEFINED
        return Decision(result, policy.response)
    # Plain numbers from here: every request passes, and flags cost ten times as much.
    mode = int((rights.methods if operation is Operation.ACTION else rights.attributes).get(number, 0))
    if number == 1 and operation is Operation.GET:  # "logical_name is always readable", else a list could not be used
        mode |= _READ
    demanded = mode | int(policy)
    if key[0] in _FLOORED:
        demanded |= int(floor_of(key[0], operation, number))
    response = _PROTECTIONS[demanded >> 5 & 7]
    missing = demanded >> 2 & 7 & ~int(found)
    if missing or not mode & (_WRITE if operation is Operation.SET else _READ):
        return Decision(DataAccessResult.READ_WRITE_DENIED, response)
    return Decision(DataAccessResult.SUCCESS, response)


_FLOORED = frozenset(class_id for class_id, _, _ in FLOOR)
_READ, _WRITE = int(AccessMode.READ), int(AccessMode.WRITE)
_PROTECTIONS = tuple(map(Protection, range(8)))
