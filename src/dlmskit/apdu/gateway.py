"""The prefix of the gateway protocol (Green Book, gateway annex): an APDU for, or from, a device behind a gateway."""

from __future__ import annotations

from typing import Annotated

from dlmskit.apdu.registry import apdu
from dlmskit.codec.schema import Apdu
from dlmskit.codec.wire import Name, Octets, Rest, Unsigned8


@apdu(0xE6)
class GatewayRequest(Apdu, frozen=True, gc=False):
    """For the device with this address in this network."""

    network_id: Unsigned8
    physical_device_address: Annotated[bytes, Octets(most=64)]
    user_apdu: Annotated[bytes, Rest(), Name("", "")]


@apdu(0xE7)
class GatewayResponse(Apdu, frozen=True, gc=False):
    """From the device with this address in this network."""

    network_id: Unsigned8
    physical_device_address: Annotated[bytes, Octets(most=64)]
    user_apdu: Annotated[bytes, Rest(), Name("", "")]
