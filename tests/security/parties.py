"""Two parties with the Green Book's example keys, for the tests of this folder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dlmskit.crypto.suites import SUITE_0, SecuritySuite
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.policy import ProtectionRules
from dlmskit.security.windows import ReceivedCounters
from dlmskit.types.system_title import SystemTitle

CLIENT = SystemTitle("4D4D4D0000000001")
SERVER = SystemTitle("4D4D4D0000BC614E")
GUEK, GAK = "000102030405060708090A0B0C0D0E0F", "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
GBEK = "0F0E0D0C0B0A09080706050403020100"
KEYS = KeySet.from_hex(guek=GUEK, gak=GAK, gbek=GBEK)
DEDICATED = Key.from_hex("00112233445566778899AABBCCDDEEFF", KeyRole.DEDICATED)
GET_REQUEST = bytes.fromhex("C0010000080000010000FF0200")
LENIENT = ProtectionRules(
    incoming=Protection.NONE,
    outgoing=Protection.NONE,
    accept_encryption_only=True,
    accept_broadcast=True,
    accept_empty_title=True,
)
"""Takes everything that may be taken at all."""
DEMANDING = replace(LENIENT, accept_encryption_only=False)
"""Takes whatever verifies: to test what does not."""


def party(
    own: SystemTitle = CLIENT,
    peer: SystemTitle | None = SERVER,
    *,
    keys: KeySet = KEYS,
    first: int = 0,
    suite: SecuritySuite = SUITE_0,
    rules: ProtectionRules | None = None,
    dedicated: Key | None = None,
    **more: Any,
) -> SecurityContext:
    """One side, whose first invocation counter under every global key is `first`."""
    store = MemoryCounterStore()
    transmit = TransmitCounters(store)
    context = SecurityContext(
        own_title=own,
        peer_title=peer,
        keys=keys,
        transmit=transmit,
        received=ReceivedCounters(),
        suite=suite,
        rules=ProtectionRules() if rules is None else rules,
        **more,
    )
    for role in (KeyRole.GUEK, KeyRole.GBEK):
        if getattr(keys, role.value) is not None:
            context.counter(role).advance_to(first, largest_jump=1 << 32)
    if dedicated is not None:
        context.use_dedicated_key(dedicated)
    return context


def pair(rules: ProtectionRules | None = None, **more: Any) -> tuple[SecurityContext, SecurityContext]:
    """A client and a server that share everything."""
    return party(CLIENT, SERVER, rules=rules, **more), party(SERVER, CLIENT, rules=rules, **more)
