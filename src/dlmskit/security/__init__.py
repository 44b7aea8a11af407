"""Keys, counters, policy and the protection of APDUs (Green Book, 9.2).

`protect` and `unprotect` work on whole APDUs with a `SecurityContext`; `protect_layers` takes the forms that name their parties,
in any legal order, and `protect_answer` protects an answer like its request. Nothing here opens a file, draws randomness or
knows a socket.
"""

from __future__ import annotations

from dlmskit.crypto.suites import SUITE_0, SUITE_1, SUITE_2, SUITES, SecuritySuite, suite_of
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection, SecurityControl, SecurityHeader
from dlmskit.security.conventions import AadProfile, Conventions, SigningProfile
from dlmskit.security.counters import CounterStore, InvocationCounter, MemoryCounterStore, StartUpGap, TransmitCounters
from dlmskit.security.envelope import Envelope, Form, is_protected, read_envelope
from dlmskit.security.forecast import CounterWear, WearForecast
from dlmskit.security.general_header import GeneralHeader
from dlmskit.security.keys import Key, KeyRole, KeySet, Secret
from dlmskit.security.layers import Ciphered, GeneralCiphered, KeyChoice, Layer, Signed, Step
from dlmskit.security.mirror import answer_steps, protect_answer
from dlmskit.security.parties import Correspondence, Identity, KnownParty, PartyDirectory, directory_of
from dlmskit.security.policy import ProtectionRules, SecurityPolicy
from dlmskit.security.protection import admit_plain, protect, protect_layers, unprotect
from dlmskit.security.verified import Verified
from dlmskit.security.windows import ReceivedCounters, ReceiveWindow, WindowStore

__all__ = [
    "SUITES",
    "SUITE_0",
    "SUITE_1",
    "SUITE_2",
    "AadProfile",
    "Ciphered",
    "Conventions",
    "Correspondence",
    "CounterStore",
    "CounterWear",
    "Envelope",
    "Form",
    "GeneralCiphered",
    "GeneralHeader",
    "Identity",
    "InvocationCounter",
    "Key",
    "KeyChoice",
    "KeyRole",
    "KeySet",
    "KnownParty",
    "Layer",
    "MemoryCounterStore",
    "PartyDirectory",
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
    "Signed",
    "SigningProfile",
    "StartUpGap",
    "Step",
    "TransmitCounters",
    "Verified",
    "WearForecast",
    "WindowStore",
    "admit_plain",
    "answer_steps",
    "directory_of",
    "is_protected",
    "protect",
    "protect_answer",
    "protect_layers",
    "read_envelope",
    "suite_of",
    "unprotect",
]
