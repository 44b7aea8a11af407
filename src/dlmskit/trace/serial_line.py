"""A serial device that is only listened to: a reading head, an adapter on a shared line, a pseudo-terminal."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from dlmskit.errors import ConfigError, TransportError

_READ = 4096


class Parity(StrEnum):
    """Parity of a serial line."""

    NONE = "none"
    """8 data bits, none (8N1)."""
    EVEN = "even"
    """8 data bits, even (8E1), as M-Bus has it."""
    SEVEN_EVEN = "7-even"
    """7 data bits, even (7E1), as IEC 62056-21 begins."""


class SerialLine:
    """A device by its path. Needs a system with termios."""

    def __init__(self, device: str, baud: int, parity: Parity = Parity.NONE) -> None:
        self.device = device
        self._baud = baud
        self._parity = parity

    @contextmanager
    def reading(self, heard: Callable[[bytes], None], gone: Callable[[], None]) -> Iterator[None]:
        """Hand over what is heard while the block runs, in the running loop; ``gone`` when the device is gone.

        Raises TransportError where it cannot be opened, ConfigError for a speed that the device has not.
        """
        try:
            descriptor = os.open(self.device, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            raise TransportError(f"the device {self.device} cannot be opened: {error.strerror}") from error
        loop = asyncio.get_running_loop()

        def ready() -> None:
            try:
                octets = os.read(descriptor, _READ)
            except OSError as error:
                if error.errno in {errno.EAGAIN, errno.EINTR}:
                    return
                octets = b""
            if octets:
                heard(octets)
            else:
                loop.remove_reader(descriptor)
                gone()

        try:
            self._set_up(descriptor)
            loop.add_reader(descriptor, ready)
            yield
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)

    def _set_up(self, descriptor: int) -> None:
        import termios

        speed = getattr(termios, f"B{self._baud}", None)
        if speed is None:
            raise ConfigError(f"{self._baud} is no speed of a serial line")
        try:
            mode = termios.tcgetattr(descriptor)
        except termios.error as error:
            raise TransportError(f"{self.device} is no serial device: {error}") from None
        size = termios.CS7 if self._parity is Parity.SEVEN_EVEN else termios.CS8
        parity = 0 if self._parity is Parity.NONE else termios.PARENB
        mode[0] = mode[1] = mode[3] = 0
        mode[2] = size | parity | termios.CREAD | termios.CLOCAL
        mode[4] = mode[5] = speed
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(descriptor, termios.TCSANOW, mode)
