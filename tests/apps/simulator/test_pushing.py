"""Pushes of a simulated meter: described in TOML, sent over real sockets by clock, on demand, by schedule and at the start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import dlmskit
from dlmskit.apps.simulator.description import parse_description
from dlmskit.apps.simulator.meter import SimulatedMeter, running
from dlmskit.client.counters import Counters
from dlmskit.cosem.classes.push_setup import PushSetupV0
from dlmskit.errors import ConfigError
from dlmskit.security.vault_tables import vault_from_tables
from dlmskit.trace.listening import PushListener
from dlmskit.transport.tcp_server import serve_tcp

HOUSEHOLD = (Path(__file__).parents[3] / "examples" / "household.toml").read_text(encoding="utf-8")
TITLE = "4C41420000000001"
KEYS = vault_from_tables({TITLE: {"guek": bytes(range(16)).hex(), "gak": bytes(range(0xD0, 0xE0)).hex()}})
TABLE = """
[[push]]
objects = ["0.0.25.9.0.255", "0.0.1.0.0.255", "1.0.1.8.0.255"]
destination = "{url}"
"""
SCHEDULE = """
[[object]]
obis = "0.0.10.0.108.255"
attributes = { scripts = [[1, [[2, 40, { hex = "0000190900FF" }, 1, { type = "integer", value = 0 }]]]] }

[[object]]
obis = "0.0.15.0.4.255"
class_id = 22

