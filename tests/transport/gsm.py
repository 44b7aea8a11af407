"""A telephone network in a drawer: modems on pseudo-terminals that understand AT commands in PDU mode, and pass messages on.

It reads and writes its PDUs by itself, so that it does not repeat the mistakes of what it tests.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import tty
from collections.abc import Callable
from typing import Self

STAMP = "42702110308040"


class GsmModem:
    """One modem with its SIM."""

    def __init__(self, network: GsmNetwork, number: str) -> None:
        self.number = number
        self.commands: list[str] = []
        self.refuses = ""
        """Said in place of taking a message."""
        self.pin = "READY"
        self.stores = False
        """Puts messages away, and says where, in place of handing them on."""
        self.silent = False
        self.busy = False
        """Cannot read what it has put away."""
        self._network = network
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._held = b""
        self._length: int | None = None
        self._echo = True
        self._stored: dict[int, str] = {}
        self._places = itertools.count(1)
        asyncio.get_running_loop().add_reader(self._master, self._ready)

    def close(self) -> None:
        """Pull it out."""
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            os.close(self._slave)
            self._master = -1

    def deliver(self, sender: str, user_data: bytes, *, header: bool) -> None:
        """A message has come for it."""
        digits = sender.lstrip("+")
        address = f"{len(digits):02X}{'91' if sender.startswith('+') else '81'}{_swapped(digits)}"
        tpdu = f"{'44' if header else '04'}{address}0004{STAMP}{len(user_data):02X}{user_data.hex().upper()}"
        pdu = "0791947101670000" + tpdu
        if self.stores:
            place = next(self._places)
            self._stored[place] = pdu
            self._say(f'+CMTI: "SM",{place}')
        else:
            self._say(f"+CMT: ,{len(tpdu) // 2}\r\n{pdu}")

    def store(self, pdu: str) -> None:
        """Have something put away."""
        self._stored[next(self._places)] = pdu

    @property
    def stored(self) -> int:
        return len(self._stored)

    def _ready(self) -> None:
        octets = os.read(self._master, 4096)
        if self.silent:
            return
        if self._echo:
            os.write(self._master, octets)
        self._held += octets
        while True:
            end = b"\x1a" if self._length is not None else b"\r"
            line, separator, rest = self._held.partition(end)
            if not separator:
                return
            self._held = rest
            text = line.decode("ascii").strip("\x1b\r\n")
            if self._length is None:
                self._command(text)
            else:
                self._message(text)

    def _command(self, text: str) -> None:
        self.commands.append(text)
        name, _, value = text.partition("=")
        if name == "AT+CMGS":
            self._length = int(value)
            os.write(self._master, b"\r\n> ")
        elif name == "AT+CMGR" and self.busy:
            self._say("+CMS ERROR: 314")
        elif text == "AT+CMGL=4":
            self._say(*(f"+CMGL: {place},1,,24\r\n{pdu}" for place, pdu in self._stored.items()), "OK")
        elif name == "AT+CMGR" and int(value) in self._stored:
            self._say(f"+CMGR: 0,,24\r\n{self._stored[int(value)]}", "OK")
        elif name == "AT+CMGD":
            self._stored.pop(int(value), None)
            self._say("OK")
        elif text == "AT+CPIN?":
            self._say(f"+CPIN: {self.pin}", "OK")
        elif text in {"AT", "ATE0", "AT+CMGF=0", "AT+CNMI=2,2,0,0,0"}:
            self._echo = self._echo and text != "ATE0"
            self._say("OK")
        else:
            self._say("ERROR")

    def _message(self, text: str) -> None:
        length, self._length = self._length, None
        pdu = bytes.fromhex(text)
        if self.refuses or len(pdu) - 1 != length:
            self._say(self.refuses or "+CMS ERROR: 304")
            return
        digits, kind = pdu[3], pdu[4]
        address = pdu[5 : 5 + (digits + 1) // 2]
        number = ("+" if kind == 0x91 else "") + _swapped(address.hex())[:digits]
        rest = pdu[5 + len(address) :]
        assert rest[:2] == b"\x00\x04"
        assert rest[3] == len(rest) - 4 <= 140
        self._say("+CMGS: 1", "OK")
        self._network.carry(self.number, number, rest[4:], header=bool(pdu[1] & 0x40))

    def _say(self, *lines: str) -> None:
        for line in lines:
            os.write(self._master, f"\r\n{line}\r\n".encode("ascii"))


def _swapped(digits: str) -> str:
    padded = digits + "F" * (len(digits) % 2)
    return "".join(padded[at + 1] + padded[at] for at in range(0, len(padded), 2)).upper()


class GsmNetwork:
    """The network while its block runs; ``passes`` decides what becomes of a message: how many copies arrive."""

    def __init__(self, passes: Callable[[int], int] = lambda number: 1) -> None:
        self.carried = 0
        self._passes = passes
        self._modems: dict[str, GsmModem] = {}

    def modem(self, number: str) -> GsmModem:
        """A new subscriber."""
        made = self._modems[number] = GsmModem(self, number)
        return made

    def carry(self, sender: str, to: str, user_data: bytes, *, header: bool) -> None:
        """Pass a message on."""
        self.carried += 1
        there = self._modems.get(to)
        for _ in range(self._passes(self.carried) if there is not None else 0):
            assert there is not None
            there.deliver(sender, user_data, header=header)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        for modem in self._modems.values():
            modem.close()
