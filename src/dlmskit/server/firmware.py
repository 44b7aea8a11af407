"""The device behind an Image transfer object: judges images by its rule, and runs another one from one transaction to the next.

The old image is kept until the new one is the one that runs: both are in one row of the state, so that a power cut leaves either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dlmskit.cosem.images import ImageInfo, ImageRefused
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.security.firmware import Firmware, FirmwareRefused, FirmwareRule
from dlmskit.server.storage.database import Database

_NOTE = "firmware version"


class FirmwareKeeper:
    """An `ImageKeeper` for containers of `dlmskit.security.firmware`.

    ``version`` is that of the image that runs from the factory. ``on_activated`` is told what runs from now on.
    """

    def __init__(
        self,
        database: Database,
        manufacturer: PublicKey,
        device_type: str,
        version: int = 0,
        on_activated: Callable[[Firmware], None] | None = None,
    ) -> None:
        self._database = database
        self._on_activated = on_activated
        kept = database.note(_NOTE)
        self.version = version if kept is None else int(kept)
        """Of the image that runs."""
        self._rule = FirmwareRule(manufacturer, device_type, lambda: self.version)

    def verify(self, identifier: bytes, image: bytes) -> Sequence[ImageInfo]:
        """What is in the image. Raises ImageRefused."""
        found = self._checked(image)
        return [ImageInfo(len(image), found.header.identification or identifier, found.signature)]

    def activate(self, image: bytes) -> None:
        """Run the image from now on. Raises ImageRefused."""
        found = self._checked(image)
        self._database.set_note(_NOTE, str(found.header.version))
        self.version = found.header.version
        if self._on_activated is not None:
            self._on_activated(found)

    def _checked(self, image: bytes) -> Firmware:
        try:
            return self._rule.check(image)
        except FirmwareRefused as error:
            raise ImageRefused(str(error)) from error
