"""Real sockets: many meters push at once, and nobody is believed who does not prove who he is."""

from __future__ import annotations

import asyncio
import os
import pty
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import dlmskit
from dlmskit.apdu import (
    DataNotification,
    DataNotificationConfirm,
    GatewayRequest,
    GatewayResponse,
    GeneralBlockTransfer,
    decode_apdu,
)
from dlmskit.client.counters import Counters
from dlmskit.codec.data import Data
from dlmskit.crypto.curves import CURVES
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.errors import ConfigError, TransportError
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.control import FrameKind, unnumbered
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.wrapper import encode_wrapper
from dlmskit.security import (
    Ciphered,
    Correspondence,
    Form,
    GeneralCiphered,
    Identity,
    KeySet,
    ProtectionRules,
    ReceivedCounters,
    SecurityContext,
    Signed,
    Step,
    TransmitCounters,
    protect_layers,
    suite_of,
    unprotect,
)
from dlmskit.security.control import Protection
from dlmskit.security.counters import MemoryCounterStore
from dlmskit.security.vault_tables import vault_from_tables
from dlmskit.trace.explain.model import Verdict
from dlmskit.trace.listening import ListenLimits, Push, PushListener
from dlmskit.trace.listening.receiver import Arrival
from dlmskit.transport.base import Saps
from dlmskit.transport.tcp import TcpTransport
from dlmskit.transport.udp import UdpTransport
from dlmskit.types.system_title import SystemTitle

BODY = Data.structure(
    [Data.octet_string(bytes.fromhex("0000190900FF")), Data.octet_string(bytes.fromhex("0100010800FF")), Data.long_unsigned(55)]
)
HEAD_END = SystemTitle("4845530000000001")
GLO = (Ciphered(form=Form.GENERAL_GLO),)


def title(number: int) -> SystemTitle:
    return SystemTitle(b"LAB" + number.to_bytes(5))


def secrets(number: int) -> dict[str, str]:
    return {"guek": bytes([number % 256] * 15 + [1]).hex(), "gak": bytes([number % 256] * 15 + [2]).hex()}


def vault(*numbers: int, **more: dict[str, str]) -> dlmskit.KeyVault:
    return vault_from_tables({str(title(number)): secrets(number) for number in numbers} | more)


class Meter:
    """A meter that can do nothing but push."""

    def __init__(self, number: int, keys: dict[str, str] | None = None, **words: Any) -> None:
        self.number = number
        self.context = SecurityContext(
            own_title=title(number),
            keys=KeySet.from_hex(**(keys or secrets(number))),
            transmit=TransmitCounters(MemoryCounterStore()),
            received=ReceivedCounters(),
            peer_title=HEAD_END,
            rules=ProtectionRules(outgoing=Protection.NONE),
            **words,
        )
        self.long_invoke_id = 0

    def plain(self, *, confirmed: bool = False, body: Data = BODY) -> bytes:
        self.long_invoke_id += 1
        return DataNotification(self.long_invoke_id | confirmed << 30, b"", body).encode()

    def push(self, *steps: Step, **words: Any) -> bytes:
        return protect_layers(self.plain(**words), self.context, steps or GLO)


@asynccontextmanager
async def listening(keys: dlmskit.KeyVault | None = None, scheme: str = "tcp", **words: Any) -> AsyncIterator[PushListener]:
    words = {"counters": Counters.in_memory(), "client_title": HEAD_END, **words}
    async with dlmskit.listen(f"{scheme}://127.0.0.1:0", keys=vault(1, 2) if keys is None else keys, **words) as listener:
        yield listener


def port(listener: PushListener) -> int:
    return int(listener.urls[0].rpartition(":")[2])


async def send(listener: PushListener, *apdus: bytes) -> None:
    """From logical device 1 to client 1, over what the listener listens at."""
    kind = TcpTransport if listener.urls[0].startswith("tcp") else UdpTransport
    async with kind("127.0.0.1", port(listener), Saps(1, 1)) as transport:
        for apdu in apdus:
            await transport.send(apdu)


async def upcoming(listener: PushListener) -> Push:
    async with asyncio.timeout(10):
        return await anext(listener)


async def received(listener: PushListener, *apdus: bytes) -> list[Push]:
    await send(listener, *apdus)
    return [await upcoming(listener) for _ in apdus]


