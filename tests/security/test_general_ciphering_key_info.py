"""general-ciphering: key-info that is none, points and keys that are not what they should be, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dlmskit.apdu.ciphering import AgreedKey, GeneralCiphering, IdentifiedKey, WrappedKey
from dlmskit.crypto.curves import P_256
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.keywrap import wrap_key
from dlmskit.crypto.suites import SUITE_1, SUITE_2
from dlmskit.errors import DecodeError, EncodeError, SecurityError, SecurityReason
from dlmskit.security.control import Protection
from dlmskit.security.conventions import AadProfile, Conventions
from dlmskit.security.envelope import Form
from dlmskit.security.general_header import GeneralHeader
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.layers import Ciphered, GeneralCiphered, KeyChoice
from dlmskit.security.parties import Correspondence
from dlmskit.security.protection import protect_layers, unprotect
from dlmskit.security.windows import ReceivedCounters
from tests.security.parties import CLIENT, GET_REQUEST, SERVER
from tests.security.people import ANYTHING, THIRD, keys_of, people, person, with_rules
from tests.security.refusals import changed, refused, state

A, AE = Protection.AUTHENTICATED, Protection.AUTHENTICATED | Protection.ENCRYPTED


@pytest.mark.case("R-009")
@pytest.mark.parametrize(
    ("key_info", "reason"),
    [
        (IdentifiedKey(2), SecurityReason.UNSUPPORTED),
        (IdentifiedKey(255), SecurityReason.UNSUPPORTED),
        (WrappedKey(1, bytes(24)), SecurityReason.UNSUPPORTED),
        (WrappedKey(0, b""), SecurityReason.WRONG_KEY_LENGTH),
        (WrappedKey(0, bytes(24)), SecurityReason.DECIPHERING_FAILED),
        (WrappedKey(0, bytes(32)), SecurityReason.WRONG_KEY_LENGTH),
        (AgreedKey(b"", b""), SecurityReason.UNSUPPORTED),
        (AgreedKey(b"\x03", b""), SecurityReason.UNSUPPORTED),
        (AgreedKey(b"\x01\x01", bytes(128)), SecurityReason.UNSUPPORTED),
        (AgreedKey(b"\x02", b"\x00"), SecurityReason.UNSUPPORTED),
        (AgreedKey(b"\x01", b""), SecurityReason.PUBLIC_KEY_INVALID),
        (AgreedKey(b"\x01", bytes(127)), SecurityReason.PUBLIC_KEY_INVALID),
        (AgreedKey(b"\x01", bytes(192)), SecurityReason.PUBLIC_KEY_INVALID),
        (AgreedKey(b"\x01", AgreementKey.generate(P_256).public.octets), SecurityReason.SIGNATURE_INVALID),
        (AgreedKey(b"\x01", AgreementKey.generate(P_256).public.octets + bytes(65)), SecurityReason.SIGNATURE_INVALID),
    ],
)
def test_key_info_that_is_none(key_info: Any, reason: SecurityReason) -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    refused(reason, changed(octets, key_info=key_info), server)


def test_a_wrapped_key_of_another_suite() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    kek = server.keys.kek
    assert kek is not None
    long = WrappedKey(0, wrap_key(kek.reveal(), bytes(range(32))))
    refused(SecurityReason.WRONG_KEY_LENGTH, changed(octets, key_info=long), server)


def points() -> list[Any]:
    """R-061: on the twist or off the curve, infinity, compressed, other lengths."""
    good = PublicKey(P_256, AgreementKey.generate(P_256).public.octets).octets
    return [
        pytest.param(bytes(64), id="infinity"),
        pytest.param(good[:63] + bytes((good[63] ^ 1,)), id="off the curve"),
        pytest.param(b"\xff" * 64, id="above the prime"),
        pytest.param(b"\x02" + good[:32], id="compressed"),
        pytest.param(b"\x04" + good, id="with 04"),
    ]


@pytest.mark.case("R-061")
@pytest.mark.parametrize("point", points())
def test_an_invalid_point_is_refused_though_it_is_signed(point: bytes) -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    signature = client.parties.signing_key().sign(point)
    refused(SecurityReason.PUBLIC_KEY_INVALID, changed(octets, key_info=AgreedKey(b"\x01", point + signature)), server)


@pytest.mark.case("R-061")
def test_a_point_that_its_originator_did_not_sign() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.ONE_PASS)])
    info = GeneralCiphering.decode(octets).key_info
    assert isinstance(info, AgreedKey)
    point = AgreementKey.generate(P_256).public.octets
    for data in (point + info.key_ciphered_data[64:], info.key_ciphered_data[:64] + SigningKey.generate(P_256).sign(point)):
        refused(SecurityReason.SIGNATURE_INVALID, changed(octets, key_info=AgreedKey(b"\x01", data)), server)


def test_forged_messages_leave_nothing_behind() -> None:
    """Not one window per forged transaction id: memory is for what verified."""
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.STATIC)])
    for number in range(50):
        refused(SecurityReason.DECIPHERING_FAILED, changed(octets, transaction_id=bytes((1, number))), server)
    assert state(server) == ({}, {}, {})
    assert len(server.received._windows) <= 1


def test_what_is_missing_is_said() -> None:
    bare = Correspondence()
    for key, what in ((KeyChoice.WRAPPED, "randomness"), (KeyChoice.ONE_PASS, "public key"), (KeyChoice.STATIC, "private key")):
        client = person(CLIENT, SERVER, correspondence=bare)
        with pytest.raises(SecurityError, match=what):
            protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key)])
    for key, role in ((KeyChoice.GUEK, "guek"), (KeyChoice.GBEK, "gbek"), (KeyChoice.WRAPPED, "kek")):
        client = person(CLIENT, SERVER, keys=KeySet(gak=keys_of(SUITE_1).gak))
        with pytest.raises(SecurityError, match=role):
            protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key)])
    client = person(CLIENT, SERVER, keys=replace(keys_of(SUITE_1), gak=None))
    with pytest.raises(SecurityError, match="gak"):
        protect_layers(GET_REQUEST, client, [GeneralCiphered()])


def test_without_an_authentication_key_where_the_rules_say_so() -> None:
    rules = replace(ANYTHING, without_authentication_key=True)
    client, server = people(rules=rules, keys=replace(keys_of(SUITE_1), gak=None))
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    assert unprotect(octets, server).plain == GET_REQUEST
    refused(SecurityReason.DECIPHERING_FAILED, octets, people()[1])


def test_keys_of_another_suite() -> None:
    client, _ = people(suite=SUITE_2)
    wrong = person(CLIENT, SERVER, suite=SUITE_2, correspondence=people()[0].parties.correspondence)
    for key in (KeyChoice.ONE_PASS, KeyChoice.STATIC):
        protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key)])
        with pytest.raises(SecurityError) as caught:
            protect_layers(GET_REQUEST, wrong, [GeneralCiphered(key=key)])
        assert caught.value.reason is SecurityReason.PUBLIC_KEY_INVALID


def test_broadcast_only_where_it_is_accepted() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.GBEK)])
    refused(SecurityReason.SECURITY_CONTROL_INVALID, octets, with_rules(server, accept_broadcast=False))
    assert unprotect(octets, server).key_role is KeyRole.GBEK


def test_nothing_inside() -> None:
    client, server = people()
    with pytest.raises(EncodeError):
        protect_layers(b"", client, [GeneralCiphered()])
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    empty = GeneralCiphering.decode(octets).ciphered_content[:5]
    refused(SecurityReason.DECIPHERING_FAILED, changed(octets, ciphered_content=empty), server)
    for short in (b"", empty[:4]):
        with pytest.raises(DecodeError):
            unprotect(changed(octets, ciphered_content=short), server)


def test_a_failed_step_establishes_nothing() -> None:
    client, _ = people()
    with pytest.raises(EncodeError):
        protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED), Ciphered(form=Form.GLO)])
    assert client.fresh_keys.sending == {}


def test_windows_of_many_fresh_keys_are_bounded(monkeypatch) -> None:
    monkeypatch.setattr("dlmskit.security.windows.FRESH_KEYS_KEPT", 3)
    client, server = people()
    step = [GeneralCiphered(key=KeyChoice.WRAPPED)]
    for _ in range(3):
        unprotect(protect_layers(GET_REQUEST, client, step), server)
    refused(SecurityReason.UNSUPPORTED, protect_layers(GET_REQUEST, client, step), server)

    class Store:
        def __init__(self) -> None:
            self.lowest: dict[str, int] = {}

        def lowest_acceptable(self, window_id: str) -> int:
            return self.lowest.get(window_id, 0)

        def raise_to(self, window_id: str, lowest: int) -> None:
            self.lowest[window_id] = lowest

    store = Store()
    stored = person(SERVER, CLIENT, received=ReceivedCounters(store))
    messages = [protect_layers(GET_REQUEST, client, step) for _ in range(6)]
    for octets in messages:
        unprotect(octets, stored)
    assert len(store.lowest) == 6
    for octets in messages:  # those that memory has dropped are known to the store
        refused_by = person(SERVER, CLIENT, received=stored.received)
        with pytest.raises(SecurityError) as caught:
            unprotect(octets, refused_by)
        assert caught.value.reason is SecurityReason.COUNTER_REPEATED


def test_a_third_partys_own_message_comes_back_to_it() -> None:
    """Where the header is not authenticated nothing but the title of the originator tells it."""
    conventions = Conventions(aad=AadProfile.SC_AK_ONLY)
    third = person(THIRD, SERVER, conventions=conventions)
    octets = protect_layers(GET_REQUEST, third, [GeneralCiphered()])
    refused(SecurityReason.SYSTEM_TITLE_MISMATCH, changed(octets, recipient_system_title=THIRD.octets), third)


@pytest.mark.parametrize("drawn", [keys_of(SUITE_1).guek, keys_of(SUITE_1).kek, Key(b"\x07" * 16)])
def test_a_key_that_is_not_fresh_is_not_sent(drawn: Key) -> None:
    client = person(CLIENT, SERVER, correspondence=Correspondence(random=lambda count: drawn.reveal()[:count]))
    with pytest.raises(SecurityError) as caught:
        protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED)])
    assert caught.value.reason is SecurityReason.UNSUPPORTED
    assert client.fresh_keys.sending == {}


@pytest.mark.parametrize("compressed", [b"", b"\x03"])
def test_verified_and_empty(compressed: bytes) -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered()])
    header = GeneralHeader.of(GeneralCiphering.decode(octets)).encode()
    control = b"\xb1" if compressed else b"\x31"
    guek, gak = client.keys.guek, client.keys.gak
    assert guek is not None
    assert gak is not None
    mode = guek.gcm.authenticated_encryption(CLIENT.octets, control + gak.reveal() + header)
    content = control + bytes(4) + mode.protect(bytes(4), compressed)
    refused(SecurityReason.INNER_TAG_MISMATCH, changed(octets, ciphered_content=content), server)


def test_policy_is_looked_at_before_the_tag() -> None:
    client, server = people()
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(protection=A)])
    refused(SecurityReason.PROTECTION_TOO_WEAK, octets[:-1] + bytes((octets[-1] ^ 1,)), with_rules(server, incoming=AE))
