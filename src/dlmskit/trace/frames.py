"""Finds the link frames in any octets: the content decides, not a configuration.

HDLC and M-Bus frames whose checks hold, and ASCII telegrams, are believed wherever they stand; wrapper headers and bare APDUs,
which have no check sequence, where a message can begin. Damaged and cut frames are reported as what they would have been (see
`dlmskit.trace.damage`). The APDUs are put together in `dlmskit.trace.payload`; what they mean is said above.
"""

from __future__ import annotations

from typing import Any

from dlmskit.apdu import decode_apdu
from dlmskit.errors import DecodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.mbus import Carrier, DlmsPart, MBusFrame, dlms_part
from dlmskit.link.p1 import ascii_prefix, read_telegram
from dlmskit.link.wmbus import WirelessFormat, WirelessFrame
from dlmskit.link.wrapper import HEADER_OCTETS, VERSION, decode_header
from dlmskit.trace import recognise
from dlmskit.trace.damage import Damaged, damaged_hdlc, damaged_mbus, damaged_wrapper
from dlmskit.trace.payload import Payloads
from dlmskit.trace.report import CHECKSUM, INVALID, TOLERATED, UNKNOWN, Frame, FrameReport, PayloadApdu, Problem, Rest

__all__ = ["Frame", "FrameReport", "PayloadApdu", "Problem", "Rest", "find_frames"]

_GENERAL_GLO_CIPHERING = b"\xdb"


def find_frames(octets: bytes, limits: Limits = DEFAULT) -> FrameReport:
    """Everything that can be told about the link layer of ``octets``. Never raises for what they hold."""
    finder = _Finder(octets, limits)
    finder.run()
    return finder.report()


