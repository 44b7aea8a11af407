"""A modem for short messages on a serial device, driven by AT commands in PDU mode (`dlmskit.link.at_commands`).

Several users share one device: who listens and who sends at the same time. The SIM must be unlocked; what the network charges and
when it delivers is its business.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from dlmskit.errors import ConfigError, DecodeError, EncodeError, TransportError, TransportTimeout
from dlmskit.link.at_commands import AtDialogue, Command, Done, listed
from dlmskit.link.tpdu import decode_deliver, encode_submit
from dlmskit.transport.serial_line import SerialDevice, open_device
from dlmskit.transport.sms import Modem, ShortMessageReceived
from dlmskit.transport.timer import LazyTimer

if TYPE_CHECKING:
    from serialx import BaseSerialTransport

_LOG = logging.getLogger("dlmskit.transport")
_HELLO = Command("AT", seconds=5.0, what="the modem")
_PIN = Command("AT+CPIN?", what="the SIM")
_SETUP = (
    Command("ATE0", optional=True, what="no echo"),
    Command("AT+CMGF=0", what="PDU mode"),
    Command("AT+CNMI=2,2,0,0,0", what="messages to be handed on as they come"),
)
_LIST = Command("AT+CMGL=4", seconds=60.0, what="the list of messages")
_SEND_SECONDS = 120.0
_MOST_WAITING = 1024
"""Messages that wait to be sent."""


class AtModem(Modem):
    """One user of the modem on a device. ``collects``: it wants what came before, and was put away, as well."""

    def __init__(self, device: SerialDevice, *, collects: bool = False) -> None:
        super().__init__()
        self.collects = collects
        self._device = device
        self._port: _Port | None = None
        self._received: ShortMessageReceived = _nobody
        self._sending: set[asyncio.Future[Done]] = set()
        self._error: TransportError | None = None

    @property
    def idle(self) -> bool:
        """Whether everything that was to be sent has gone, or failed."""
        return not self._sending

    async def start(self, received: ShortMessageReceived) -> None:
        """Set the modem up, where nobody uses it yet. Raises TransportError, ConfigError for a SIM that is locked."""
        key = (id(asyncio.get_running_loop()), self._device.path)
        port = _PORTS.setdefault(key, _Port(self._device, lambda: _PORTS.pop(key, None)))
        self._received = received
        self._port = port
        await port.join(self)

    def send(self, number: str, user_data: bytes, *, header: bool) -> None:
        """Queue a message; `sent` tells what became of it."""
        if self._port is None:
            return
        try:
            pdu = encode_submit(number, user_data, header=header)
        except EncodeError as error:  # senders may be called by letters: nobody answers those
            self._refused(TransportError(f"nothing is sent: {error.args[0]}"))
            return
        command = Command(f"AT+CMGS={len(pdu) - 1}", pdu.hex().upper(), _SEND_SECONDS, what=f"a message to {number}")
        if len(self._sending) >= _MOST_WAITING:
            self._refused(TransportError(f"{command.what} was not sent: {_MOST_WAITING} wait"))
            return
        sending = self._port.ask(command)
        self._sending.add(sending)
        sending.add_done_callback(self._sent)

    async def sent(self) -> None:
        """Wait until the network has taken everything. Raises TransportError where it has not."""
        while self._sending:
            await asyncio.wait(self._sending)
        error, self._error = self._error, None
        if error is not None:
            raise error

    def stop(self) -> None:
        """Leave the modem; the last one closes the device."""
        port, self._port = self._port, None
        self._received = _nobody
        if port is not None:
            port.leave(self)

    def came(self, number: str, user_data: bytes, *, header: bool) -> None:
        """A message for whoever waits for it."""
        self._received(number, user_data, header)

    def lost(self, error: TransportError) -> None:
        """The device is gone."""
        self._refused(error)

    def _sent(self, sending: asyncio.Future[Done]) -> None:
        self._sending.discard(sending)
        done = sending.result()
        if done.error:
            self._refused(_failure(done))

    def _refused(self, error: TransportError) -> None:
        self._error = error
        self.failed(error)


def _nobody(_number: str, _user_data: bytes, _header: bool) -> None:
    """Nobody waits for it."""


class _Port(asyncio.Protocol):
    """A device, and all who use it."""

    def __init__(self, device: SerialDevice, closed: Callable[[], object]) -> None:
        self._device = device
        self._closed = closed
        self._users: list[AtModem] = []
        self._opening = asyncio.Lock()
        self._over = False
        self._transport: BaseSerialTransport | None = None
        self._loop = asyncio.get_running_loop()
        self._dialogue = AtDialogue()
        self._asked: deque[asyncio.Future[Done]] = deque()
        self._timer = LazyTimer(self._loop, self._expired)

    async def join(self, user: AtModem) -> None:
        """Open the device for the first user."""
        self._users.append(user)
        try:
            async with self._opening:
                if self._over:
                    raise TransportError(f"{self._device.path}: the modem could not be set up")
                if self._transport is None:
                    await self._open()
            if user.collects:
                await self._collect()
        except BaseException:
            user.stop()
            raise

    def leave(self, user: AtModem) -> None:
        """Close the device behind the last user."""
        if user in self._users:
            self._users.remove(user)
        if not self._users:
            self._end("closed on this side")

    def ask(self, command: Command) -> asyncio.Future[Done]:
        """Queue a command: what became of it."""
        asked: asyncio.Future[Done] = self._loop.create_future()
        if self._transport is None:
            asked.set_result(Done(command, "the device is closed"))
            return asked
        self._asked.append(asked)
        self._dialogue.submit(command, self._loop.time())
        self._pump()
        return asked

    async def _open(self) -> None:
        self._transport = await open_device(self._device, lambda: self, self._device.baud)
        try:
            await self._set_up()
        except BaseException:
            self._end("the modem could not be set up")
            raise

    async def _set_up(self) -> None:
        hello = await self.ask(_HELLO)
        if hello.error:
            raise TransportTimeout(f"{self._device.path}: no modem answers: {hello.error}")
        pin = await self.ask(_PIN)
        said = next((line for line in pin.lines if line.startswith("+CPIN:")), "")
        if said and "READY" not in said:
            raise ConfigError(f"{self._device.path}: the SIM is locked ({said}); unlock it, or switch its PIN off")
        for command in _SETUP:
            done = await self.ask(command)
            if done.error and not command.optional:
                raise _failure(done)

    # --- asyncio.Protocol ---

    def data_received(self, data: bytes) -> None:
        """Take what the modem says."""
        self._dialogue.feed(data, self._loop.time())
        self._pump()

    def connection_lost(self, exc: Exception | None) -> None:
        """The device is gone."""
        if self._transport is not None:
            error = TransportError(f"{self._device.path}: the modem is lost: {exc or 'closed'}")
            users = tuple(self._users)
            self._end(str(error))
            for user in users:
                user.lost(error)

    def _expired(self) -> None:
        self._dialogue.tick(self._loop.time())
        self._pump()

    def _pump(self) -> None:
        dialogue = self._dialogue
        if (octets := dialogue.output()) and self._transport is not None:
            self._transport.write(octets)
        self._tell_done()
        while dialogue.messages:
            self._came(dialogue.messages.popleft())
        while dialogue.stored:
            self._fetch(dialogue.stored.popleft())
        if dialogue.due is None:
            self._timer.clear()
        else:
            self._timer.set(max(dialogue.due - self._loop.time(), 0.0))

    def _fetch(self, place: int) -> None:
        """Read a message that the modem has put away."""
        if len(self._asked) < _MOST_WAITING:
            self.ask(Command(f"AT+CMGR={place}")).add_done_callback(partial(self._fetched, place))

    def _fetched(self, place: int, asked: asyncio.Future[Done]) -> None:
        """Hand it on, and make room. One that could not be read stays."""
        for _, pdu in listed(asked.result().lines, "+CMGR:"):
            self._came(pdu)
            self.ask(Command(f"AT+CMGD={place}"))

    async def _collect(self) -> None:
        """Read what came while nobody ran, and make room; what is not for us stays."""
        done = await self.ask(_LIST)
        if done.error:
            _LOG.info("%s: the modem does not list what came before: %s", self._device.path, done.error)
        for place, pdu in listed(done.lines, "+CMGL:"):
            if place.isdecimal() and self._came(pdu):
                self.ask(Command(f"AT+CMGD={place}"))

    def _came(self, pdu: str) -> bool:
        """Hand on a message: whether it is for us."""
        try:
            message = decode_deliver(bytes.fromhex(pdu))
        except (DecodeError, ValueError) as error:
            _LOG.debug("%s: a message that is not for us: %s", self._device.path, error)
            return False
        for user in tuple(self._users):
            user.came(message.number, message.user_data, header=message.header)
        return True

    def _end(self, why: str) -> None:
        """Close the device, once: who comes now has another port."""
        if self._over:
            return
        self._over = True
        transport, self._transport = self._transport, None
        self._timer.cancel()
        self._closed()
        self._dialogue.abandon(why)
        self._tell_done()
        if transport is not None:
            transport.close()

    def _tell_done(self) -> None:
        while self._dialogue.done:
            done, asked = self._dialogue.done.popleft(), self._asked.popleft()
            if not asked.done():
                asked.set_result(done)


_PORTS: dict[tuple[int, str], _Port] = {}
"""Devices that are open, by loop and path."""


def _failure(done: Done) -> TransportError:
    return TransportError(f"the modem refuses {done.command.what or done.command.text}: {done.error}")
