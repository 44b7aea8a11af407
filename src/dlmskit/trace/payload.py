"""Puts the APDUs of link frames together: LLC headers, HDLC segments, M-Bus segments.

What goes wrong becomes a problem, and what is left of a message is still offered, marked as incomplete or not to be trusted.
"""

from __future__ import annotations

from dlmskit.errors import DecodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.hdlc.control import FrameKind
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.hdlc.llc import BROADCAST, COMMAND, split_llc
from dlmskit.link.hdlc.reassembly import Pair, Reassembler, pair_of
from dlmskit.link.mbus import DlmsPart, MBusReassembler
from dlmskit.trace.report import INVALID, SEGMENT_MISSING, TOLERATED, PayloadApdu, Problem

_GENERAL_BLOCK = 0xE0


class Payloads:
    """Takes frames in order; afterwards holds the APDUs and the problems."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self.apdus: list[PayloadApdu] = []
        self.problems: list[Problem] = []
        self._hdlc = Reassembler(limits)
        self._hdlc_chains: dict[Pair, _Pieces] = {}
        self._block_senders: set[Pair] = set()
        self._mbus = MBusReassembler(limits)
        self._mbus_chain: _Pieces | None = None

    @property
    def remembered(self) -> int:
        """Senders of which something is kept: a listener bounds it."""
        return len(self._hdlc_chains) + len(self._block_senders)

    def add(self, apdu: PayloadApdu) -> None:
        """An APDU that needs no joining."""
        self.apdus.append(apdu)

    def add_hdlc(self, frame: HdlcFrame, index: int, offset: int, *, trusted: bool, complete: bool = True) -> None:
        """The next HDLC frame; I and UI frames carry APDUs, set-up and release end unfinished chains."""
        kind = frame.control.kind
        pair = pair_of(frame)
        if kind in {FrameKind.SNRM, FrameKind.DISC}:
            self._give_up(pair)
            self._give_up((pair[1], pair[0]))
        if kind not in {FrameKind.I, FrameKind.UI}:
            return
        pieces = self._hdlc_chains.pop(pair, None) or _Pieces(offset, frame)
        joined = self._hdlc.add(frame)
        if joined.fault:
            self._segment_missing(joined.fault, offset)
            self._hand_up(joined.lost, pieces, complete=False)
            pieces = _Pieces(offset, frame)
        pieces.take(index, trusted=trusted, complete=complete)
        if joined.octets is not None:
            if joined.octets:
                self._hand_up(joined.octets, pieces, complete=pieces.complete)
        elif self._hdlc.holds(pair):
            self._hdlc_chains[pair] = pieces

    def add_mbus(self, part: DlmsPart, index: int, offset: int, *, trusted: bool, complete: bool = True) -> None:
        """The next M-Bus frame that carries DLMS."""
        pieces, self._mbus_chain = self._mbus_chain or _Pieces(offset), None
        joined = self._mbus.add(part)
        if joined.fault:
            self._segment_missing(joined.fault, offset)
            if part.number:  # thrown away together with what it does not continue
                pieces.take(index, trusted=trusted, complete=complete)
            self._mbus_apdu(joined.lost, part, pieces, complete=False)
            pieces = _Pieces(offset)
        pieces.take(index, trusted=trusted, complete=complete)
        if joined.octets is not None:
            self._mbus_apdu(joined.octets, part, pieces, complete=pieces.complete)
        elif self._mbus.pending:
            pieces.part = part
            self._mbus_chain = pieces

    def finish(self) -> None:
        """The input ends: unfinished chains stay unfinished."""
        for pair in tuple(self._hdlc_chains):
            self._give_up(pair)
        if self._mbus_chain is not None and self._mbus_chain.part is not None:
            pieces, part = self._mbus_chain, self._mbus_chain.part
            self._segment_missing("the last segment is missing", pieces.offset)
            self._mbus_apdu(self._mbus.drop(), part, pieces, complete=False)

    def _give_up(self, pair: Pair) -> None:
        pieces = self._hdlc_chains.pop(pair, None)
        if pieces is not None:
            self._segment_missing("the last segment is missing", pieces.offset)
            self._hand_up(self._hdlc.drop(pair), pieces, complete=False)

    def _segment_missing(self, message: str, offset: int) -> None:
        self.problems.append(Problem(SEGMENT_MISSING, message, offset))

    def _hand_up(self, information: bytes, pieces: _Pieces, *, complete: bool) -> None:
        """Take the LLC header off and keep the APDU."""
        first = pieces.first
        if first is None or not information:
            return
        pair = pair_of(first)
        trusted = pieces.trusted
        direction = None
        if information[:1] == bytes([_GENERAL_BLOCK]) and pair in self._block_senders:
            apdu = information  # Landis+Gyr E450: only the first block of a stream has the header
        else:
            try:
                header, apdu = split_llc(information)
            except DecodeError as error:
                self.problems.append(Problem(INVALID, f"no LLC header in front of the APDU: {error.reason}", pieces.offset))
                apdu, trusted = information, False
            else:
                direction = "c2s" if header in {COMMAND, BROADCAST} else "s2c"
                if len(information) - len(apdu) > len(header):
                    self.problems.append(Problem(TOLERATED, "the LLC header is there twice", pieces.offset))
        if apdu[:1] == bytes([_GENERAL_BLOCK]) and trusted:
            self._block_senders.add(pair)
        if apdu:
            source, destination = str(first.source), str(first.destination)
            self.apdus.append(PayloadApdu(apdu, tuple(pieces.indexes), "hdlc", source, destination, direction, trusted, complete))

    def _mbus_apdu(self, octets: bytes, part: DlmsPart, pieces: _Pieces, *, complete: bool) -> None:
        if octets:
            source, destination = str(part.source), str(part.destination)
            self.apdus.append(
                PayloadApdu(octets, tuple(pieces.indexes), "mbus", source, destination, None, pieces.trusted, complete)
            )


class _Pieces:
    """The frames of one message so far."""

    def __init__(self, offset: int, first: HdlcFrame | None = None) -> None:
        self.offset = offset
        self.first = first
        self.part: DlmsPart | None = None
        self.indexes: list[int] = []
        self.trusted = True
        self.complete = True

    def take(self, index: int, *, trusted: bool, complete: bool = True) -> None:
        self.indexes.append(index)
        self.trusted &= trusted
        self.complete &= complete