class _Finder:
    def __init__(self, octets: bytes, limits: Limits) -> None:
        self._octets = octets
        self._limits = limits
        self._frames: list[Frame] = []
        self._rests: list[Rest] = []
        self._problems: list[Problem] = []
        self._payloads = Payloads(limits)

    def report(self) -> FrameReport:
        problems = sorted([*self._problems, *self._payloads.problems], key=lambda problem: problem.offset)
        return FrameReport(tuple(self._frames), tuple(self._payloads.apdus), tuple(self._rests), tuple(problems))

    def run(self) -> None:
        octets, at = self._octets, 0
        while at < len(octets):
            behind = self._proved(at) or self._plain(at)
            if not behind:
                following = (place for place in recognise.candidates(octets, at + 1, len(octets)))
                behind = next((place for place in following if recognise.proves_itself(octets, place)), len(octets))
                self._gap(at, behind)
            at = behind
        self._payloads.finish()
        if octets and not self._frames:
            self._problems.append(Problem(UNKNOWN, f"no frame and no APDU in these {len(octets)} octets", 0))

    def _keep(self, kind: str, at: int, end: int, fields: dict[str, Any], problems: tuple[Problem, ...] = ()) -> int:
        """Note a frame; returns its index."""
        self._frames.append(Frame(kind, at, self._octets[at:end], fields, problems))
        self._problems.extend(problems)
        return len(self._frames) - 1

    def _previous(self, at: int) -> str:
        """Kind of the frame that ends where this one begins; ``start`` at the beginning."""
        if not at:
            return "start"
        last = self._frames[-1] if self._frames else None
        return last.kind if last is not None and last.offset + len(last.octets) == at else ""

    # --- what proves itself: each takes the frame that begins at `at` and returns where it ends, 0 when there is none ------

    def _proved(self, at: int) -> int:
        hdlc = recognise.sound_hdlc(self._octets, at)
        if hdlc is not None:
            return self._hdlc(at, *hdlc)
        mbus = recognise.sound_mbus(self._octets, at)
        if mbus is not None:
            return self._mbus(at, *mbus)
        if self._previous(at) in {"start", "wmbus"}:  # the radio gives one frame at a time, whole
            wireless = recognise.sound_wireless(self._octets, at)
            if wireless is not None:
                return self._wireless(at, *wireless)
        return self._ascii(at) if self._octets[at] == recognise.SLASH else 0

    def _hdlc(self, at: int, frame: HdlcFrame, size: int) -> int:
        fields = recognise.hdlc_fields(frame, size - 2, header_ok=True, frame_ok=True)
        index = self._keep("hdlc", at, at + size, fields)
        self._payloads.add_hdlc(frame, index, at, trusted=True)
        shared = self._octets[at + size : at + size + 1]  # the closing flag may open the next frame
        return at + size - 1 if shared and shared[0] & 0xF0 == 0xA0 else at + size

    def _mbus(self, at: int, frame: MBusFrame, size: int) -> int:
        problems = []
        if frame.overflow:
            problems.append(Problem(TOLERATED, f"the length field says {size - 6 - 256}, the frame is 256 octets longer", at + 1))
        part = _dlms_part(frame, at, at + 6, problems)
        index = self._keep("mbus", at, at + size, recognise.mbus_fields(frame, checksum_ok=True), tuple(problems))
        if part is not None:
            self._payloads.add_mbus(part, index, at, trusted=True)
        return at + size

    def _wireless(self, at: int, frame: WirelessFrame, form: WirelessFormat, size: int) -> int:
        problems: list[Problem] = []
        part = _dlms_part(frame, at, at + 10, problems)
        index = self._keep("wmbus", at, at + size, recognise.wireless_fields(frame, form), tuple(problems))
        if part is not None:
            self._payloads.add_mbus(part, index, at, trusted=True)
        return at + size

    def _ascii(self, at: int) -> int:
        if recognise.telegram_begins(self._octets, at):
            telegram = read_telegram(self._octets, at)
            problem = Problem(CHECKSUM, f"CRC {telegram.crc or 0:04X} is written, {telegram.crc_expected:04X} is right", at)
            fields: dict[str, Any] = {
                "identification": telegram.identification,
                "lines": list(telegram.lines),
                "crc": telegram.crc,
                "crc_ok": telegram.crc_ok,
            }
            self._keep("p1", at, at + telegram.size, fields, (problem,) if telegram.crc_ok is False else ())
            return at + telegram.size
        size = ascii_prefix(self._octets, at) if self._previous(at) else 0
        if size:
            self._keep("ascii", at, at + size, {"line": self._octets[at : at + size].decode("ascii").strip()})
        return at + size if size else 0

    # --- what has no check sequence, where a message can begin ---------------------------------------------------------

    def _plain(self, at: int) -> int:
        previous = self._previous(at)
        if previous in {"start", "wrapper"} and (behind := self._wrapper(at)):
            return behind
        if previous in {"start", "apdu", "ascii"}:
            return self._bare(at, previous)
        return 0

    def _wrapper(self, at: int) -> int:
        try:
            source, destination, length = decode_header(self._octets, at)
        except DecodeError:
            return 0
        body = at + HEADER_OCTETS
        end = body + length
        if end > len(self._octets):
            return 0
        fields = {"version": VERSION, "source": source, "destination": destination, "length_field": length}
        index = self._keep("wrapper", at, end, fields)
        apdu = self._octets[body:end]
        self._payloads.add(PayloadApdu(apdu, (index,), "wrapper", str(source), str(destination)))
        return end

    def _bare(self, at: int, previous: str) -> int:
        """An APDU without a frame: one that its own lengths end, or the whole rest when that decodes."""
        octets = self._octets
        if previous == "ascii" and octets[at] == 0:  # Elgama: general-glo-ciphering without its tag, and with no title
            octets = octets[:at] + _GENERAL_GLO_CIPHERING + octets[at:]
            end = recognise.ciphering_end(octets, at)
            if end:
                problem = Problem(TOLERATED, "general-glo-ciphering is sent without its tag DB", at)
                index = self._keep("apdu", at, end - 1, {}, (problem,))
                self._payloads.add(PayloadApdu(octets[at:end], (index,), "apdu"))
            return max(end - 1, 0)
        end = recognise.ciphering_end(octets, at)
        if not end:
            try:
                decode_apdu(octets[at:], limits=self._limits)
            except DecodeError:
                return 0
            end = len(octets)
        self._keep_bare(at, end)
        return end

    def _keep_bare(self, at: int, end: int) -> None:
        index = self._keep("apdu", at, end, {})
        self._payloads.add(PayloadApdu(self._octets[at:end], (index,), "apdu"))

    # --- what is between and behind --------------------------------------------------------------------------------------

    def _gap(self, at: int, end: int) -> None:
        """Octets without a sound frame: damaged frames, idle flags, an APDU that does not decode, or rests."""
        octets = self._octets
        whole = end == len(octets)
        while at < end:
            damaged = damaged_hdlc(octets, at, end) or damaged_mbus(octets, at, end)
            if damaged is None and self._previous(at) in {"start", "wrapper"}:
                damaged = damaged_wrapper(octets, at, end)
            if damaged is not None:
                at = self._damaged(at, damaged)
            elif octets[at] == 0x7E:
                at += 1
            elif whole and self._previous(at) in {"start", "apdu", "ascii"} and recognise.is_known_tag(octets[at : at + 2]):
                self._keep_bare(at, end)
                at = end
            else:
                behind = next(recognise.candidates(octets, at + 1, end), end)
                self._rests.append(Rest(at, octets[at:behind]))
                at = behind

    def _damaged(self, at: int, damaged: Damaged) -> int:
        index = self._keep(damaged.kind, at, damaged.end, damaged.fields, damaged.problems)
        if damaged.hdlc is not None:
            self._payloads.add_hdlc(damaged.hdlc, index, at, trusted=False, complete=damaged.complete)
        elif damaged.mbus is not None:
            self._payloads.add_mbus(damaged.mbus, index, at, trusted=False, complete=damaged.complete)
        elif damaged.apdu is not None:
            self._payloads.add(PayloadApdu(damaged.apdu, (index,), damaged.kind, trusted=False, complete=damaged.complete))
        return damaged.end


def _dlms_part(frame: Carrier, at: int, ci_at: int, problems: list[Problem]) -> DlmsPart | None:
    """What an M-Bus frame carries of an APDU; why it carries none goes to the problems."""
    try:
        part = dlms_part(frame)
    except DecodeError as error:
        problems.append(Problem(INVALID, error.reason, at + error.offset))
        return None
    if part is None:
        problems.append(Problem(INVALID, f"CI {frame.ci:02X} is M-Bus, but not DLMS", ci_at))
    return part