@pytest.mark.parametrize("scheme", ["tcp", "udp"])
async def test_a_push_is_verified_and_named(scheme: str) -> None:
    async with listening(scheme=scheme) as listener:
        (push,) = await received(listener, Meter(1).push())
    assert (push.trusted, push.system_title, push.protection) == (True, title(1), ("authenticated", "encrypted"))
    assert [(str(value.obis), value.value) for value in push.values] == [
        ("0.0.25.9.0.255", dlmskit.Obis("0.0.25.9.0.255")),
        ("1.0.1.8.0.255", 55),
    ]
    assert (push.long_invoke_id, push.wants_confirmation, push.invocation_counter) == (1, False, 0)
    assert push.to_json()["system_title"] == "4C41420000000001"


def curve_key() -> SigningKey:
    return SigningKey.generate(CURVES["P-256"])


async def test_every_form_of_protection() -> None:
    signing = curve_key()
    identity = Correspondence(identity=Identity(signing=signing))
    meter = Meter(1, suite=suite_of(1), correspondence=identity)
    keys = vault_from_tables({str(title(1)): {**secrets(1), "signing_public_key": signing.public.octets.hex()}})
    forms: list[tuple[Step, ...]] = [
        (GeneralCiphered(),),
        (Ciphered(form=Form.GENERAL_GLO), Signed()),
        (Signed(), Ciphered(form=Form.GENERAL_GLO)),
    ]
    async with listening(keys) as listener:
        pushes = await received(listener, *(meter.push(*steps) for steps in forms))
    assert [(push.verdict, push.reason) for push in pushes] == [(Verdict.VERIFIED, "")] * 3
    assert [push.protection[-1] for push in pushes] == ["encrypted", "signed", "signed"]


async def test_a_signature_alone_is_too_weak_because_it_can_be_replayed() -> None:
    signing = curve_key()
    meter = Meter(1, suite=suite_of(1), correspondence=Correspondence(identity=Identity(signing=signing)))
    keys = vault_from_tables({str(title(1)): {**secrets(1), "signing_public_key": signing.public.octets.hex()}})
    async with listening(keys) as listener:
        (push,) = await received(listener, meter.push(Signed()))
    assert (push.trusted, push.reason) == (False, "protection-too-weak")


def encrypted_only(meter: Meter) -> bytes:
    return meter.push(Ciphered(form=Form.GENERAL_GLO, protection=Protection.ENCRYPTED))


def flipped(octets: bytes) -> bytes:
    return octets[:-1] + bytes([octets[-1] ^ 1])


@pytest.mark.case("R-109")
@pytest.mark.parametrize(
    ("make", "verdict", "reason"),
    [
        (lambda: Meter(9).push(), Verdict.NOT_DECIPHERED, "missing-key"),
        (lambda: Meter(1, secrets(2)).push(), Verdict.NOT_DECIPHERED, "deciphering-failed"),
        (lambda: Meter(1, {**secrets(1), "gak": "AA" * 16}).push(), Verdict.UNVERIFIED, "deciphering-failed"),
        (lambda: flipped(Meter(1).push()), Verdict.UNVERIFIED, "deciphering-failed"),
        (lambda: encrypted_only(Meter(1)), Verdict.DECIPHERED, "protection-too-weak"),
        (lambda: Meter(1).plain(), Verdict.UNPROTECTED, ""),
        (lambda: bytes.fromhex("C001C100030100010800FF0200"), Verdict.UNPROTECTED, ""),
        (lambda: b"\xff\xff\xff", Verdict.UNPROTECTED, ""),
        (lambda: b"\xdb\x08" + title(1).octets + b"\x05\x30", Verdict.UNVERIFIED, "system-title-missing"),
    ],
    ids=["unknown title", "title of another", "old key", "changed", "only encrypted", "plain", "a request", "noise", "cut"],
)
async def test_who_does_not_prove_himself_is_shown_and_marked(make: Callable[[], bytes], verdict: Verdict, reason: str) -> None:
    async with listening() as listener:
        forged, honest = await received(listener, make(), Meter(2).push())
    assert (forged.trusted, forged.verdict, forged.reason) == (False, verdict, reason)
    assert honest.trusted
    assert (listener.counts.verified, listener.counts.marked, listener.counts.confirmed) == (1, 1, 0)


