"""Data between a third party and a meter: every kind of layer and key, there and back; nothing else passes, nothing moves."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.apdu.ciphering import AgreedKey, IdentifiedKey, WrappedKey
from dlmskit.codec.data import Data
from dlmskit.crypto.suites import SUITES
from dlmskit.errors import DecodeError, DlmsError, EncodeError, SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection
from dlmskit.security.data_protection import ProtectionParameters, ProtectionType, protect_data, unprotect_data, wish
from dlmskit.security.layers import KeyChoice
from tests.security.parties import CLIENT, SERVER
from tests.security.people import ANYTHING, THIRD, person
from tests.security.refusals import state

VALUE = Data.structure([Data.double_long_unsigned(123456), Data.octet_string(b"private")]).octets
AUTH, ENC, BOTH, SIGN = ProtectionType
KEYS = {0: (KeyChoice.GUEK, KeyChoice.WRAPPED), 1: tuple(KeyChoice)[:5], 2: tuple(KeyChoice)[:5]}
CELLS = [
    (suite, kinds, key)
    for suite, kinds, key in product(
        SUITES, ((AUTH,), (BOTH,), (ENC, AUTH), (BOTH, SIGN), (SIGN, BOTH), (ENC, SIGN), (SIGN,)), KeyChoice
    )
    if key in KEYS[suite] and (suite or SIGN not in kinds) and (key is KeyChoice.GUEK or kinds != (SIGN,))
]


def parties(suite: int) -> tuple[SecurityContext, SecurityContext]:
    """A third party, and the meter; the meter's own client is somebody else."""
    return person(THIRD, SERVER, suite=SUITES[suite], rules=ANYTHING), person(SERVER, CLIENT, suite=SUITES[suite])


def layers(kinds: tuple[ProtectionType, ...], key: KeyChoice) -> list[ProtectionParameters]:
    return [wish(kind, SERVER, key) for kind in kinds]


@pytest.mark.parametrize(
    ("suite", "kinds", "key"), CELLS, ids=[f"{s}-{'+'.join(k.name for k in kinds)}-{key}" for s, kinds, key in CELLS]
)
def test_there_and_back(suite: int, kinds: tuple[ProtectionType, ...], key: KeyChoice) -> None:
    third, meter = parties(suite)
    octets, used = protect_data(VALUE, third, layers(kinds, key))
    sent = ProtectionParameters.list_from_data(Data.array(one.to_data() for one in used))
    assert sent == used
    plain, found = unprotect_data(octets, meter, sent)
    assert plain == VALUE
    assert [layer.protection for layer in found] == [one.gives for one in used]
    assert {layer.originator for layer in found} == {THIRD}
    if ENC in kinds or BOTH in kinds:
        assert b"private" not in octets


@pytest.mark.parametrize(
    ("suite", "kinds", "key"),
    [(0, (BOTH,), KeyChoice.WRAPPED), (1, (BOTH, SIGN), KeyChoice.ONE_PASS), (1, (SIGN, BOTH), KeyChoice.STATIC)],
)
def test_every_bit_counts_and_what_is_refused_moves_nothing(
    suite: int, kinds: tuple[ProtectionType, ...], key: KeyChoice
) -> None:
    third, meter = parties(suite)
    octets, used = protect_data(VALUE, third, layers(kinds, key))
    before = state(meter)
    for at in range(8 * len(octets)):
        changed = bytearray(octets)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises(DlmsError):
            unprotect_data(bytes(changed), meter, used)
    assert state(meter) == before
    assert unprotect_data(octets, meter, used)[0] == VALUE


def test_once() -> None:
    third, meter = parties(1)
    for kinds in ((BOTH,), (SIGN,), (BOTH, SIGN)):
        octets, used = protect_data(VALUE, third, layers(kinds, KeyChoice.STATIC))
        unprotect_data(octets, meter, used)
        with pytest.raises(SecurityError) as caught:
            unprotect_data(octets, meter, used)
        assert caught.value.reason is SecurityReason.COUNTER_REPEATED


@pytest.mark.case("R-087")
@pytest.mark.parametrize(
    ("kinds", "required", "enough"),
    [
        ((AUTH,), Protection.AUTHENTICATED, True),
        ((AUTH,), Protection.AUTHENTICATED | Protection.ENCRYPTED, False),
        ((BOTH,), Protection.SIGNED, False),
        ((BOTH, SIGN), Protection(7), True),
    ],
)
def test_less_than_is_required(kinds: tuple[ProtectionType, ...], required: Protection, enough: bool) -> None:
    third, meter = parties(1)
    octets, used = protect_data(VALUE, third, layers(kinds, KeyChoice.ONE_PASS))
    before = state(meter)
    if enough:
        unprotect_data(octets, meter, used, required)
        return
    with pytest.raises(SecurityError) as caught:
        unprotect_data(octets, meter, used, required)
    assert caught.value.reason is SecurityReason.PROTECTION_TOO_WEAK
    assert state(meter) == before


