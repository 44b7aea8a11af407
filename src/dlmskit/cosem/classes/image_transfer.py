"""Interface class 18, Image transfer (Blue Book 4.4.6): new firmware, in blocks.

Attributes only: the transfer itself is not implemented, its methods answer object-unavailable, and
image_transfer_enabled says false.
"""

from __future__ import annotations

from dlmskit.codec.data import Data
from dlmskit.cosem.declaration import Request, absent_method, attribute
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

IMAGE_INFO = (
    "structure{image_to_activate_size:double-long-unsigned,image_to_activate_identification:octet-string,"
    "image_to_activate_signature:octet-string}"
)


class ImageTransfer(InterfaceClass, class_id=18, version=0, name="Image transfer", methods_at=0x40):
    """The state of a transfer and of the image that waits for activation."""

    image_block_size = attribute(2, "double-long-unsigned")
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

    image_transfer_initiate = absent_method(
        1, "structure{image_identifier:octet-string,image_size:double-long-unsigned}", mandatory=True
    )
    image_block_transfer = absent_method(
        2, "structure{image_block_number:double-long-unsigned,image_block_value:octet-string}", mandatory=True
    )
    image_verify = absent_method(3, mandatory=True)
    image_activate = absent_method(4, mandatory=True)

    @image_transfer_enabled.writer
    def _write_enabled(self, value: Data, request: Request) -> None:
        if value.value:
            raise ServiceError(DataAccessResult.OTHER_REASON, "image_transfer_enabled", "image transfer is not implemented")
        self.store(5, value)
