"""Every class that holds key material, in one table: none prints it, none is pickled or copied with it, none is serialised.

And where secrets are compared, they are compared in constant time.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import io
import json
import pickle
import pprint
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

import dlmskit
from dlmskit.apps.cli.keyring import Keyring
from dlmskit.apps.simulator.description import Keys
from dlmskit.apps.simulator.key_pairs import MeterPairs
from dlmskit.apps.simulator.role_tables import Client
from dlmskit.association import Credentials
from dlmskit.client.key_ledger import MemoryLedger
from dlmskit.client.pkcs11.handles import TokenCipherKey, TokenKeyAgreement, TokenSigner, TokenWrappingKey
from dlmskit.client.plan import make_plan
from dlmskit.crypto.curves import P_256
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.gcm import GcmKey
from dlmskit.crypto.software import SoftwareCipherKey, SoftwareWrappingKey
from dlmskit.security.context import SecurityContext
from dlmskit.security.counters import InvocationCounter, MemoryCounterStore, TransmitCounters
from dlmskit.security.fresh_keys import FreshKeys, ReceivingKey, SendingKey
from dlmskit.security.held_keys import HeldKey
from dlmskit.security.key_pairs import KeyPairs
from dlmskit.security.keys import Key, KeyRole, KeySet, Secret
from dlmskit.security.layers import KeyChoice
from dlmskit.security.parties import Correspondence, Identity, KnownParty
from dlmskit.security.vault import KeyVault, VaultEntry
from dlmskit.security.windows import ReceivedCounters, ReceiveWindow
from dlmskit.server.client_keys import ClientKeys
from dlmskit.server.key_state import KeyState
from dlmskit.server.storage.database import Database
from dlmskit.server.storage.sealed import MemorySecrets, SealedSecrets
from dlmskit.trace.explain.keyring import KeyRing
from dlmskit.types.system_title import SystemTitle

OCTETS = bytes.fromhex("5A17C3E9" * 8)
FORMS = (OCTETS[:16].hex(), OCTETS[:16].hex().upper(), repr(OCTETS[:4])[2:-1], "90, 23, 195", str(int.from_bytes(OCTETS)))
OURS, THEIRS = SystemTitle("4D4D4D0000BC614E"), SystemTitle("4D4D4D0000000001")


def key(role: KeyRole = KeyRole.GUEK) -> Key:
    made = Key(OCTETS[:16], role)
    assert made.gcm.key_octets == 16, "made, and kept"
    return made


def keys() -> KeySet:
    kept = {role.value: key(role) for role in (KeyRole.GUEK, KeyRole.GAK, KeyRole.KEK)}
    return KeySet(**kept, hls_secret=Secret(OCTETS), lls_password=Secret(OCTETS))


def pairs() -> KeyPairs:
    return KeyPairs(signing_key=SigningKey(P_256, OCTETS), agreement_key=AgreementKey(P_256, OCTETS))


def identity() -> Identity:
    return Identity(signing=SigningKey(P_256, OCTETS), agreement=AgreementKey(P_256, OCTETS))


def vault() -> KeyVault:
    return KeyVault({"client": VaultEntry(KeySet(), OURS, pairs()), str(THEIRS): VaultEntry(keys())})


def context() -> SecurityContext:
    counters = TransmitCounters(MemoryCounterStore())
    made = SecurityContext(own_title=OURS, peer_title=THEIRS, keys=keys(), transmit=counters, received=ReceivedCounters())
    made.use_dedicated_key(Key(OCTETS[1:17], KeyRole.DEDICATED))
    return made


def fresh_keys() -> FreshKeys:
    made = FreshKeys()
    made.sending[THEIRS] = sending()
    return made


def sending() -> SendingKey:
    counter = InvocationCounter(MemoryCounterStore(), "x")
    return SendingKey(key(KeyRole.CEK), KeyRole.CEK, KeyChoice.WRAPPED, counter)


def client_keys() -> ClientKeys:
    made = ClientKeys("client", Credentials(keys=keys()))
    made.change(KeyState(keys=keys(), pairs={0: Secret(OCTETS)}))
    return made


def memory_secrets() -> MemorySecrets:
    made = MemorySecrets()
    made.write("x", OCTETS)
    return made


def key_ring() -> KeyRing:
    made = KeyRing(keys())
    made.private_agreement_keys[OURS] = AgreementKey(P_256, OCTETS)
    return made


def token_object() -> Any:
    return type("Object", (), {"destroy": lambda self: None, "octets": OCTETS})()


HOLDERS: list[Callable[[], Any]] = [
    lambda: Secret(OCTETS),
    key,
    keys,
    pairs,
    identity,
    vault,
    context,
    fresh_keys,
    sending,
    client_keys,
    memory_secrets,
    key_ring,
    lambda: GcmKey(OCTETS),
    lambda: SoftwareCipherKey(OCTETS),
    lambda: SoftwareWrappingKey(OCTETS),
    lambda: SigningKey(P_256, OCTETS),
    lambda: AgreementKey(P_256, OCTETS),
    lambda: HeldKey(SoftwareCipherKey(OCTETS), KeyRole.GUEK, label="x"),
    lambda: TokenCipherKey(None, token_object()),
    lambda: TokenWrappingKey(None, token_object()),
    lambda: TokenSigner(None, token_object(), SigningKey(P_256, OCTETS).public),
    lambda: TokenKeyAgreement(None, token_object(), SigningKey(P_256, OCTETS).public),
    lambda: ReceivingKey(key(KeyRole.CEK), KeyRole.CEK, KeyChoice.WRAPPED, ReceiveWindow()),
    lambda: KnownParty(title=THEIRS, keys=keys()),
    lambda: Correspondence(identity=identity()),
    lambda: Credentials(keys=keys(), correspondence=Correspondence(identity=identity())),
    lambda: KeyState(keys=keys(), before=keys(), pairs={0: Secret(OCTETS)}, generated={1: Secret(OCTETS)}),
    lambda: SealedSecrets(Database(":memory:"), Secret(OCTETS), OURS, bytes),
    lambda: MemoryLedger(keys()),
    lambda: Keyring(typed=keys(), vault=vault(), dedicated_key=key(KeyRole.DEDICATED)),
    lambda: MeterPairs(pairs(), pairs()),
    lambda: make_plan("tcp://x", vault(), {"server_title": str(THEIRS), "counters": "memory"}),
    lambda: Keys(guek=OCTETS[:16].hex(), gak=OCTETS[:16].hex(), signing_key=OCTETS.hex(), device_secret=OCTETS.hex()),
    lambda: Client(name="x", sap=1, password=OCTETS.hex()),
]
IDS = [type(made()).__name__ for made in HOLDERS]
HANDLES = {
    "GcmKey", "SoftwareCipherKey", "SoftwareWrappingKey",
    "TokenCipherKey", "TokenWrappingKey", "TokenSigner", "TokenKeyAgreement",
}  # fmt: skip


def shows(text: str | bytes) -> bool:
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    return any(form in text for form in (*FORMS, OCTETS[:4].decode("latin-1")))


@pytest.mark.case("R-112")
@pytest.mark.parametrize("make", HOLDERS, ids=IDS)
def test_nothing_is_printed(make: Callable[[], Any]) -> None:
    held, rich = make(), io.StringIO()
    Console(file=rich, width=5000).print([held])
    said = [repr(held), str(held), f"{held}", pprint.pformat(held), repr([held]), repr({1: held}), rich.getvalue()]
    if dataclasses.is_dataclass(held) and not isinstance(held, type):
        said.append(repr({field.name: getattr(held, field.name) for field in dataclasses.fields(held)}))
    said.append(repr(ValueError(held)) + str(ValueError(held)))
    assert not any(map(shows, said)), said


@pytest.mark.case("R-112")
@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
@pytest.mark.parametrize("make", HOLDERS, ids=IDS)
def test_nothing_is_pickled(make: Callable[[], Any], protocol: int) -> None:
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(make(), protocol)


@pytest.mark.parametrize("make", HOLDERS, ids=IDS)
def test_nothing_is_serialised(make: Callable[[], Any]) -> None:
    held = make()
    with pytest.raises(TypeError):
        json.dumps(held)
    if not isinstance(held, Keys | Client):  # they are the text of the description that they came from
        with pytest.raises((TypeError, ValueError, AttributeError, dlmskit.DlmsError)):
            msgspec.json.encode(held)


@pytest.mark.parametrize("make", [*HOLDERS[:2], lambda: SigningKey(P_256, OCTETS)], ids=["Secret", "Key", "SigningKey"])
def test_a_copy_is_the_thing_itself(make: Callable[[], Any]) -> None:
    held = make()
    assert copy.copy(held) is held
    assert copy.deepcopy(held) is held


NOT_COPIED = [make for make, name in zip(HOLDERS, IDS, strict=True) if name in HANDLES]


@pytest.mark.parametrize("make", NOT_COPIED)
def test_handles_are_not_copied(make: Callable[[], Any]) -> None:
    for way in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            way(make())


SECRET_WORDS = {"mac", "password", "secret", "answer", "gak", "guek", "kek", "passphrase", "pin"}
"""Names of what an attacker may not learn octet by octet."""


def plain_comparisons(tree: ast.AST) -> list[ast.Compare]:
    """Where something of such a name is compared with == or !=, to anything but a constant or a length."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or not any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
            continue
        sides = [node.left, *node.comparators]
        named = [ast.unparse(side).rpartition(".")[2].lower().strip("_") for side in sides]
        if any(name in SECRET_WORDS for name in named) and not any(isinstance(side, ast.Constant) for side in sides):
            found.append(node)
    return found


def test_secrets_are_compared_in_constant_time() -> None:
    """In the rooms that handle keys and tags: no == on what has the name of a secret."""
    root = Path(dlmskit.__file__).parent
    found = []
    for room in ("crypto", "security", "association", "client", "server"):
        for path in (root / room).rglob("*.py"):
            nodes = plain_comparisons(ast.parse(path.read_text(encoding="utf-8")))
            found += [f"{path.relative_to(root)}:{node.lineno} {ast.unparse(node)}" for node in nodes]
    assert found == []


@pytest.mark.parametrize("line", ["mac == received", "self._secret != other", "answer == made"])
def test_that_look_sees_what_it_looks_for(line: str) -> None:
    assert plain_comparisons(ast.parse(line))
    assert not plain_comparisons(ast.parse("secret == 0x61"))
