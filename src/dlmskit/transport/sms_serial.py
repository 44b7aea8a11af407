"""``sms+serial://``: DLMS in short messages, by a modem on a serial device (PDU mode, 115200 baud by default)."""

from __future__ import annotations

from dlmskit.errors import ConfigError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.tpdu import is_number
from dlmskit.transport.at_modem import AtModem
from dlmskit.transport.base import HandlerFactory, Listener, Saps, Transport
from dlmskit.transport.serial_line import SerialDevice, serial_device
from dlmskit.transport.sms import SMS, SmsCarrier
from dlmskit.transport.stations import StationTransport
from dlmskit.transport.url import Scheme, TransportUrl

_BAUD = 115_200


class SmsSerialTransport(StationTransport):
    """An APDU pipe to a telephone number. ``send`` returns when the network has taken every message of the APDU."""

    def __init__(self, device: SerialDevice, number: str, saps: Saps | None = None, limits: Limits = DEFAULT) -> None:
        self._modem = AtModem(device)
        super().__init__(SmsCarrier(self._modem), number, SMS.client, SMS.profile, saps, limits)

    async def send(self, apdu: bytes) -> None:
        """Raises TransportError where the modem or the network refuses a message."""
        await super().send(apdu)
        await self._modem.sent()


def number_of(text: str) -> str:
    """A telephone number as somebody wrote it. Raises ConfigError."""
    number = text.strip().replace(" ", "").replace("-", "")
    if not is_number(number):
        raise ConfigError(f"{text!r} is no telephone number: write it with country code, as +491701234567")
    return number


def _device(url: TransportUrl) -> SerialDevice:
    return serial_device(url, _BAUD)


def _connect(url: TransportUrl, limits: Limits) -> Transport:
    text = url.options.get("number")
    if text is None:
        raise ConfigError(f"{url.text}: number= is missing: the telephone number of the other end")
    plus = "+" if text[:1] == " " else ""  # what + means in a query
    return SmsSerialTransport(_device(url), number_of(plus + text), url.saps, limits)


async def _listen(url: TransportUrl, handler_factory: HandlerFactory, limits: Limits) -> Listener:
    return await SMS.serve(SmsCarrier(AtModem(_device(url), collects=True)), handler_factory, limits)


SCHEME = Scheme(
    "sms+serial",
    "sms+serial:///dev/ttyUSB0?number=+491701234567&client=16&server=1",
    _connect,
    listen=_listen,
    options={
        "baud": f"speed of the line to the modem (default {_BAUD})",
        "characters": "8n1 (default), 8e1, 8n2 or 7e1",
        "number": "telephone number of the other end, with country code; a listener takes everybody",
    },
)
