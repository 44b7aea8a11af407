"""A security context for one message of the pipeline, and the invocation counter to send it with.

There is no association here: nothing was negotiated, and what was received before is not known. What stands in for it is said
by the caller: titles, suite, and the counter, which is never guessed.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from dlmskit.apps.cli.keyring import Keyring
from dlmskit.client.counter_store import SqliteCounterStore
from dlmskit.crypto.software import SoftwareProvider
from dlmskit.crypto.suites import suite_of
from dlmskit.errors import ConfigError
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.conventions import Conventions
from dlmskit.security.counters import CounterStore, MemoryCounterStore, TransmitCounters, counter_name
from dlmskit.security.keys import KeyRole
from dlmskit.security.layers import Ciphered, GeneralCiphered, GeneralStep, KeyChoice, Step
from dlmskit.security.parties import Correspondence, Identity
from dlmskit.security.policy import ProtectionRules
from dlmskit.security.windows import ReceivedCounters
from dlmskit.types.system_title import SystemTitle

_NEVER_TWICE = "a number that was never used with this key and title"


def context_of(
    ring: Keyring,
    own: SystemTitle,
    peer: SystemTitle | None,
    suite: int,
    rules: ProtectionRules,
    counter: Counter | None = None,
) -> SecurityContext:
    """The context of one message that ``own`` sends or receives. Raises SecurityError for keys of another suite."""
    pairs = ring.pairs(own)
    context = SecurityContext(
        own_title=own,
        keys=ring.shared(*(title for title in (peer, own) if title is not None)),
        transmit=TransmitCounters(MemoryCounterStore()) if counter is None else counter.transmit(),
        received=ReceivedCounters(),
        peer_title=peer,
        suite=suite_of(suite),
        rules=rules,
        correspondence=Correspondence(
            identity=Identity(signing=pairs.signing_key, agreement=pairs.agreement_key),
            directory=ring.party,
            random=secrets.token_bytes,
            ephemeral=SoftwareProvider(secrets.token_bytes).generate_agreement_key,
        ),
        conventions=Conventions(first_counter=(counter and counter.number) or 0, increasing_transactions=False),
    )
    if ring.dedicated_key is not None:
        context.use_dedicated_key(ring.dedicated_key)
    return context


@dataclass(frozen=True, slots=True)
class Counter:
    """Where the invocation counter comes from: a number, a file that keeps it, or such a file and the number to begin at."""

    number: int | None
    store: str | None

    def transmit(self) -> TransmitCounters:
        """Counters on disk, or of this message alone; a number at a time, so that none is lost."""
        store: CounterStore = MemoryCounterStore() if self.store is None else SqliteCounterStore(self.store)
        return TransmitCounters(store, block=1)

    def begin(self, context: SecurityContext, steps: Sequence[Step]) -> None:
        """Set every counter that the steps will use. Raises ConfigError for one that is not known, or was used already."""
        if self.number is None and self.store is None and any(_needs_number(step) for step in steps):
            raise ConfigError(f"which invocation counter? Say --counter with {_NEVER_TWICE}, or --counters FILE to keep it")
        if self.store is None and any(isinstance(step, GeneralStep) and step.transaction_id is None for step in steps):
            raise ConfigError(
                "general-ciphering and general-signing need --transaction-id, or --counters FILE to keep the last one"
            )
        for role in {role for role in map(_role_of, steps) if role is not None}:
            self._begin(context, role)

    def _begin(self, context: SecurityContext, role: KeyRole) -> None:
        counter, kept = context.counter(role), self.store is not None and role is not KeyRole.DEDICATED
        known = counter.next if kept else None
        if self.number is None:
            if known is None:
                name = counter_name(context.encryption_key(role), context.own_title)
                why = f"{self.store} does not know {name} yet" if kept else "the counter of a dedicated key is not kept"
                raise ConfigError(f"{why}: say --counter with {_NEVER_TWICE}")
        elif known is not None and known > self.number:
            raise ConfigError(f"{self.number} was used with this key and title already: the next one of {self.store} is {known}")
        else:
            counter.advance_to(self.number, largest_jump=COUNTER_MAX + 1)


def _needs_number(step: Step) -> bool:
    """Whether the key of a step may have been used before: a random one cannot, one that is derived can."""
    return _role_of(step) is not None or (isinstance(step, GeneralCiphered) and step.key is KeyChoice.STATIC)


def _role_of(step: Step) -> KeyRole | None:
    """The key of a step that was there before the message; None for one that comes into being with it."""
    if isinstance(step, Ciphered):
        return KeyRole.DEDICATED if step.form.dedicated else KeyRole.GBEK if step.broadcast else KeyRole.GUEK
    if isinstance(step, GeneralCiphered):
        return {KeyChoice.GUEK: KeyRole.GUEK, KeyChoice.GBEK: KeyRole.GBEK}.get(step.key)
    return None
