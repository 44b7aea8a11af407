"""The proxies on real sockets: what they do to messages, and that client and meter live with it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

import dlmskit
from dlmskit.client.counters import Counters
from dlmskit.codec.data import Data
from dlmskit.errors import DlmsError, OutcomeUnknown
from dlmskit.limits import Limits
from dlmskit.testing.air import Weather
from dlmskit.testing.proxies import tcp_proxy, udp_proxy
from dlmskit.transport.udp import serve_udp
from tests.client.small_meter import CLIENT_TITLE, KEYS, LOAD, MYSTERY, SmallMeter, handler_of
from tests.client.test_lossy import right

QUICK = Limits(message_seconds=0.5)


def words(timeout: float) -> dict[str, Any]:
    counters = Counters.in_memory()
    assert KEYS.guek is not None
    counters.transmit.of(KEYS.guek, CLIENT_TITLE).advance_to(10_000)
    return {"keys": KEYS, "client_title": CLIENT_TITLE, "counters": counters, "timeout": timeout}


async def test_udp_with_losses_and_doubles() -> None:
    meter = SmallMeter(clock=time.monotonic)
    listener = await serve_udp("127.0.0.1", 0, handler_factory=lambda connection: handler_of(meter, connection))
    weather = Weather(loss=0.1, doubling=0.05, delay=0.0, jitter=0.004)
    try:
        async with udp_proxy(("127.0.0.1", listener.port), weather, seed=7) as proxy:
            async with dlmskit.connect(f"udp://127.0.0.1:{proxy.port}", pdu=300, **words(0.05)) as client:
                for _ in range(2):
                    assert right(await client.profile(LOAD).entries())
                await client.write(MYSTERY, 2, Data.long_unsigned(9), class_id=1)
            assert proxy.counts.lost
            assert proxy.counts.doubled
    finally:
        await listener.close()
    assert meter.writes == [9]


async def test_a_connection_cut_at_any_octet() -> None:
    """A typed error, at once; and where the write may have been executed, it says so."""
    whole = 0
    for cut in (*range(0, 1100, 45), None):
        meter = SmallMeter()
        with meter.listening_on_tcp() as url:
            port = int(url.rpartition(":")[2])
            async with tcp_proxy(("127.0.0.1", port), cut_after=cut) as proxy, asyncio.timeout(20):
                outcome: Any = None
                try:
                    async with dlmskit.connect(f"tcp://127.0.0.1:{proxy.port}", **words(5.0)) as client:
                        await client.write(MYSTERY, 2, Data.long_unsigned(9), class_id=1)
                        whole += 1
                except DlmsError as error:
                    outcome = error
        assert len(meter.writes) <= 1
        if meter.writes and outcome is not None:
            assert isinstance(outcome, OutcomeUnknown)
    assert 0 < whole < 20


@pytest.mark.parametrize("seed", range(8))
async def test_a_spoiled_stream_never_hangs(seed: int) -> None:
    meter = SmallMeter(max_pdu_size=300)
    with meter.listening_on_tcp() as url:
        server = ("127.0.0.1", int(url.rpartition(":")[2]))
        async with tcp_proxy(server, Weather(corruption=0.1, delay=0.0), seed) as proxy, asyncio.timeout(20):
            try:
                async with dlmskit.connect(
                    f"tcp://127.0.0.1:{proxy.port}", pdu=300, retries=0, limits=QUICK, **words(0.3)
                ) as client:
                    assert right(await client.profile(LOAD).entries())
            except DlmsError:
                assert proxy.counts.corrupted
