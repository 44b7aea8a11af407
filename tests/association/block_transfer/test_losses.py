"""Both machines over a medium that loses, doubles and reorders, in simulated time (6.10): the exact APDU once, or an abort."""

from __future__ import annotations

import heapq
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmskit.apdu import GeneralBlockTransfer
from dlmskit.association.block_transfer import ABORT, BlockOptions, BlockTransfer
from dlmskit.codec.reader import write_length

REQUEST, RESPONSE = bytes(range(150)) * 2, bytes(range(200)) * 3
CLIENT_TIMEOUT, SERVER_TIMEOUT = 1.0, 2.0
MOST_APDUS = 3000
"""Far beyond what any of these exchanges needs: more is a storm."""


class Simulation:
    """A client and a server, and what is on its way between them."""

    def __init__(
        self, random: Random, windows: tuple[int, int], *, loss: float, doubles: float = 0.0, jitter: float = 0.0
    ) -> None:
        self.random, self.loss, self.doubles, self.jitter = random, loss, doubles, jitter
        self.now = 0.0
        self.passed = 0
        self.executed: list[bytes] = []
        self.given: list[bytes] = []
        self._order = count()
        self._flying: list[tuple[float, int, str, bytes]] = []
        client, server = windows
        self.client = BlockTransfer(BlockOptions(window=client, block_octets=20, most_octets=4096, retries=10))
        self.server = BlockTransfer(
            BlockOptions(
                window=server,
                block_octets=20,
                most_octets=4096,
                retries=10,
                acknowledges=False,
                double_seconds=CLIENT_TIMEOUT / 4,
            )
        )
        self.due = {"client": CLIENT_TIMEOUT, "server": float("inf")}
        self.server_timer = False

    def fly(self, to: str, octets: tuple[bytes, ...]) -> None:
        for one in octets:
            self.passed += 1
            for _ in range(2 if self.random.random() < self.doubles else 1):
                if self.random.random() >= self.loss:
                    delay = 0.02 + self.jitter * self.random.random()
                    heapq.heappush(self._flying, (self.now + delay, next(self._order), to, one))

    def run(self, *, by_blocks: bool = True) -> None:
        if by_blocks:
            self.fly("server", self.client.send(REQUEST))
        else:
            self.executed.append(REQUEST)
            self.fly("client", self.server.send(RESPONSE))
        while not self.client.aborted and not self.given and self.passed < MOST_APDUS:
            waits = min(self.due.values())
            if self._flying and self._flying[0][0] <= waits:
                self.now, _, to, octets = heapq.heappop(self._flying)
                self._arrive(to, octets)
            else:
                self.now = waits
                self._expire("client" if self.due["client"] <= waits else "server")

    def _expire(self, who: str) -> None:
        machine = self.client if who == "client" else self.server
        self.fly("server" if who == "client" else "client", machine.expired())
        self.due[who] = self.now + (CLIENT_TIMEOUT if who == "client" else SERVER_TIMEOUT)

    def _arrive(self, to: str, octets: bytes) -> None:
        block = GeneralBlockTransfer.decode(octets)
        if to == "client":
            reaction = self.client.receive(octets, block, self.now)
            self.given += [] if reaction.apdu is None else [reaction.apdu]
            self.fly("server", reaction.send)
            self.due["client"] = self.now + CLIENT_TIMEOUT
            return
        reaction = self.server.receive(octets, block, self.now)
        self.fly("client", reaction.send)
        if reaction.apdu is not None:
            self.executed.append(reaction.apdu)
            self.fly("client", self.server.send(RESPONSE))
        if self.server_timer:
            self.due["server"] = self.now + SERVER_TIMEOUT


@pytest.mark.case("R-067")
@pytest.mark.parametrize(
    ("loss", "doubles", "jitter"), [(0.0, 0.0, 0.0), (0.1, 0.0, 0.0), (0.1, 0.05, 0.05), (0.2, 0.1, 0.1), (0.3, 0.05, 0.0)]
)
@pytest.mark.parametrize("server_timer", [False, True], ids=["client timer only", "both timers"])
def test_any_loss_pattern(loss: float, doubles: float, jitter: float, server_timer: bool) -> None:
    complete = 0
    for window in (1, 2, 3, 5, 16, 63):
        for other in (1, 2, 16, 63):
            random = Random(window * 64 + other)
            simulation = Simulation(random, (window, other), loss=loss, doubles=doubles, jitter=jitter)
            simulation.server_timer = server_timer
            simulation.run()
            assert simulation.executed in ([], [REQUEST])
            assert simulation.given in ([], [RESPONSE])
            assert simulation.passed < MOST_APDUS, "a storm"
            complete += bool(simulation.given)
    assert complete >= 23, "10 repetitions carry nearly every exchange through 30 % of loss"


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.3])
def test_a_request_without_blocks(loss: float) -> None:
    for window in range(1, 64, 4):
        simulation = Simulation(Random(window), (window, 1), loss=loss)
        simulation.run(by_blocks=False)
        assert simulation.given in ([], [RESPONSE])


