"""Reaching a meter behind a gateway: any transport, with the prefix of the gateway protocol around each APDU.

``tcp://gateway:4059?network=0&device=12345678`` says which meter. What arrives with another address, or without a prefix and so
from the gateway itself, is dropped. The prefix proves nothing: that it is the right meter shows its system title, inside the
ciphering.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Self

from dlmskit.errors import ConfigError, DecodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.gateway import FIXED_OCTETS, GatewayPdu, decode_gateway
from dlmskit.transport.base import BlockingTransport, Transport, TransportProfile


@dataclass(frozen=True, slots=True)
class DeviceAddress:
    """A device in a network behind a gateway."""

    network_id: int
    octets: bytes
    """As the network has it: EUI-64, HDLC lower address, meter number in ASCII."""

    @classmethod
    def from_text(cls, device: str, network: str = "0") -> Self:
        """``device`` stands for its characters, or behind ``0x`` for octets in hexadecimal. Raises ConfigError."""
        try:
            octets = bytes.fromhex(device[2:]) if device.startswith(("0x", "0X")) else device.encode("ascii")
            network_id = int(network, 0)
        except ValueError:
            raise ConfigError(
                f"device={device}, network={network}: ASCII text or 0x and octets, and a number are expected"
            ) from None
        if not 0 < len(octets) <= 0xFF or not 0 <= network_id <= 0xFF:
            raise ConfigError(f"device={device}, network={network}: 1 to 255 octets and a network 0 to 255 are expected")
        return cls(network_id, octets)

    def request(self, apdu: bytes) -> bytes:
        """An APDU for the device, prefixed."""
        return GatewayPdu(request=True, network_id=self.network_id, address=self.octets, apdu=apdu).encode()

    def response(self, apdu: bytes) -> bytes:
        """An APDU of the device, prefixed: a response, or a push."""
        return GatewayPdu(request=False, network_id=self.network_id, address=self.octets, apdu=apdu).encode()

    def opened(self, octets: bytes) -> bytes | None:
        """The APDU, if it comes from this device."""
        try:
            pdu = decode_gateway(octets)
        except DecodeError:
            return None
        return pdu.apdu if not pdu.request and (pdu.network_id, pdu.address) == (self.network_id, self.octets) else None

    def fitted(self, profile: TransportProfile) -> TransportProfile:
        """The profile of the way to the device: what the prefix takes is no longer there."""
        taken = FIXED_OCTETS + len(self.octets)
        return replace(profile, max_apdu_send=profile.max_apdu_send - taken, max_apdu_receive=profile.max_apdu_receive - taken)

    def __str__(self) -> str:
        text = self.octets.decode("latin-1")
        return f"{self.network_id}/{text if text.isascii() and text.isalnum() else f'0x{self.octets.hex().upper()}'}"


class GatewayTransport(Transport):
    """A transport to a gateway, as one to a device behind it."""

    def __init__(self, carrier: Transport, device: DeviceAddress, limits: Limits = DEFAULT) -> None:
        self.saps = carrier.saps
        self.profile = device.fitted(carrier.profile)
        self.discarded = 0
        """What came from another device, or from none."""
        self._carrier = carrier
        self._device = device
        self._limits = limits

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._device} through {self._carrier!r}>"

    async def open(self) -> None:
        """Connect to the gateway, which may connect to the device at the first request only."""
        await self._carrier.open()

    async def send(self, apdu: bytes) -> None:
        """Send one APDU for the device."""
        await self._carrier.send(self._device.request(apdu))

    async def receive(self, seconds: float | None = None) -> bytes:
        """The next APDU of the device."""
        clock = asyncio.get_running_loop().time
        due = clock() + (self._limits.response_seconds if seconds is None else seconds)
        while (apdu := self._device.opened(await self._carrier.receive(max(due - clock(), 0.0)))) is None:
            self.discarded += 1
        return apdu

    async def close(self) -> None:
        """Leave the gateway."""
        await self._carrier.close()


class BlockingGatewayTransport(BlockingTransport):
    """The same without asyncio."""

    def __init__(self, carrier: BlockingTransport, device: DeviceAddress, limits: Limits = DEFAULT) -> None:
        self.saps = carrier.saps
        self.profile = device.fitted(carrier.profile)
        self.discarded = 0
        self._carrier = carrier
        self._device = device
        self._limits = limits

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._device} through {self._carrier!r}>"

    def open(self) -> None:
        """Connect to the gateway."""
        self._carrier.open()

    def send(self, apdu: bytes) -> None:
        """Send one APDU for the device."""
        self._carrier.send(self._device.request(apdu))

    def receive(self, seconds: float | None = None) -> bytes:
        """The next APDU of the device."""
        due = time.monotonic() + (self._limits.response_seconds if seconds is None else seconds)
        while (apdu := self._device.opened(self._carrier.receive(max(due - time.monotonic(), 0.0)))) is None:
            self.discarded += 1
        return apdu

    def close(self) -> None:
        """Leave the gateway."""
        self._carrier.close()
