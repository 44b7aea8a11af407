"""A meter that forgets its invocation counters, as clients and attackers meet it: in each direction, and the way back.

The loss is a fault of the simulator; the guards that it runs into are those of every meter and client.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from dlmskit.apps.simulator.fault_tables import Fault, read_faults
from dlmskit.apps.simulator.serving import Served
from dlmskit.association.ports import AssociationEvent, EventCode
from dlmskit.client.counters import Counters
from dlmskit.client.plan import WeakSecurityWarning
from dlmskit.codec.data import Data
from dlmskit.errors import ConfigError, SecurityError, SecurityReason, TransportTimeout
from dlmskit.link.wrapper import encode_wrapper
from dlmskit.types.obis import Obis
from tests.system.lab import NOTE, client, meter, role_text
from tests.system.middle import Middle, Touch, apdus, untouched

pytestmark = pytest.mark.filterwarnings(f"ignore::{WeakSecurityWarning.__module__}.{WeakSecurityWarning.__name__}")

HLS, LOWEST = 2, 3
RECEIVED = Fault(kind="counter-loss")
SENT = Fault(kind="counter-loss", counters="sent", reuses_nonces=True)
WORDS = ("authenticated", "encrypted")
ROLES = role_text("challenges", HLS, words=WORDS) + role_text("nothing asked", LOWEST, words=WORDS, mechanism="lowest")
WITHOUT_PROOF: dict[str, Any] = {"mechanism": 0, "context": "ciphered", "allow_weak": True}


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Served]:
    async with meter(folder, 0, ROLES) as served:
        yield served


def value(served: Served) -> bytes:
    """What stands in the note."""
    return bytes(served.meter.device[1].tree.get(1, Obis(NOTE)).get(2).value)


def codes(served: Served) -> list[EventCode]:
    return [entry.code for entry in served.meter.device.log]


def every_second() -> Touch:
    """Keep from the client what the meter answers to the attacker, who always asks first."""
    turn = itertools.cycle((False, True))
    return lambda apdu: (apdu,) if next(turn) else ()


async def replayed(url: str, recorded: Sequence[bytes]) -> list[bytes]:
    """Send what was recorded, as it was, over a connection of the attacker's; what the meter answers."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    answers = []
    try:
        for apdu in recorded:
            writer.write(encode_wrapper(LOWEST, 1, apdu))
            async with asyncio.timeout(10):
                async for _, _, answer in apdus(reader):
                    answers.append(answer)
                    break
    finally:
        writer.close()
        await writer.wait_closed()
    return answers


# --- Of what clients send ---


async def test_an_old_session_is_taken_again(tmp_path: Path) -> None:
    """Whoever recorded a whole session without challenges writes the same again, as soon as the meter has forgotten."""
    async with running(tmp_path) as served, Middle(served.url) as middle:
        own = {"counters": Counters.in_memory(), **WITHOUT_PROOF}
        async with client(middle.url, served, LOWEST, **own) as there:
            await there.write(NOTE, 2, Data.octet_string(b"old"))
        recorded = middle.of("client")[:2]
        async with client(served.url, served, LOWEST, **own) as there:
            await there.write(NOTE, 2, Data.octet_string(b"new"))

        assert (await replayed(served.url, recorded))[0] != middle.of("server")[0]
        assert value(served) == b"new"
        refused = [entry.reason for entry in served.meter.device.log if entry.code is EventCode.AUTHENTICATION_FAILED]
        assert refused == [SecurityReason.COUNTER_REPEATED.value]

        served.meter.faults.apply(RECEIVED)
        assert len(await replayed(served.url, recorded)) == 2
        assert value(served) == b"old"


async def test_an_old_request_is_taken_in_an_open_association(tmp_path: Path) -> None:
    """Challenges do not help an association that is open when the meter forgets."""
    async with (
        running(tmp_path) as served,
        Middle(served.url) as middle,
        client(middle.url, served, HLS, counters=Counters.in_memory()) as there,
    ):
        await there.write(NOTE, 2, Data.octet_string(b"old"))
        old = middle.of("client")[-1]
        await there.write(NOTE, 2, Data.octet_string(b"new"))

        middle.requests = lambda apdu: (old, apdu)
        middle.responses = every_second()
        await there.read(NOTE)
        assert value(served) == b"new"

        served.meter.faults.apply(RECEIVED)
        await there.read(NOTE)
        assert value(served) == b"old"
        middle.requests = middle.responses = untouched


async def test_the_client_is_told_0_and_goes_on_from_its_own(tmp_path: Path) -> None:
    """What the meter says of its counter moves an honest client up only: it never uses a number twice."""
    async with running(tmp_path) as served:
        own = Counters.in_memory()
        async with client(served.url, served, HLS, counters=own) as there:
            await there.read(NOTE)
        used = max(counter.next or 0 for counter in own.transmit.in_use.values())
        assert served.meter.device.last_counter(served.meter.device[1].clients[HLS].keys.state.keys) > 0

        served.meter.faults.apply(RECEIVED)
        assert served.meter.device.last_counter(served.meter.device[1].clients[HLS].keys.state.keys) == 0
        async with client(served.url, served, HLS, counters=own, check_counter=True) as there:
            await there.read(NOTE)
        assert max(counter.next or 0 for counter in own.transmit.in_use.values()) > used
        assert served.meter.device.last_counter(served.meter.device[1].clients[HLS].keys.state.keys) >= used


