"""New firmware on real sockets: one meter and a hundred, lost blocks, broken connections, power cuts, bad images."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dlmskit import connect
from dlmskit.client.image_broadcast import broadcast_image, broadcast_settings
from dlmskit.client.image_transfer import ImageTransferFailed
from dlmskit.cosem.classes.image_transfer import ImageTransferStatus
from dlmskit.errors import TransportError
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.transport.base import Saps
from dlmskit.transport.udp import UdpTransport
from dlmskit.types.sap import ALL_STATION
from tests.system.image_fleet import BLOCK, GROUP, HEAD_END, Fleet, FleetMeter, image, keys_of

OTHERS = KeySet(gbek=Key(bytes(16), KeyRole.GBEK), gak=GROUP.gak)
DAMAGED = bytearray(image())
DAMAGED[700] ^= 1
DONE = ImageTransferStatus.ACTIVATION_SUCCESSFUL


class Cut(Exception):
    """The head-end dies."""


class Progress:
    """Writes down what it is told; may end it all in the middle."""

    def __init__(self, cut_at: int | None = None) -> None:
        self.told: list[tuple[str, int, int]] = []
        self._cut_at = cut_at

    def __call__(self, step: str, done: int, count: int) -> None:
        self.told.append((step, done, count))
        if step == "transfer" and done == self._cut_at:
            raise Cut


async def send(fleet: Fleet, number: int, octets: bytes, **words: object) -> ImageTransferStatus:
    async with connect(fleet.url(number), keys=keys_of(number), counters="memory") as meter:
        state = await meter.image_transfer(poll_seconds=0.01).send(b"v2", octets, **words)  # type: ignore[arg-type]
        return state.status


async def test_one_meter_from_the_first_block_to_the_new_version() -> None:
    progress = Progress()
    with Fleet(1) as fleet:
        assert await send(fleet, 0, image(), progress=progress) is DONE
        assert fleet.meters[0].keeper.version == 2
    steps = [step for step, _, _ in progress.told]
    assert steps == sorted(steps, key=["transfer", "verify", "activate"].index)
    transfer = [done for step, done, _ in progress.told if step == "transfer"]
    assert transfer == list(range(len(transfer)))
    assert progress.told[transfer[-1]][2] == -(-len(image()) // BLOCK)


@pytest.mark.case("R-094")
async def test_it_goes_on_where_the_power_was_cut(tmp_path: Path) -> None:
    with Fleet(1, folder=tmp_path) as fleet:
        with pytest.raises(Cut):
            await send(fleet, 0, image(), progress=Progress(cut_at=10))
        fleet.meters[0] = fleet.meters[0].reboot()
        assert sum(fleet.meters[0].image.blocks.received()) == 10
        progress = Progress()
        assert await send(fleet, 0, image(), progress=progress) is DONE
        assert next(done for step, done, _ in progress.told if step == "transfer") == 10, "ten blocks were there"
        fleet.meters[0] = fleet.meters[0].reboot()
        assert fleet.meters[0].keeper.version == 2


async def test_what_was_begun_with_another_image_is_begun_anew() -> None:
    other = image(octets=5000 - 1, version=3)
    other += bytes(len(image()) - len(other))
    with Fleet(1) as fleet:
        with pytest.raises(Cut):
            await send(fleet, 0, other, progress=Progress(cut_at=10))
        assert await send(fleet, 0, image()) is DONE
        assert fleet.meters[0].keeper.version == 2


@pytest.mark.case("R-090")
@pytest.mark.case("R-092")
@pytest.mark.parametrize(
    "bad",
    [DAMAGED, image(device_type="SP-200"), image(version=0), b"no image at all"],
    ids=["damaged", "type", "older", "junk"],
)
async def test_what_must_not_run_does_not(bad: bytes) -> None:
    with Fleet(1) as fleet:
        with pytest.raises(ImageTransferFailed, match="verification_failed"):
            await send(fleet, 0, bytes(bad))
        meter = fleet.meters[0]
        assert (meter.keeper.version, meter.image.status) == (1, ImageTransferStatus.VERIFICATION_FAILED)


async def test_verified_now_and_activated_another_day() -> None:
    with Fleet(1) as fleet:
        assert await send(fleet, 0, image(), activate=False) is ImageTransferStatus.VERIFICATION_SUCCESSFUL
        assert fleet.meters[0].keeper.version == 1


async def _stubborn(fleet: Fleet, number: int, octets: bytes) -> int:
    """As a head-end does: again when the connection breaks; how often."""
    for attempt in range(1, 100):
        try:
            assert await send(fleet, number, octets) is DONE
        except TransportError:
            continue
        return attempt
    raise AssertionError("never")


async def test_a_roll_out_to_a_hundred_meters_in_bad_weather() -> None:
    """Told to begin one by one, blocks to all at once with 5 % loss, the rest one by one over connections that break."""
    octets, count = image(octets=4000), 100
    with Fleet(count, loss=0.05, breaks=0.02) as fleet:
        await asyncio.gather(*(_initiated(fleet, number, len(octets)) for number in range(count)))
        await _broadcast(fleet, octets)
        received = [sum(meter.image.blocks.received()) for meter in fleet.meters]
        blocks = -(-len(octets) // BLOCK)
        assert 0.9 * blocks * count < sum(received) < blocks * count, "most arrived, and some did not"
        attempts = await asyncio.gather(*(_stubborn(fleet, number, octets) for number in range(count)))
        assert max(attempts) > 1, "some connections broke"
        assert {meter.keeper.version for meter in fleet.meters} == {2}


async def _initiated(fleet: Fleet, number: int, size: int) -> None:
    for _ in range(50):
        try:
            async with connect(fleet.url(number), keys=keys_of(number), counters="memory") as meter:
                await meter.image_transfer().initiate(b"v2", size)
                return
        except TransportError:
            continue
    raise AssertionError("never")


async def _broadcast(fleet: Fleet, octets: bytes) -> None:
    """The one datagram that a real network would double for everybody is sent to each of them here."""
    settings = broadcast_settings(HEAD_END)
    transport = Everybody(fleet.udp, Saps(settings.client_sap, ALL_STATION))
    await transport.open()
    try:
        await broadcast_image(transport, settings, GROUP, octets, BLOCK, pause=0.001)
        before = -1
        while before != (now := sum(sum(meter.image.blocks.received()) for meter in fleet.meters)):
            before = now
            await asyncio.sleep(0.5)  # until nothing comes any more
    finally:
        await transport.close()


class Everybody(UdpTransport):
    """One transport to many meters."""

    def __init__(self, ports: list[int], saps: Saps) -> None:
        super().__init__("127.0.0.1", ports[0], saps)
        self._all = [UdpTransport("127.0.0.1", port, saps) for port in ports]

    async def open(self) -> None:
        for one in self._all:
            await one.open()

    async def send(self, apdu: bytes) -> None:
        for one in self._all:
            await one.send(apdu)

    async def close(self) -> None:
        for one in self._all:
            await one.close()


async def test_a_broadcast_of_another_group_does_nothing() -> None:
    with Fleet(1) as fleet:
        await _initiated(fleet, 0, len(image()))
        settings = broadcast_settings(HEAD_END)
        transport = Everybody(fleet.udp, Saps(settings.client_sap, ALL_STATION))
        await transport.open()
        await broadcast_image(transport, settings, OTHERS, image(), BLOCK)
        await asyncio.sleep(0.1)
        await transport.close()
        assert sum(fleet.meters[0].image.blocks.received()) == 0


def test_the_broadcast_client_may_send_blocks_and_nothing_else() -> None:
    meter = FleetMeter(0)
    client = meter.device.client(102, ALL_STATION)
    assert client is not None
    role = client.association.role
    assert [(key[0], sorted(rights.methods)) for key, rights in role.objects.items() if rights.methods and key[0] != 15] == [
        (18, [2])
    ]
    assert meter.device.client(102, 1) is None, "it is no client of a single meter"
