"""What an Image transfer object needs of its device: where blocks are kept, who judges an image, what activation does.

A block is on the disk when `ImageStore.put` returns. Judging and activating are the maker's business: see
`dlmskit.security.firmware` for a container with a signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from dlmskit.errors import DlmsError


class ImageInfo(NamedTuple):
    """One element of image_to_activate_info."""

    size: int
    identification: bytes
    signature: bytes


class ImageRefused(DlmsError):
    """An image that must not run: damaged, signed by somebody else, for another device, older than the one that runs."""


class ImageBusy(DlmsError):
    """Verification or activation is still going on; asked again later it will have an answer."""


class ImageStore(Protocol):
    """The blocks of the image that is being transferred."""

    @property
    def identifier(self) -> bytes:
        """image_identifier of the transfer; empty before the first."""
        ...

    @property
    def size(self) -> int:
        """image_size of the transfer, in octets; 0 before the first."""
        ...

    @property
    def block_size(self) -> int:
        """Octets of a block; the last one may be shorter."""
        ...

    def begin(self, identifier: bytes, size: int, block_size: int) -> None:
        """Forget what was kept, and wait for another image."""
        ...

    def get(self, number: int) -> bytes | None:
        """A block; None where it is missing."""
        ...

    def put(self, number: int, octets: bytes) -> None:
        """Keep a block."""
        ...

    def received(self) -> Sequence[bool]:
        """For each block whether it is here."""
        ...

    def image(self) -> bytes:
        """The whole image; only where no block is missing."""
        ...


class ImageKeeper(Protocol):
    """The device behind the object."""

    def verify(self, identifier: bytes, image: bytes) -> Sequence[ImageInfo]:
        """What is in the image. Raises ImageRefused, ImageBusy."""
        ...

    def activate(self, image: bytes) -> None:
        """Let it run from now on, wholly or not at all. It is verified again before. Raises ImageRefused, ImageBusy."""
        ...


def blocks_of(size: int, block_size: int) -> int:
    """How many blocks an image has."""
    return -(-size // block_size)


class MemoryImageStore:
    """An `ImageStore` that dies with the process."""

    def __init__(self) -> None:
        self.identifier, self.size, self.block_size = b"", 0, 1
        self._blocks: dict[int, bytes] = {}

    def begin(self, identifier: bytes, size: int, block_size: int) -> None:
        """Forget what was kept."""
        self.identifier, self.size, self.block_size = identifier, size, block_size
        self._blocks = {}

    def get(self, number: int) -> bytes | None:
        """A block."""
        return self._blocks.get(number)

    def put(self, number: int, octets: bytes) -> None:
        """Keep a block."""
        self._blocks[number] = octets

    def received(self) -> Sequence[bool]:
        """For each block whether it is here."""
        return [number in self._blocks for number in range(blocks_of(self.size, self.block_size))]

    def image(self) -> bytes:
        """The whole image."""
        return b"".join(self._blocks[number] for number in sorted(self._blocks))
