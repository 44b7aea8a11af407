"""Interface class 18, Image transfer (Blue Book 4.4.6): new firmware in blocks, verified and activated as a whole.

Blocks may come in any order and more than once, by broadcast too; what is missing is seen in the bitmap. A block that came
before with other octets is refused: the first one stays. What an image is, and whether it may run, is decided by the
`ImageKeeper` of the device; without one transfer cannot be enabled. What a power cut leaves behind is in the `ImageStore`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.images import ImageBusy, ImageInfo, ImageKeeper, ImageRefused, ImageStore, MemoryImageStore, blocks_of
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

IMAGE_INFO = (
    "structure{image_to_activate_size:double-long-unsigned,image_to_activate_identification:octet-string,"
    "image_to_activate_signature:octet-string}"
)
LARGEST_IMAGE = 16 << 20
"""Octets of an image that a device takes, unless it says otherwise."""
LONGEST_IDENTIFIER = 64


class ImageTransferStatus(IntEnum):
    """image_transfer_status."""

    NOT_INITIATED = 0
    INITIATED = 1
    VERIFICATION_INITIATED = 2
    VERIFICATION_SUCCESSFUL = 3
    VERIFICATION_FAILED = 4
    ACTIVATION_INITIATED = 5
    ACTIVATION_SUCCESSFUL = 6
    ACTIVATION_FAILED = 7


_RUNNING = frozenset((ImageTransferStatus.VERIFICATION_INITIATED, ImageTransferStatus.ACTIVATION_INITIATED))
_MAY_VERIFY = frozenset(
    (
        ImageTransferStatus.INITIATED,
        ImageTransferStatus.VERIFICATION_INITIATED,
        ImageTransferStatus.VERIFICATION_SUCCESSFUL,
        ImageTransferStatus.VERIFICATION_FAILED,
    )
)
_MAY_ACTIVATE = frozenset((ImageTransferStatus.VERIFICATION_SUCCESSFUL, ImageTransferStatus.ACTIVATION_INITIATED))


class ImageTransfer(InterfaceClass, class_id=18, version=0, name="Image transfer", methods_at=0x40):
    """The state of a transfer and of the image that waits for activation."""

    image_block_size = attribute(2, "double-long-unsigned", default=512)
    image_transferred_blocks_status = attribute(3, "bit-string", dynamic=True)
    image_first_not_transferred_block_number = attribute(4, "double-long-unsigned", dynamic=True)
    image_transfer_enabled = attribute(5, "boolean", writable=True)
    image_transfer_status = attribute(
        6,
        "enum{0=not_initiated,1=initiated,2=verification_initiated,3=verification_successful,4=verification_failed,"
        "5=activation_initiated,6=activation_successful,7=activation_failed}",
        dynamic=True,
    )
    image_to_activate_info = attribute(7, f"array<{IMAGE_INFO}>", dynamic=True)

    def __init__(
        self,
        logical_name: Obis | str = "0.0.44.0.0.255",
        /,
        *,
        store: ImageStore | None = None,
        keeper: ImageKeeper | None = None,
        largest_image: int = LARGEST_IMAGE,
        **values: object,
    ) -> None:
        super().__init__(logical_name, **values)
        self.blocks: ImageStore = MemoryImageStore() if store is None else store
        self.keeper = keeper
        self.largest_image = largest_image

    # --- state ---------------------------------------------------------------------------------------------------------

    @property
    def status(self) -> ImageTransferStatus:
        """image_transfer_status."""
        return ImageTransferStatus(self.stored(6).value)

    def _become(self, status: ImageTransferStatus, info: list[ImageInfo] | None = None) -> None:
        if info is not None:
            self.image_to_activate_info = info
        if self.status is not status:
            self.store(6, Data.enum(status))

    @image_transferred_blocks_status.reader
    def _read_blocks(self, request: Request) -> Data:
        return Data.bit_string("".join("1" if here else "0" for here in self.blocks.received()))

    @image_first_not_transferred_block_number.reader
    def _read_first_missing(self, request: Request) -> Data:
        return Data.double_long_unsigned(self._first_missing())

    def _first_missing(self) -> int:
        """The number of the first block that is missing; one behind the last where none is."""
        received = self.blocks.received()
        return next((number for number, here in enumerate(received) if not here), len(received))

    @image_transfer_enabled.writer
    def _write_enabled(self, value: Data, request: Request) -> None:
        if value.value and self.keeper is None:
            raise ServiceError(
                DataAccessResult.OTHER_REASON, "image_transfer_enabled", "nothing would know what to do with an image"
            )
        self.store(5, value)

    def _enabled(self, wanted: str) -> ImageKeeper:
        if not self.stored(5).value or self.keeper is None:
            raise ServiceError(DataAccessResult.OTHER_REASON, wanted, "image transfer is not enabled")
        return self.keeper

    # --- transfer ------------------------------------------------------------------------------------------------------

    @method(1, "structure{image_identifier:octet-string,image_size:double-long-unsigned}", mandatory=True)
    def image_transfer_initiate(self, image: Any) -> None:
        """Begin anew with an image of that size; other-reason for a size that cannot be, or while the device is busy."""
        self._enabled("image_transfer_initiate")
        if self.status in _RUNNING:
            raise ServiceError(DataAccessResult.TEMPORARY_FAILURE, "image_transfer_initiate", self.status.name.lower())
        if not 0 < image.image_size <= self.largest_image or len(image.image_identifier) > LONGEST_IDENTIFIER:
            message = f"an image of {image.image_size} octets, where 1 to {self.largest_image} are taken"
            raise ServiceError(DataAccessResult.OTHER_REASON, "image_transfer_initiate", message)
        self.blocks.begin(bytes(image.image_identifier), image.image_size, self.image_block_size)
        self._become(ImageTransferStatus.INITIATED, [])

    @method(2, "structure{image_block_number:double-long-unsigned,image_block_value:octet-string}", mandatory=True)
    def image_block_transfer(self, block: Any) -> None:
        """Take a block; other-reason for a number or a size that it cannot have, or where another one is here already."""
        self._enabled("image_block_transfer")
        number, octets = block.image_block_number, bytes(block.image_block_value)
        if self.status is not ImageTransferStatus.INITIATED:
            raise ServiceError(DataAccessResult.OTHER_REASON, "image_block_transfer", self.status.name.lower())
        count = blocks_of(self.blocks.size, self.blocks.block_size)
        if number >= count:
            raise ServiceError(DataAccessResult.OTHER_REASON, "image_block_number", f"the image has {count} blocks")
        wanted = self.blocks.size - number * self.blocks.block_size if number == count - 1 else self.blocks.block_size
        if len(octets) != wanted:
            raise ServiceError(DataAccessResult.OTHER_REASON, "image_block_value", f"{len(octets)} octets instead of {wanted}")
        present = self.blocks.get(number)
        if present is None:
            self.blocks.put(number, octets)
        elif present != octets:
            raise ServiceError(DataAccessResult.OTHER_REASON, "image_block_value", f"block {number} is here, and another one")

    # --- verification and activation -----------------------------------------------------------------------------------

    @method(3, mandatory=True)
    def image_verify(self) -> None:
        """Judge the image; temporary-failure while that goes on, other-reason where it must not run or a block is missing."""
        keeper = self._enabled("image_verify")
        self._check_status(_MAY_VERIFY, "image_verify")
        if self._first_missing() < len(self.blocks.received()):
            raise ServiceError(DataAccessResult.OTHER_REASON, "image_verify", f"block {self._first_missing()} is missing")
        try:
            info = list(keeper.verify(self.blocks.identifier, self.blocks.image()))
        except ImageBusy as error:
            self._become(ImageTransferStatus.VERIFICATION_INITIATED, [])
            raise ServiceError(DataAccessResult.TEMPORARY_FAILURE, "image_verify", str(error)) from error
        except ImageRefused as error:
            self._become(ImageTransferStatus.VERIFICATION_FAILED, [])
            raise ServiceError(DataAccessResult.OTHER_REASON, "image_verify", str(error)) from error
        self._become(ImageTransferStatus.VERIFICATION_SUCCESSFUL, info)

    @method(4, mandatory=True)
    def image_activate(self) -> None:
        """Let a verified image run; it is judged once more. temporary-failure while that goes on."""
        keeper = self._enabled("image_activate")
        self._check_status(_MAY_ACTIVATE, "image_activate")
        image = self.blocks.image()
        try:
            keeper.verify(self.blocks.identifier, image)
            keeper.activate(image)
        except ImageBusy as error:
            self._become(ImageTransferStatus.ACTIVATION_INITIATED)
            raise ServiceError(DataAccessResult.TEMPORARY_FAILURE, "image_activate", str(error)) from error
        except ImageRefused as error:
            self._become(ImageTransferStatus.ACTIVATION_FAILED, [])
            raise ServiceError(DataAccessResult.OTHER_REASON, "image_activate", str(error)) from error
        self._become(ImageTransferStatus.ACTIVATION_SUCCESSFUL)

    def _check_status(self, allowed: frozenset[ImageTransferStatus], wanted: str) -> None:
        if self.status not in allowed:
            raise ServiceError(DataAccessResult.OTHER_REASON, wanted, f"the transfer is {self.status.name.lower()}")

    def placed(self, tree: ObjectTree | None) -> None:
        """A device without a keeper shows that nothing can be transferred."""
        super().placed(tree)
        if self.keeper is None and self.stored(5).value:
            self.store(5, Data.boolean(value=False))
