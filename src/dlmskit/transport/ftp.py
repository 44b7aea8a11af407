"""Pushes as files: FTP with TLS (RFC 4217), or plain where that is said.

A file is written under another name first, so that nobody reads half of it. How a push stands in a file is said by no document at
hand (UNCONFIRMED): the APDU or its XML, and nothing else. Servers that want the TLS session of the control connection again for
the data are not served: Python's library cannot do that.
"""

from __future__ import annotations

import ftplib
import io
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from dlmskit.errors import ConfigError, TransportError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.transport.base import Saps
from dlmskit.transport.one_way import Access, OneWayTransport, file_name

_PATH = re.compile(r"[A-Za-z0-9._~/-]{0,200}")
_ANONYMOUS = "anonymous"
UNFINISHED = ".part"
_MOST_LINES = 1000
"""Of what a server says in one session."""


@dataclass(frozen=True, slots=True)
class FtpPlace:
    """A folder of a server."""

    host: str
    port: int | None = None
    folder: str = ""
    """Where files are written; empty: where one is after logging on."""

    def __post_init__(self) -> None:
        """Raises ConfigError for signs that a command could hide behind."""
        if not _PATH.fullmatch(self.folder):
            raise ConfigError(f"{self.folder!r} is no folder of letters, digits and . _ ~ / -")

    @classmethod
    def of(cls, text: str) -> FtpPlace:
        """``host``, ``host:port``, with ``/folder`` behind. Raises ConfigError, also for a user: who logs on is said apart."""
        try:
            parts = urlsplit(f"ftp://{text}")
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ConfigError(f"{text!r}: {error}") from None
        if not host or "@" in parts.netloc or parts.query or parts.fragment or not text.isprintable():
            raise ConfigError(f"the destination {text!r} is no host:port/folder")
        return cls(host, port, parts.path.removeprefix("/"))


class FtpTransport(OneWayTransport):
    """Into one folder of one server."""

    def __init__(self, place: FtpPlace, access: Access, device: str, saps: Saps | None = None, limits: Limits = DEFAULT) -> None:
        super().__init__("FTP", saps, limits)
        if access.tls == "implicit":
            raise ConfigError("FTP begins in the clear and goes over to TLS: there is no tls 'implicit'")
        if access.user is not None and place.host.casefold() != (access.host or "").casefold():
            named = access.host or "a host that nobody has named"
            raise ConfigError(f"the password of {access.user!r} is for {named}, not for {place.host}")
        self._place = place
        self._access = access
        self._device = device

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._place.host}/{self._place.folder}>"

    def deliver(self, message: bytes) -> None:
        """Write one file. Raises TransportError: also where the server refuses, or has no TLS."""
        place, access, name = self._place, self._access, file_name(self._device, message)
        try:
            with self._session() as session:
                self._patience.watch(session)
                session.connect(place.host, place.port or ftplib.FTP_PORT)
                if isinstance(session, ftplib.FTP_TLS):
                    _secured(session, place.host)
                session.login(access.user or _ANONYMOUS, access.password or "")
                if isinstance(session, ftplib.FTP_TLS):
                    session.prot_p()
                if place.folder:
                    session.cwd(place.folder)
                session.storbinary(f"STOR {name}{UNFINISHED}", io.BytesIO(message), callback=self._patience.check)
                session.rename(name + UNFINISHED, name)
        except ftplib.all_errors as error:
            raise TransportError(f"{place.host} takes no file: {error}") from error

    def _session(self) -> ftplib.FTP:
        if self._access.tls == "none":
            return _Session(timeout=self._seconds)
        return _SecureSession(timeout=self._seconds, context=self._access.context())


class _Session(ftplib.FTP):
    """With a server that may talk without end. In the clear: by an explicit word."""

    _lines = 0

    def getline(self) -> str:
        """The next line of the server. Raises ftplib.Error for too many."""
        self._lines += 1
        if self._lines > _MOST_LINES:
            raise ftplib.Error(f"it says more than {_MOST_LINES} lines")  # noqa: S321 - an error, no call
        return super().getline()


class _SecureSession(_Session, ftplib.FTP_TLS):
    """With TLS."""


def _secured(session: ftplib.FTP_TLS, host: str) -> None:
    """TLS before anybody logs on. Raises TransportError where there is none."""
    try:
        session.auth()
    except ftplib.Error as error:
        raise TransportError(f"{host} has no TLS: {error}; plain FTP needs tls = 'none'") from error
