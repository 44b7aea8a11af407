"""The two published relay attacks on real sockets: each works where the study says so, the default settings stop it (A-3, A-4).

For the attacks to work, client and meter have to be told the words for weak settings: ``context="plain"`` with ``allow_weak``,
and a meter whose client is not ciphered.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import dlmskit
from dlmskit.apdu import ActionResponseNormal, CosemAttributeDescriptor, GetRequestNormal, GetResponseNormal
from dlmskit.apps.simulator.serving import Served
from dlmskit.association.ports import EventCode
from dlmskit.client.counters import Counters
from dlmskit.client.key_file import read_key_file
from dlmskit.client.plan import WeakSecurityWarning
from dlmskit.codec.data import Data
from dlmskit.errors import DlmsError, SecurityError, SecurityReason
from dlmskit.security.vault import KeyVault
from dlmskit.security.vault_tables import tables_from_vault, vault_from_tables
from dlmskit.types.obis import Obis
from tests.system.attackers import FORGED, false_meter, swapper
from tests.system.lab import CIPHERED, MECHANISMS, NOTE, PLAIN, TITLE, client, every_mechanism, meter

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings(f"ignore::{WeakSecurityWarning.__module__}.{WeakSecurityWarning.__name__}"),
]

GET = GetRequestNormal(0xC1, CosemAttributeDescriptor(1, Obis(NOTE).octets, 2)).encode()
WEAK: Mapping[str, Any] = {"context": "plain", "allow_weak": True}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A meter of suite 1 with two clients for each mechanism, one of them in clear."""
    async with meter(tmp_path_factory.mktemp("relay"), 1, every_mechanism()) as served:
        yield served


def nobody_named(path: Path | None) -> KeyVault:
    """The keys of the meter, without saying whose they are: no system title is expected then."""
    assert path is not None
    tables = tables_from_vault(read_key_file(path))
    tables["default"] = {name: value for name, value in tables.pop(str(TITLE)).items() if name != "system_title"}
    return vault_from_tables(tables)


async def two_clients(url: str, keys: Any, mechanism: int, **words: Any) -> list[Any]:
    """Two clients with one secret connect at the same time: what each reads, or why it does not."""

    async def one(title: str) -> Any:
        common = {"counters": Counters.in_memory(), "invocation_counter": 1, "timeout": 5.0, "suite": 1, "client": 1}
        async with dlmskit.connect(url, keys=keys, mechanism=mechanism, client_title=title, **common, **words) as there:  # type: ignore[arg-type]
            return await there.read(NOTE)

    return list(await asyncio.gather(one("4845530000000001"), one("4845530000000002"), return_exceptions=True))


# --- the attacker as server ---


@pytest.mark.case("R-032")
@pytest.mark.parametrize("mechanism", [3, 4, 5, 6])
async def test_two_clients_open_each_other(running: Served, mechanism: int) -> None:
    """The attacker holds no key, both clients take him for the meter, and believe what he says."""
    async with false_meter() as (url, attacker):
        found = await two_clients(url, nobody_named(running.key_file), mechanism, **WEAK)
    assert found == [FORGED.value, FORGED.value]
    assert len([apdu for apdu in attacker.requests if apdu[0] == GET[0]]) == 2


@pytest.mark.case("R-032")
async def test_a_signature_is_not_the_meters(running: Served) -> None:
    """Mechanism 7: the other client's signature does not match the meter's public key, plain context or not."""
    async with false_meter() as (url, attacker):
        found = await two_clients(url, nobody_named(running.key_file), 7, **WEAK)
    assert [type(one) for one in found] == [SecurityError, SecurityError]
    assert {one.reason for one in found} <= {SecurityReason.AUTHENTICATION_FAILED, SecurityReason.SIGNATURE_INVALID}
    assert not attacker.requests


@pytest.mark.case("R-032")
@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_by_default_no_client_is_opened(running: Served, mechanism: int) -> None:
    """Ciphered, as it is where nothing else is said: the attacker has no grant to give, whatever he sends as one."""
    async with false_meter() as (url, attacker):
        weak = {"allow_weak": True} if mechanism < 5 else {}
        found = await two_clients(url, nobody_named(running.key_file), mechanism, **weak)
    assert all(isinstance(one, DlmsError) for one in found), found
    assert not attacker.requests


@pytest.mark.case("R-032")
@pytest.mark.parametrize("mechanism", [5, 6, 7])
async def test_a_meter_that_is_known_by_name(running: Served, mechanism: int) -> None:
    """The key file says which system title the meter has: another one is refused, in clear as well."""
    async with false_meter() as (url, attacker):
        found = await two_clients(url, running.key_file, mechanism, entry=str(TITLE), **WEAK)
    assert [one.reason for one in found] == [SecurityReason.SYSTEM_TITLE_MISMATCH] * 2
    assert not attacker.requests


# --- the attacker as client, with a man in the middle ---


@pytest.mark.case("R-033")
@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_the_honest_client_lets_the_attacker_in(running: Served, mechanism: int) -> None:
    """Every mechanism, the signature too: the meter refuses the honest client, and gives the attacker what he asks for."""
    words: dict[str, Any] = {"mechanism": mechanism, "suite": 1, **WEAK}
    async with client(running.url, running, PLAIN + mechanism, **words) as honest:
        await honest.write(NOTE, 2, Data.octet_string(b"private"))
    async with swapper(running.url) as (url, attacker):
        with pytest.raises(DlmsError):
            async with client(url, running, PLAIN + mechanism, **words):
                pass
        assert attacker.own is not None
        assert ActionResponseNormal.decode(attacker.pass_4).single_response.result == 0
        answer = GetResponseNormal.decode(await attacker.own.ask(GET))
    assert answer.result == Data.octet_string(b"private")


@pytest.mark.case("R-033")
@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_by_default_the_attacker_gets_nothing_out_of_it(running: Served, mechanism: int) -> None:
    """He is associated, and everything he can say is in clear, or was said before."""
    words: dict[str, Any] = {"mechanism": mechanism, "allow_weak": mechanism < 5}
    served = running.meter.device[1].clients[CIPHERED + mechanism]
    before = list(running.meter.device.log)
    async with swapper(running.url) as (url, attacker):
        with pytest.raises(DlmsError):
            async with client(url, running, CIPHERED + mechanism, **words):
                pass
        assert attacker.own is not None
        assert served.ports, "the association is there"
        for said in (GET, b"\xc8" + GET[1:], attacker.pass_3, b"\xc8" + attacker.pass_3[1:]):
            answer = await attacker.own.ask(said)
            assert answer[0] in {0xD8, 0x0E}, answer.hex()
    codes = [entry.code for entry in running.meter.device.log][len(before) :]
    assert EventCode.PROTECTION_TOO_WEAK in codes
