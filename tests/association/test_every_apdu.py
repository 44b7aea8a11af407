"""Every APDU of the vectors, in every state, to both parties: what the tables say is what the machines do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.apdu import declared_apdus, decode_apdu
from dlmskit.association import AssociationSettings, State
from dlmskit.association.inputs import KINDS, TREATMENTS_BY_OCTET, Treatment, answers_by_octet
from dlmskit.types.enums import ApplicationContext, Mechanism
from tests.association.peers import PLAIN, Pair, settings
from tests.vectors import load

VECTORS = {entry["name"]: bytes.fromhex(entry["hex"]) for entry in load("apdu", kind="apdu")}
SHORT = settings(application_context=ApplicationContext.SN)
SERVER_STATES = (State.INACTIVE, State.IDLE, State.HLS_PENDING, State.ASSOCIATED)


def server_in(way: AssociationSettings, state: State) -> Pair:
    """A pair whose server is in this state."""
    if state is State.HLS_PENDING:
        pair = Pair(replace(way, mechanism=Mechanism.HLS_GMAC))
        pair.serve(next(pair.client.associate())[0])
    else:
        pair = Pair(way)
        if state is State.ASSOCIATED:
            pair.associate()
        elif state is State.INACTIVE:
            pair.server.lower_layer_lost()
    assert pair.server.state is state
    return pair


@pytest.mark.parametrize("way", [PLAIN, SHORT], ids=["logical names", "short names"])
@pytest.mark.parametrize("state", SERVER_STATES, ids=lambda state: state.value)
def test_a_server_in_every_state(way: AssociationSettings, state: State) -> None:
    """What the table answers with fixed octets is answered so and changes nothing; what it serves ends in an APDU or silence."""
    table = answers_by_octet(short_names=way.short_names)[state]
    for name, octets in VECTORS.items():
        pair = server_in(way, state)
        answers = pair.server.receive(octets)
        owed = table[octets[0]]
        if isinstance(owed, bytes):
            assert answers == ((owed,) if owed else ()), name
            assert not pair.meter.log, name
            assert pair.server.state is (State.IDLE if state is State.INACTIVE else state), name
        assert all(decode_apdu(answer).encode() == answer for answer in answers), name
        assert len(answers) <= 1, name
        if state is not State.ASSOCIATED:
            assert not pair.meter.log, name


@pytest.mark.parametrize("way", [PLAIN, SHORT], ids=["logical names", "short names"])
@pytest.mark.parametrize("state", [State.INACTIVE, State.IDLE, State.ASSOCIATED], ids=lambda state: state.value)
def test_a_client_that_asks_nothing(way: AssociationSettings, state: State) -> None:
    """Notifications are kept where the table says so, all else is dropped; nothing is raised and nothing is left."""
    pair = Pair(way)
    if state is State.ASSOCIATED:
        pair.associate()
    elif state is State.INACTIVE:
        pair.client.lower_layer_lost()
    for name, octets in VECTORS.items():
        kept = len(pair.client.notifications)
        pair.client.receive(octets)
        told = TREATMENTS_BY_OCTET[state][octets[0]] is Treatment.NOTIFY
        assert (len(pair.client.notifications) > kept) is told, name
        pair.client.notifications.clear()
        assert pair.client.state is state, name


def test_the_vectors_hold_every_kind_of_apdu() -> None:
    """Every declared tag but the ciphered ones, which cannot be told from outside, is in what is tried above."""
    tried = {KINDS[octets[0]] for octets in VECTORS.values()}
    declared = {KINDS[one.head[0]] for one in declared_apdus()}
    assert {kind.value for kind in declared - tried} == {
        "ciphered READ or WRITE",
        "ciphered unconfirmed WRITE",
        "ciphered response",
        "ciphered ACTION",
        "ciphered notification",
        "general-ciphering or general-signing",
    }
