"""A client speaks to every logical device at once, under the broadcast key and on a real socket. Nobody ever answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.association import Wrapping
from dlmskit.codec.data import Data
from dlmskit.crypto.suites import SUITES
from dlmskit.errors import ConfigError, SecurityError, SecurityReason, TransportTimeout
from dlmskit.security.control import SecurityControl
from dlmskit.security.keys import Key, KeyRole
from dlmskit.security.policy import STRONGEST_SYMMETRIC
from dlmskit.transport.base import Saps
from dlmskit.types.enums import Mechanism
from dlmskit.types.sap import ALL_STATION
from tests.association.correspondents import keys_of, pair_of, way_of
from tests.association.peers import ECHO, VALUE, Pair, credentials
from tests.system.wire import Wire, wired

SAPS = Saps(16, ALL_STATION)


def group(suite: int, wrapping: Wrapping = Wrapping.SERVICE_SPECIFIC, first: int = 0x60) -> Pair:
    """A client and a device that hold the broadcast key beside their own ones; ``first``: which one the device holds."""

    def gbek(start: int) -> Key:
        return Key(bytes(range(start, start + SUITES[suite].key_octets)), KeyRole.GBEK)

    way = replace(way_of(suite, Mechanism.LOWEST), server_sap=ALL_STATION, pre_established=True, wrapping=wrapping)
    keys = keys_of(suite)
    return Pair(
        way,
        client_credentials=credentials(replace(keys, gbek=gbek(0x60))),
        server_credentials=credentials(replace(keys, gbek=gbek(first))),
    )


async def silent(wire: Wire) -> bool:
    """Whether nothing was answered to what was sent so far."""
    try:
        await wire.transport.receive(0.05)
    except TransportTimeout:
        return True
    return False


@pytest.mark.case("R-044")
@pytest.mark.supports("broadcast under the broadcast key", suite="{suite}")
@pytest.mark.parametrize("wrapping", [Wrapping.SERVICE_SPECIFIC, Wrapping.GENERAL])
@pytest.mark.parametrize("suite", SUITES)
async def test_executed_and_not_answered(suite: int, wrapping: Wrapping) -> None:
    there = group(suite, wrapping)
    async with wired(there, SAPS) as wire:
        sent = [
            there.client.set_unconfirmed(VALUE, Data.octet_string(b"for all of you")),
            there.client.action_unconfirmed(ECHO, Data.integer(1)),
        ]
        for apdu in sent:
            control = SecurityControl(apdu[11] if wrapping is Wrapping.GENERAL else apdu[2])
            assert (control.broadcast, control.protection) == (True, STRONGEST_SYMMETRIC.request)
            await wire.transport.send(apdu)
        assert await silent(wire)
        assert there.meter.value == Data.octet_string(b"for all of you")
        assert there.meter.effects == 2
        for apdu in sent:  # once more, and changed
            for bad in (apdu, apdu[:-1] + bytes((apdu[-1] ^ 1,))):
                await wire.transport.send(bad)
        assert await silent(wire)
        assert there.meter.effects == 2


async def test_who_asks_for_an_answer_gets_none() -> None:
    """A confirmed request is not even executed."""
    there = group(0)
    async with wired(there, SAPS) as wire:
        for apdu in next(there.client.set(VALUE, Data.octet_string(b"answer me"))):
            await wire.transport.send(apdu)
        assert await silent(wire)
        assert there.meter.effects == 0


async def test_a_device_of_another_group() -> None:
    there = group(1, first=0x61)
    async with wired(there, SAPS) as wire:
        await wire.transport.send(there.client.set_unconfirmed(VALUE, Data.octet_string(b"not for you")))
        assert await silent(wire)
        assert there.meter.effects == 0


def test_what_a_broadcast_needs() -> None:
    """The broadcast key, and a form that names no recipient."""
    way = replace(way_of(0, Mechanism.LOWEST), server_sap=ALL_STATION, pre_established=True)
    keyless = Pair(way, client_credentials=credentials(keys_of(0)))
    with pytest.raises(SecurityError) as caught:
        keyless.client.set_unconfirmed(VALUE, Data.integer(1))
    assert caught.value.reason is SecurityReason.MISSING_KEY
    with pytest.raises(ConfigError, match="names no recipient"):
        pair_of(replace(way, wrapping=Wrapping.GENERAL_CIPHERING))
