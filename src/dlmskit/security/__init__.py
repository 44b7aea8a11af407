"""Keys, counters, policy and the protection of APDUs (Green Book, 9.2).

`protect` and `unprotect` work on whole APDUs with a `SecurityContext`; nothing here opens a file, draws randomness or
knows a socket.
"""

from __future__ import annotations

from dlmskit.crypto.suites import SUITE_0, SUITE_1, SUITE_2, SUITES, SecuritySuite, suite_of
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection, SecurityControl, SecurityHeader
from dlmskit.security.counters import CounterStore, InvocationCounter, MemoryCounterStore, TransmitCounters
from dlmskit.security.envelope import Envelope, Form, is_protected, read_envelope
from dlmskit.security.keys import Key, KeyRole, KeySet, Secret
from dlmskit.security.policy import ProtectionRules, SecurityPolicy
from dlmskit.security.protection import Verified, admit_plain, protect, unprotect
from dlmskit.security.windows import ReceivedCounters, ReceiveWindow, WindowStore

__all__ = [
    "SUITES",
    "SUITE_0",
    "SUITE_1",
    "SUITE_2",
    "CounterStore",
    "Envelope",
    "Form",
    "InvocationCounter",
    "Key",
    "KeyRole",
    "KeySet",
    "MemoryCounterStore",
    "Protection",
    "ProtectionRules",
    "ReceiveWindow",
    "ReceivedCounters",
    "Secret",
    "SecurityContext",
    "SecurityControl",
    "SecurityHeader",
    "SecurityPolicy",
    "SecuritySuite",
    "TransmitCounters",
    "Verified",
    "WindowStore",
    "admit_plain",
    "is_protected",
    "protect",
    "read_envelope",
    "suite_of",
    "unprotect",
]
