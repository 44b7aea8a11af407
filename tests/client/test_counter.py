"""The invocation counter, handled for the user: learnt, kept, recovered once; never repeated, never driven away."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dlmskit.apdu import Aarq, ExceptionResponse, decode_apdu
from dlmskit.client.counters import Counters, counters_of
from dlmskit.codec.data import Data
from dlmskit.errors import ConfigError, SecurityError, SecurityReason, ServiceError, TransportTimeout
from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.counters import RESTORED_GAP
from dlmskit.security.envelope import is_protected, read_envelope
from dlmskit.security.windows import ReceivedCounters
from tests.client.conftest import Connect
from tests.client.small_meter import CLIENT_TITLE, CLOCK, COUNTER, ENERGY, KEYS, SWITCH, SmallMeter

WORDS: dict[str, Any] = {"keys": KEYS, "client_title": CLIENT_TITLE, "timeout": 0.3}


def counters_sent(meter: SmallMeter) -> list[int]:
    """Every invocation counter that was sent, HLS answers and AARQs included, in order."""
    sent = []
    for _, apdu in meter.requests:
        if apdu[0] == 0x60:
            aarq = decode_apdu(apdu)
            assert isinstance(aarq, Aarq)
            apdu = aarq.user_information or b""
        if is_protected(apdu):
            header = read_envelope(apdu).header
            sent.append(header.invocation_counter)
    return sent


def refusal(lowest: int) -> bytes:
    return ExceptionResponse(state_error=1, service_error=6, invocation_counter=lowest).encode()


@pytest.mark.supports("counter synchronised", suite=None, side="client")
async def test_an_unknown_counter_is_read_by_the_public_client(connect: Connect, small_meter: SmallMeter) -> None:
    small_meter.heard(5000)
    async with connect(small_meter.url, **WORDS) as meter:
        assert await meter.read(ENERGY) == 123456
    assert small_meter.aarqs == [16, 1]
    assert min(counters_sent(small_meter)) == 5000
    async with connect(small_meter.url, **WORDS) as meter:
        assert await meter.read(ENERGY) == 123456
    assert small_meter.aarqs == [16, 1, 1], "known from now on"
    sent = counters_sent(small_meter)
    assert len(sent) >= 6
    assert sent == sorted(set(sent)), "every number once, upwards"


@pytest.mark.supports("counter stored before it is used", suite=None, side="client")
async def test_a_counter_survives_a_process_that_closed_nothing(
    connect: Connect, small_meter: SmallMeter, tmp_path: Path
) -> None:
    """Whoever starts with the same file goes on above everything that was sent; kills are in test_counter_store."""
    file = tmp_path / "counters.sqlite"
    for _ in range(3):
        async with connect(small_meter.url, **WORDS, counters=Counters.in_file(file)) as meter:
            await meter.read(ENERGY)
    sent = counters_sent(small_meter)
    assert sent == sorted(set(sent))
    assert small_meter.aarqs == [16, 1, 1, 1]


def copied(file: Path, backup: Path) -> None:
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)


def in_place(file: Path, backup: Path) -> None:
    for left in ("-wal", "-shm"):
        file.with_name(file.name + left).unlink(missing_ok=True)
    file.write_bytes(backup.read_bytes())


def another_file(file: Path, backup: Path) -> None:
    file.unlink()
    for left in ("mark", "home"):
        file.with_name(f"{file.name}.{left}").unlink()
    in_place(file, backup)


def lost(file: Path, backup: Path) -> None:
    file.unlink()


@pytest.mark.case("R-055")
@pytest.mark.supports("leap after a restored backup", suite=None, side="client")
@pytest.mark.parametrize("restore", [in_place, another_file, lost])
async def test_a_restored_backup_repeats_no_number(
    connect: Connect, small_meter: SmallMeter, tmp_path: Path, caplog: pytest.LogCaptureFixture, restore: Any
) -> None:
    """The meter has forgotten the counter too: nothing but the file itself says that it is an old one."""
    file, backup = tmp_path / "counters.sqlite", tmp_path / "backup.sqlite"

    async def use() -> None:
        counters = Counters.in_file(file)
        async with connect(small_meter.url, **WORDS, counters=counters) as meter:
            assert await meter.read(ENERGY) == 123456
        counters.close()

    await use()
    copied(file, backup)
    await use()
    sent = counters_sent(small_meter)
    small_meter.received = ReceivedCounters()
    small_meter.requests.clear()
    restore(file, backup)
    with caplog.at_level(logging.WARNING, "dlmskit.client"):
        await use()
        await use()
    again = counters_sent(small_meter)
    assert min(again) >= RESTORED_GAP
    assert not set(sent) & set(again)
    assert max(again) < 2 * RESTORED_GAP, "leapt once"
    assert len([record for record in caplog.records if "restored from a backup, or lost" in record.getMessage()]) == 1


@pytest.mark.case("R-055")
async def test_a_disk_that_was_set_back_is_recovered_from(
    connect: Connect, small_meter: SmallMeter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nothing tells the copy, the meter does."""
    file, backup = tmp_path / "counters.sqlite", tmp_path / "backup.sqlite"
    async with connect(small_meter.url, **WORDS, counters=Counters.in_file(file)) as meter:
        await meter.read(ENERGY)
    copied(file, backup)
    with closing(sqlite3.connect(backup)) as there, there:
        there.execute("UPDATE lineage SET home = NULL")
    for _ in range(3):
        async with connect(small_meter.url, **WORDS, counters=Counters.in_file(file)) as meter:
            await meter.read(ENERGY)
    small_meter.requests.clear()
    with caplog.at_level(logging.WARNING, "dlmskit.client"):
        async with connect(small_meter.url, **WORDS, counters=Counters.in_file(backup)) as meter:
            assert await meter.read(ENERGY) == 123456
    assert small_meter.aarqs.count(1) == 2, "one refusal, one success: no loop"
    assert [record for record in caplog.records if "invocation counter recovered" in record.getMessage()]


