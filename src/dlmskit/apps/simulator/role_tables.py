"""Who may associate with a simulated meter, and what its owner wants at least: the tables of clients, roles and intents."""

from __future__ import annotations

import typing
from typing import Annotated

import msgspec

from dlmskit.apps.simulator.tables import Table


class Client(Table, frozen=True):
    """``[[client]]``: who may associate, and with which rights."""

    secret_fields = frozenset(("password",))

    name: str
    """For the screen and the log."""
    sap: Annotated[int, msgspec.Meta(ge=1, le=127)]
    """Its client SAP; 16 is the public client."""
    logical_device: int = 1
    """Server SAP of the logical device that it associates with."""
    mechanism: typing.Literal["lowest", "lls", "hls-md5", "hls-sha1", "hls-gmac", "hls-sha256", "hls-ecdsa"] = "lowest"
    """How it proves itself: not at all, with a password, or by mechanism 3 to 7."""
    names: typing.Literal["logical", "short"] = "logical"
    """How it references objects. Short names are given out by the meter and told in the object list of Association SN."""
    ciphered: bool = False
    """Whether APDUs are authenticated and encrypted."""
    signed: bool = False
    """Whether its requests and our answers are signed, beside being ciphered."""
    password: str | None = None
    """Of mechanism ``lls``."""
    system_title: str | None = None
    """Only this client system title is taken."""
    read: tuple[str, ...] = ()
    """Patterns of objects: ``*``, ``1.0.*.8.0.255``, or with ``:n`` one attribute."""
    write: tuple[str, ...] = ()
    """Patterns; what the class does not declare writable only with its number."""
    execute: tuple[str, ...] = ()
    """Patterns; ``:n`` names one method."""
    most_associations: Annotated[int, msgspec.Meta(ge=1, le=64)] | None = None
    """How many of this client at a time; 1 where the client is ciphered, else 8."""
    newest_wins: bool = False
    """Whether a new association ends the oldest where there are too many, instead of being refused."""


Word = typing.Literal["authenticated", "encrypted", "signed"]


class PolicyTable(Table, frozen=True):
    """``policy`` of a role: what every message of its associations carries at least."""

    request: tuple[Word, ...] = ()
    """Of requests: ``authenticated``, ``encrypted``, ``signed``."""
    response: tuple[Word, ...] = ()
    """Of responses."""


class GrantTable(Table, frozen=True):
    """``[[role.grant]]``: what a role may do with some objects, and how protected beyond its policy."""

    objects: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """Patterns; with ``:n`` one attribute or method."""
    operations: Annotated[tuple[typing.Literal["read", "write", "execute"], ...], msgspec.Meta(min_length=1)]
    """``read``, ``write``, ``execute``."""
    request: tuple[Word, ...] = ()
    """What a request must carry."""
    response: tuple[Word, ...] = ()
    """What the response carries."""


class RoleTable(Client, frozen=True):
    """``[[role]]``: a client whose rights demand protection; every key of ``[[client]]``, and these."""

    policy: PolicyTable | None = None
    """Of a ciphered role; authenticated and encrypted both ways where it is left out."""
    grant: tuple[GrantTable, ...] = ()
    """Rights; where several mean the same attribute, operations and protection add up."""
    association_version: Annotated[int, msgspec.Meta(ge=0, le=4)] | None = None
    """Version of its association object, 0 to 3 (with short names 0 to 4), the newest if left out: how its rights read."""
    security_setup_version: Annotated[int, msgspec.Meta(ge=0, le=1)] = 1
    """Version of its Security setup."""


class IntentTable(Table, frozen=True):
    """``[[intent]]``: what the owner wants at least; ``dlmskit rbac check`` lists what is weaker."""

    objects: tuple[str, ...] = ("*",)
    """Patterns."""
    other_than: tuple[str, ...] = ()
    """Patterns of exceptions."""
    operations: tuple[typing.Literal["read", "write", "execute"], ...] = ("read", "write", "execute")
    """Which of them."""
    roles: tuple[str, ...] = ()
    """Names of roles and clients; none stands for all."""
    request: tuple[Word, ...] = ("authenticated", "encrypted")
    """What requests must carry."""
    response: tuple[Word, ...] = ("authenticated", "encrypted")
    """What responses must carry."""
