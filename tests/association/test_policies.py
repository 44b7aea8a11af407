"""Each symmetric bit of the security policy in every suite: who must send gives it, who receives refuses anything less.

Signed requests and responses, and all bits together, are in `test_downgrade`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.association import EventCode
from dlmskit.crypto.suites import SUITES
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection
from dlmskit.security.layers import Ciphered
from dlmskit.security.policy import SecurityPolicy
from dlmskit.security.protection import protect_layers
from tests.association.correspondents import pair_of, way_of
from tests.association.peers import CIPHERED, GUARDED, VALUE, Pair, drive

GET = bytes.fromhex("C001C1000301000108 00FF0200")
ANSWER = bytes.fromhex("C401C1000600000001")
DEMANDS = {
    "authenticated requests": SecurityPolicy.AUTHENTICATED_REQUEST,
    "encrypted requests": SecurityPolicy.AUTHENTICATED_REQUEST | SecurityPolicy.ENCRYPTED_REQUEST,
    "authenticated responses": SecurityPolicy.AUTHENTICATED_RESPONSE,
    "encrypted responses": SecurityPolicy.AUTHENTICATED_RESPONSE | SecurityPolicy.ENCRYPTED_RESPONSE,
}


def weaker(plain: bytes, security: SecurityContext, demanded: Protection, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """An APDU with one bit of protection less than is demanded; in clear where that leaves none."""
    rest = demanded & ~Protection.ENCRYPTED if Protection.ENCRYPTED in demanded else Protection.NONE
    monkeypatch.setattr(security, "rules", replace(security.rules, outgoing=Protection.NONE))
    return protect_layers(plain, security, (Ciphered(protection=rest),)) if rest else plain


@pytest.mark.case("R-048")
@pytest.mark.supports("policy demands {what}", suite="{suite}")
@pytest.mark.parametrize("what", DEMANDS)
@pytest.mark.parametrize("suite", SUITES)
def test_what_a_policy_demands(suite: int, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = DEMANDS[what]
    pair = pair_of(way_of(suite, policy=policy)).associate()
    pair.still_works()
    for octets, demanded in ((pair.sent[-1], policy.request), (pair.received[-1], policy.response)):
        given = Protection(octets[2] >> 4 & 3) if octets[0] in {0xC8, 0xCC} else Protection.NONE
        assert demanded in given, "the sender gives what it owes"
    client, server = pair.client.security, pair.server.security
    assert client is not None
    assert server is not None
    before = list(pair.meter.log)
    if policy.request:
        answer = pair.one(weaker(GET, client, policy.request, monkeypatch))
        assert answer[:1] == b"\xd8"
        assert pair.meter.log == before
        assert pair.server_log.codes()[-1] is EventCode.PROTECTION_TOO_WEAK
    else:
        with pytest.raises(SecurityError) as caught:
            drive(pair.client.get(VALUE), lambda _: [weaker(ANSWER, server, policy.response, monkeypatch)])
        assert caught.value.reason is SecurityReason.PROTECTION_TOO_WEAK


@pytest.mark.supports("rights demand more than the policy", suite="{suite}", side="server")
@pytest.mark.parametrize("suite", SUITES)
def test_rights_demand_more(suite: int) -> None:
    """A policy that demands nothing; the attribute wants authenticated requests and responses."""
    pair = pair_of(way_of(suite, policy=SecurityPolicy.NOTHING)).associate()
    assert pair.one(GET)[:1] == b"\xc4", "served in clear"
    served = len(pair.meter.log)
    refused = pair.one(bytes.fromhex("C001C1") + GUARDED.encode() + b"\x00")
    assert refused[0] == 0xCC, "the refusal carries what the attribute demands of its responses"
    assert refused[2] == 0x10 | suite
    assert len(pair.meter.log) == served


@pytest.mark.supports("repeated message refused", suite=None, side="client")
def test_a_client_takes_no_answer_twice() -> None:
    pair = Pair(CIPHERED).associate()
    pair.still_works()
    old = pair.received[-1]
    assert pair.run(pair.client.get(VALUE), lambda sent: [old, *pair.serve(sent)]) == pair.meter.value
    assert pair.client_log.codes()[-1] is EventCode.COUNTER_REPEATED