@pytest.mark.case("R-109")
async def test_a_replay_is_marked_even_after_a_restart(tmp_path: Path) -> None:
    push = Meter(1).push()
    for expected in (["", "counter-repeated"], ["counter-repeated", "counter-repeated"]):
        counters = dlmskit_counters(tmp_path / "windows.sqlite")
        async with listening(counters=counters) as listener:
            pushes = await received(listener, push, push)
        assert [one.reason for one in pushes] == expected
        assert pushes[-1].verdict is Verdict.UNVERIFIED


def dlmskit_counters(path: Path) -> Counters:
    """A new object for every start, as another process would have."""
    return Counters.in_file(path)


async def test_a_confirmation_is_sent_when_the_program_is_done_with_it() -> None:
    meter = Meter(1)
    async with listening() as listener, TcpTransport("127.0.0.1", port(listener), Saps(1, 1)) as transport:
        await transport.send(meter.push(confirmed=True))
        await transport.send(meter.push())
        assert (await upcoming(listener)).wants_confirmation
        assert listener.counts.confirmed == 0
        await upcoming(listener)
        answer = decode_apdu(unprotect(await transport.receive(), meter.context).plain)
    assert answer == DataNotificationConfirm(1 << 30 | 1, b"")


async def test_a_repetition_is_confirmed_again_and_shown_once() -> None:
    meter = Meter(1)
    plain = meter.plain(confirmed=True)
    async with listening(scheme="udp") as listener, UdpTransport("127.0.0.1", port(listener), Saps(1, 1)) as transport:
        for _ in range(3):
            await transport.send(protect_layers(plain, meter.context, GLO))
        (await upcoming(listener)).confirm()
        answers = [await transport.receive() for _ in range(3)]
    confirmed = [decode_apdu(unprotect(answer, meter.context).plain) for answer in answers]
    assert confirmed == [DataNotificationConfirm(1 << 30 | 1, b"")] * 3
    assert (listener.counts.repeated, listener.counts.confirmed) == (2, 3)


def on_a_line(apdu: bytes) -> bytes:
    """UI frames of logical device 1, device 17, to client 1: segmented where one is too short (transports, push over HDLC)."""
    information = b"\xe6\xe7\x00" + apdu
    parts = [information[at : at + 60] for at in range(0, len(information), 60)]
    frames = [
        HdlcFrame(
            client_address(1),
            server_address(1, 17),
            unnumbered(FrameKind.UI, poll_final=True),
            part,
            segmented=number < len(parts),
        )
        for number, part in enumerate(parts, 1)
    ]
    return b"".join(frame.encode() for frame in frames)


async def test_a_line_over_tcp() -> None:
    async with listening(scheme="hdlc+tcp") as listener:
        _, writer = await asyncio.open_connection("127.0.0.1", port(listener))
        writer.write(b"\x00\xffnoise" + on_a_line(Meter(1).push()) + on_a_line(Meter(9).push()))
        pushes = [await upcoming(listener) for _ in range(2)]
        writer.close()
        await writer.wait_closed()
    assert [(push.trusted, push.client_sap, push.server_sap) for push in pushes] == [(True, 1, 1), (False, 1, 1)]


async def test_a_customer_interface() -> None:
    controller, device = pty.openpty()
    try:
        words: dict[str, Any] = {"keys": vault(1), "counters": Counters.in_memory()}
        async with dlmskit.listen(f"hdlc+serial://{os.ttyname(device)}?baud=2400", **words) as listener:
            os.write(controller, on_a_line(Meter(1).push()))
            push = await upcoming(listener)
    finally:
        os.close(controller)
        os.close(device)
    assert push.trusted
    assert push.peer == push.url.partition("//")[2].partition("?")[0]


@pytest.mark.parametrize("confirm_plain", [False, True])
async def test_a_plain_push_is_confirmed_on_an_explicit_word_alone(confirm_plain: bool) -> None:
    async with listening(confirm_plain=confirm_plain) as listener:
        (push,) = await received(listener, Meter(1).plain(confirmed=True))
        push.confirm()
    assert not push.trusted
    assert listener.counts.confirmed == confirm_plain


