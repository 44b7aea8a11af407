r"""Talking to a modem by AT commands (ITU-T V.250, 3GPP TS 27.005 in PDU mode), as a machine without input and output.

    ours     AT+CMGS=<octets of TPDU><CR>     modem   <CR><LF>> <blank>
    ours     <hex of PDU><Ctrl-Z>             modem   +CMGS: 12 <CR><LF> OK <CR><LF>
    modem    +CMT: ,<octets><CR><LF><hex of PDU><CR><LF>        a message that came, at any time

One command at a time; what the modem says unasked is sorted out. Lines are bounded, a command that is not answered in time fails.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

PROMPT = ">"
_END = b"\x1a"
_LONGEST_LINE = 1024
"""A PDU takes 360 characters; what is longer is thrown away."""
_MOST_LINES = 1024
"""Of one answer: what a modem has put away takes two lines each."""
_ERRORS = ("ERROR", "+CME ERROR:", "+CMS ERROR:", "NO CARRIER", "COMMAND NOT SUPPORT")
_MESSAGE, _STORED = "+CMT:", "+CMTI:"


@dataclass(frozen=True, slots=True)
class Command:
    """What the modem is to do."""

    text: str
    payload: str = ""
    """What is sent at the prompt."""
    seconds: float = 10.0
    """How long the answer may take."""
    optional: bool = False
    """Modems that do not know it do without."""
    what: str = ""
    """What fails with it, for people."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that is over."""

    command: Command
    error: str = ""
    """What the modem said, or that it said nothing; empty where it was done."""
    lines: tuple[str, ...] = ()
    """What was said in between."""


def listed(lines: Sequence[str], head: str) -> list[tuple[str, str]]:
    """Messages in an answer: what stands first behind ``head``, and the PDU in the line below."""
    return [(line.removeprefix(head).partition(",")[0].strip(), pdu) for line, pdu in pairwise(lines) if line.startswith(head)]


class AtDialogue:
    """After each call look at `output`, ``done``, ``messages``, ``stored`` and ``due``."""

    def __init__(self) -> None:
        self.done: deque[Done] = deque()
        self.messages: deque[str] = deque()
        """PDUs of messages that came, in hex as they stood there."""
        self.stored: deque[int] = deque()
        """Places of messages that the modem has put away."""
        self.due: float | None = None
        """When `tick` is to be called at the latest."""
        self._waiting: deque[Command] = deque()
        self._running: Command | None = None
        self._prompted = False
        self._lines: list[str] = []
        self._held = b""
        self._skipping = False
        self._pdu_follows = False
        self._out = bytearray()

    @property
    def idle(self) -> bool:
        """Whether nothing is asked of the modem."""
        return self._running is None and not self._waiting

    def output(self) -> bytes:
        """What is to be written; given away."""
        octets, self._out = bytes(self._out), bytearray()
        return octets

    def submit(self, command: Command, now: float) -> None:
        """Queue a command."""
        self._waiting.append(command)
        self._next(now)

    def feed(self, octets: bytes, now: float) -> None:
        """Take what the modem says."""
        self._held += octets
        while True:
            line, separator, rest = self._held.partition(b"\n")
            if not separator:
                break
            self._held = rest
            if self._skipping:
                self._skipping = False
            else:
                self._line(line.strip(b"\r\0 ").decode("ascii", "replace"), now)
        self._prompt()
        if len(self._held) > _LONGEST_LINE:
            self._held, self._skipping = b"", True

    def tick(self, now: float) -> None:
        """The time has come: an answer that did not arrive is a failure."""
        if self.due is not None and now >= self.due:
            if self._prompted or (self._running is not None and self._running.payload):
                self._out += b"\x1b"  # it may wait for the message still: escape
            self._finish(f"no answer within {self._running.seconds:g} s" if self._running else "", now)

    def abandon(self, why: str) -> None:
        """The modem is gone: whatever is asked of it fails."""
        self.due = None
        asked = ([self._running] if self._running is not None else []) + list(self._waiting)
        self._running = None
        self._waiting.clear()
        self.done.extend(Done(command, why) for command in asked)

    def _line(self, text: str, now: float) -> None:
        if not text:
            return
        if self._pdu_follows:
            self._pdu_follows = False
            self.messages.append(text)
        elif text.startswith(_MESSAGE):
            self._pdu_follows = True
        elif text.startswith(_STORED):
            place = text.rpartition(",")[2].strip()
            if place.isdecimal() and len(place) < 6:
                self.stored.append(int(place))
        elif self._running is None or text == self._running.text or self._prompts(text):  # unasked, or an echo
            return
        elif text == "OK":
            if self._prompted or not self._running.payload:  # else it is for a message that was given up
                self._finish("", now)
        elif text.startswith(_ERRORS):
            self._finish(text, now)
        elif len(self._lines) < _MOST_LINES:
            self._lines.append(text)

    def _prompt(self) -> None:
        if self._prompts(self._held.lstrip(b"\r").decode("ascii", "replace")):
            self._held = b""

    def _prompts(self, text: str) -> bool:
        """Whether this is the prompt that is waited for: then the message goes out."""
        running = self._running
        if running is None or not running.payload or self._prompted or not text.startswith(PROMPT):
            return False
        self._prompted = True
        self._out += running.payload.encode("ascii") + _END
        return True

    def _finish(self, error: str, now: float) -> None:
        if self._running is not None:
            self.done.append(Done(self._running, error, tuple(self._lines)))
        self._running, self.due = None, None
        self._next(now)

    def _next(self, now: float) -> None:
        if self._running is None and self._waiting:
            self._running = self._waiting.popleft()
            self._prompted, self._lines = False, []
            self.due = now + self._running.seconds
            self._out += self._running.text.encode("ascii") + b"\r"
