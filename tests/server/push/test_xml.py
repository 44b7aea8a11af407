"""Pushes in XML: over TCP to a listener and confirmed in XML, as a file and by e-mail; and out of a folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import dlmskit
from dlmskit.apdu import DataNotification
from dlmskit.apdu.xml import is_xml, octets_from_xml
from dlmskit.client.counters import Counters
from dlmskit.errors import ConfigError, ServiceError, TransportError
from dlmskit.server import Grants
from dlmskit.server.push import Destination, Outlets, PushEvent, PushSender
from dlmskit.trace.listening import PushListener, folders
from dlmskit.trace.listening.folders import FolderListener
from dlmskit.trace.listening.mails import messages_of
from dlmskit.transport.ftp import FtpTransport
from dlmskit.transport.mail import mail_of
from dlmskit.transport.one_way import Access
from dlmskit.transport.tcp import TcpTransport
from tests.server.peers import PUBLIC
from tests.server.push.pushing import EVERYTHING, device, push_setup
from tests.server.push.test_confirmed_blocks import KEYS_OF_METERS
from tests.server.push.test_sender import BODY, HEAD_END


@asynccontextmanager
async def listening(url: str = "tcp://127.0.0.1:0") -> AsyncIterator[PushListener]:
    words: dict[str, Any] = {"keys": KEYS_OF_METERS, "counters": Counters.in_memory(), "client_title": HEAD_END}
    async with dlmskit.listen(url, confirm_plain=True, **words) as listener:
        yield listener


async def upcoming(listener: PushListener) -> dlmskit.Push:
    async with asyncio.timeout(30):
        return await anext(listener)


def body(push: dlmskit.Push) -> object:
    assert push.apdu.plain is not None
    return DataNotification.decode(push.apdu.plain).notification_body


@pytest.mark.parametrize("client_sap", [1, PUBLIC], ids=["ciphered", "plain"])
@pytest.mark.parametrize("method", [0, 2], ids=["unconfirmed", "confirmed"])
async def test_over_tcp(client_sap: int, method: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    original = TcpTransport.send

    async def seen(self: TcpTransport, apdu: bytes) -> None:
        sent.append(apdu)
        await original(self, apdu)

    monkeypatch.setattr(TcpTransport, "send", seen)
    async with listening() as listener:
        to = listener.urls[0].removeprefix("tcp://").encode()
        setup = push_setup(send_destination_and_method=(0, to, 1), push_client_sap=client_sap, push_operation_method=method)
        events: list[PushEvent] = []
        grants = {client_sap: EVERYTHING if client_sap == 1 else Grants.parse(read=["*"])}
        sender = PushSender(device(setup, grants), on_event=events.append)
        setup.push()
        sending = asyncio.create_task(sender.attempt_due())
        push = await upcoming(listener)
        push.confirm()
        await sending
    assert [event.outcome.value for event in events] == ["delivered"]
    assert sent[0].startswith(b"<?xml")
    assert (push.trusted, body(push)) == (client_sap == 1, BODY)
    assert listener.counts.confirmed == (method == 2)


async def test_what_is_no_xml_is_shown_and_marked() -> None:
    async with listening() as listener:
        port = int(listener.urls[0].rpartition(":")[2])
        async with TcpTransport("127.0.0.1", port) as transport:
            for noise in (b"<", b"<a/>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<x:xDLMS-APDU>"):
                await transport.send(noise)
                push = await upcoming(listener)
                assert not push.trusted
                assert push.problems


@pytest.mark.parametrize(
    ("service", "message", "says"),
    [(1, 1, "not over UDP"), (4, 1, "not over SMS"), (5, 1, "not over HDLC"), (0, 128, "message type 128")],
)
def test_where_xml_makes_no_sense(service: int, message: int, says: str) -> None:
    setup = push_setup(send_destination_and_method=(service, b"+49170123" if service == 4 else b"192.0.2.1", message))
    PushSender(device(setup))
    with pytest.raises(ServiceError, match=says):
        setup.push()


def test_a_manufacturer_decides_for_its_own_service() -> None:
    value = type(push_setup()).send_destination_and_method.kind.encode((210, b"x", 128))
    assert (Destination.of(value).message, Destination.of(value).xml) == (128, False)


async def pushed(xml: bool, monkeypatch: pytest.MonkeyPatch, made: Any) -> bytes:
    """What a meter hands to a server of files."""
    taken: list[bytes] = []
    monkeypatch.setattr(FtpTransport, "deliver", lambda self, message: taken.append(message))
    sender = PushSender(made[0], dial=Outlets(ftp=Access()).dial)
    made[1].push()
    await sender.attempt_due()
    assert is_xml(taken[0]) == xml
    return taken[0]


@pytest.mark.parametrize("xml", [False, True], ids=["octets", "XML"])
@pytest.mark.parametrize("mail", [False, True], ids=["file", "mail"])
async def test_out_of_a_folder(xml: bool, mail: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = push_setup(send_destination_and_method=(2, b"ftp.example.org", int(xml)))
    message = await pushed(xml, monkeypatch, (device(setup), setup))
    if mail:
        message = mail_of(message, "meter@example.org", "pushes@example.com", "4C41420000000001").as_bytes()
    async with listening(f"folder://{tmp_path}") as listener:
        (tmp_path / "later.part").write_bytes(message)
        (tmp_path / ".hidden").write_bytes(message)
        (tmp_path / "push").write_bytes(message)
        push = await upcoming(listener)
        async with asyncio.timeout(30):
            while len(files_of(tmp_path)) > 3:  # noqa: ASYNC110 - a folder tells nobody
                await asyncio.sleep(0.001)
    assert (push.trusted, body(push), push.peer) == (True, BODY, "push")
    assert [path.name for path in files_of(tmp_path / "taken")] == ["push"]
    assert [path.name for path in files_of(tmp_path)] == [".hidden", "later.part", "taken"]


async def test_a_folder_waits_for_the_program(tmp_path: Path) -> None:
    """What is read and verified must find room: the same message again would be a replay."""
    names = [f"{number:02}" for number in range(20)]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(b"\x0f")
        os.utime(tmp_path / name, (number, number))
    room, taken = 3, []
    folder = FolderListener(tmp_path, lambda message, name: taken.append(name), lambda: len(taken) < room)
    (tmp_path / "taken").mkdir()
    await folder._look()
    assert not taken, "they may still grow"
    for room in (3, 20):
        await folder._look()
        assert taken == names[:room]
        assert [path.name for path in files_of(tmp_path / "taken")] == names[:room]


def files_of(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="no folder"):
        async with listening(f"folder://{tmp_path}/nowhere"):
            pass
    with pytest.raises(ConfigError, match="folder"):
        dlmskit.listen("folder://relative/path")


def test_a_mail_that_is_a_bomb() -> None:
    """Parts in parts without end, and attachments without number, take no more than they may."""
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number) for number in range(3000))
    assert len(messages_of(b"MIME-Version: 1.0\r\n" + head)) <= 1
    part = b"--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n"
    for parts, messages in ((20, 16), (1000, 1)):
        mail = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * parts + b"--b--\r\n"
        assert len(messages_of(mail)) == messages


@pytest.mark.parametrize(
    "mail",
    [
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 30,
        b"Content-Disposition: attachment" + b"; a=b" * 2000 + b"\n\nx",
        b"A: b\n" * 300 + b"Content-Disposition: attachment\n\nx",
    ],
    ids=["many parts", "a long header", "many headers"],
)
def test_a_mail_that_takes_long_to_read_is_not_taken_apart(mail: bytes) -> None:
    assert messages_of(mail) == [mail]


async def test_a_file_that_is_stuck_holds_up_no_other(tmp_path: Path) -> None:
    """One that cannot be moved is handed on once; one that became a link after it was seen is never read."""
    outside = tmp_path.with_name("outside")
    outside.write_bytes(b"secret")
    for number, name in enumerate(("unmoved", "link", "good")):
        (tmp_path / name).write_bytes(name.encode().lower())
        os.utime(tmp_path / name, (number, number))
    (tmp_path / "taken" / "unmoved").mkdir(parents=True)
    taken: list[bytes] = []
    folder = FolderListener(tmp_path, lambda message, name: taken.append(message), lambda: True)
    found = folders._files(tmp_path)
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to(outside)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folders, "_files", lambda _: found)
        for _ in range(4):
            await folder._look()
    assert taken == [b"unmoved", b"good"]


def test_what_is_xml() -> None:
    assert all(map(is_xml, (b"<a/>", b"\xef\xbb\xbf\n <a/>")))
    assert not any(map(is_xml, (b"\x0f", b"", b"\xe0<")))
    with pytest.raises(dlmskit.DlmsError):
        octets_from_xml(b"<a/>")
