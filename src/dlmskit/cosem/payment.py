"""What accounts, credits, charges and token gateways need of each other (Blue Book 4.6): found by class, never by import."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from dlmskit.cosem.objects import ObjectTree
from dlmskit.types.obis import Obis

DOUBLE_LONG = range(-(1 << 31), 1 << 31)
"""Amounts that an attribute holds."""


@runtime_checkable
class Collects(Protocol):
    """An account, as its charges and gateways see it."""

    def settle(self) -> None:
        """An amount has changed: decide anew which credit is in use."""
        ...

    def lists(self, charge: Obis) -> bool:
        """Whether a charge is collected by this account."""
        ...

    def take(self, charge: Obis, amount: int) -> int:
        """Take an amount for a charge; gives what was taken."""
        ...

    def top_up(self, amount: int) -> None:
        """Distribute an amount that was paid. Raises ServiceError where it cannot be taken."""
        ...

    @property
    def currency_scale(self) -> int:
        """Power of ten of the amounts."""
        ...


def accounts(tree: ObjectTree) -> Iterator[Collects]:
    """The accounts of a logical device."""
    return (one for one in tree if isinstance(one, Collects))


def settle_accounts(tree: ObjectTree) -> None:
    """Let every account decide anew which credit is in use."""
    for account in accounts(tree):
        account.settle()
