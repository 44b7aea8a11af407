"""APDUs out of UI frames (IEC 62056-46, 6.4.3; pushes of the field come in several, with the S bit)."""

from __future__ import annotations

from dlmskit.errors import DecodeError
from dlmskit.limits import Limits
from dlmskit.link.hdlc.events import ReceivedUnnumbered
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.hdlc.llc import split_llc
from dlmskit.link.hdlc.reassembly import Pair, Reassembler, pair_of


class UnnumberedChains:
    """Joins segmented UI frames per pair of addresses. They have no numbers: too long a pause throws a chain away."""

    __slots__ = ("_heard", "_reassembler", "_seconds")

    def __init__(self, most_octets: int, seconds: float) -> None:
        self._reassembler = Reassembler(Limits(frame_octets=most_octets))
        self._heard: dict[Pair, float] = {}
        self._seconds = seconds

    def add(self, frame: HdlcFrame, now: float, headers: tuple[bytes, ...], *, may_answer: bool) -> ReceivedUnnumbered | None:
        """What the frame completes; None while there is nothing, and where no LLC header of ``headers`` is in front."""
        for pair in [pair for pair, heard in self._heard.items() if now - heard > self._seconds]:
            del self._heard[pair]
            self._reassembler.drop(pair)
        pair = pair_of(frame)
        whole = self._reassembler.add(frame).octets
        if self._reassembler.holds(pair):
            self._heard[pair] = now
        else:
            self._heard.pop(pair, None)
        if whole is None:
            return None
        try:
            header, apdu = split_llc(whole)
        except DecodeError:
            return None
        if header not in headers or not apdu:
            return None
        return ReceivedUnnumbered(frame.source, frame.destination, apdu, may_answer)