@pytest.mark.case("R-087")
def test_parameters_that_say_more_than_the_octets_do() -> None:
    third, meter = parties(1)
    octets, used = protect_data(VALUE, third, layers((AUTH,), KeyChoice.ONE_PASS))
    lie = [used[0]._replace(protection_type=BOTH)]
    with pytest.raises(SecurityError):
        unprotect_data(octets, meter, lie, Protection.AUTHENTICATED | Protection.ENCRYPTED)


@pytest.mark.case("R-087")
def test_parameters_that_are_not_those_of_the_signature() -> None:
    third, meter = parties(1)
    octets, used = protect_data(VALUE, third, layers((SIGN,), KeyChoice.GUEK))
    for change in ({"originator": CLIENT}, {"recipient": None}, {"transaction_id": b"12345678"}, {"other_information": b"x"}):
        with pytest.raises(SecurityError) as caught:
            unprotect_data(octets, meter, [used[0]._replace(**change)])
        assert caught.value.reason is SecurityReason.SYSTEM_TITLE_MISMATCH


@pytest.mark.case("R-087")
def test_of_a_stranger_and_for_somebody_else() -> None:
    third, meter = parties(1)
    stranger = person(THIRD, SERVER, suite=SUITES[1])
    octets, used = protect_data(VALUE, stranger, layers((BOTH,), KeyChoice.ONE_PASS))
    other = person(SERVER, CLIENT, suite=SUITES[1], rules=ANYTHING.__class__(incoming=Protection.NONE, outgoing=Protection.NONE))
    with pytest.raises(SecurityError) as caught:
        unprotect_data(octets, other, used)
    assert caught.value.reason is SecurityReason.SYSTEM_TITLE_MISMATCH
    with pytest.raises(SecurityError):
        protect_data(VALUE, third, [wish(BOTH, SERVER)._replace(originator=CLIENT)])
    octets, used = protect_data(VALUE, person(THIRD, CLIENT), [wish(BOTH, CLIENT, KeyChoice.GUEK)])
    with pytest.raises(SecurityError) as caught:
        unprotect_data(octets, meter, used)
    assert caught.value.reason is SecurityReason.SYSTEM_TITLE_MISMATCH


def test_encryption_alone_proves_nothing() -> None:
    third, meter = parties(1)
    octets, used = protect_data(VALUE, third, layers((ENC,), KeyChoice.ONE_PASS))
    with pytest.raises(SecurityError) as caught:
        unprotect_data(octets, meter, used)
    assert caught.value.reason is SecurityReason.PROTECTION_TOO_WEAK


@pytest.mark.parametrize("count", [0, 5])
def test_numbers_of_layers(count: int) -> None:
    third, meter = parties(0)
    with pytest.raises(EncodeError):
        protect_data(VALUE, third, layers((BOTH,) * count, KeyChoice.GUEK))
    with pytest.raises(DecodeError):
        unprotect_data(b"", meter, layers((BOTH,) * count, KeyChoice.GUEK))
    parameters = Data.array(one.to_data() for one in layers((BOTH,) * 5, KeyChoice.GUEK))
    with pytest.raises(DecodeError):
        ProtectionParameters.list_from_data(parameters)


def test_keys_as_data() -> None:
    for info in (IdentifiedKey(1), WrappedKey(0, bytes(24)), AgreedKey(b"\x01", bytes(128))):
        one = ProtectionParameters(BOTH, b"1", THIRD, SERVER, b"info", info)
        assert ProtectionParameters.list_from_data(Data.array([one.to_data()])) == (one,)
    structure = Data.structure([Data.enum(0), Data.structure([Data.enum(1)])])  # as one other implementation writes it
    whole = ProtectionParameters(BOTH).to_data().elements()
    odd = Data.structure([whole[0], Data.structure([*whole[1].elements()[:4], structure])])
    assert ProtectionParameters.list_from_data(Data.array([odd]))[0].key is KeyChoice.GBEK
    empty = Data.structure([Data.enum(3), Data.structure([*whole[1].elements()[:4], Data.structure([])])])
    assert ProtectionParameters.list_from_data(Data.array([empty]))[0].protection_type is SIGN
    with pytest.raises(SecurityError):
        _ = ProtectionParameters(BOTH, key_info=AgreedKey(b"\x07", b"")).key


simple = st.sampled_from([Data.null(), Data.enum(9), Data.octet_string(b"x"), Data.octet_string(bytes(8))])


@given(
    st.recursive(
        simple, lambda inner: st.lists(inner, max_size=5).map(Data.structure) | st.lists(inner, max_size=3).map(Data.array)
    )
)
def test_whatever_is_called_parameters(data: Data) -> None:
    for whole in (data, Data.array([data]), Data.array([Data.structure([Data.enum(2), data])])):
        try:
            ProtectionParameters.list_from_data(whole)
        except DlmsError:
            continue


@given(st.binary(max_size=60))
def test_whatever_is_called_protected_data(octets: bytes) -> None:
    third, meter = parties(1)
    for kinds in ((BOTH,), (SIGN,)):
        _, used = protect_data(VALUE, third, layers(kinds, KeyChoice.GUEK))
        with pytest.raises(DlmsError):
            unprotect_data(octets, meter, used)