async def test_blocks_and_a_gateway_in_front() -> None:
    octets = Meter(1).push(body=Data.array([Data.long_unsigned(number) for number in range(200)]))
    pieces = [octets[at : at + 64] for at in range(0, len(octets), 64)]
    blocks = [
        GeneralBlockTransfer((0x80 if number == len(pieces) else 0) | 0x40, number, 0, piece).encode()
        for number, piece in enumerate(pieces, 1)
    ]
    async with listening() as listener:
        await send(listener, *blocks, GatewayResponse(0, b"\x05", Meter(2).push()).encode())
        long, behind = [await upcoming(listener) for _ in range(2)]
    assert long.trusted
    assert len(long.values[0].data.elements()) == 200 if len(long.values) == 1 else len(long.values) == 200
    assert (behind.trusted, behind.system_title) == (True, title(2))


async def test_many_meters_at_once() -> None:
    numbers = range(1, 121)
    meters = [Meter(number) for number in numbers]
    async with dlmskit.listen(
        "tcp://127.0.0.1:0", "udp://127.0.0.1:0", keys=vault(*numbers), counters=Counters.in_memory()
    ) as listener:
        ports = [int(url.rpartition(":")[2]) for url in listener.urls]

        async def work(meter: Meter) -> None:
            kind, at = ((TcpTransport, ports[0]), (UdpTransport, ports[1]))[meter.number % 2]
            async with kind("127.0.0.1", at, Saps(1, 1)) as transport:
                await transport.send(meter.push())

        await asyncio.gather(*map(work, meters))
        pushes = [await upcoming(listener) for _ in meters]
    assert {push.system_title for push in pushes if push.trusted} == {title(number) for number in numbers}


@pytest.mark.case("R-072")
async def test_a_storm_leaves_the_others_alone() -> None:
    storm, quiet = Meter(1), Meter(2)
    bounds = ListenLimits(burst=20, per_second=0.001, waiting_of_one=10)
    async with listening(bounds=bounds) as listener:
        await send(listener, *(storm.push() for _ in range(300)))
        await send(listener, *(quiet.push() for _ in range(3)))
        pushes: list[Push] = []
        while sum(push.system_title == title(2) for push in pushes) < 3:
            pushes.append(await upcoming(listener))
    counts = listener.counts
    assert (counts.over_rate, counts.no_room) == (280, 10)
    assert sum(push.system_title == title(1) for push in pushes) <= 10


@pytest.mark.case("R-109")
async def test_a_forger_does_not_use_up_the_rate_of_the_meter() -> None:
    forged = [Meter(9).push() for _ in range(50)]
    bounds = ListenLimits(burst=5, per_second=0.001)
    async with listening(bounds=bounds) as listener:
        await send(listener, *forged, Meter(1).push())
        pushes = [await upcoming(listener) for _ in range(6)]
    assert [push.trusted for push in pushes].count(True) == 1
    assert listener.counts.over_rate == 45


async def test_garbage_on_the_line_ends_a_connection_and_nothing_else() -> None:
    async with listening() as listener:
        with socket.create_connection(("127.0.0.1", port(listener))) as noise:
            noise.sendall(b"GET / HTTP/1.1\r\n\r\n" * 100)
            (push,) = await received(listener, Meter(1).push())
    assert push.trusted