@pytest.mark.supports("used-up counter refused", suite=None, side="client")
async def test_a_used_up_counter_sends_nothing_more(
    connect: Connect, small_meter: SmallMeter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its last numbers are used, with a warning; then the key protects nothing, before an octet leaves."""
    counters = Counters.in_file(tmp_path / "counters.sqlite")
    assert KEYS.guek is not None
    counters.transmit.of(KEYS.guek, CLIENT_TITLE).advance_to(COUNTER_MAX - 5, largest_jump=COUNTER_MAX)
    with caplog.at_level(logging.WARNING, "dlmskit.client"):
        async with connect(small_meter.url, **WORDS, counters=counters) as meter:
            with pytest.raises(SecurityError) as caught:
                for _ in range(10):
                    await meter.read(ENERGY)
    assert caught.value.reason is SecurityReason.COUNTER_EXHAUSTED
    assert "change the key" in str(caught.value)
    sent = counters_sent(small_meter)
    assert max(sent) == COUNTER_MAX
    assert len(sent) == len(set(sent))
    small_meter.requests.clear()
    with pytest.raises(SecurityError, match="counter-exhausted"):
        async with connect(small_meter.url, **WORDS, counters=Counters.in_file(tmp_path / "counters.sqlite")):
            pass
    assert counters_sent(small_meter) == []
    assert [record for record in caplog.records if "in its last tenth" in record.getMessage()]


@pytest.mark.case("R-055")
async def test_check_counter_looks_before_it_sends(connect: Connect, small_meter: SmallMeter) -> None:
    """Where a restore is possible, the number is compared before the key is used: nothing is refused, no IV repeats."""
    counters = Counters.in_memory()
    async with connect(small_meter.url, **WORDS, counters=counters) as meter:
        await meter.read(ENERGY)
    small_meter.heard(9000)
    small_meter.requests.clear()
    async with connect(small_meter.url, **WORDS, counters=counters, check_counter=True) as meter:
        await meter.read(ENERGY)
    assert small_meter.aarqs == [16, 1]
    assert min(counters_sent(small_meter)) == 9000


@pytest.mark.supports("counter synchronised", suite=None, side="client")
@pytest.mark.parametrize("told", ["by the refusal", "by the public client", "never"])
async def test_a_stale_counter_is_put_right_once(
    connect: Connect, small_meter: SmallMeter, secured: dict[str, Any], told: str
) -> None:
    """Meters refuse with the number, refuse without it, or fall silent."""
    small_meter.heard(20_000)
    refused: list[bytes] = []

    def refuse(sap: int, apdu: bytes) -> list[bytes] | None:
        if sap != 1 or apdu[0] != 0x60 or refused:
            return None
        refused.append(apdu)
        return {"by the refusal": [refusal(20_000)], "by the public client": [ExceptionResponse(1, 5).encode()]}.get(told, [])

    small_meter.interfere = refuse
    async with connect(small_meter.url, **{**secured, "timeout": 0.2}) as meter:
        assert await meter.read(ENERGY) == 123456
    assert small_meter.aarqs == ([1, 1] if told == "by the refusal" else [1, 16, 1])
    assert counters_sent(small_meter)[1] >= 20_000


async def test_a_meter_that_always_refuses_is_asked_twice(
    connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]
) -> None:
    lowest = iter(range(20_000, 90_000, 1000))
    small_meter.interfere = lambda sap, apdu: [refusal(next(lowest))] if sap == 1 else None
    with pytest.raises(ServiceError, match="invocation-counter-error"):
        async with connect(small_meter.url, **secured):
            pass
    assert small_meter.aarqs == [1, 1]
    assert small_meter.open_connections == 0


@pytest.mark.supports("forged counter without effect", suite=None, side="client")
async def test_a_forged_refusal_does_not_drive_the_counter_away(
    connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]
) -> None:
    small_meter.interfere = lambda sap, apdu: [refusal(0xFFFFFF00)] if sap == 1 else None
    with pytest.raises(SecurityError) as raised:
        async with connect(small_meter.url, **secured):
            pass
    assert raised.value.reason is SecurityReason.COUNTER_JUMP
    assert small_meter.open_connections == 0
    assert KEYS.guek is not None
    assert (secured["counters"].transmit.of(KEYS.guek, CLIENT_TITLE).next or 0) < 11_000


@pytest.mark.supports("forged counter without effect", suite=None, side="client")
async def test_a_forged_first_reading_leaves_half_of_all_numbers(connect: Connect, small_meter: SmallMeter) -> None:
    small_meter.tree.get(1, COUNTER).feed("value", lambda: Data.double_long_unsigned(0xFFFFFFF0))
    with pytest.raises(SecurityError, match="counter-jump"):
        async with connect(small_meter.url, **WORDS):
            pass


async def test_without_a_public_client_the_number_must_be_said(connect: Connect) -> None:
    """Under a title of the caller's choice, numbers from 0 on may have been used with this key before."""
    with SmallMeter(public=False).listening() as small_meter:
        small_meter.heard(700)
        with pytest.raises(ConfigError, match=r"counter of 4D4D4D0000000001 is not known.*say invocation_counter=N"):
            async with connect(small_meter.url, **WORDS):
                pass
        assert small_meter.aarqs == [16], "nothing was sent under the key"
        async with connect(small_meter.url, **WORDS, invocation_counter=800) as meter:
            assert await meter.read(ENERGY) == 123456
        assert min(counters_sent(small_meter)) == 800


async def test_a_title_of_our_own_may_begin_at_zero(connect: Connect) -> None:
    with SmallMeter(public=False).listening() as small_meter:
        words = {name: value for name, value in WORDS.items() if name != "client_title"}
        async with connect(small_meter.url, **words) as meter:
            assert meter.context.client_system_title == counters_of(None).own_title
        assert min(counters_sent(small_meter)) == 0


async def test_a_read_is_repeated_and_a_call_is_not(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    """The refusal is not authenticated: repeating a call for it would let a stranger switch twice."""
    lies: list[int] = []

    def lie(sap: int, apdu: bytes) -> list[bytes] | None:
        return [refusal(lies.pop())] if lies else None

    small_meter.interfere = lie
    async with connect(small_meter.url, **secured) as meter:
        lies.append(30_000)
        assert await meter.read(ENERGY) == 123456
        assert counters_sent(small_meter)[-1] == 30_000
        lies.append(40_000)
        with pytest.raises(ServiceError, match="invocation-counter-error"):
            await meter.read(ENERGY)  # once is enough
    for act in ("call", "write"):
        async with connect(small_meter.url, **secured) as meter:
            lies.append(counters_sent(small_meter)[-1] + 1000)
            before = len(small_meter.requests)
            with pytest.raises(ServiceError, match="invocation-counter-error"):
                await (meter.call(SWITCH, 1) if act == "call" else meter.write(CLOCK, 3, -60))
            assert len(small_meter.requests) - before == 1
            await meter.read(ENERGY)  # the number was put right all the same


async def test_counters_of_a_dedicated_key_follow_nobody(
    connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]
) -> None:
    async with connect(small_meter.url, **secured, dedicated=True) as meter:
        assert meter.context.has_dedicated_key
        assert await meter.read(ENERGY) == 123456
        small_meter.interfere = lambda sap, apdu: [refusal(30_000)]
        with pytest.raises(ServiceError, match="invocation-counter-error"):
            await meter.read(ENERGY)
        small_meter.interfere = None
    assert KEYS.guek is not None
    assert (secured["counters"].transmit.of(KEYS.guek, CLIENT_TITLE).next or 0) < 11_000


async def test_wrong_keys_are_not_taken_for_a_wrong_counter(
    connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]
) -> None:
    other = type(KEYS).from_hex(guek="00" * 15 + "01", gak="00" * 15 + "02")
    with pytest.raises((ServiceError, SecurityError)):
        async with connect(small_meter.url, **{**secured, "keys": other, "timeout": 0.2, "invocation_counter": 5}):
            pass
    assert small_meter.aarqs.count(1) == 1


