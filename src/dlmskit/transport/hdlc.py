"""Client side of the HDLC profile (IEC 62056-46) over a line: ``hdlc+tcp://`` and ``hdlc+serial://``, with and without asyncio.

The words of the URL, and what they make of the link; the link itself is `dlmskit.link.hdlc`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dlmskit.errors import ConfigError, EncodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.hdlc.addresses import HdlcAddress, client_address, server_address
from dlmskit.link.hdlc.client import HdlcClient
from dlmskit.link.hdlc.events import LinkSettings, LinkTimes
from dlmskit.link.hdlc.llc import HEADER_OCTETS
from dlmskit.link.hdlc.parameters import (
    LEAST_INFORMATION,
    MOST_INFORMATION,
    MOST_WINDOW,
    HdlcParameters,
)
from dlmskit.transport.base import Addressing, HandlerFactory, Saps, TransportProfile
from dlmskit.transport.hdlc_port import HdlcStation
from dlmskit.transport.line import Line
from dlmskit.transport.machine import MachineTransport
from dlmskit.transport.machine_blocking import BlockingMachineTransport
from dlmskit.transport.url import TransportUrl

HDLC_OPTIONS = {
    "server_upper": "upper HDLC address of the server, where it is not the server SAP",
    "server_lower": "lower HDLC address (physical device); none where nothing is said",
    "address_length": "octets of the server's HDLC address, 1, 2 or 4; the shortest that fits",
    "information": "octets of information in a frame, both ways, 32..2030 (default 128); the meter may want less",
    "window": "frames without acknowledgement, both ways, 1..7 (default 1); the meter may want less",
    "response": "seconds until the meter is asked again (default 2)",
    "repetitions": "how often it is asked again (default 3)",
    "inter_octet": "longest pause inside a frame, in seconds (default 1; on a serial device 0.25)",
}


SERIAL_INTER_OCTET = 0.25
"""Longest pause inside a frame, in seconds, on a serial device: the standard has 25 ms, to which USB adapters do not keep."""
_TIMES = LinkTimes()
_SETTINGS = LinkSettings()


@dataclass(frozen=True, slots=True)
class HdlcEnds:
    """The two addresses of a link, and what the client offers."""

    client: HdlcAddress
    server: HdlcAddress
    settings: LinkSettings = _SETTINGS


def hdlc_ends(url: TransportUrl, limits: Limits, inter_octet: float = _TIMES.inter_octet) -> HdlcEnds:
    """What the words of a URL say. Raises ConfigError that names the word."""
    saps = url.saps
    lower = url.number("server_lower", None, 0, 0x3FFF)
    upper = url.number("server_upper", saps.server, 1, 0x3FFF)
    length = url.number("address_length", None, 1, 4)
    information = url.number("information", 128, LEAST_INFORMATION, MOST_INFORMATION) or 128
    window = url.number("window", 1, 1, MOST_WINDOW) or 1
    times = LinkTimes(
        response=url.seconds("response", _TIMES.response),
        repetitions=url.number("repetitions", _TIMES.repetitions, 0, 100) or 0,
        inter_octet=url.seconds("inter_octet", inter_octet),
    )
    if saps.client > 0x7F:
        raise ConfigError(f"{url.text}: a client has an HDLC address of one octet, 1..127, not {saps.client}")
    if lower is None and (length or 1) > 1:
        raise ConfigError(f"{url.text}: address_length={length} needs server_lower")
    client = client_address(saps.client)
    try:
        server = server_address(upper or saps.server, lower if length != 1 else None, length)
    except EncodeError as error:
        raise ConfigError(f"{url.text}: {error}") from None
    parameters = HdlcParameters(information, information, window, window)
    return HdlcEnds(client, server, LinkSettings(parameters, times, most_octets=limits.frame_octets))


def hdlc_station(url: TransportUrl, handler_factory: HandlerFactory) -> HdlcStation:
    """The one station that listens at this URL. Raises ConfigError."""
    upper = url.number("server_upper", None, 1, 0x3FFE)
    return HdlcStation(handler_factory, url.number("server_lower", None, 1, 0x3FFD), None if upper is None else {upper})


def hdlc_offer(url: TransportUrl) -> LinkSettings:
    """What a listener at this URL agrees to: whatever the client wants, unless a word says less. Raises ConfigError."""
    information = url.number("information", MOST_INFORMATION, LEAST_INFORMATION, MOST_INFORMATION) or MOST_INFORMATION
    window = url.number("window", MOST_WINDOW, 1, MOST_WINDOW) or MOST_WINDOW
    times = replace(_TIMES, inter_octet=url.seconds("inter_octet", _TIMES.inter_octet))
    return LinkSettings(HdlcParameters(information, information, window, window), times)


def hdlc_profile(name: str, limits: Limits) -> TransportProfile:
    """What HDLC promises: segmentation carries any APDU up to the limit, a push comes as UI when it fits a frame."""
    most = limits.frame_octets - HEADER_OCTETS
    return TransportProfile(name, most, most, addressing=Addressing.HDLC)


class HdlcTransport(MachineTransport):
    """An APDU pipe over an HDLC link, for asyncio."""

    def __init__(self, line: Line, ends: HdlcEnds, saps: Saps, limits: Limits = DEFAULT, *, name: str = "hdlc") -> None:
        ends = _timed(ends, line)
        super().__init__(
            line, lambda: HdlcClient(ends.client, ends.server, ends.settings), hdlc_profile(name, limits), saps, limits
        )


class BlockingHdlcTransport(BlockingMachineTransport):
    """The same without asyncio."""

    def __init__(self, line: Line, ends: HdlcEnds, saps: Saps, limits: Limits = DEFAULT, *, name: str = "hdlc") -> None:
        ends = _timed(ends, line)
        super().__init__(
            line, lambda: HdlcClient(ends.client, ends.server, ends.settings), hdlc_profile(name, limits), saps, limits
        )


def _timed(ends: HdlcEnds, line: Line) -> HdlcEnds:
    """The ends, knowing how long octets take on their line."""
    times = replace(ends.settings.times, octet=line.octet_seconds)
    return replace(ends, settings=replace(ends.settings, times=times))
