"""Every service of a real association gives exactly what the bits of the access right say, whatever protects the request.

A client and a meter of suite 1 speak without a network. The right lies on one word and is changed under the open association;
what the service says, and what its answer is protected with, is compared with `decide`, which `test_rbac_matrix` compares with
the Blue Book for all 256 modes.

Full products:

- protection of the request (8) x request bits with and without READ and WRITE (32 modes) x service (11): served or refused;
- protection of the request (8) x response bits (8) x granted, denied, demanding more than was given x service (11): what the
  answer carries.

Covered and not multiplied out: request bits with response bits (each of the two products leaves the other part out, but for the
demand that no request meets), ciphering over a signature beside the signature over ciphering, short names, and the form of the
ciphering: `tests/association/test_matrix` has every form in every suite.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dlmskit.apdu import CosemMethodDescriptor, VariableName
from dlmskit.apdu.access import AccessRequestAction, AccessRequestGet, AccessRequestSet
from dlmskit.association import Signing, Wrapping
from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode, ObjectRights, Operation, Protection, Role, decide
from dlmskit.cosem.classes.disconnect_control import DisconnectControl
from dlmskit.security.policy import SecurityPolicy
from dlmskit.server import ClientConfig, Device
from dlmskit.types.enums import ApplicationContext, DataAccessResult
from dlmskit.types.obis import Obis
from tests.association.correspondents import known, side
from tests.server.keyed import ALL, HEAD_END, NOTE, Owner, fresh_keys, meter, settings_of
from tests.server.peers import METER, attribute

GET, SET, ACTION = Operation.GET, Operation.SET, Operation.ACTION
DENIED = DataAccessResult.READ_WRITE_DENIED
PROTECTIONS = [Protection(bits) for bits in range(8)]
REQUEST_MODES = [AccessMode(mode) for mode in range(0x20)]
"""Reading, writing, and every demand on the request; no demand on the response."""
SUITE, LONG, SHORT = 1, 3, 2
"""The suite, and the clients: by logical names, and by short names."""
KEYS = fresh_keys(SUITE)
SWITCH = Obis("0.0.96.3.10.255")
NOTE_KEY, SWITCH_KEY = (1, Obis(NOTE)), (70, SWITCH)
OCTETS = Data.octet_string(b"x")


def client_policy(found: Protection) -> SecurityPolicy:
    """What makes a client send this. Where it is encryption alone, the answers are too, and must be awaited so."""
    return SecurityPolicy(found << 2 | (SecurityPolicy.ENCRYPTED_RESPONSE if found == Protection.ENCRYPTED else 0))


def meter_policy(found: Protection) -> SecurityPolicy:
    """None, so that the rights alone decide. But a meter takes encryption alone only where its policy says so."""
    return SecurityPolicy.ENCRYPTED_REQUEST if found == Protection.ENCRYPTED else SecurityPolicy.NOTHING


def compact_device(policy: SecurityPolicy) -> Device:
    """A note, a switch, and two clients whose signatures it knows: by logical names, and by short names."""
    credentials = replace(side(SUITE, METER, known(SUITE, HEAD_END)), keys=KEYS)
    contexts = {LONG: ApplicationContext.LN_CIPHERED, SHORT: ApplicationContext.SN_CIPHERED}
    words: dict[str, Any] = {"server_system_title": METER, "security_suite": SUITE, "security_policy": policy}
    clients = [
        ClientConfig(
            name=f"client {sap}",
            settings=settings_of(client_sap=sap, application_context=context, **words),
            credentials=credentials,
        )
        for sap, context in contexts.items()
    ]
    device = meter(KEYS, settings={"security_suite": SUITE}, others=[(one, ALL) for one in clients])
    device[1].tree.add(DisconnectControl(SWITCH, control_mode=4))
    return device


def opened(found: Protection, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Owner:
    """A client whose requests carry this, and who takes any answer: what it carries is looked at here."""
    words: dict[str, Any] = {"client_sap": LONG, "server_system_title": METER, "security_suite": SUITE}
    words |= {"security_policy": client_policy(found)} | settings
    credentials = side(SUITE, HEAD_END, known(SUITE, METER))
    owner = Owner(compact_device(meter_policy(found)), KEYS, credentials=credentials, **words).open()
    security = owner.association.security
    assert security is not None
    tolerant = replace(security.rules, incoming=SecurityPolicy.NOTHING.request, accept_encryption_only=True)
    monkeypatch.setattr(security, "rules", tolerant)
    return owner


def answered(owner: Owner) -> Protection:
    """What the last answer carried, as the client verified it."""
    verified = owner.association._core.last_verified
    return Protection.NONE if verified is None else Protection(int(verified.protection))


def result_of(answer: Any) -> int:
    """What a service gave: 0 for a value, else the code."""
    if isinstance(answer, list):
        return result_of(answer[0])
    if isinstance(answer, Data):
        return 0
    code = getattr(answer, "result", answer)
    return int(code)


def first_of_all(owner: Owner) -> int:
    """Attribute 0: null-data where a value may not be read."""
    whole = owner.get(1, NOTE, 0)
    return DENIED if isinstance(whole, Data) and whole.value[1] is None else result_of(whole)


def method() -> CosemMethodDescriptor:
    return CosemMethodDescriptor(70, SWITCH.octets, 1)


NOTE_2 = attribute(1, NOTE, 2)
ALL_OF_NOTE = Data.structure((Data.null(), OCTETS))
SERVICES: dict[str, tuple[Operation, Callable[[Owner], int]]] = {
    "GET": (GET, lambda owner: result_of(owner.get(1, NOTE))),
    "GET with list": (GET, lambda owner: result_of(owner.get_list((1, NOTE, 2), (1, NOTE, 1)))),
    "GET of attribute 0": (GET, first_of_all),
    "ACCESS, get": (GET, lambda owner: result_of(owner.run(owner.association.access([AccessRequestGet(NOTE_2)], [Data.null()])))),
    "SET": (SET, lambda owner: owner.set(1, NOTE, 2, OCTETS)),
    "SET with list": (SET, lambda owner: owner.set_list([(1, NOTE, 2)], [OCTETS])[0]),
    "SET of attribute 0": (SET, lambda owner: owner.set(1, NOTE, 0, ALL_OF_NOTE)),
    "ACCESS, set": (SET, lambda owner: result_of(owner.run(owner.association.access([AccessRequestSet(NOTE_2)], [OCTETS])))),
    "ACTION": (ACTION, lambda owner: owner.action(70, str(SWITCH), 1, Data.integer(0))),
    "ACTION with list": (
        ACTION,
        lambda owner: result_of(owner.run(owner.association.action_list([method()], [Data.integer(0)]))),
    ),
    "ACCESS, action": (
        ACTION,
        lambda owner: result_of(owner.run(owner.association.access([AccessRequestAction(method())], [Data.integer(0)]))),
    ),
}


def role_with(operation: Operation, mode: AccessMode) -> Role:
    """One right on one word."""
    if operation is ACTION:
        return Role("r", {SWITCH_KEY: ObjectRights({}, {1: mode})})
    return Role("r", {NOTE_KEY: ObjectRights({2: mode}, {})})


def target_of(operation: Operation) -> tuple[tuple[int, Obis], Operation, int]:
    """What the right lies on."""
    return (SWITCH_KEY, operation, 1) if operation is ACTION else (NOTE_KEY, operation, 2)


FOUND = pytest.mark.parametrize("found", PROTECTIONS, ids=lambda found: found.name or "none")


@pytest.mark.case("R-041")
@FOUND
def test_the_request_bits_decide(found: Protection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each mode is put under an open association, and each service tried; what it says, `decide` says."""
    check_request_bits(opened(found, monkeypatch), found)


