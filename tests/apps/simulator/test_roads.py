"""The simulated meter, read by our client over HDLC and M-Bus, on TCP and on serial devices, with and without mode E."""

import asyncio
from pathlib import Path

import pytest

import dlmskit
import dlmskit.sync
from dlmskit.apps.cli.commands import simulate
from dlmskit.apps.simulator.serving import Serving, served
from tests.transport.serial_pair import SerialPair


@pytest.fixture(scope="module")
def example() -> Path:
    return Path(__file__).parents[3] / "examples" / "household.toml"


@pytest.mark.parametrize(
    ("listens", "asks"),
    [
        ("hdlc+tcp://127.0.0.1:0?server_lower=17", "server_lower=17&information=512&window=7"),
        ("mbus+tcp://127.0.0.1:0?address=5", "address=5"),
    ],
)
async def test_over_tcp(example, listens, asks):
    async with served(example, Serving(url=listens)) as meter:
        url = f"{meter.url}?{asks}"
        async with dlmskit.connect(url, keys=str(meter.key_file), counters="memory") as client:
            assert await client.read("1.0.14.7.0.255") > 0
            assert meter.listener.connections == 1

        def blocking():
            with dlmskit.sync.connect(url, keys=str(meter.key_file), counters="memory") as client:
                return client.read("1.0.14.7.0.255")

        assert await asyncio.to_thread(blocking) > 0


async def test_what_to_type_says_what_the_listener_was_told(example, capsys):
    serving = Serving(url="mbus+tcp://127.0.0.1:0?address=5&response=3")
    async with served(example, serving) as meter:
        simulate._print_screen(example, serving, meter)
        shown = "".join(capsys.readouterr().out.split())
    assert f'dlmskitread"{meter.url}?address=5&client=16"0.0.1.0.0.255' in shown


@pytest.mark.parametrize("start", ["", "start=mode-e&"])
async def test_over_a_serial_line(example, start):
    with SerialPair() as pair:
        listens = f"hdlc+serial://{pair.paths[1]}?{start}baud=115200&server_lower=17"
        async with served(example, Serving(url=listens)) as meter:
            url = f"hdlc+serial://{pair.paths[0]}?{start}baud=115200&server_lower=17&information=2030&window=7"
            async with dlmskit.connect(url, keys=str(meter.key_file), counters="memory") as client:
                assert await client.read("1.0.14.7.0.255") > 0
                assert len(await client.objects()) > 5
