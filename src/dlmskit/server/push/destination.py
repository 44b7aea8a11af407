"""Where a push goes: send_destination_and_method as an address (Blue Book, class 40, attribute 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from dlmskit.codec.data import Data
from dlmskit.errors import ConfigError
from dlmskit.limits import Limits
from dlmskit.link.wrapper import PORT
from dlmskit.transport.base import Saps, Transport
from dlmskit.transport.ftp import FtpPlace
from dlmskit.transport.gateway import DeviceAddress
from dlmskit.transport.mail import mail_address
from dlmskit.transport.sms_serial import number_of
from dlmskit.types.obis import Obis


class Service(IntEnum):
    """transport_service."""

    TCP = 0
    UDP = 1
    FTP = 2
    SMTP = 3
    SMS = 4
    HDLC = 5
    M_BUS = 6
    ZIGBEE = 7
    DLMS_GATEWAY = 8
    RELIABLE_COAP = 9
    UNRELIABLE_COAP = 10


_SCHEMES = {Service.TCP: "tcp", Service.UDP: "udp", Service.RELIABLE_COAP: "coap", Service.UNRELIABLE_COAP: "coap"}
_LINES = {Service.HDLC: Obis("0.0.22.0.0.255"), Service.M_BUS: Obis("0.0.24.0.0.255")}
"""Set-up object of the port whose open connections carry the push."""
_MAKERS = range(200, 256)
_CONFIRMING = {Service.TCP, Service.RELIABLE_COAP, Service.FTP, Service.SMTP}
_ONE_WAY = {*_LINES, Service.FTP, Service.SMTP}
_XML = 1
_IN_XML = {Service.TCP, Service.FTP, Service.SMTP}
"""XML is five to ten times as long: nothing for narrow media, and blocks carry octets."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination that can be reached.

    ``url`` has no SAPs. It is the address of a transport, or the word of a service with what follows it: ``sms:``, ``mailto:``,
    ``ftp:``, ``gateway:``, ``maker:`` with octets in hexadecimal. It is empty for a line that the client holds open.
    """

    service: int
    """A `Service`, or 200 to 255 of a manufacturer."""
    url: str
    message: int = 0
    """How the APDU is encoded: 0 A-XDR, 1 XML; 128 to 255 are for the service of a manufacturer, which gets it in A-XDR."""

    @classmethod
    def of(cls, value: Data) -> Destination:
        """Read the attribute. Raises ConfigError for services and forms that are not sent, and for an address that is none."""
        number, destination, message = (member.value for member in value.elements())
        if number in _MAKERS:
            return cls(number, f"maker:{bytes(destination).hex()}", message)
        if number not in set(Service):
            raise ConfigError(f"nothing is known of transport service {number}")
        service = Service(number)
        if message > _XML:
            raise ConfigError(f"pushes are encoded in A-XDR or XML, not as message type {message}")
        if message and service not in _IN_XML:
            raise ConfigError(f"in XML pushes go over TCP, by e-mail and as files, not over {service.name.replace('_', ' ')}")
        return cls(service, _url(service, bytes(destination)), message)

    @property
    def xml(self) -> bool:
        """Whether the APDU goes as XML."""
        return self.message == _XML

    @property
    def confirms(self) -> bool:
        """Whether the supporting layer confirms what it carries."""
        return self.service in _CONFIRMING

    @property
    def answers(self) -> bool:
        """Whether a confirmation can come back."""
        return self.service not in _ONE_WAY

    @property
    def needs_outlet(self) -> bool:
        """Whether the device needs more than its network to get there (`dlmskit.server.push.outlets`)."""
        return self.service not in _SCHEMES and self.line is None

    @property
    def line(self) -> Obis | None:
        """The port of a line that the client holds open; None where the device dials."""
        return _LINES.get(Service(self.service)) if self.service in set(Service) else None

    def with_saps(self, server_sap: int, client_sap: int) -> str:
        """As the URL of a transport: who sends is the client of the words, who receives the server."""
        more = "&confirmable=no" if self.service == Service.UNRELIABLE_COAP else ""
        return f"{self.url}?client={server_sap}&server={client_sap}{more}"


def _url(service: Service, octets: bytes) -> str:
    """The address of a service. Raises ConfigError."""
    if service in _LINES:
        return ""
    if service in _SCHEMES:
        return f"{_SCHEMES[service]}://{_host_and_port(_text(octets))}"
    text = _text(octets)
    match service:
        case Service.SMS:
            return f"sms:{number_of(text)}"
        case Service.SMTP:
            return f"mailto:{mail_address(text)}"
        case Service.FTP:
            FtpPlace.of(text)
            return f"ftp:{text}"
        case Service.DLMS_GATEWAY:
            network, _, device = text.rpartition("/")
            DeviceAddress.from_text(device, network or "0")
            return f"gateway:{network or 0}/{device}"
    raise ConfigError(f"pushes do not go over {service.name.replace('_', ' ')}: nothing of it is built")


def _text(octets: bytes) -> str:
    """A destination that is text; some clients end it with zeros."""
    try:
        return octets.rstrip(b"\0").decode("ascii").strip()
    except UnicodeDecodeError:
        raise ConfigError("the destination is no ASCII text") from None


def _host(text: str) -> str:
    """``host:port``, ``[host]:port``, or a host alone."""
    if not text or any(sign in text for sign in "/?#@ ") or not text.isprintable():
        raise ConfigError(f"the destination {text!r} is no host:port")
    return text


def _host_and_port(text: str) -> str:
    """The same with the port of DLMS behind a bare IPv6 address."""
    bare_ipv6 = text.count(":") > 1 and not text.startswith("[")
    return f"[{_host(text)}]:{PORT}" if bare_ipv6 else _host(text)


Dial = Callable[[Destination, Saps, Limits], Transport]
"""Makes the transport, not opened, to a destination; ``Saps.client`` is who sends."""
