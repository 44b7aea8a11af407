"""Roads on which whole messages are handed to a service, and nothing comes back: e-mail, files. A transport that only sends.

The libraries for them block, so a message is handed over in a thread, within a time; when it is over, the socket is shut. By
themselves they know a time for each octet alone: a service that says a little now and then would keep a thread for ever.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from abc import abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex
from typing import Protocol

from dlmskit.errors import ConfigError, TransportError, TransportTimeout
from dlmskit.limits import DEFAULT, Limits
from dlmskit.transport.base import Saps, Transport, TransportProfile

LARGEST = 1 << 20
_WHOLE = 4
"""How many times as long as one step the whole delivery may take."""
XML = b"<"
"""What a message in XML begins with, and an APDU that is pushed does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How one gets into a service."""

    tls: str = "yes"
    """``yes``: as the service does it; ``implicit``: from the first octet; ``none``: in the clear, without a password."""
    ca: str | None = None
    """A file of certificates (PEM) that the one of the service must lead to; without it those of the system."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    host: str | None = None
    """Who alone hears them, where somebody else says where it goes to (FTP)."""

    def __post_init__(self) -> None:
        """Raises ConfigError for what would show a password, or an order that hides in it."""
        if self.tls not in {"yes", "implicit", "none"}:
            raise ConfigError(f"tls {self.tls!r} is not known; there are yes, implicit, none")
        if self.tls == "none" and self.user is not None:
            raise ConfigError('a password never goes in the clear: no tls = "none" together with a user')
        if (self.user is None) != (self.password is None):
            raise ConfigError("user and password go together")
        if not f"{self.user}{self.password}".isprintable():
            raise ConfigError("user and password have no signs that cannot be printed")

    def context(self) -> ssl.SSLContext:
        """TLS that checks the certificate and the name of the service. Raises ConfigError for a file that cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"the certificates in {self.ca} cannot be used: {error}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def secret_from_environment(variable: str, user: str | None) -> str | None:
    """The password of a user. Raises ConfigError where there is a user and no password."""
    if user is None:
        return None
    found = os.environ.get(variable)
    if not found:
        raise ConfigError(f"user {user!r} has a password: put it into the environment variable {variable}")
    return found


def file_name(sender: str, message: bytes) -> str:
    """A name that no other message has: sender, time, a random part, and what is in it."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{sender}-{stamp}-{token_hex(4)}.{'xml' if message.startswith(XML) else 'apdu'}"


class HasSocket(Protocol):
    """A session of one of the libraries."""

    sock: socket.socket | None


class Patience:
    """With one delivery: ends what its thread does when nobody waits for it any more."""

    def __init__(self) -> None:
        self._over = False
        self._session: HasSocket | None = None

    def watch(self, session: HasSocket) -> None:
        """This is how the delivery talks."""
        self._session = session
        self.check()

    def check(self, _octets: bytes = b"") -> None:
        """Raises TransportTimeout where it has ended."""
        if self._over:
            raise TransportTimeout("the delivery took too long")

    def end(self) -> None:
        """Shut the socket; harmless when all is done."""
        self._over = True
        opened = None if self._session is None else self._session.sock
        if opened is not None:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)


class OneWayTransport(Transport):
    """Hands messages over, each as a whole; what is sent has been taken by the service when ``send`` returns."""

    def __init__(self, name: str, saps: Saps | None = None, limits: Limits = DEFAULT) -> None:
        self.profile = TransportProfile(name, LARGEST, 0, connection_oriented=False)
        self.saps = saps or Saps()
        self._seconds = limits.message_seconds
        self._patience = Patience()

    @abstractmethod
    def deliver(self, message: bytes) -> None:
        """Hand one message over, in a thread; let ``_patience`` watch how. Raises TransportError."""

    async def open(self) -> None:
        """Nothing is connected before there is a message."""

    async def send(self, apdu: bytes) -> None:
        """Hand a message over: an APDU, or its XML. Raises TransportError, TransportTimeout."""
        patience = self._patience = Patience()
        delivery = asyncio.get_running_loop().run_in_executor(None, self.deliver, apdu)
        try:
            async with asyncio.timeout(self._seconds * _WHOLE):
                await asyncio.shield(delivery)
        except TransportError:
            raise
        except TimeoutError:
            raise TransportTimeout(f"the {self.profile.name} service takes more than {self._seconds * _WHOLE:g} s") from None
        finally:
            patience.end()

    async def receive(self, seconds: float | None = None) -> bytes:
        """Nothing comes back."""
        raise TransportTimeout(f"{self.profile.name} brings no answers")

    async def close(self) -> None:
        """Nothing is open."""
