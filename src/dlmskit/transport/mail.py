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

from dlmskit.errors import ConfigError, TransportError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.transport.base import Saps
from dlmskit.transport.one_way import XML, Access, OneWayTransport, file_name

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_SUBMISSION, _SUBMISSIONS = 587, 465


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
        """Raises ConfigError for an address that is none."""
        mail_address(self.sender)


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
        if access.tls == "implicit":
            with smtplib.SMTP_SSL(host, port or _SUBMISSIONS, timeout=self._seconds, context=access.context()) as relay:
                yield relay
            return
        with smtplib.SMTP(host, port or _SUBMISSION, timeout=self._seconds) as relay:
            if access.tls != "none":
                relay.starttls(context=access.context())
            yield relay
