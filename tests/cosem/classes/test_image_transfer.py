"""An image in blocks: any order, gaps, doubles, wrong sizes; judged as a whole, and activated only then."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.image_transfer import ImageTransfer, ImageTransferStatus
from dlmskit.cosem.images import ImageBusy, ImageInfo, ImageRefused
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.view import ObjectView
from dlmskit.types.enums import ActionResult, DataAccessResult

NONE = Data.integer(0)
IMAGE = bytes(range(100))
BLOCK = 16
BLOCKS = [IMAGE[at : at + BLOCK] for at in range(0, len(IMAGE), BLOCK)]
REFUSED = ActionResult.OTHER_REASON


class Keeper:
    """Takes the one image; takes its time where it is told to."""

    def __init__(self) -> None:
        self.busy = 0
        self.running = b"factory"

    def verify(self, identifier: bytes, image: bytes) -> Sequence[ImageInfo]:
        if self.busy:
            self.busy -= 1
            raise ImageBusy("still reading")
        if image != IMAGE:
            raise ImageRefused("damaged")
        return [ImageInfo(len(image), identifier, b"signature")]

    def activate(self, image: bytes) -> None:
        self.running = image


class Client:
    """A client of one Image transfer object."""

    def __init__(self, *, enabled: bool = True, keeper: Keeper | None = None) -> None:
        self.keeper = keeper or Keeper()
        self.one = ImageTransfer(keeper=self.keeper, image_block_size=BLOCK, image_transfer_enabled=enabled, largest_image=1000)
        tree = ObjectTree([self.one])
        self.view = ObjectView(tree, tree.full_role("all"))

    def call(self, number: int, parameter: Data = NONE) -> int:
        return self.view.action(*self.one.key, number, parameter).result

    def initiate(self, size: int = len(IMAGE), identifier: bytes = b"new") -> int:
        return self.call(1, Data.structure([Data.octet_string(identifier), Data.double_long_unsigned(size)]))

    def send(self, number: int, octets: bytes | None = None) -> int:
        block = BLOCKS[number] if octets is None else octets
        return self.call(2, Data.structure([Data.double_long_unsigned(number), Data.octet_string(block)]))

    def all(self) -> Client:
        assert self.initiate() == 0
        assert {self.send(number) for number in range(len(BLOCKS))} == {0}
        return self

    @property
    def status(self) -> int:
        return int(self.one.stored(6).value)

    @property
    def bitmap(self) -> str:
        return str(self.one.image_transferred_blocks_status)

    @property
    def first_missing(self) -> int:
        number: int = self.one.image_first_not_transferred_block_number
        return number


def test_from_the_first_block_to_a_running_image() -> None:
    client = Client().all()
    assert (client.bitmap, client.first_missing) == ("1" * 7, 7)
    assert client.status == ImageTransferStatus.INITIATED
    assert client.call(3) == 0
    assert client.status == ImageTransferStatus.VERIFICATION_SUCCESSFUL
    assert [tuple(one) for one in client.one.image_to_activate_info] == [(100, b"new", b"signature")]
    assert client.keeper.running == b"factory"
    assert client.call(4) == 0
    assert client.status == ImageTransferStatus.ACTIVATION_SUCCESSFUL
    assert client.keeper.running == IMAGE


@pytest.mark.case("R-090")
def test_an_image_with_one_bit_changed_never_runs() -> None:
    client = Client()
    client.initiate()
    for number, block in enumerate(BLOCKS):
        client.send(number, bytes((block[0] ^ 1, *block[1:])) if number == 3 else block)
    assert client.call(3) == REFUSED
    assert client.status == ImageTransferStatus.VERIFICATION_FAILED
    assert client.one.image_to_activate_info == []
    assert client.call(4) == REFUSED
    assert (client.keeper.running, client.one.status) == (b"factory", ImageTransferStatus.VERIFICATION_FAILED)


@pytest.mark.case("R-091")
@given(st.lists(st.integers(0, 6)))
def test_the_bitmap_is_what_came_in_whatever_order(order: list[int]) -> None:
    client = Client()
    client.initiate()
    for number in order:
        assert client.send(number) == 0
    assert client.bitmap == "".join("1" if number in order else "0" for number in range(7))
    assert client.first_missing == next((number for number in range(7) if number not in order), 7)
    assert (client.call(3) == 0) is (set(order) == set(range(7)))


@pytest.mark.case("R-091")
@pytest.mark.parametrize(
    ("number", "octets"),
    [(7, bytes(16)), (1 << 31, bytes(16)), (0, bytes(15)), (0, bytes(17)), (6, bytes(16)), (6, bytes(3)), (0, b"")],
)
def test_blocks_that_cannot_be(number: int, octets: bytes) -> None:
    client = Client()
    client.initiate()
    assert client.send(number, octets) == REFUSED
    assert "1" not in client.bitmap


@pytest.mark.case("R-091")
def test_a_block_that_differs_from_the_first_is_refused() -> None:
    client = Client()
    client.initiate()
    assert client.send(5) == client.send(5) == 0
    assert client.send(5, bytes(16)) == REFUSED
    assert client.one.blocks.get(5) == BLOCKS[5]


@pytest.mark.case("R-093")
@pytest.mark.parametrize("size", [0, 1001, (1 << 32) - 1])
def test_sizes_that_cannot_be(size: int) -> None:
    client = Client()
    client.initiate()
    client.send(0)
    assert client.initiate(size) == REFUSED
    assert client.bitmap == "1" + "0" * 6, "the transfer before goes on"


@pytest.mark.case("R-093")
def test_initiating_again_begins_anew() -> None:
    client = Client().all()
    assert client.initiate(50, b"other") == 0
    assert (client.bitmap, client.one.blocks.identifier) == ("0" * 4, b"other")
    assert client.call(4) == REFUSED


@pytest.mark.case("R-093")
def test_while_the_device_is_busy_nothing_begins() -> None:
    client = Client().all()
    client.keeper.busy = 2
    assert client.call(3) == ActionResult.TEMPORARY_FAILURE
    assert client.status == ImageTransferStatus.VERIFICATION_INITIATED
    assert client.initiate() == ActionResult.TEMPORARY_FAILURE
    assert client.send(0) == REFUSED
    assert client.call(3) == ActionResult.TEMPORARY_FAILURE
    assert client.call(3) == 0
    client.keeper.busy = 1
    assert client.call(4) == ActionResult.TEMPORARY_FAILURE
    assert client.status == ImageTransferStatus.ACTIVATION_INITIATED
    assert client.call(4) == 0


@pytest.mark.case("R-093")
def test_what_is_not_enabled_refuses_everything() -> None:
    client = Client(enabled=False)
    assert {client.initiate(), client.send(0), client.call(3), client.call(4)} == {REFUSED}
    assert client.status == ImageTransferStatus.NOT_INITIATED


def test_without_a_keeper_it_cannot_be_enabled() -> None:
    one = ImageTransfer(image_transfer_enabled=True)
    tree = ObjectTree([one])
    view = ObjectView(tree, tree.full_role("all"))
    assert one.image_transfer_enabled is False
    assert view.set(*one.key, 5, Data.boolean(value=True)).result == DataAccessResult.OTHER_REASON
    assert view.set(*one.key, 5, Data.boolean(value=False)).result == DataAccessResult.SUCCESS


def test_order_of_the_steps() -> None:
    client = Client()
    assert {client.send(0), client.call(3), client.call(4)} == {REFUSED}
    client.initiate()
    assert {client.call(3), client.call(4)} == {REFUSED}
    client.all()
    assert client.call(4) == REFUSED, "not verified"
    client.call(3)
    assert client.send(0) == REFUSED
    client.call(4)
    assert {client.call(3), client.call(4)} == {REFUSED}


def test_what_has_become_wrong_since_it_was_verified_does_not_run() -> None:
    client = Client().all()
    client.call(3)
    client.one.blocks.put(2, bytes(16))
    assert client.call(4) == REFUSED
    assert (client.keeper.running, client.one.status) == (b"factory", ImageTransferStatus.ACTIVATION_FAILED)
