r"""Start-up of the optical port: IEC 62056-21 protocol mode E, into HDLC; both ends as machines without input and output.

    client   /?address!<CR><LF>            at 300 baud
    meter    /XXXZ\2ident<CR><LF>           Z: the rate it offers, \2: it can HDLC
    client   <ACK> 2 Z 2 <CR><LF>          then both go to rate Z
    meter    <ACK> 2 Z 2 <CR><LF>          at the new rate; some meters leave it out

The characters have seven bits and even parity (7E1); here the parity is made and checked on octets, so that the device runs as
8N1 all the time. A driver puts `output` on the line, changes to `rate` when that is out, and says so by `rated`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dlmskit.errors import DecodeError

START_RATE = 300
RATES = {"0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19200, "7": 38400, "8": 57600, "9": 115200}
"""Of the identification. 7 to 9 are not in the base standard, and used as here."""
LONGEST = 64
"""Octets that are held of a message; nothing of the start-up is longer."""

_EVEN = bytes(octet & 0x7F | (0x80 if (octet & 0x7F).bit_count() & 1 else 0) for octet in range(256))
_REQUEST = re.compile(rb"/\?([0-9A-Za-z ]{0,32})!\r\n")
_IDENTIFICATION = re.compile(rb"/([A-Za-z]{3})([0-9A-Ia-z])((?:\\[^\r\n/!])*)([^\r\n/!]{0,16})\r\n")
_OPTION = re.compile(rb"\x06([0-9])([0-9A-Z])([0-9])\r\n")


@dataclass(frozen=True, slots=True)
class StartTimes:
    """Times in seconds."""

    answer: float = 1.5
    """Longest reaction, and longest pause between two characters."""
    pause: float = 2.0
    """Between two requests of a client that heard nothing."""
    requests: int = 3
    confirmation: float = 0.5
    """How long a client waits for the meter to repeat the option at the new rate."""
    settle: float = 1.0
    """Pause of a client before it speaks HDLC."""
    reaction: float = 0.2
    """Of the meter; 0.02 where the third letter of its manufacturer is small."""


DEFAULT_TIMES = StartTimes()


@dataclass(frozen=True, slots=True)
class Identification:
    """What a meter says of itself."""

    manufacturer: str
    rate: int
    """The rate it offers, in baud; 300 where the letter is of another mode."""
    hdlc: bool
    """It offers HDLC (``\\2``)."""
    text: str


def with_parity(text: bytes) -> bytes:
    """Seven-bit characters as octets with even parity in bit 8."""
    return text.translate(_EVEN)


def without_parity(octets: bytes) -> bytes:
    """The characters. Raises DecodeError for wrong parity; octets that all have bit 8 clear come from a device that checks it."""
    text = bytes(octet & 0x7F for octet in octets)
    if octets not in {with_parity(text), text}:
        raise DecodeError("a character has odd parity", 0, "mode_e.parity")
    return text


def decode_identification(line: bytes) -> Identification:
    """Read the line that a meter identifies itself with, without its parity. Raises DecodeError."""
    match = _IDENTIFICATION.fullmatch(line if line.endswith(b"\r\n") else line + b"\r\n")
    if match is None:
        raise DecodeError("no identification (/XXXZident) stands here", 0, "mode_e.identification")
    letters, rate, enhanced, ident = match.groups()
    return Identification(letters.decode(), RATES.get(rate.decode(), START_RATE), b"\\2" in enhanced, ident.decode("latin-1"))


def _letter(rate: int) -> str:
    return next(letter for letter, known in RATES.items() if known == rate)


class _Start:
    """What both ends share: the buffer, the output, the rate to change to."""

    def __init__(self, times: StartTimes) -> None:
        self.rate: int | None = None
        """Change to this rate once the output is out, and say so by `rated`."""
        self.done = False
        """HDLC comes next."""
        self.due: float | None = None
        self._times = times
        self._buffer = b""
        self._out = b""

    def output(self) -> bytes:
        """What must be put on the line now."""
        octets, self._out = self._out, b""
        return octets

    def _say(self, text: bytes) -> None:
        self._out += with_parity(text)

    def _next(self, pattern: re.Pattern[bytes], octets: bytes) -> re.Match[bytes] | None:
        """The next whole message, what stands before it passed over; None while there is none, or where its parity is wrong."""
        self._buffer = (self._buffer + octets)[-LONGEST:]
        plain = bytes(octet & 0x7F for octet in self._buffer)
        match = pattern.search(plain)
        if match is None:
            return None
        message, self._buffer = self._buffer[match.start() : match.end()], self._buffer[match.end() :]
        try:
            without_parity(message)
        except DecodeError:
            return None
        return match


class StartClient(_Start):
    """The reading device. ``failure`` says why there will be no HDLC."""

    def __init__(self, address: str = "", times: StartTimes = DEFAULT_TIMES) -> None:
        super().__init__(times)
        self.failure = ""
        self.identification: Identification | None = None
        self._request = f"/?{address}!\r\n".encode("ascii")
        self._left = times.requests
        self._pausing = False
        self._confirming = False
        self._latest = 0.0
        """Noise without end is not listened to for longer."""

    def start(self, now: float) -> None:
        """Say the first request."""
        self._left -= 1
        self._pausing = False
        self._buffer = b""
        self._say(self._request)
        self.due = now + len(self._request) * 10 / START_RATE + self._times.answer
        self._latest = self.due + LONGEST * 10 / START_RATE

    def feed(self, octets: bytes, now: float) -> None:
        """Take what the meter says."""
        if self.identification is None:
            if not self._pausing:
                self.due = min(now + self._times.answer, self._latest)
            match = self._next(_IDENTIFICATION, octets)
            if match is not None:
                self._identified(decode_identification(match[0]))
        elif self._confirming and self._next(_OPTION, octets) is not None:
            self._confirming, self.due = False, now + self._times.settle

    def rated(self, now: float) -> None:
        """The line runs at the new rate."""
        self.rate, self._confirming = None, True
        self.due = now + self._times.confirmation

    def tick(self, now: float) -> None:
        """Notice that time has passed."""
        if self.due is None or now < self.due:
            return
        if self.identification is not None:
            self.done = self.done or not self._confirming
            self._confirming, self.due = False, None if self.done else now + self._times.settle
        elif self._pausing:
            self.start(now)
        elif self._left:
            self._pausing, self.due = True, now + self._times.pause
        else:
            self.failure = f"no meter identifies itself, though asked {self._times.requests} times"

    def _identified(self, identification: Identification) -> None:
        self.identification = identification
        self.due = None
        if not identification.hdlc:
            self.failure = f"the meter ({identification.manufacturer}, {identification.text}) offers no HDLC (mode E)"
            return
        self._say(f"\x062{_letter(identification.rate)}2\r\n".encode("ascii"))
        self.rate = identification.rate


class StartMeter(_Start):
    """The meter: waits for a request at 300 baud; ``done`` once HDLC has been chosen."""

    def __init__(
        self, ident: str, rate: int = 9600, *, manufacturer: str = "DLK", address: str = "", times: StartTimes = DEFAULT_TIMES
    ) -> None:
        super().__init__(times)
        self._line = f"/{manufacturer}{_letter(rate)}\\2{ident[:16]}\r\n".encode("ascii")
        self._reaction = 0.02 if manufacturer[2:].islower() else times.reaction
        self._address = address.lstrip("0")
        self._offered = rate
        self._answer = b""
        self._waiting = False
        self._confirming = False

    def feed(self, octets: bytes, now: float) -> None:
        """Take what the reading device says."""
        if self._waiting:
            option = self._next(_OPTION, octets)
            if option is not None:
                self._chosen(option)
            return
        request = self._next(_REQUEST, octets)
        if request is not None and request[1].decode().lstrip("0") in {"", self._address}:
            self._answer = self._line
            self.due = now + self._reaction

    def rated(self, now: float) -> None:
        """The line runs at the new rate: confirm there, once the reading device has had time to follow."""
        self.rate, self._confirming = None, True
        self.due = now + self._reaction

    def tick(self, now: float) -> None:
        """Notice that time has passed: answer, or go back to waiting."""
        if self.due is None or now < self.due:
            return
        if self._confirming:
            self._say(f"\x062{_letter(self._offered)}2\r\n".encode("ascii"))
            self.done, self.due = True, None
        elif self._answer:
            self._say(self._answer)
            self.due = now + len(self._answer) * 10 / START_RATE + self._times.answer
            self._answer, self._waiting, self._buffer = b"", True, b""
        else:
            self._waiting, self.due = False, None

    def _chosen(self, option: re.Match[bytes]) -> None:
        """HDLC at the rate that was offered; anything else leaves the meter waiting at 300 baud."""
        self._waiting, self.due = False, None
        if option.groups() == (b"2", _letter(self._offered).encode(), b"2"):
            self.rate = self._offered
