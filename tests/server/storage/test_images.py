"""A power cut at any statement of a firmware update: it goes on from the bitmap, and one image or the other runs (R-094)."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.image_transfer import ImageTransfer, ImageTransferStatus
from dlmskit.cosem.objects import ObjectTree
from dlmskit.crypto.curves import P_256
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.security.firmware import FirmwareHeader, sign_firmware
from dlmskit.server.firmware import FirmwareKeeper
from dlmskit.server.storage import Database, StoredImage, StoredValues
from dlmskit.types.obis import Obis
from tests.server.storage.test_key_crash import FragileDatabase, PowerCut

MAKER = SigningKey.generate(P_256)
IMAGE = sign_firmware(FirmwareHeader("SP-100", 2, b"v2"), bytes(range(200)), MAKER)
NAME, BLOCK = Obis("0.0.44.0.0.255"), 64
NONE = Data.integer(0)


class Meter:
    """A meter with firmware version 1, on its state."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.keeper = FirmwareKeeper(database, MAKER.public, "SP-100", 1)
        store = StoredImage(database, 1, NAME)
        self.one = ImageTransfer(NAME, store=store, keeper=self.keeper, image_block_size=BLOCK, image_transfer_enabled=True)
        StoredValues(database, 1).attach(ObjectTree([self.one]))

    def call(self, number: int, parameter: Data = NONE) -> None:
        with self.database.transaction():  # one request is one turn
            self.one.action(number, parameter)

    def update(self) -> None:
        """What a client does: look at how far it is, and go on from there."""
        if self.keeper.version == 2 and self.one.status is ImageTransferStatus.ACTIVATION_SUCCESSFUL:
            return
        if self.one.status is ImageTransferStatus.NOT_INITIATED:
            self.call(1, Data.structure([Data.octet_string(b"v2"), Data.double_long_unsigned(len(IMAGE))]))
        if self.one.status is ImageTransferStatus.INITIATED:
            for number, here in enumerate(self.one.blocks.received()):
                if not here:
                    octets = IMAGE[number * BLOCK : (number + 1) * BLOCK]
                    self.call(2, Data.structure([Data.double_long_unsigned(number), Data.octet_string(octets)]))
            self.call(3)
        self.call(4)


@pytest.mark.case("R-094")
def test_a_power_cut_at_every_statement(tmp_path: Path) -> None:
    whole = Meter(FragileDatabase(tmp_path / "whole.sqlite"))
    whole.update()
    assert isinstance(whole.database, FragileDatabase)
    most, before = whole.database.statements, 0
    for cut in range(most + 1):
        path = tmp_path / f"{cut}.sqlite"
        database = FragileDatabase(path)
        meter = Meter(database)
        database.left = cut
        try:
            meter.update()
        except PowerCut:
            before += 1
        database.cut()
        again = Meter(Database(path))
        consistent(again)
        again.update()
        assert (again.keeper.version, again.one.status) == (2, ImageTransferStatus.ACTIVATION_SUCCESSFUL)
        again.database.close()
    assert before > 10


def consistent(meter: Meter) -> None:
    """What a power cut may leave: nothing in between."""
    ran = meter.one.status is ImageTransferStatus.ACTIVATION_SUCCESSFUL
    assert (meter.keeper.version == 2) is ran
    if meter.one.status is ImageTransferStatus.VERIFICATION_SUCCESSFUL:
        assert [one.image_to_activate_size for one in meter.one.image_to_activate_info] == [len(IMAGE)]
    for number, here in enumerate(meter.one.blocks.received()):
        if here:
            assert meter.one.blocks.get(number) == IMAGE[number * BLOCK : (number + 1) * BLOCK]


@pytest.mark.case("R-092")
def test_what_was_activated_is_what_may_not_be_undercut(tmp_path: Path) -> None:
    meter = Meter(Database(tmp_path / "meter.sqlite"))
    meter.update()
    meter.database.close()
    again = Meter(Database(tmp_path / "meter.sqlite"))
    assert again.keeper.version == 2
    old = sign_firmware(FirmwareHeader("SP-100", 1, b"v1"), b"old", MAKER)
    again.call(1, Data.structure([Data.octet_string(b"v1"), Data.double_long_unsigned(len(old))]))
    for number in range(-(-len(old) // BLOCK)):
        octets = old[number * BLOCK : (number + 1) * BLOCK]
        again.call(2, Data.structure([Data.double_long_unsigned(number), Data.octet_string(octets)]))
    with pytest.raises(Exception, match="older"):
        again.call(3)
    assert again.one.status is ImageTransferStatus.VERIFICATION_FAILED
