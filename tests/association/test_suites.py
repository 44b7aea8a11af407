"""Every suite with every form that uses the keys of the association, at every level of protection: open, use, release.

The octets of the suites are proved by vectors (`tests/security`); here client and server use them in whole associations.
"""

from __future__ import annotations

import pytest

from dlmskit.association import State, Wrapping
from dlmskit.codec.data import Data
from dlmskit.crypto.suites import SUITES, SecuritySuite
from dlmskit.security.control import Protection
from dlmskit.security.envelope import FORM_OF_TAG, Form
from dlmskit.security.keys import Key, KeyRole, KeySet, Secret
from dlmskit.security.policy import AUTHENTICATED_BOTH_WAYS, ENCRYPTED_BOTH_WAYS, STRONGEST_SYMMETRIC, SecurityPolicy
from dlmskit.types.enums import DataAccessResult, Mechanism
from tests.association.peers import LN_CIPHERED, PASSWORD, VALUE, Pair, settings

POLICIES = {
    "authenticated": AUTHENTICATED_BOTH_WAYS,
    "encrypted": ENCRYPTED_BOTH_WAYS,
    "authenticated+encrypted": STRONGEST_SYMMETRIC,
}
FORMS = {
    "glo": (Wrapping.SERVICE_SPECIFIC, False),
    "ded": (Wrapping.SERVICE_SPECIFIC, True),
    "general-glo": (Wrapping.GENERAL, False),
    "general-ded": (Wrapping.GENERAL, True),
}


def keys_of(suite: SecuritySuite) -> KeySet:
    """Keys of the length of this suite."""
    guek, gak = (
        Key(bytes(range(first, first + suite.key_octets)), role) for first, role in ((0, KeyRole.GUEK), (0xD0, KeyRole.GAK))
    )
    return KeySet(guek=guek, gak=gak, lls_password=PASSWORD, hls_secret=Secret(bytes(range(32))))


def pair_of(suite: int, mechanism: Mechanism, form: str = "glo", policy: SecurityPolicy = STRONGEST_SYMMETRIC) -> Pair:
    """A client and a server that speak this way alone."""
    wrapping, dedicated = FORMS[form]
    way = settings(
        application_context=LN_CIPHERED,
        mechanism=mechanism,
        security_suite=suite,
        security_policy=policy,
        wrapping=wrapping,
        dedicated_key=dedicated,
    )
    keys = keys_of(SUITES[suite])
    return Pair(way, client_keys=keys, server_keys=keys)


WAYS = [
    (form, protection) for form in FORMS for protection in POLICIES if (FORMS[form][1], protection) != (True, "authenticated")
]
"""A dedicated key travels encrypted: where the policy only authenticates, the client refuses to agree on one."""


@pytest.mark.supports("{form} {protection}", suite="{suite}")
@pytest.mark.parametrize(("form", "protection"), WAYS)
@pytest.mark.parametrize("suite", SUITES)
def test_forms(suite: int, form: str, protection: str) -> None:
    pair = pair_of(suite, Mechanism.HLS_GMAC, form, POLICIES[protection]).associate()
    assert pair.run(pair.client.set(VALUE, Data.long_unsigned(7))) == DataAccessResult.SUCCESS
    assert pair.run(pair.client.get(VALUE)) == Data.long_unsigned(7)
    for octets in (pair.sent[-1], pair.received[-1]):
        assert FORM_OF_TAG[octets[0]] is Form[form.upper().replace("-", "_")]
        control = octets[11 if form.startswith("general") else 2]
        assert control & 0x0F == suite
        assert Protection(control >> 4 & 3) == POLICIES[protection].request
    assert pair.run(pair.client.release())
    assert {pair.client.state, pair.server.state} == {State.IDLE}


@pytest.mark.supports("mechanism {mechanism.value}", suite="{suite}")
@pytest.mark.parametrize("mechanism", [Mechanism.LOWEST, Mechanism.LLS, Mechanism.HLS_GMAC])
@pytest.mark.parametrize("suite", SUITES)
def test_mechanisms(suite: int, mechanism: Mechanism) -> None:
    pair = pair_of(suite, mechanism).associate()
    pair.still_works()
    assert pair.client.context is not None
    assert pair.client.context.mechanism is mechanism
