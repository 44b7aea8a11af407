"""APDUs out of octets as they come, on one way of a line: HDLC and wrapper frames at once, everything else when the line pauses.

What is no frame is passed over; a way never holds more than one unfinished frame, or `_MOST_HELD` octets of something else.
"""

from __future__ import annotations

import re

from dlmskit.errors import DecodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.hdlc.deframer import HdlcDeframer
from dlmskit.link.wrapper import WrapperDeframer
from dlmskit.trace.frames import find_frames
from dlmskit.trace.payload import Payloads
from dlmskit.trace.report import PayloadApdu

_WRAPPED = b"\x00\x01"
_MBUS_START = 0x68
_HDLC_START = re.compile(rb"\x7e+[\xa0-\xaf]")
_MOST_HELD = 1 << 16
_MOST_SENDERS = 64
"""Pairs of addresses on one way, with an unfinished message or blocks; more is no line of ours, and all are forgotten."""


class LiveFrames:
    """One way: both directions of a shared line, or one of a stream."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._payloads = Payloads(limits)
        self._hdlc: HdlcDeframer | None = None
        self._wrapper: WrapperDeframer | None = None
        self._held = bytearray()
        self.passed_over = 0
        """Octets that belonged to no frame."""

    def feed(self, octets: bytes) -> list[PayloadApdu]:
        """The APDUs that these octets complete."""
        if not octets:
            return []
        if self._hdlc is None and self._wrapper is None:
            self._held += octets
            octets = self._recognised()
        if self._hdlc is not None:
            return self._of_line(self._hdlc, octets)
        if self._wrapper is not None:
            return self._of_stream(self._wrapper, octets)
        return self.pause() if len(self._held) > _MOST_HELD else []

    def pause(self) -> list[PayloadApdu]:
        """The line has fallen silent: what is held is looked at as it is."""
        if self._hdlc is not None:
            for frame in self._hdlc.expire():
                self._payloads.add_hdlc(frame, 0, 0, trusted=True)
            return self._taken()
        held, self._held = bytes(self._held), bytearray()
        report = find_frames(held, self._limits) if held else None
        if report is None:
            return []
        if not report.apdus:
            self.passed_over += len(held)
        return list(report.apdus)

    def _recognised(self) -> bytes:
        """What was held, once it shows that it is HDLC, noise in front or not, or wrapped; nothing before."""
        held = bytes(self._held)
        if held[:2] == _WRAPPED:
            self._wrapper = WrapperDeframer(self._limits)
        elif held[0] != _MBUS_START and _HDLC_START.search(held):
            self._hdlc = HdlcDeframer()
        else:
            return b""
        self._held.clear()
        return held

    def _of_line(self, deframer: HdlcDeframer, octets: bytes) -> list[PayloadApdu]:
        before = deframer.passed_over
        for frame in deframer.feed(octets):
            self._payloads.add_hdlc(frame, 0, 0, trusted=True)
        self.passed_over += deframer.passed_over - before
        return self._taken()

    def _of_stream(self, deframer: WrapperDeframer, octets: bytes) -> list[PayloadApdu]:
        try:
            pdus = deframer.feed(octets)
        except DecodeError:
            pdus = []
        found = [PayloadApdu(pdu.apdu, (0,), "wrapper", str(pdu.source), str(pdu.destination)) for pdu in pdus]
        if deframer.broken is not None:  # the borders are lost: begin anew with what comes next
            self.passed_over += len(octets)
            self._wrapper = None
        return found

    def _taken(self) -> list[PayloadApdu]:
        found = list(self._payloads.apdus)
        self._payloads.apdus.clear()
        self._payloads.problems.clear()
        if self._payloads.remembered > _MOST_SENDERS:
            self._payloads = Payloads(self._limits)
        return found


def sap_of(address: str) -> int:
    """The SAP in an address as the link writes it: ``1/17`` is 1. 0 where there is none."""
    number = address.partition("/")[0]
    return int(number) if number.isdigit() else 0
