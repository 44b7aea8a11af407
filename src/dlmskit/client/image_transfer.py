"""Driving an image transfer (class 18): blocks, gaps, verification, activation, with progress (Blue Book 4.4.6).

What is missing is what the meter's bitmap says; so a transfer that was cut off, by a power cut or a lost connection, goes on from
there. An image that was begun by somebody else fails its verification, and is then sent from the beginning, once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlmskit.client.directory import Code
from dlmskit.client.services import Services
from dlmskit.client.steps import Pause, Script
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.image_transfer import ImageTransferStatus
from dlmskit.cosem.images import ImageInfo, blocks_of
from dlmskit.errors import DlmsError, ServiceError
from dlmskit.types.datetime import CosemDate, CosemTime
from dlmskit.types.enums import ActionResult, DataAccessResult
from dlmskit.types.obis import Obis

IMAGE_TRANSFER = Obis("0.0.44.0.0.255")
ACTIVATION_SCHEDULE = Obis("0.0.15.0.2.255")
"""Single action schedule of image activation."""
CLASS_ID = 18
ROUNDS = 5
"""Times that gaps are looked for and filled."""
_ON_THE_WAY = frozenset((ImageTransferStatus.VERIFICATION_INITIATED, ImageTransferStatus.ACTIVATION_INITIATED))

Progress = Callable[[str, int, int], None]
"""Told the step (transfer, verify, activate), how much of it is done, and how much there is."""


class ImageTransferFailed(DlmsError):
    """The meter did not take the image: which step failed, and in what status it is now."""


@dataclass(frozen=True, slots=True)
class ImageState:
    """What an image transfer object shows."""

    enabled: bool
    status: ImageTransferStatus
    block_size: int
    received: tuple[bool, ...]
    """For each block whether the meter has it."""
    images: tuple[ImageInfo, ...]
    """What waits for activation, once it was verified."""

    @property
    def missing(self) -> list[int]:
        """Numbers of the blocks that the meter has not."""
        return [number for number, here in enumerate(self.received) if not here]


def nobody(_step: str, _done: int, _all: int) -> None:
    """The progress of those who do not look."""


class ImageTransferScripts:
    """One image transfer object of a meter, as scripts. ``poll_seconds`` between two looks at work that is going on."""

    def __init__(self, services: Services, obis: Code = IMAGE_TRANSFER, *, poll_seconds: float = 5.0, polls: int = 120) -> None:
        self._services = services
        self._obis = obis
        self._poll_seconds = poll_seconds
        self._polls = polls

    def state(self) -> Script[ImageState]:
        """What the object shows now."""
        block_size = yield from self._get(2)
        received = yield from self._get(3)
        enabled = yield from self._get(5)
        status = yield from self._get(6)
        info = yield from self._get(7)
        return ImageState(
            enabled,
            ImageTransferStatus(status),
            block_size,
            tuple(received),
            tuple(ImageInfo(int(one[0]), bytes(one[1]), bytes(one[2])) for one in info),
        )

    def send(
        self,
        identifier: bytes,
        image: bytes,
        *,
        progress: Progress = nobody,
        resume: bool = True,
        activate: bool = True,
        activate_at: datetime | None = None,
    ) -> Script[ImageState]:
        """Send an image, have it verified, and activate it: now, at a local time of the meter, or not at all.

        Raises ImageTransferFailed where the meter refuses the image, and what every service raises.
        """
        resumed = yield from self._transfer(identifier, image, progress, resume=resume)
        verified = yield from self._worked("verify", 3, ImageTransferStatus.VERIFICATION_SUCCESSFUL, progress)
        if not verified and resumed:  # what the meter had was of another image
            yield from self._transfer(identifier, image, progress, resume=False)
            verified = yield from self._worked("verify", 3, ImageTransferStatus.VERIFICATION_SUCCESSFUL, progress)
        state = yield from self.state()
        if not verified:
            raise ImageTransferFailed(f"the meter has verified the image and refuses it; it is {state.status.name.lower()} now")
        if activate_at is not None:
            yield from self._schedule(activate_at)
        elif activate:
            activated = yield from self._worked("activate", 4, ImageTransferStatus.ACTIVATION_SUCCESSFUL, progress)
            state = yield from self.state()
            if not activated:
                raise ImageTransferFailed(f"the meter could not activate the image; it is {state.status.name.lower()} now")
        return state

    def initiate(self, identifier: bytes, size: int) -> Script[ImageState]:
        """Begin anew with an image of that size, enabling the transfer if need be."""
        state = yield from self.state()
        if not state.enabled:
            yield from self._services.write(self._obis, 5, Data.boolean(value=True), CLASS_ID, None)
        parameter = Data.structure((Data.octet_string(identifier), Data.double_long_unsigned(size)))
        yield from self._act(1, parameter)
        return (yield from self.state())

    def fill(self, image: bytes, progress: Progress = nobody) -> Script[None]:
        """Send the blocks that the meter says it has not. Raises ImageTransferFailed where some do not arrive."""
        for _ in range(ROUNDS):
            state = yield from self.state()
            missing, count = state.missing, len(state.received)
            if not missing:
                progress("transfer", count, count)
                return
            for at, number in enumerate(missing):
                progress("transfer", count - len(missing) + at, count)
                yield from self._act(2, block(image, number, state.block_size))
        state = yield from self.state()
        if state.missing:
            raise ImageTransferFailed(f"{len(state.missing)} blocks do not arrive, the first of them is {state.missing[0]}")

    def _transfer(self, identifier: bytes, image: bytes, progress: Progress, *, resume: bool) -> Script[bool]:
        """Bring all blocks over; whether some were there already."""
        state = yield from self.state()
        goes_on = (
            resume
            and state.enabled
            and state.status is ImageTransferStatus.INITIATED
            and len(state.received) == blocks_of(len(image), state.block_size)
        )
        if not goes_on:
            yield from self.initiate(identifier, len(image))
        yield from self.fill(image, progress)
        return goes_on and any(state.received)

    def _worked(self, step: str, method: int, success: ImageTransferStatus, progress: Progress) -> Script[bool]:
        """Call a method that may take its time, and look until the work has ended; whether it went well."""
        for poll in range(self._polls):
            progress(step, poll, self._polls)
            try:
                yield from self._act(method, Data.integer(0))
            except ServiceError as error:
                status = yield from self._get(6)
                if status == success:
                    break
                if error.code != ActionResult.TEMPORARY_FAILURE and status not in _ON_THE_WAY:
                    return False
                yield Pause(self._poll_seconds)
            else:
                break
        else:
            raise ImageTransferFailed(f"{step} has not ended after {self._polls} looks")
        status = yield from self._get(6)
        return bool(status == success)

    def _schedule(self, moment: datetime) -> Script[None]:
        """Let the meter's own schedule activate the image at a local time."""
        time = CosemTime.of(moment.hour, moment.minute, moment.second, 0)
        entry = Data.structure((Data.octet_string(time), Data.octet_string(CosemDate.from_date(moment.date()))))
        yield from self._services.write(ACTIVATION_SCHEDULE, 4, Data.array((entry,)), 22, None)

    def _get(self, number: int) -> Script[Any]:
        try:
            return (yield from self._services.read(self._obis, number, CLASS_ID))
        except ServiceError as error:
            if number == 7 and error.code != DataAccessResult.OBJECT_UNDEFINED:
                return ()  # some meters have nothing to show there before verification
            raise

    def _act(self, method: int, parameter: Data) -> Script[None]:
        yield from self._services.call(self._obis, method, parameter, CLASS_ID)


def block(image: bytes, number: int, block_size: int) -> Data:
    """The parameter of image_block_transfer."""
    octets = image[number * block_size : (number + 1) * block_size]
    return Data.structure((Data.double_long_unsigned(number), Data.octet_string(octets)))


def identifier_of(name: str) -> bytes:
    """An image identifier from a name: its ASCII letters, at most 64."""
    return name.encode("ascii", "replace")[:64]