def test_doubles_do_not_multiply() -> None:
    """Without the guard every doubled acknowledgement doubles all later traffic (6.10)."""
    for window in (1, 3, 16):
        clean, doubled = (Simulation(Random(window), (window, window), loss=0, doubles=share) for share in (0.0, 0.1))
        clean.run()
        doubled.run()
        assert doubled.given == [RESPONSE]
        assert doubled.passed <= clean.passed * 1.2


BLOCKS = st.builds(
    lambda control, number, acknowledged, data: (
        b"\xe0" + bytes([control]) + number.to_bytes(2) + acknowledged.to_bytes(2) + write_length(len(data)) + data
    ),
    st.integers(0, 255),
    st.one_of(st.integers(0, 8), st.sampled_from([63, 64, 65, 0xFFFE, 0xFFFF])),
    st.one_of(st.integers(0, 8), st.just(0xFFFF)),
    st.binary(max_size=24),
)


@pytest.mark.case("R-067")
@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(BLOCKS, st.just("time"), st.just("answer")), max_size=40), st.integers(1, 63), st.booleans())
def test_any_blocks_whatsoever(events: list[bytes | str], window: int, begins: bool) -> None:
    """Windows 0 and 63, block number 0, numbers repeated and beyond, acknowledgements of nothing, last blocks twice: every
    reaction is bounded, nothing is raised, and at most one APDU comes out.
    """
    options = BlockOptions(window=window, block_octets=20, most_octets=200, retries=3)
    machine = BlockTransfer(options)
    given: list[bytes] = []
    if begins:
        assert len(machine.send(REQUEST)) == 1
    for event in events:
        if event == "time":
            sent = machine.expired()
        elif event == "answer":
            sent = machine.send(RESPONSE) if given and not machine.aborted and machine.ended else ()
        else:
            assert isinstance(event, bytes)
            reaction = machine.receive(event, GeneralBlockTransfer.decode(event), 0.0)
            given += [] if reaction.apdu is None else [reaction.apdu]
            sent = reaction.send
        assert len(sent) <= 63
        assert all(len(one) <= 27 for one in sent)
    assert len(given) <= 1
    assert all(len(one) <= 200 for one in given)


@pytest.mark.case("R-068")
def test_numbers_never_wrap() -> None:
    """65,535 blocks of one octet: the exchange is aborted in front of the last number."""
    machine = BlockTransfer(BlockOptions(window=63, block_octets=20, most_octets=1 << 20))
    for number in range(1, 0x10000):
        block = GeneralBlockTransfer(0x3F, number, 0, b"\x00")
        reaction = machine.receive(block.encode(), block, float(number))
        assert reaction.apdu is None
    assert machine.aborted


@pytest.mark.case("R-068")
def test_our_own_numbers_never_wrap() -> None:
    """A peer that has every block acknowledged, while our numbers are ahead of its own: when they are used up it is over."""
    machine = BlockTransfer(BlockOptions(window=1, block_octets=20, most_octets=1 << 20))
    sent = list(machine.send(REQUEST))
    for acknowledged in range(1, 0x10000):
        block = GeneralBlockTransfer(0x01, max(acknowledged - 14, 1), acknowledged, b"\x00")
        sent += machine.receive(block.encode(), block).send
    assert sent[-1] == ABORT
    assert [GeneralBlockTransfer.decode(octets).block_number for octets in sent[:-1]] == list(range(1, 0x10000))
    assert machine.aborted


@pytest.mark.case("R-068")
def test_a_gap_holds_no_more_than_a_window() -> None:
    hoarding = BlockTransfer(BlockOptions(window=63, block_octets=20, most_octets=1 << 20))
    for number in range(2, 1000):
        hoarding.receive(b"", GeneralBlockTransfer(0x7F, number, 0, bytes(100)))
    assert len(hoarding._receiving._ahead) <= 63


@pytest.mark.case("R-067")
def test_talk_without_end_is_ended() -> None:
    """A peer that sends old blocks for ever, each a little different, gets no further answer."""
    machine = BlockTransfer(BlockOptions(window=3, block_octets=20, most_octets=4096))
    first = GeneralBlockTransfer(0x01, 1, 0, b"data")
    machine.receive(first.encode(), first)
    for turn in count():
        old = GeneralBlockTransfer(1 + turn % 63, 1, 0, b"data")
        if machine.receive(old.encode(), old).send == (ABORT,):
            break
    assert turn < 5000
    assert machine.aborted