def test_counters_are_shared_by_all_connections_of_the_process(tmp_path: Path) -> None:
    assert counters_of("memory") is counters_of("memory")
    assert counters_of(tmp_path / "one" / "c.sqlite") is counters_of(str(tmp_path / "one" / ".." / "one" / "c.sqlite"))
    assert counters_of(tmp_path / "two.sqlite") is not counters_of(tmp_path / "three.sqlite")
    mine = Counters.in_memory()
    assert counters_of(mine) is mine


def test_the_title_of_an_installation_stays(tmp_path: Path) -> None:
    title = Counters.in_file(tmp_path / "c.sqlite").own_title
    assert Counters.in_file(tmp_path / "c.sqlite").own_title == title
    assert title.manufacturer == "MMM"
    assert Counters.in_file(tmp_path / "d.sqlite").own_title != title
    (tmp_path / "c.title").write_text("not a title")
    with pytest.raises(ConfigError, match=r"c\.title, cannot be used"):
        _ = Counters.in_file(tmp_path / "c.sqlite").own_title


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be made.*DLMSKIT_STATE"):
        Counters.in_file(tmp_path / "file" / "c.sqlite")


async def test_silence_of_the_meter_stays_a_timeout(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    small_meter.interfere = lambda sap, apdu: [] if sap == 1 else None
    with pytest.raises(TransportTimeout):
        async with connect(small_meter.url, **{**secured, "timeout": 0.1}):
            pass