@pytest.mark.parametrize(
    ("urls", "says"),
    [
        ((), "where to listen"),
        (("mqtt://x",), "not known"),
        (("tcp://",), "no host"),
        (("tcp://h:99999",), "Port"),
    ],
)
def test_where_nobody_can_listen(urls: tuple[str, ...], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        dlmskit.listen(*urls, counters=Counters.in_memory())


async def test_a_port_that_is_taken() -> None:
    async with listening() as listener:
        with pytest.raises(TransportError):
            async with dlmskit.listen(listener.urls[0], counters=Counters.in_memory()):
                pass


def test_without_asyncio() -> None:
    with dlmskit.sync.listen(
        "udp://127.0.0.1:0", keys=vault(1), counters=Counters.in_memory(), client_title=HEAD_END
    ) as listener:
        at = int(listener.urls[0].rpartition(":")[2])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as meter:
            meter.sendto(encode_wrapper(1, 1, Meter(1).push()), ("127.0.0.1", at))
        push = next(iter(listener))
        assert push.trusted
        assert listener.next(0.01) is None
    assert listener.counts.verified == 1


async def test_blocks_that_never_end_take_no_room() -> None:
    begun = [GeneralBlockTransfer(0x40, 1, 0, bytes(200)).encode() for _ in range(50)]
    async with listening(scheme="udp") as listener:
        receiver = listener.receiver()
        for number, block in enumerate(begun):
            assert receiver.receive(block, arrival(number)) is None
        assert len(receiver._blocks) == 2


def arrival(server_sap: int) -> Arrival:
    return Arrival("udp://here:1", "there:1", "there", 1, server_sap, datetime.now(UTC), 0.0, None)


async def test_a_push_that_found_no_room_is_new_when_it_comes_again() -> None:
    """It was neither shown nor confirmed: what the meter sends again is no repetition."""
    meter = Meter(1)
    plains = [meter.plain(confirmed=True) for _ in range(2)]
    async with (
        listening(bounds=ListenLimits(waiting=1)) as listener,
        TcpTransport("127.0.0.1", port(listener), Saps(1, 1)) as transport,
    ):
        for plain in plains:
            await transport.send(protect_layers(plain, meter.context, GLO))
        first = await counted(listener, "no_room", 1)
        await transport.send(protect_layers(plains[1], meter.context, GLO))
        second = await upcoming(listener)
    assert [push.long_invoke_id for push in (first, second)] == [1, 2]
    assert listener.counts.repeated == 0


async def counted(listener: PushListener, name: str, number: int) -> Push:
    """The next push, when something has been counted so often."""
    async with asyncio.timeout(30):
        while getattr(listener.counts, name) < number:  # noqa: ASYNC110 - counts tell nobody
            await asyncio.sleep(0.001)
        return await anext(listener)


async def test_a_repetition_waits_for_the_program_as_the_push_does() -> None:
    meter = Meter(1)
    plain = meter.plain(confirmed=True)
    async with listening() as listener, TcpTransport("127.0.0.1", port(listener), Saps(1, 1)) as transport:
        for _ in range(2):
            await transport.send(protect_layers(plain, meter.context, GLO))
        push = await counted(listener, "repeated", 1)
        assert listener.counts.confirmed == 0
        push.confirm()
        assert listener.counts.confirmed == 2


async def test_a_plain_push_that_is_repeated_is_shown_once() -> None:
    meter = Meter(1)
    plain = meter.plain(confirmed=True)
    async with listening(confirm_plain=True) as listener, TcpTransport("127.0.0.1", port(listener), Saps(1, 1)) as transport:
        for apdu in (plain, plain, meter.plain()):
            await transport.send(apdu)
        shown = [await upcoming(listener) for _ in range(2)]
        answers = [decode_apdu(await transport.receive()) for _ in range(2)]
    assert [push.long_invoke_id for push in shown] == [1, 2]
    assert answers == [DataNotificationConfirm(1 << 30 | 1, b"")] * 2


async def test_many_plain_pushes_make_no_verified_one_forgotten() -> None:
    meter, stranger = Meter(1), Meter(9)
    plain = meter.plain(confirmed=True)
    async with listening(scheme="udp") as listener:
        receiver = listener.receiver()
        assert receiver.receive(protect_layers(plain, meter.context, GLO), arrival(1)) is not None
        for number in range(5000):
            receiver.receive(stranger.plain(confirmed=True), replace(arrival(1), host=str(number)))
        assert receiver.receive(protect_layers(plain, meter.context, GLO), arrival(1)) is None
        assert listener.counts.repeated == 1


async def test_a_push_from_behind_a_gateway_is_confirmed_through_it() -> None:
    meter = Meter(1)
    async with listening() as listener, TcpTransport("127.0.0.1", port(listener), Saps(1, 1)) as transport:
        await transport.send(GatewayResponse(3, b"\x05", meter.push(confirmed=True)).encode())
        (await upcoming(listener)).confirm()
        answer = decode_apdu(await transport.receive())
    assert isinstance(answer, GatewayRequest)
    assert (answer.network_id, answer.physical_device_address) == (3, b"\x05")
    assert decode_apdu(unprotect(answer.user_apdu, meter.context).plain) == DataNotificationConfirm(1 << 30 | 1, b"")
