"""Where a push goes: send_destination_and_method as the address of a transport (Blue Book, class 40, attribute 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from dlmskit.codec.data import Data
from dlmskit.errors import ConfigError
from dlmskit.limits import Limits
from dlmskit.link.wrapper import PORT
from dlmskit.transport.base import Saps, Transport
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
_XML = 1


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination that can be reached.

    ``url`` has no SAPs: the address of a transport, or ``sms:`` and a number; it is empty for a line that the client holds open.
    """

    service: Service
    url: str

    @classmethod
    def of(cls, value: Data) -> Destination:
        """Read the attribute. Raises ConfigError for services and forms that are not sent, and for an address that is none."""
        service, destination, message = (member.value for member in value.elements())
        if service not in {*_SCHEMES, *_LINES, Service.SMS}:
            name = Service(service).name.replace("_", " ") if service in set(Service) else f"transport service {service}"
            raise ConfigError(f"pushes go over TCP, UDP, CoAP, SMS, HDLC and M-Bus, not over {name}")
        if message:
            raise ConfigError(f"pushes are A-XDR encoded, not {'XML' if message == _XML else f'message type {message}'}")
        if service in _LINES:
            return cls(Service(service), "")
        if service == Service.SMS:
            return cls(Service.SMS, f"sms:{number_of(_text(bytes(destination)))}")
        return cls(Service(service), f"{_SCHEMES[Service(service)]}://{_host_and_port(bytes(destination))}")

    @property
    def confirms(self) -> bool:
        """Whether the supporting layer confirms what it carries."""
        return self.service in {Service.TCP, Service.RELIABLE_COAP}

    @property
    def needs_outlet(self) -> bool:
        """Whether the device needs more than its network to get there (`dlmskit.server.push.outlets`)."""
        return self.service not in _SCHEMES and self.line is None

    @property
    def line(self) -> Obis | None:
        """The port of a line that the client holds open; None where the device dials."""
        return _LINES.get(self.service)

    def with_saps(self, server_sap: int, client_sap: int) -> str:
        """As the URL of a transport: who sends is the client of the words, who receives the server."""
        more = "&confirmable=no" if self.service is Service.UNRELIABLE_COAP else ""
        return f"{self.url}?client={server_sap}&server={client_sap}{more}"


def _text(octets: bytes) -> str:
    """A destination that is text; some clients end it with zeros."""
    try:
        return octets.rstrip(b"\0").decode("ascii").strip()
    except UnicodeDecodeError:
        raise ConfigError("the destination is no ASCII text") from None


def _host_and_port(octets: bytes) -> str:
    """``host:port``, ``[host]:port``, or a host alone, as text."""
    text = _text(octets)
    if not text or any(sign in text for sign in "/?#@ "):
        raise ConfigError(f"the destination {text!r} is no host:port")
    bare_ipv6 = text.count(":") > 1 and not text.startswith("[")
    return f"[{text}]:{PORT}" if bare_ipv6 else text


Dial = Callable[[Destination, Saps, Limits], Transport]
"""Makes the transport, not opened, to a destination; ``Saps.client`` is who sends."""
