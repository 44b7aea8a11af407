"""A device sends by itself: on its method, protected as its push client demands, until it is confirmed or given up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dlmskit.apdu import DataNotification, DataNotificationConfirm, GeneralBlockTransfer, decode_apdu
from dlmskit.association.block_transfer import UnconfirmedStream
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.push_setup import PushSetup, PushSetupV0, PushSetupV1, PushSetupV2
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.errors import ConfigError, ServiceError
from dlmskit.limits import Limits
from dlmskit.security import (
    Form,
    KeyChoice,
    ProtectionRules,
    ReceivedCounters,
    SecurityContext,
    TransmitCounters,
    Verified,
    protect,
    unprotect,
)
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED
from dlmskit.security.counters import MemoryCounterStore
from dlmskit.server import Database, Grants
from dlmskit.server.push import Destination, PushSender
from dlmskit.server.push.sender import MOST_WAITING
from dlmskit.trace.explain.blocks import Blocks
from dlmskit.transport.base import Saps, Transport
from dlmskit.types.enums import ActionResult, DataAccessResult
from dlmskit.types.system_title import SystemTitle
from tests.server.peers import KEYS, METER, PUBLIC, Client
from tests.server.push.pushing import ENERGY, EVERYTHING, LISTED, PUSH, World, device, push_setup
from tests.server.storage.failing import Seconds

HEAD_END = SystemTitle("4845530000000001")
BODY = Data.structure([Data.double_long_unsigned(1234)])
CONFIRMED: dict[str, Any] = {"push_operation_method": 2}


def listener() -> SecurityContext:
    """The other side of the push association."""
    return SecurityContext(
        own_title=HEAD_END,
        keys=KEYS,
        transmit=TransmitCounters(MemoryCounterStore()),
        received=ReceivedCounters(),
        peer_title=METER,
        rules=ProtectionRules(incoming=AUTHENTICATED_ENCRYPTED),
    )


def opened(octets: bytes, context: SecurityContext | None = None) -> tuple[Verified, DataNotification]:
    verified = unprotect(octets, context or listener())
    apdu = decode_apdu(verified.plain)
    assert isinstance(apdu, DataNotification)
    return verified, apdu


async def test_the_method_pushes_to_the_destination_under_general_glo() -> None:
    world = World(made := device(push_setup(push_client_sap=1)))
    assert Client(made).open().action(40, PUSH, 1, Data.integer(0)) == ActionResult.SUCCESS
    assert await world.sender.attempt_due() == 1
    ((saps, octets),) = world.sent
    verified, apdu = opened(octets)
    assert (verified.form, verified.protection) == (Form.GENERAL_GLO, AUTHENTICATED_ENCRYPTED)
    assert apdu.notification_body == BODY
    assert apdu.date_time == made[1].tree.now().octets
    assert (saps.client, saps.server, world.destinations) == (1, 1, ["tcp://192.0.2.9:4059"])
    assert (world.outcomes, world.sender.waiting) == (["delivered"], 0)


@pytest.mark.parametrize("kind", [PushSetupV0, PushSetupV1, PushSetupV2, PushSetup], ids=lambda kind: f"v{kind.version}")
async def test_every_version_pushes(kind: type[PushSetupV0]) -> None:
    setup = push_setup(kind)
    world = World(device(setup))
    setup.push()
    await world.sender.attempt_due()
    assert opened(world.sent[0][1])[1].notification_body == BODY


async def test_a_script_pushes() -> None:
    script = ScriptTable("0.0.10.0.108.255", scripts=[(1, [(2, 40, PUSH, 1, Data.integer(0))])])
    made = device(setup := push_setup())
    world = World(made)
    made[1].tree.add(script)
    script.action(1, Data.long_unsigned(1))
    await world.sender.attempt_due()
    assert setup.push_object_list
    assert world.outcomes == ["delivered"]


async def test_a_client_without_ciphering_gets_it_plain() -> None:
    setup = push_setup(push_client_sap=PUBLIC)
    world = World(device(setup, {PUBLIC: Grants.parse(read=["*"])}))
    setup.push()
    await world.sender.attempt_due()
    apdu = decode_apdu(world.sent[0][1])
    assert isinstance(apdu, DataNotification)
    assert apdu.notification_body == BODY


@pytest.mark.case("R-041")
async def test_what_the_push_client_may_not_read_is_null() -> None:
    setup = push_setup(push_client_sap=PUBLIC)
    world = World(device(setup, {1: EVERYTHING, PUBLIC: Grants.parse(read=["0.0.42.0.0.255"])}))
    setup.push()
    await world.sender.attempt_due()
    assert decode_apdu(world.sent[0][1]).notification_body == Data.structure([Data.null()])  # type: ignore[attr-defined]


def protection(kind: int, key_info: Any = (0, 0), recipient: SystemTitle = HEAD_END) -> tuple[object, ...]:
    return (kind, (b"", b"", recipient.octets, b"note", key_info))


async def test_protection_parameters_choose_general_ciphering() -> None:
    setup = push_setup(push_protection_parameters=[protection(2)])
    world = World(device(setup))
    setup.push()
    await world.sender.attempt_due()
    verified, apdu = opened(world.sent[0][1])
    (layer,) = verified.layers
    assert (layer.form, layer.key) == (Form.GENERAL_CIPHERING, KeyChoice.GUEK)
    assert layer.general is not None
    assert layer.general.other_information == b"note"
    assert apdu.notification_body == BODY


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"push_protection_parameters": [protection(0)]}, "protection-too-weak"),
        ({"push_protection_parameters": [protection(2), protection(3)]}, "unsupported"),
    ],
    ids=["less than the policy", "a signature without a key pair"],
)
async def test_protection_that_cannot_be_given_sends_nothing(words: dict[str, Any], says: str) -> None:
    setup = push_setup(**words, number_of_retries=3)
    world = World(device(setup))
    setup.push()
    await world.sender.attempt_due()
    assert world.sent == []
    assert world.outcomes == ["given-up"]
    assert says in world.events[0].detail


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"send_destination_and_method": (7, b"1", 0)}, "not go over ZIGBEE"),
        ({"send_destination_and_method": (2, b"", 0)}, "no host:port/folder"),
        ({"send_destination_and_method": (2, b"ftp/a b", 0)}, "no folder"),
        ({"send_destination_and_method": (3, b"nobody", 0)}, "no mail address"),
        ({"send_destination_and_method": (4, b"nobody", 0)}, "no telephone number"),
        ({"send_destination_and_method": (8, b"", 0)}, "1 to 255 octets"),
        ({"send_destination_and_method": (1, b"host:1", 1)}, "not over UDP"),
        ({"send_destination_and_method": (0, b"", 0)}, "no host:port"),
        ({"send_destination_and_method": (0, b"host/path", 0)}, "no host:port"),
        ({"push_client_sap": 99}, "no client"),
        ({"push_protection_parameters": [(2, (b"", b"", b"short", b"", (0, 0)))]}, "8 octets"),
    ],
)
def test_a_push_that_cannot_be_sent_is_refused_when_it_is_triggered(words: dict[str, Any], says: str) -> None:
    setup = push_setup(**words)
    world = World(device(setup))
    with pytest.raises(ServiceError, match=says) as refusal:
        setup.push()
    assert refusal.value.code == DataAccessResult.OTHER_REASON
    assert world.sender.waiting == 0


@pytest.mark.parametrize("text", [b"[2001:db8::1]:4060", b"2001:db8::1", b"meter.example", b"192.0.2.1:4059\0"])
def test_destinations(text: bytes) -> None:
    urls = {
        b"[2001:db8::1]:4060": "udp://[2001:db8::1]:4060",
        b"2001:db8::1": "udp://[2001:db8::1]:4059",
        b"meter.example": "udp://meter.example",
        b"192.0.2.1:4059\0": "udp://192.0.2.1:4059",
    }
    value = PushSetup.send_destination_and_method.kind.encode((1, text, 0))
    assert Destination.of(value).url == urls[text]
    with pytest.raises(ConfigError, match="service 99"):
        Destination.of(Data.structure([Data.enum(99), Data.octet_string(text), Data.enum(0)]))


@pytest.mark.case("R-072")
async def test_retries_back_off_and_end() -> None:
    setup = push_setup(number_of_retries=2, repetition_delay=(60, 200, 0))
    made = device(setup)
    world = World(made, failures=9)
    setup.push()
    assert await world.sender.attempt_due() == 1
    assert await world.sender.attempt_due() == 0
    made.clock.forward(seconds=60)  # type: ignore[attr-defined]
    assert await world.sender.attempt_due() == 1
    made.clock.forward(seconds=60)  # type: ignore[attr-defined]
    assert await world.sender.attempt_due() == 1
    assert world.outcomes == ["repeated", "repeated", "given-up"]
    assert (world.opened, world.sender.waiting, world.sender.due) == (3, 0, None)


@pytest.mark.case("R-100")
async def test_a_store_that_fails_gives_no_counter_and_the_push_waits(tmp_path: Path) -> None:
    seconds = Seconds()
    database = Database(tmp_path / "meter.sqlite", seconds=seconds)
    setup = push_setup(number_of_retries=3, repetition_delay=(60, 100, 0))
    made = device(setup, database=database)
    world = World(made)
    database._file.connection.execute("PRAGMA query_only = 1")
    setup.push()
    await world.sender.attempt_due()
    assert (world.outcomes, world.sent) == (["repeated"], [])
    database._file.connection.execute("PRAGMA query_only = 0")
    seconds.now += 1000
    made.clock.forward(seconds=60)  # type: ignore[attr-defined]
    await world.sender.attempt_due()
    assert world.outcomes == ["repeated", "delivered"]
    made.close()


async def test_a_retry_carries_the_same_push_under_a_new_counter() -> None:
    setup = push_setup(number_of_retries=1, push_operation_method=1, send_destination_and_method=(1, b"192.0.2.9:4059", 0))
    world = World(device(setup))
    setup.push()
    await world.sender.attempt_due()
    await world.sender.attempt_due()
    context = listener()
    (first, one), (second, two) = (opened(octets, context) for _, octets in world.sent)
    assert one == two
    assert second.invocation_counter == first.invocation_counter + 1
    assert world.outcomes == ["repeated", "given-up"]  # datagrams are never confirmed by their layer


@pytest.mark.case("R-072")
async def test_an_alarm_that_rattles_fills_no_memory() -> None:
    setup = push_setup()
    world = World(device(setup))
    for _ in range(MOST_WAITING):
        setup.push()
    for _ in range(10_000):
        with pytest.raises(ServiceError, match="temporary-failure"):
            setup.push()
    assert world.sender.waiting == MOST_WAITING
    while await world.sender.attempt_due():
        continue
    assert world.outcomes == ["delivered"] * MOST_WAITING


def confirmation(context: SecurityContext, *, add: int = 0, protected: bool = True) -> Callable[[bytes], bytes]:
    """What confirms the push that was sent last, or another one."""

    def answer(sent: bytes) -> bytes:
        _, apdu = opened(sent, context)
        plain = DataNotificationConfirm(apdu.long_invoke_id_and_priority + add, b"").encode()
        return protect(plain, context, Form.GENERAL_GLO) if protected else plain

    return answer


async def test_a_confirmed_push_waits_for_its_confirmation() -> None:
    setup = push_setup(**CONFIRMED)
    made = device(setup)
    world = World(made)
    world.answers = [confirmation(listener())]
    setup.push()
    await world.sender.attempt_due()
    assert opened(world.sent[0][1])[1].long_invoke_id_and_priority >> 30 == 1
    assert world.outcomes == ["delivered"]
    assert setup.last_confirmation_date_time == made[1].tree.now()  # type: ignore[attr-defined]


@pytest.mark.case("R-072")
@pytest.mark.parametrize("words", [{"add": 1}, {"protected": False}], ids=["of another push", "not protected"])
async def test_what_confirms_nothing(words: dict[str, Any]) -> None:
    setup = push_setup(**CONFIRMED, number_of_retries=1)
    world = World(device(setup))
    context = listener()
    world.answers = [confirmation(context, **words)]
    setup.push()
    await world.sender.attempt_due()
    assert world.outcomes == ["repeated"]
    world.answers = [confirmation(context)]
    await world.sender.attempt_due()
    assert world.outcomes == ["repeated", "delivered"]


async def test_reset_drops_what_waits() -> None:
    setup = push_setup(number_of_retries=9, repetition_delay=(60, 100, 0))
    world = World(made := device(setup), failures=1)
    setup.push()
    setup.push()
    await world.sender.attempt_due()
    assert world.sender.waiting == 2
    assert Client(made).open().action(40, PUSH, 2, Data.integer(0)) == ActionResult.SUCCESS
    assert world.sender.waiting == 0


async def test_the_value_is_that_of_the_trigger() -> None:
    setup = push_setup()
    made = device(setup)
    world = World(made)
    setup.push()
    (register,) = made[1].tree.at(setup.obis.__class__(ENERGY))
    register.store(2, Data.double_long_unsigned(9))
    await world.sender.attempt_due()
    assert opened(world.sent[0][1])[1].notification_body == BODY


async def test_a_long_push_goes_in_unconfirmed_blocks() -> None:
    """As meters do it: window 0, streaming in every block; protected as a whole. The listener puts it together."""
    setup = push_setup(push_client_sap=1)
    made = device(setup)
    client = made[1].clients[1]
    world = World(made)
    world.profile = replace(world.profile, reliable=False, frame_octets=30)
    setup.push()
    await world.sender.attempt_due()
    assert [octets[0] for _, octets in world.sent] == [0xDB], "without general block transfer it goes as it is"
    client.settings = replace(client.settings, block_window=1)
    setup.push()
    await world.sender.attempt_due()
    blocks = [GeneralBlockTransfer.decode(octets) for _, octets in world.sent[1:]]
    assert len(blocks) > 2
    assert all(len(octets) <= 30 for _, octets in world.sent[1:])
    assert {(block.window, block.streaming, block.block_number_ack) for block in blocks} == {(0, True, 0)}
    stream, joined = UnconfirmedStream(), Blocks()
    (whole,) = filter(None, map(stream.receive, blocks))
    assert opened(whole)[1].notification_body == BODY
    assert [joined.general("meter", block) for block in blocks][-1] == whole


async def test_an_attempt_that_takes_long_holds_up_no_other_object() -> None:
    slow = push_setup()
    made = device(slow)
    quick = PushSetup("0.1.25.9.0.255", push_object_list=[LISTED], send_destination_and_method=(1, b"192.0.2.9:1", 0))
    made[1].tree.add(quick)
    made[1].refresh_roles()
    world = World(made)
    released, delivered = asyncio.Event(), asyncio.Event()
    dial = world.dial

    def dialled(destination: Destination, saps: Saps, limits: Limits) -> Transport:
        transport = dial(destination, saps, limits)
        if destination.url.startswith("tcp"):
            transport.open = released.wait  # type: ignore[method-assign,assignment]
        return transport

    sender = PushSender(made, dial=dialled, on_event=lambda event: delivered.set())
    slow.push()
    quick.push()
    running = asyncio.create_task(sender.run())
    async with asyncio.timeout(10):
        await delivered.wait()
    assert (sender.waiting, len(world.sent)) == (1, 1)
    delivered.clear()
    released.set()
    async with asyncio.timeout(10):
        await delivered.wait()
    assert sender.waiting == 0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
