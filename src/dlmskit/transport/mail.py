"""Pushes by e-mail: the message as an attachment, through a relay (SMTP, RFC 5321; STARTTLS or TLS, RFC 8314).

How a push stands in a mail is said by no document at hand (UNCONFIRMED): one attachment, an APDU or its XML, with a name that
tells the sender (`mail_of`).
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import IO

from dlmskit.errors import ConfigError, TransportError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.transport.base import Saps
from dlmskit.transport.one_way import XML, Access, OneWayTransport, file_name

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_SUBMISSION, _SUBMISSIONS = 587, 465
_READY = 220
_MOST_OCTETS = 1 << 20
"""Of what a relay says in one session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRelay:
    """Who takes mail from us, and as whom we write."""

    host: str
    port: int | None = None
    """587, or 465 with TLS from the first octet."""
    access: Access
    sender: str
    """Our address."""

    def __post_init__(self) -> None:
        """Raises ConfigError for an address that is none, and for a user or password that the library cannot say."""
        mail_address(self.sender)
        if not f"{self.access.user}{self.access.password}".isascii():
            raise ConfigError("user and password of a mail relay are ASCII")


def mail_address(text: str) -> str:
    """An address. Raises ConfigError for anything else, also for several."""
    if not _ADDRESS.fullmatch(text) or len(text) > 254:
        raise ConfigError(f"{text!r} is no mail address: name@host is expected")
    return text


def mail_of(message: bytes, sender: str, recipient: str, device: str) -> EmailMessage:
    """The mail that carries a message of a device."""
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, recipient
    mail["Subject"] = f"DLMS push of {device}"
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"A DLMS/COSEM push of {device}.\n")
    kind = ("application", "xml") if message.startswith(XML) else ("application", "octet-stream")
    mail.add_attachment(message, maintype=kind[0], subtype=kind[1], filename=file_name(device, message))
    return mail


class MailTransport(OneWayTransport):
    """To one address, through one relay."""

    def __init__(self, relay: MailRelay, recipient: str, device: str, saps: Saps | None = None, limits: Limits = DEFAULT) -> None:
        super().__init__("e-mail", saps, limits)
        self._relay = relay
        self._recipient = mail_address(recipient)
        self._device = device

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._recipient} through {self._relay.host}>"

    def deliver(self, message: bytes) -> None:
        """Hand the mail to the relay. Raises TransportError: also where it refuses, or has no TLS."""
        mail = mail_of(message, self._relay.sender, self._recipient, self._device)
        host, access = self._relay.host, self._relay.access
        try:
            with self._connected() as relay:
                if access.user is not None:
                    relay.login(access.user, access.password or "")
                relay.send_message(mail)
        except smtplib.SMTPNotSupportedError as error:
            raise TransportError(f"{host} offers no STARTTLS or no login: {error}; plain mail needs tls = 'none'") from error
        except (smtplib.SMTPException, OSError) as error:
            raise TransportError(f"{host} takes no mail for {self._recipient}: {error}") from error

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        host, port, access = self._relay.host, self._relay.port, self._relay.access
        implicit = access.tls == "implicit"
        made = _SecureSession(timeout=self._seconds, context=access.context()) if implicit else _Session(timeout=self._seconds)
        made._host = host  # noqa: SLF001 - whom the certificate must name; told so, it would connect before it can be watched
        self._patience.watch(made)
        with made as relay:
            code, said = relay.connect(host, port or (_SUBMISSIONS if implicit else _SUBMISSION))
            if code != _READY:
                raise smtplib.SMTPConnectError(code, said)
            if access.tls == "yes":
                relay.starttls(context=access.context())
            yield relay


class _Session(smtplib.SMTP):
    """With a relay that may talk without end, as may whoever is on the line before there is TLS."""

    _host: str

    def getreply(self) -> tuple[int, bytes]:
        """The next answer. Raises SMTPServerDisconnected for one that is too long."""
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock.makefile("rb"))
        return super().getreply()


class _SecureSession(_Session, smtplib.SMTP_SSL):
    """With TLS from the first octet."""


class _Bounded:
    """Lines of a file that ends when it has given too much."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = _MOST_OCTETS
        self.close = file.close

    def readline(self, most: int) -> bytes:
        """The next line; empty at the end."""
        line = self._file.readline(most) if self._left > 0 else b""
        self._left -= len(line)
        return line
