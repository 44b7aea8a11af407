"""A container for firmware images, signed by the manufacturer: what `Image transfer` carries where no other format is in use.

The standard leaves the format to the manufacturer. This one is: eight octets ``DLMSIMG1``, the header as COSEM data in A-XDR,
the body, and the signature r || s over everything before it (ECDSA; SHA-256 on P-256, SHA-384 on P-384). The header says for
which type of device the image is, its version, which may not go back, and how long the body is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from dlmskit.codec.data import Data
from dlmskit.codec.notation import parse_kind
from dlmskit.codec.skip import skip_data
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdsa import verify
from dlmskit.crypto.provider import Signer
from dlmskit.errors import ConfigError, DecodeError, DlmsError, EncodeError, SecurityError

MAGIC = b"DLMSIMG1"
LONGEST_NAME = 64

_HEADER = parse_kind(
    "structure{device_type:visible-string,version:double-long-unsigned,identification:octet-string,body_length:double-long-unsigned}"
)


class FirmwareRefused(DlmsError):
    """An image that must not run: no container, signed by somebody else, for another device, or older than the one that runs."""


class FirmwareHeader(NamedTuple):
    """What the manufacturer says of an image."""

    device_type: str
    version: int
    """Each release has a greater one."""
    identification: bytes
    """As it is shown before activation, for example a name and a version for people."""


@dataclass(frozen=True, slots=True)
class Firmware:
    """An image whose signature was checked."""

    header: FirmwareHeader
    body: bytes
    signature: bytes


def sign_firmware(header: FirmwareHeader, body: bytes, signer: Signer) -> bytes:
    """The container, signed. Raises ConfigError for a header that does not fit."""
    if not (header.device_type and len(header.device_type) <= LONGEST_NAME and len(header.identification) <= LONGEST_NAME):
        raise ConfigError(f"device type and identification of an image have at most {LONGEST_NAME} characters")
    if not 0 <= header.version < 1 << 32 or not body:
        raise ConfigError("the version of an image is a number of 32 bits, and its body is not empty")
    plain = MAGIC + _HEADER.encode((*header, len(body))).octets + body
    return plain + signer.sign(plain)


def open_firmware(image: bytes, manufacturer: PublicKey) -> Firmware:
    """Check the signature, then read what was signed. Raises FirmwareRefused."""
    signature_octets = manufacturer.curve.signature_octets
    plain, signature = image[:-signature_octets], image[-signature_octets:]
    if not plain.startswith(MAGIC):
        raise FirmwareRefused("it is no image of this format")
    try:
        verify(manufacturer, plain, signature)
    except SecurityError as error:
        raise FirmwareRefused("the signature is not that of the manufacturer") from error
    header, body = _parts(plain)
    return Firmware(header, body, signature)


def read_header(image: bytes) -> FirmwareHeader:
    """What an image says of itself; nothing of it is proved. Raises FirmwareRefused where it is no image of this format."""
    if not image.startswith(MAGIC):
        raise FirmwareRefused("it is no image of this format")
    return _header(image)[0]


def _parts(plain: bytes) -> tuple[FirmwareHeader, bytes]:
    header, length, behind = _header(plain)
    body = plain[behind:]
    if len(body) != length:
        raise FirmwareRefused(f"its body has {len(body)} octets instead of {length}")
    return header, body


def _header(plain: bytes) -> tuple[FirmwareHeader, int, int]:
    """Header, length of the body, and where it begins."""
    try:
        behind = skip_data(plain, len(MAGIC))
        data = Data.decode(plain[len(MAGIC) : behind])
        _HEADER.check(data)
    except (DecodeError, EncodeError) as error:
        raise FirmwareRefused(f"its header cannot be read: {error}") from error
    device_type, version, identification, length = data.value
    return FirmwareHeader(str(device_type), version, bytes(identification)), length, behind


class FirmwareRule:
    """Which images a device takes: of its manufacturer, for its type, and not older than the one that runs."""

    def __init__(self, manufacturer: PublicKey, device_type: str, running: Callable[[], int]) -> None:
        self._manufacturer = manufacturer
        self._device_type = device_type
        self._running = running

    def check(self, image: bytes) -> Firmware:
        """The image, if it may run. Raises FirmwareRefused."""
        firmware = open_firmware(image, self._manufacturer)
        if firmware.header.device_type != self._device_type:
            raise FirmwareRefused(f"it is for {firmware.header.device_type}, and this is {self._device_type}")
        running = self._running()
        if firmware.header.version < running:
            raise FirmwareRefused(f"its version {firmware.header.version} is older than {running}, which runs")
        return firmware