async def test_what_is_remembered_again_is_guarded_again(tmp_path: Path) -> None:
    """The true numbers went on beneath: nothing that was taken before or during the loss is taken once more."""
    async with running(tmp_path) as served, Middle(served.url) as middle:
        own = {"counters": Counters.in_memory(), **WITHOUT_PROOF}
        async with client(middle.url, served, LOWEST, **own) as there:
            await there.write(NOTE, 2, Data.octet_string(b"old"))
        recorded = middle.of("client")[:2]
        served.meter.faults.apply(RECEIVED)
        async with client(middle.url, served, LOWEST, **own) as there:
            await there.write(NOTE, 2, Data.octet_string(b"new"))
        meanwhile = middle.of("client")[-3:-1]
        served.meter.counters.recall()
        for session in (recorded, meanwhile):
            await replayed(served.url, session)
            assert value(served) == b"new"
        async with client(served.url, served, LOWEST, **own) as there:
            assert await there.read(NOTE) == b"new"


# --- Of what the meter sends ---


async def test_a_client_refuses_numbers_that_were_used(tmp_path: Path) -> None:
    """In the open association: a typed error, counted; a new one goes on, and says what the meter does."""
    events: list[AssociationEvent] = []
    own = {"counters": Counters.in_memory(), "on_event": events.append}
    async with running(tmp_path) as served:
        async with client(served.url, served, HLS, **own, timeout=1.0) as there:
            for _ in range(5):
                assert await there.read(NOTE) == b""
            assert EventCode.COUNTER_REPEATED not in {event.code for event in events}

            served.meter.faults.apply(SENT)
            with pytest.raises(SecurityError, match="used before") as refused:
                await there.read(NOTE)
            assert refused.value.reason is SecurityReason.COUNTER_REPEATED
            counted = [event for event in events if event.code is EventCode.COUNTER_REPEATED]
            assert len(counted) == 1
            with pytest.raises(TransportTimeout, match=r"used before.*whether the request was executed is not known"):
                await there.write(NOTE, 2, Data.octet_string(b"x"))

        events.clear()
        served.meter.faults.apply(SENT)
        async with client(served.url, served, HLS, **own) as there:
            assert await there.read(NOTE) == b"x"
        told = [event.detail for event in events if event.code is EventCode.COUNTER_REPEATED]
        assert len(told) == 1
        assert "fell back" in told[0]


async def test_without_a_proof_no_association_is_opened(tmp_path: Path) -> None:
    """Where no challenge proves that the meter is alive, it stays refused until it is beyond what it used."""
    own = {"counters": Counters.in_memory(), **WITHOUT_PROOF}
    async with running(tmp_path) as served:
        async with client(served.url, served, LOWEST, **own) as there:
            for _ in range(5):
                await there.read(NOTE)
        served.meter.faults.apply(SENT)
        with pytest.raises(SecurityError) as refused:
            async with client(served.url, served, LOWEST, **own):
                pass
        assert refused.value.reason is SecurityReason.COUNTER_REPEATED
        served.meter.counters.recall()
        async with client(served.url, served, LOWEST, **own) as there:
            assert await there.read(NOTE) == b""


async def test_nonces_come_twice_and_the_log_says_so(tmp_path: Path) -> None:
    """The fault itself, seen on the line: one key, title and counter for two messages. After it no number comes twice."""
    async with running(tmp_path) as served, Middle(served.url) as middle:

        async def session() -> list[int]:
            """The counters of the meter's answers, from their headers."""
            before = len(middle.of("server"))
            async with client(middle.url, served, HLS, counters=Counters.in_memory()) as there:
                for _ in range(3):
                    await there.read(NOTE)
            # glo-get-response: tag, length, security control, counter
            return [int.from_bytes(apdu[3:7]) for apdu in middle.of("server")[before:] if apdu[0] == 0xCC]

        honest = await session()
        assert EventCode.WEAK_SECURITY not in codes(served)
        served.meter.faults.apply(SENT)
        assert await session() == honest
        assert EventCode.WEAK_SECURITY in codes(served)
        served.meter.counters.recall()
        assert min(await session()) > max(honest)


def test_it_must_be_said(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text('[[fault]]\nkind = "counter-loss"\ncounters = "sent"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="reuses_nonces = true"):
        read_faults(file)
    file.write_text('[[fault]]\nkind = "counter-loss"\ncounters = "sent"\nreuses_nonces = true\n', encoding="utf-8")
    assert read_faults(file) == (SENT,)


async def test_a_program_must_say_it_too(tmp_path: Path) -> None:
    async with running(tmp_path) as served:
        with pytest.raises(ConfigError, match="reuses_nonces"):
            served.meter.faults.lose_counters(sent=True)
        assert not served.meter.counters.forgot_sent


async def test_a_restart_from_the_kept_state_knows_the_true_numbers(tmp_path: Path) -> None:
    """Beneath the fault the file goes on rising: what the meter sends after a restart was never sent, in the fault neither."""
    sent: list[int] = []
    own = Counters.in_memory()
    for lost in (True, False):
        async with running(tmp_path) as served, Middle(served.url) as middle:
            if lost:
                served.meter.faults.apply(SENT)
                served.meter.faults.apply(RECEIVED)
            async with client(middle.url, served, HLS, counters=own) as there:
                for _ in range(130):
                    await there.read(NOTE)
            numbers = [int.from_bytes(apdu[3:7]) for apdu in middle.of("server") if apdu[0] == 0xCC]
            assert len(numbers) == 130
            assert not set(numbers) & set(sent)
            sent += numbers
    assert sent == sorted(sent)
