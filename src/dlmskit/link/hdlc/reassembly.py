"""Joins segmented information fields (IEC 62056-46, 6.4.4.4): the S bit says that more follows.

For receivers of pushes and for explaining traffic, where there is no link state machine: chains are kept per pair of addresses.
UI frames have no number, so a chain of them is only as good as its order; I frames must follow one another by N(S).
"""

from __future__ import annotations

from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.hdlc.control import FrameKind
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.segments import MORE, Joined

MOST_CHAINS = 64
"""Pairs of addresses with an unfinished chain; the oldest chain gives way."""

Pair = tuple[bytes, bytes]


def pair_of(frame: HdlcFrame) -> Pair:
    """Who speaks to whom, as octets: source, destination."""
    return frame.source.octets, frame.destination.octets


class _Chain:
    __slots__ = ("kind", "last", "octets")

    def __init__(self, frame: HdlcFrame) -> None:
        self.kind = frame.control.kind
        self.last = frame
        self.octets = bytearray(frame.information)


class Reassembler:
    """Unfinished chains by pair of addresses; each holds at most ``Limits.frame_octets``."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limit = limits.frame_octets
        self._chains: dict[Pair, _Chain] = {}

    @property
    def unfinished(self) -> int:
        """Chains that wait for their last segment."""
        return len(self._chains)

    def add(self, frame: HdlcFrame) -> Joined:
        """Take the next I or UI frame.

        A repeated I frame (equal to the one before it) is taken once. A frame that does not continue the chain throws the chain
        away and stands for itself; a chain that grows too long goes with the frame.
        """
        pair = pair_of(frame)
        chain = self._chains.get(pair)
        if chain is None:
            return self._begin(pair, frame)
        if frame.control.kind is FrameKind.I and frame == chain.last:
            return MORE
        del self._chains[pair]
        if not _follows(frame, chain):
            begun = self._begin(pair, frame)
            fault = f"{frame.control} does not continue the segments up to {chain.last.control}"
            return Joined(begun.octets, fault, bytes(chain.octets))
        chain.octets += frame.information
        if len(chain.octets) > self._limit:
            return Joined(None, f"the segments hold more than {self._limit} octets", bytes(chain.octets))
        if not frame.segmented:
            return Joined(bytes(chain.octets))
        chain.last = frame
        self._chains[pair] = chain
        return MORE

    def holds(self, pair: Pair) -> bool:
        """Whether a chain of this pair is unfinished."""
        return pair in self._chains

    def drop(self, pair: Pair) -> bytes:
        """Throw a chain away (frame lost, link reset, too long a pause); returns what it held."""
        chain = self._chains.pop(pair, None)
        return b"" if chain is None else bytes(chain.octets)

    def _begin(self, pair: Pair, frame: HdlcFrame) -> Joined:
        if not frame.segmented:
            return Joined(frame.information)
        if len(self._chains) >= MOST_CHAINS:
            del self._chains[next(iter(self._chains))]
        self._chains[pair] = _Chain(frame)
        return MORE


def _follows(frame: HdlcFrame, chain: _Chain) -> bool:
    if frame.control.kind is not chain.kind:
        return False
    last = chain.last.control.send_number
    return last is None or frame.control.send_number == (last + 1) & 7
