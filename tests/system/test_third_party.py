"""W-8: a third party reads and switches through an agent on a real socket, and the agent learns nothing.

The agent is a process of its own. What it must not know is looked for in its memory, in its log and on the line.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dlmskit.client.third_party import CarriedRequest, ThirdParty
from dlmskit.codec.data import Data
from dlmskit.crypto.suites import SUITE_1
from dlmskit.security.data_protection import ProtectionType
from dlmskit.server import Device
from dlmskit.transport.tcp_server import serve_tcp
from tests.security.parties import SERVER
from tests.security.people import THIRD, keys_of, person
from tests.server.test_data_protection import CONSUMPTION, DEBT, PRICE, SWITCH, meter, objects_of

ROOT = Path(__file__).parents[2]
SECRETS = (b"owes everything", b"the new contract", bytes.fromhex("C0FFEE01"))


class AgentProcess:
    """The agent behind pipes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def carry(self, request: CarriedRequest) -> Data | None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{request.method} {request.parameters.octets.hex()}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        return Data.decode(bytes.fromhex(answer)) if answer else None

    def memory_holds(self, *wanted: bytes) -> set[bytes]:
        """Which of these octets are anywhere in the memory of the process."""
        found: set[bytes] = set()
        maps = Path(f"/proc/{self.process.pid}/maps").read_text(encoding="ascii")
        with Path(f"/proc/{self.process.pid}/mem").open("rb", 0) as memory:
            for start, end, rights in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) (\S+)", maps, re.MULTILINE):
                if "r" not in rights or "w" not in rights:
                    continue
                try:
                    memory.seek(int(start, 16))
                    region = memory.read(int(end, 16) - int(start, 16))
                except OSError:
                    continue
                found.update(one for one in wanted if one in region)
        return found


@contextmanager
def agent_of(port: int) -> Iterator[AgentProcess]:
    keys = keys_of(SUITE_1)
    assert keys.guek is not None
    assert keys.gak is not None
    command = [sys.executable, "-m", "tests.system.agent", f"tcp://127.0.0.1:{port}?client=1&server=1"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:  # type: ignore[call-overload]
        process.stdin.write(f"{keys.guek.reveal().hex()} {keys.gak.reveal().hex()}\n")
        process.stdin.flush()
        ready = process.stdout.readline()
        if ready != "ready\n":
            process.kill()
            pytest.fail(process.stderr.read())
        yield AgentProcess(process)
        process.stdin.close()
        assert process.wait(20) == 0


async def test_the_agent_learns_nothing() -> None:
    device = meter()
    listener = await serve_tcp("127.0.0.1", 0, handler_factory=device.connected)
    try:
        await asyncio.to_thread(_carried, listener.port, device)
    finally:
        await listener.close()


def _carried(port: int, device: Device) -> None:
    layers = (ProtectionType.AUTHENTICATION_AND_ENCRYPTION, ProtectionType.DIGITAL_SIGNATURE)
    party = ThirdParty(person(THIRD, SERVER, suite=SUITE_1), SERVER, layers=layers)
    with agent_of(port) as agent:
        answer = agent.carry(party.read((3, CONSUMPTION, 2), (1, DEBT, 2)))
        assert answer is not None
        assert party.values(answer, 2) == [Data.double_long_unsigned(0xC0FFEE01), Data.octet_string(b"owes everything")]
        assert agent.carry(party.write((1, PRICE, 2, Data.octet_string(b"the new contract")))) is None
        switched = agent.carry(party.call(70, SWITCH, 1))
        assert switched is not None
        assert party.returned(switched) == Data.null()
        assert agent.memory_holds(*SECRETS, THIRD.octets) == {THIRD.octets}, "it knows who talks, and nothing else"
        agent.process.stdin.close()  # type: ignore[union-attr]
        log = agent.process.stderr.read()  # type: ignore[union-attr]
    for secret in SECRETS:
        assert secret.hex() not in log.lower()
        assert repr(secret)[2:-1] not in log
    assert objects_of(device).get(1, PRICE).value == b"the new contract"
    assert objects_of(device).get(70, SWITCH).output_state is False
