"""general-ciphering: there and back with every way to name a key, and keys that are used on."""

from __future__ import annotations

import pytest

from dlmskit.apdu.ciphering import GeneralCiphering
from dlmskit.crypto.suites import SUITES, suite_of
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.control import COUNTER_MAX, Protection
from dlmskit.security.conventions import AadProfile, Conventions
from dlmskit.security.layers import GeneralCiphered, KeyChoice
from dlmskit.security.protection import protect_layers, unprotect
from dlmskit.types.datetime import CosemDateTime
from tests.security.parties import CLIENT, GET_REQUEST, SERVER
from tests.security.people import FRESH, IDENTIFIED, general, people
from tests.security.refusals import refused

A, AE = Protection.AUTHENTICATED, Protection.AUTHENTICATED | Protection.ENCRYPTED


@pytest.mark.parametrize("suite_id", SUITES)
@pytest.mark.parametrize("key", [*IDENTIFIED, *FRESH])
@pytest.mark.parametrize("protection", [A, AE])
@pytest.mark.parametrize("aad", AadProfile)
def test_there_and_back(suite_id: int, key: KeyChoice, protection: Protection, aad: AadProfile) -> None:
    suite = suite_of(suite_id)
    client, server = people(suite=suite, conventions=Conventions(aad=aad))
    time = CosemDateTime(bytes.fromhex("07EA0B1506091500FF8000FF")[:12])
    step = GeneralCiphered(key=key, protection=protection, date_time=time, other_information=b"tariff")
    if suite.curve is None and key in (KeyChoice.ONE_PASS, KeyChoice.STATIC):
        with pytest.raises(SecurityError) as caught:
            protect_layers(GET_REQUEST, client, [step])
        assert caught.value.reason is SecurityReason.UNSUPPORTED
        return
    for number in range(3):
        verified = unprotect(protect_layers(GET_REQUEST, client, [step]), server)
        layer = general(verified)
        assert (verified.plain, layer.protection, layer.key) == (GET_REQUEST, protection, key)
        assert layer.general is not None
        assert (layer.general.originator, layer.general.recipient) == (CLIENT, SERVER)
        assert (layer.general.time, layer.general.other_information) == (time, b"tariff")
        assert verified.invocation_counter == (0 if key in FRESH else number)
        assert (verified.gap, layer.gap) == (0, 0)


@pytest.mark.parametrize("key", FRESH)
def test_a_fresh_key_is_named_once_and_used_on(key: KeyChoice) -> None:
    client, server = people()
    first = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key)])
    later = [protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.ESTABLISHED)]) for _ in range(3)]
    assert GeneralCiphering.decode(later[0]).key_info is None
    refused(SecurityReason.MISSING_KEY, later[0], server)
    assert unprotect(first, server).invocation_counter == 0
    assert [unprotect(octets, server).invocation_counter for octets in later] == [1, 2, 3]
    assert unprotect(protect_layers(GET_REQUEST, client, [GeneralCiphered(key=key)]), server).invocation_counter == 0


def test_without_an_established_key() -> None:
    client, _ = people()
    with pytest.raises(SecurityError) as caught:
        protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.ESTABLISHED)])
    assert caught.value.reason is SecurityReason.MISSING_KEY


def test_each_direction_has_its_own_key() -> None:
    client, server = people()
    unprotect(protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED)]), server)
    with pytest.raises(SecurityError):
        protect_layers(GET_REQUEST, server, [GeneralCiphered(key=KeyChoice.ESTABLISHED)])
    unprotect(protect_layers(GET_REQUEST, server, [GeneralCiphered(key=KeyChoice.ONE_PASS)]), client)
    assert server.fresh_keys.sending[CLIENT].key != client.fresh_keys.sending[SERVER].key


@pytest.mark.parametrize("first", [0, 1, 5, COUNTER_MAX])
def test_any_first_counter_of_a_fresh_key_is_taken(first: int) -> None:
    client, server = people(conventions=Conventions(first_counter=first))
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED)])
    assert unprotect(octets, server).invocation_counter == first


def test_a_key_is_forgotten_with_the_association() -> None:
    client, server = people()
    unprotect(protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.WRAPPED)]), server)
    later = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.ESTABLISHED)])
    server.drop_dedicated_key()
    refused(SecurityReason.MISSING_KEY, later, server)