@pytest.mark.case("R-041")
def test_a_signature_inside_of_ciphering_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is the union of the layers, in whatever order they come."""
    inside = {"signing": Signing.INSIDE, "wrapping": Wrapping.GENERAL}
    check_request_bits(opened(PROTECTIONS[7], monkeypatch, **inside), PROTECTIONS[7])


def check_request_bits(owner: Owner, found: Protection) -> None:
    own, policy = owner.device[1].clients[LONG].association, AccessMode(meter_policy(found))
    for mode, (name, (operation, run)) in itertools.product(REQUEST_MODES, SERVICES.items()):
        own.role = role = role_with(operation, mode)
        expected = decide(role, *target_of(operation), found, policy)
        result = run(owner)
        assert (result == 0) is expected.allowed, (name, mode)
        assert expected.allowed or result == DENIED, (name, mode)
        assert answered(owner) == found, "an answer has what its request had"


@pytest.mark.case("R-041")
@FOUND
def test_the_response_bits_decide(found: Protection, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer carries what its request had and what the right demands, no less and no more; a refusal does, too."""
    owner = opened(found, monkeypatch)
    own, policy = owner.device[1].clients[LONG].association, AccessMode(meter_policy(found))
    bases = [AccessMode.READ_WRITE, AccessMode.NONE]
    bases += [AccessMode.READ_WRITE | AccessMode.demanding(~found & PROTECTIONS[7])] if found != PROTECTIONS[7] else []
    for base, demanded, (name, (operation, run)) in itertools.product(bases, PROTECTIONS, SERVICES.items()):
        own.role = role = role_with(operation, base | AccessMode.demanding(response=demanded))
        expected = decide(role, *target_of(operation), found, policy)
        for _ in range(2 if expected.allowed else 1):  # what is allowed is remembered: its answer must stay protected
            result = run(owner)
            assert (result == 0) is expected.allowed is (base == AccessMode.READ_WRITE), (name, base, demanded)
            assert answered(owner) == found | demanded, (name, base, demanded)


@pytest.mark.case("R-041")
@FOUND
def test_short_names_are_decide(found: Protection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading and writing by short names: every request bit, then every response bit."""
    owner = opened(found, monkeypatch, client_sap=SHORT, application_context=ApplicationContext.SN_CIPHERED)
    own, policy = owner.device[1].clients[SHORT].association, AccessMode(meter_policy(found))
    base = own.tree.base_names.base_of(NOTE_KEY) or 0
    name = VariableName(base + 8 - (0x10000 if base + 8 > 0x7FFF else 0))
    granted = [AccessMode.READ_WRITE | AccessMode.demanding(response=demanded) for demanded in PROTECTIONS]
    for mode, operation in itertools.product((*REQUEST_MODES, *granted), (GET, SET)):
        own.role = role = role_with(GET, mode)
        if operation is GET:
            answer = owner.run(owner.association.read_names([name]))
        else:
            answer = owner.run(owner.association.write_names([name], [OCTETS]))
        expected = decide(role, NOTE_KEY, operation, 2, found, policy)
        assert (result_of(answer) == 0) is expected.allowed, (mode, operation)
        assert answered(owner) == found | expected.response, (mode, operation)