[object.attributes]
executed_script = [{ hex = "00000A006CFF" }, 1]
execution_time = [[{ hex = "0C1E0000" }, { hex = "FFFFFFFFFF" }]]
"""
TESTER = """
[[client]]
name = "tester"
sap = 2
mechanism = "hls-gmac"
ciphered = true
read = ["*"]
execute = ["*"]
"""


class Time:
    def __init__(self) -> None:
        self.moment = datetime(2024, 5, 20, 10, 7, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


def meter(words: str, now: Callable[[], datetime] | None = None) -> SimulatedMeter:
    return SimulatedMeter(parse_description(HOUSEHOLD + words), now=now, past=False)


@asynccontextmanager
async def listening(scheme: str = "tcp") -> AsyncIterator[tuple[PushListener, str]]:
    async with dlmskit.listen(f"{scheme}://127.0.0.1:0", keys=KEYS, counters=Counters.in_memory()) as listener:
        yield listener, TABLE.format(url=listener.urls[0])


async def upcoming(listener: PushListener) -> dlmskit.Push:
    async with asyncio.timeout(20):
        return await anext(listener)


async def sent(made: SimulatedMeter) -> None:
    """Wait until nothing waits to be sent."""
    async with asyncio.timeout(20):
        while made.pushing.sender.waiting:  # noqa: ASYNC110 - the sender tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("scheme", ["tcp", "udp"])
async def test_a_confirmed_push_at_the_start(scheme: str) -> None:
    async with listening(scheme) as (listener, table):
        made = meter(table + "at_start = true\nconfirmed = true\nretries = 3\nrepetition_delay = 1\n")
        async with running(made):
            push = await upcoming(listener)
            push.confirm()
            assert push.trusted
            assert str(push.system_title) == TITLE
            assert push.values[0].name == "Push setup"
            await sent(made)
        (setup,) = made.device[1].tree.of(PushSetupV0)
        assert not setup.get(13).value.is_unset
        made.close()
    assert listener.counts.received == listener.counts.confirmed


async def test_on_demand_by_a_client() -> None:
    async with listening() as (listener, table):
        words = table.replace("[[push]]", SCHEDULE + "[[push]]")
        words = words.replace(
            "[[push]]",
            f"{TESTER}[[push]]",
        )
        made = meter(words)
        server = await serve_tcp("127.0.0.1", 0, handler_factory=made.device.connected)
        url = f"tcp://127.0.0.1:{server.port}?client=2"
        async with running(made):
            async with dlmskit.connect(url, keys=KEYS, counters=Counters.in_memory(), check_counter=False) as client:
                await client.call("0.0.25.9.0.255", "push", dlmskit.Data.integer(0))
                await client.call("0.0.10.0.108.255", "execute", dlmskit.Data.long_unsigned(1))
            pushes = [await upcoming(listener) for _ in range(2)]
        await server.close()
        made.close()
    assert all(push.trusted for push in pushes)


async def test_by_the_clock_and_by_a_schedule() -> None:
    time = Time()
    async with listening() as (listener, table):
        made = meter(table + "every = 900\n" + SCHEDULE, time)
        due = made.pushing.due
        assert due == datetime(2024, 5, 20, 10, 15, tzinfo=UTC)
        assert made.pushing.trigger_due() == 0
        time.moment = due
        assert made.pushing.trigger_due() == 1
        time.moment += timedelta(minutes=15)  # 12:30 in the summer time of the meter: the schedule too
        assert made.pushing.trigger_due() == 1
        made.catch_up()
        while await made.pushing.sender.attempt_due():
            continue
        pushes = [await upcoming(listener) for _ in range(3)]
        made.close()
    counters = [push.invocation_counter for push in pushes]
    assert counters == [counters[0], (counters[0] or 0) + 1, (counters[0] or 0) + 2]


def test_a_window_and_a_random_start() -> None:
    time = Time()
    words = TABLE.format(url="tcp://127.0.0.1:9") + 'windows = ["22:00-02:00"]\nrandomisation = 600\n'
    made = meter(words, time)
    (setup,) = made.device[1].tree.of(PushSetupV0)
    setup.push()
    due = made.pushing.sender.due
    made.close()
    assert due is not None
    assert datetime(2024, 5, 20, 20, 0, tzinfo=UTC) <= due <= datetime(2024, 5, 20, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ('objects = ["9.9.9.9.9.9"]\ndestination = "tcp://h:1"', "names no object"),
        ('objects = ["0.0.1.0.0.255"]\ndestination = "mqtt://h:1"', "tcp://host:port"),
        ('objects = ["0.0.1.0.0.255"]\ndestination = "tcp://h:1"\nwindows = ["night"]', "22:00-02:00"),
        ('objects = ["0.0.1.0.0.255"]\ndestination = "tcp://h:1"\nversion = 1\nconfirmed = true', "version 2 or 3"),
    ],
)
def test_what_cannot_be_meant(words: str, says: str) -> None:
    with pytest.raises(ConfigError, match=f"push 1: .*{says}"):
        meter(f"\n[[push]]\n{words}\n")


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_every_version(version: int) -> None:
    made = meter(TABLE.format(url="udp://[::1]:4059") + f"version = {version}\n")
    (setup,) = made.device[1].tree.of(PushSetupV0)
    assert setup.version == version
    assert len(setup.body().elements()) == 3
    made.close()


async def test_a_signed_push_in_suite_1() -> None:
    """The policy of the push client demands a signature: general-signing around general-glo-ciphering."""
    signed = HOUSEHOLD.replace("[household]", "security_suite = 1\n\n[household]", 1) + TESTER.replace(
        "sap = 2", "sap = 2\nsigned = true"
    )
    described = parse_description(signed + TABLE.format(url="tcp://127.0.0.1:9"))
    keys = {"guek": bytes(range(16)).hex(), "gak": bytes(range(0xD0, 0xE0)).hex()}
    own = SimulatedMeter(described, past=False)
    public = {f"{purpose}_public_key": key.octets.hex() for purpose, key, _ in own.pairs.meter.named()}
    own.close()
    async with dlmskit.listen(
        "tcp://127.0.0.1:0", keys=vault_from_tables({TITLE: keys | public}), counters=Counters.in_memory()
    ) as listener:
        table = TABLE.format(url=listener.urls[0]) + "client = 2\nat_start = true\n"
        made = SimulatedMeter(parse_description(signed + table), past=False)
        async with running(made):
            push = await upcoming(listener)
        made.close()
    assert push.reason == ""
    assert (push.trusted, push.protection) == (True, ("authenticated", "encrypted", "signed"))


OUTLETS = """
[outlets]
modem = "sms+serial:///dev/ttyUSB0"
gateway = "tcp://192.0.2.1"
[outlets.mail]
host = "mail.example.org"
sender = "meter@example.org"
user = "meter"
[outlets.ftp]
"""


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sms:+491701234567", (4, b"+491701234567", 0)),
        ("mailto:pushes@example.com", (3, b"pushes@example.com", 0)),
        ("ftp://ftp.example.com/in", (2, b"ftp.example.com/in", 0)),
        ("gateway:3/HES", (8, b"3/HES", 0)),
        ("udp://[2001:db8::1]:4060/", (1, b"[2001:db8::1]:4060", 0)),
    ],
)
def test_destinations_and_what_leads_there(url: str, expected: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLMSKIT_MAIL_PASSWORD", "correct horse")
    made = meter(TABLE.format(url=url) + OUTLETS)
    (setup,) = made.device[1].tree.of(PushSetupV0)
    assert tuple(setup.send_destination_and_method) == expected
    setup.push()
    assert made.pushing.sender.waiting == 1
    made.close()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (TABLE.format(url="fax:123"), "write tcp://host:port"),
        (TABLE.format(url="sms:nobody"), "no telephone number"),
        (TABLE.format(url="mailto:nobody"), "no mail address"),
        (OUTLETS, "DLMSKIT_MAIL_PASSWORD"),
        (TABLE.format(url="udp://h:1") + "xml = true\n", "not over UDP"),
        ('[outlets]\nmodem = "modem"\n', "no scheme"),
        ('[outlets.ftp]\ntls = "none"\nuser = "meter"\nhost = "h"\n', "password"),
        ('[outlets.ftp]\nuser = "meter"\n', "one server alone"),
    ],
)
def test_what_leads_nowhere(words: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        meter(words)
