"""Replays the message sequences of ``gbt.json``: two machines, what each sends compared with the sequence, octet for octet."""

from __future__ import annotations

from typing import Any

from dlmskit.apdu import GeneralBlockTransfer
from dlmskit.association.block_transfer import BlockOptions, BlockTransfer
from dlmskit.errors import DecodeError
from tests.vectors import load

USUAL_ANSWER: str = load("gbt", name="get-plain-w3")[0]["delivered"]
"""Where nothing is delivered in the end, this is what was on its way."""
_TIMEOUT = 10.0
_DOUBLE = _TIMEOUT / 4


def _first_data(octets: str) -> int:
    """How much the first block holds: the two parties may cut differently."""
    return int(octets[12:14], 16) if octets.startswith("E0") else 0


class Party:
    """One end: its machine, what it has sent and nobody has looked at yet, and what it was given."""

    def __init__(self, options: BlockOptions, *, scripted: bool) -> None:
        self.options = options
        self.scripted = scripted
        """Its messages are those of the sequence, whatever the machine would say."""
        self.machine = BlockTransfer(options)
        self.sent: list[bytes] = []
        self.given: list[bytes] = []


class Replay:
    """One sequence."""

    def __init__(self, sequence: dict[str, Any], scripted: frozenset[str] = frozenset()) -> None:
        self.sequence = sequence
        self.slow = "slow" in sequence["name"]
        self.answer = bytes.fromhex(sequence["delivered"] or USUAL_ANSWER)
        first = sequence["messages"][0]["hex"]
        self.request = bytes.fromhex(sequence.get("request") or ("" if first.startswith("E0") else first))
        self.now = 0.0
        windows = sequence["windows"]
        wide = {name: max(map(int, str(windows[name]).split(", then "))) for name in ("client", "server")}
        size, most = sequence["block_data"], 1 << 16
        self.parties = {
            "client": Party(
                BlockOptions(window=wide["client"], block_octets=max(size, _first_data(first)), most_octets=most),
                scripted="client" in scripted,
            ),
            "server": Party(
                BlockOptions(
                    window=wide["server"],
                    block_octets=size,
                    most_octets=most,
                    double_seconds=_DOUBLE,
                    acknowledges=sequence["name"].startswith("push"),
                ),
                scripted="server" in scripted,
            ),
        }
        self.windows = [int(part) for part in str(windows["client"]).split(", then ")]
        self.client.machine.window = self.windows[0]
        self.late: list[tuple[int, str, bytes]] = []

    @property
    def client(self) -> Party:
        return self.parties["client"]

    @property
    def server(self) -> Party:
        return self.parties["server"]

    def run(self) -> None:
        messages = self.sequence["messages"]
        if self.sequence["name"].startswith("push"):
            self.server.sent += self.server.machine.send(self.answer)
        elif messages[0]["hex"].startswith("E0"):
            self.client.sent += self.client.machine.send(self.request)
        for message in messages:
            self._pass(message)
        for name, party in self.parties.items():
            assert not party.sent or party.scripted, f"{name} sends more: {[one.hex() for one in party.sent]}"

    def _pass(self, message: dict[str, Any]) -> None:
        name, octets = message["from"], bytes.fromhex(message["hex"])
        party = self.parties[name]
        if "time-out" in message.get("cause", ""):
            self.now += _TIMEOUT
            if octets[0] == 0xE0:
                party.sent += party.machine.expired()
        if octets[0] == 0xE0 and not party.scripted:
            if not party.sent and self.slow and name == "server":
                party.sent += party.machine.send(self.answer)
            assert party.sent, f"message {message['n']}: {name} sends nothing"
            assert party.sent.pop(0).hex() == octets.hex(), f"message {message['n']}: {message['note']}"
        fate = message.get("fate", "")
        if fate != "lost":
            if fate == "arrives late":
                self.late.append((message["arrives_after"], name, octets))
            else:
                for _ in range(2 if fate == "arrives twice" else 1):
                    self._arrive(name, octets)
        for after, sender, late in tuple(self.late):
            if after == message["n"]:
                self.late.remove((after, sender, late))
                self._arrive(sender, late)

    def _arrive(self, sender: str, octets: bytes) -> None:
        to = self.server if sender == "client" else self.client
        self.now += 0.01
        if octets[0] != 0xE0:
            if to is self.server and octets == self.request:
                to.machine = BlockTransfer(to.options)
                to.sent[:] = to.machine.send(self.answer)
            return
        try:
            block = GeneralBlockTransfer.decode(octets)
        except DecodeError:
            return
        reaction = to.machine.receive(octets, block, self.now)
        to.sent += reaction.send
        if to is self.client and len(self.windows) > 1 and reaction.send:
            to.machine.window = self.windows[1]
        if reaction.apdu is not None:
            to.given.append(reaction.apdu)
            if to is self.server:
                to.sent += to.machine.acknowledge() if self.slow else to.machine.send(self.answer)
