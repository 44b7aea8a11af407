"""The CoAP profile over UDP (``coap://host:5683/path``), both sides: APDUs as POSTs, confirmable unless said otherwise.

`dlmskit.link.coap` is the protocol. DTLS and OSCORE are not here: what protects the APDUs is the security of COSEM.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from dlmskit.errors import ConfigError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.coap.link import MAX_APDU_OCTETS, PORT, CoapAdaptation
from dlmskit.transport.base import Addressing, HandlerFactory, Listener, Transport, TransportProfile
from dlmskit.transport.carriers import MakeAdaptation
from dlmskit.transport.stations import StationTransport, serve_stations
from dlmskit.transport.udp import UdpCarrier
from dlmskit.transport.url import Scheme, TransportUrl

_BLOCKS = {str(16 << exponent): exponent for exponent in range(7)}
_CONFIRMABLE = {"yes": True, "no": False}


def coap_profile(limits: Limits = DEFAULT) -> TransportProfile:
    """What the CoAP profile is to the layers above."""
    return TransportProfile(
        "coap",
        MAX_APDU_OCTETS,
        min(MAX_APDU_OCTETS, limits.frame_octets),
        connection_oriented=False,
        reliable=False,
        addressing=Addressing.IP,
        loses_frames=True,
    )


def _adaptation(url: TransportUrl, limits: Limits, *, server: bool) -> MakeAdaptation:
    block, confirmable = url.options.get("block", "1024"), url.options.get("confirmable", "yes")
    if block not in _BLOCKS:
        raise ConfigError(f"{url.text}: block={block} is none of {', '.join(_BLOCKS)}")
    if confirmable not in _CONFIRMABLE:
        raise ConfigError(f"{url.text}: confirmable={confirmable} is neither yes nor no")
    random = secrets.SystemRandom().random
    return lambda: CoapAdaptation(
        random,
        server=server,
        path=url.path,
        confirmable=_CONFIRMABLE[confirmable],
        size_exponent=_BLOCKS[block],
        limits=limits,
    )


def _connect(url: TransportUrl, limits: Limits) -> Transport:
    remote = replace(url, path="").host_and_port(PORT)
    adaptation = _adaptation(url, limits, server=False)
    return StationTransport(UdpCarrier(remote=remote), remote, adaptation, coap_profile(limits), url.saps, limits)


async def _listen(url: TransportUrl, handler_factory: HandlerFactory, limits: Limits) -> Listener:
    carrier = UdpCarrier(local=replace(url, path="").host_and_port(PORT, listening=True))
    adaptation = _adaptation(url, limits, server=True)
    return await serve_stations(carrier, adaptation, handler_factory=handler_factory, limits=limits)


SCHEME = Scheme(
    "coap",
    "coap://host:5683/path?client=16&server=1",
    _connect,
    listen=_listen,
    options={
        "block": "largest block of a message: 16, 32, 64, 128, 256, 512 or 1024 octets (default 1024)",
        "confirmable": "yes (default), or no for messages that are not repeated",
    },
)
