"""What a device has to send pushes through, besides its network: a modem for short messages.

send_destination_and_method says where a push goes, and nothing of the equipment; that is said here, by who builds the device. A
destination for which it has nothing is refused when a push to it is triggered.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from dlmskit.errors import ConfigError
from dlmskit.limits import Limits
from dlmskit.server.push.destination import Destination, Service
from dlmskit.transport.base import Saps, Transport
from dlmskit.transport.url import transport_from_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """The equipment, each as the URL of a transport; None where there is none."""

    modem: str | None = None
    """``sms+serial:///dev/ttyUSB0``: sends short messages; the number is that of the destination."""

    def dial(self, destination: Destination, saps: Saps, limits: Limits) -> Transport:
        """The transport, not opened, to a destination (a `Dial`). Raises ConfigError."""
        words = f"client={saps.client}&server={saps.server}"
        if destination.service is Service.SMS:
            number = quote(destination.url.removeprefix("sms:"))
            return transport_from_url(
                _with(self._needed(self.modem, "modem for short messages"), f"number={number}&{words}"), limits
            )
        return transport_from_url(destination.with_saps(saps.client, saps.server), limits)

    @staticmethod
    def _needed(url: str | None, what: str) -> str:
        if url is None:
            raise ConfigError(f"this device has no {what}")
        return url


def _with(url: str, words: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{words}"
