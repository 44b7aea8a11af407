"""What a device has to send pushes through, besides its network: a modem for short messages, a mail relay, a gateway ...

send_destination_and_method says where a push goes, and nothing of the equipment; that is said here, by who builds the device. A
destination for which it has nothing is refused when a push to it is triggered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TypeVar
from urllib.parse import quote

from dlmskit.errors import ConfigError
from dlmskit.limits import Limits
from dlmskit.server.push.destination import Destination, Dial, Service
from dlmskit.transport.base import Saps, Transport
from dlmskit.transport.ftp import FtpPlace, FtpTransport
from dlmskit.transport.mail import MailRelay, MailTransport
from dlmskit.transport.one_way import Access
from dlmskit.transport.url import transport_from_url

T = TypeVar("T")
ENTRY_POINT_GROUP = "dlmskit.push_services"
"""Transport services of manufacturers by their number, 200 to 255: each names a `Dial`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """The equipment; None where there is none."""

    device: str = "meter"
    """Who sends, in mails and in names of files: letters and digits."""
    modem: str | None = None
    """URL of a transport, as ``sms+serial:///dev/ttyUSB0``: sends short messages to the number of the destination."""
    gateway: str | None = None
    """URL of the DLMS gateway, as ``tcp://192.0.2.1:4059``: the destination is the address behind it."""
    mail: MailRelay | None = None
    ftp: Access | None = None
    """How files get into the server that the destination names."""
    makers: Mapping[int, Dial] = field(default_factory=dict)
    """Transport services of manufacturers, 200 to 255, beside those of installed packages (`ENTRY_POINT_GROUP`)."""

    def dial(self, destination: Destination, saps: Saps, limits: Limits) -> Transport:
        """The transport, not opened, to a destination (a `Dial`). Raises ConfigError."""
        text = destination.url.partition(":")[2]
        match destination.service:
            case Service.SMS:
                modem = _needed(self.modem, "modem for short messages")
                return transport_from_url(_with(modem, f"number={quote(text, safe='')}", saps), limits)
            case Service.DLMS_GATEWAY:
                network, _, device = text.partition("/")
                gateway = _needed(self.gateway, "gateway")
                return transport_from_url(_with(gateway, f"network={network}&device={quote(device, safe='')}", saps), limits)
            case Service.SMTP:
                return MailTransport(_needed(self.mail, "mail relay"), text, self.device, saps, limits)
            case Service.FTP:
                access = _needed(self.ftp, "access to FTP servers")
                return FtpTransport(FtpPlace.of(text), access, self.device, saps, limits)
            case Service():
                return transport_from_url(destination.with_saps(saps.client, saps.server), limits)
        return self._maker(destination.service)(destination, saps, limits)

    def _maker(self, service: int) -> Dial:
        found = self.makers.get(service)
        if found is None:
            entry = next(iter(entry_points(group=ENTRY_POINT_GROUP, name=str(service))), None)
            if entry is None:
                raise ConfigError(f"nobody has told how pushes go over the manufacturer's transport service {service}")
            found = entry.load()
        return found


def _needed(equipment: T | None, what: str) -> T:
    if equipment is None:
        raise ConfigError(f"this device has no {what}")
    return equipment


def _with(url: str, words: str, saps: Saps) -> str:
    return f"{url}{'&' if '?' in url else '?'}{words}&client={saps.client}&server={saps.server}"
