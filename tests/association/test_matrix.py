"""Client against server over mechanism x suite x form x protection, then signatures and compression: open, use, release.

The octets of each form are proved by vectors (`tests/security`); here both sides use them in whole associations, and what each
APDU was protected with is looked up on the side that received it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from dlmskit.association import Signing, State
from dlmskit.codec.data import Data
from dlmskit.crypto.suites import SUITES
from dlmskit.security.control import Protection
from dlmskit.security.envelope import Form
from dlmskit.security.hls import register
from dlmskit.security.hls.aes_ecb import AesEcb
from dlmskit.security.hls.mechanism import _MECHANISMS
from dlmskit.security.layers import KeyChoice, Layer
from dlmskit.security.policy import SIGNED_BOTH_WAYS, SecurityPolicy
from dlmskit.types.enums import ActionResult, DataAccessResult, Mechanism
from tests.association.correspondents import FORMS, POLICIES, agrees, pair_of, way_of
from tests.association.peers import ECHO, VALUE, Pair

LONG = Data.octet_string(b"every meter says the same again and again " * 8)


@pytest.fixture(autouse=True)
def _manufacturer() -> Iterator[None]:
    """Mechanism 2 is a plug-in: nothing is registered for it unless somebody does."""
    register(AesEcb())
    yield
    del _MECHANISMS[2]


def layers_of_the_request(pair: Pair) -> tuple[Layer, ...]:
    """What the server found on the last request."""
    verified = pair.meter.requests[-1].verified
    assert verified is not None
    return verified.layers


def layers_of_the_answer(pair: Pair) -> tuple[Layer, ...]:
    """What the client found on the last answer."""
    verified = pair.client._core.last_verified
    assert verified is not None
    return verified.layers


def use(pair: Pair) -> None:
    """Open, read, write, read back, invoke."""
    pair.associate()
    assert pair.run(pair.client.get(VALUE)) == Data.double_long_unsigned(1234)
    assert pair.run(pair.client.set(VALUE, LONG)) == DataAccessResult.SUCCESS
    assert pair.run(pair.client.get(VALUE)) == LONG
    assert pair.run(pair.client.action(ECHO, Data.integer(3))).result == ActionResult.SUCCESS
    assert pair.run(pair.client.get(VALUE)) == LONG


def release(pair: Pair) -> None:
    assert pair.run(pair.client.release())
    assert {pair.client.state, pair.server.state} == {State.IDLE}


def shape(layers: tuple[Layer, ...]) -> list[tuple[Form, Protection]]:
    """Form and protection of each layer, outermost first."""
    return [(layer.form, layer.protection) for layer in layers]


CELLS = [
    (suite, mechanism, form, protection)
    for suite, mechanism, form, protection in product(SUITES, Mechanism, FORMS, POLICIES)
    if suite or not (agrees(form) or mechanism is Mechanism.HLS_ECDSA)
]
"""Suite 0 has no key pairs."""


@pytest.mark.supports("{form} {protection}", "mechanism {mechanism.value}", suite="{suite}")
@pytest.mark.parametrize(
    ("suite", "mechanism", "form", "protection"), CELLS, ids=[f"{s}-{m.value}-{f}-{p}" for s, m, f, p in CELLS]
)
def test_symmetric(suite: int, mechanism: Mechanism, form: str, protection: str) -> None:
    policy = POLICIES[protection]
    pair = pair_of(way_of(suite, mechanism, form, policy))
    use(pair)
    wanted = [(Form[form.split(" ", maxsplit=1)[0].upper().replace("-", "_")], policy.request)]
    assert shape(layers_of_the_request(pair)) == shape(layers_of_the_answer(pair)) == wanted
    assert pair.client.context is not None
    assert pair.client.context.mechanism is mechanism
    key = layers_of_the_request(pair)[0].key
    named = FORMS[form].get("general_key", KeyChoice.GUEK if "ciphering" in form else None)
    kept = named is not None and named.fresh and Protection.AUTHENTICATED in policy.request
    assert key is (KeyChoice.ESTABLISHED if kept else named)
    release(pair)


SIGNED = [
    (suite, form, protection, signing)
    for suite, form, protection, signing in product((1, 2), FORMS, (*POLICIES, "nothing else"), Signing)
    if (signing is Signing.AROUND or form not in {"glo", "ded"}) and (protection != "nothing else" or form == "glo")
]


def _layers(signing: Signing, protection: str) -> str:
    if protection == "nothing else":
        return "general-signing"
    return "signature over ciphering" if signing is Signing.AROUND else "ciphering over signature"


@pytest.mark.parametrize(
    ("suite", "form", "protection", "signing"),
    [
        pytest.param(*cell, marks=pytest.mark.supports("general-signing", _layers(cell[3], cell[2]), suite=cell[0]))
        for cell in SIGNED
    ],
    ids=[f"{s}-{f}-{p}-{where.name}" for s, f, p, where in SIGNED],
)
def test_signed(suite: int, form: str, protection: str, signing: Signing) -> None:
    symmetric = POLICIES.get(protection, SecurityPolicy.NOTHING)
    pair = pair_of(way_of(suite, Mechanism.HLS_ECDSA, form, symmetric | SIGNED_BOTH_WAYS, signing))
    use(pair)
    signature = (Form.GENERAL_SIGNING, Protection.SIGNED)
    ciphering = [(Form[form.split(" ", maxsplit=1)[0].upper().replace("-", "_")], symmetric.request)] if symmetric else []
    wanted = [signature, *ciphering] if signing is Signing.AROUND else [*ciphering, signature]
    assert shape(layers_of_the_request(pair)) == shape(layers_of_the_answer(pair)) == wanted
    for sent, came in zip(layers_of_the_request(pair), layers_of_the_answer(pair), strict=True):
        if sent.general is not None and came.general is not None:
            assert (came.general.originator, came.general.recipient) == (sent.general.recipient, sent.general.originator)
            assert came.general.transaction_id == sent.general.transaction_id
    release(pair)


COMPRESSED = [(suite, form) for suite, form in product((1, 2), FORMS) if form not in {"glo", "ded"}]


@pytest.mark.parametrize(
    ("suite", "form"),
    [
        pytest.param(suite, form, marks=pytest.mark.supports(f"{form.split(' ')[0]} compressed", suite=suite))
        for suite, form in COMPRESSED
    ],
)
def test_compressed(suite: int, form: str) -> None:
    pair = pair_of(way_of(suite, form=form, compress=True))
    plain = pair_of(way_of(suite, form=form))
    for one in (pair, plain):
        use(one)
    assert len(pair.received[-1]) < len(plain.received[-1])
    header = layers_of_the_answer(pair)[0].header
    assert header is not None
    assert header.control.compressed
    release(pair)


@pytest.mark.parametrize(("suite", "form"), [(1, form) for form in FORMS] + [(2, "general-ciphering one-pass key")])
def test_long_values_go_in_blocks_that_fit(suite: int, form: str) -> None:
    """No APDU is longer than the peer takes, whatever the layers add."""
    size = 600
    way = way_of(suite, Mechanism.HLS_ECDSA, form, POLICIES["authenticated+encrypted"] | SIGNED_BOTH_WAYS, max_pdu_size=size)
    value = Data.octet_string(bytes(range(256)) * 8)
    pair = pair_of(way)
    pair.associate()
    assert pair.run(pair.client.set(VALUE, value)) == DataAccessResult.SUCCESS
    assert pair.run(pair.client.get(VALUE)) == value
    assert size - 40 < max(map(len, (*pair.sent[2:], *pair.received[2:]))) <= size
    release(pair)


def test_the_server_signs_though_requests_are_not() -> None:
    """The policy says who owes what, for each direction apart."""
    policy = POLICIES["authenticated+encrypted"] | SecurityPolicy.SIGNED_RESPONSE
    pair = pair_of(way_of(1, policy=policy))
    use(pair)
    assert [layer.form for layer in layers_of_the_request(pair)] == [Form.GLO]
    assert [layer.form for layer in layers_of_the_answer(pair)] == [Form.GENERAL_SIGNING, Form.GLO]
    release(pair)
