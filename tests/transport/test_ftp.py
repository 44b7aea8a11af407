"""Pushes as files, to a real server (pyftpdlib): with TLS, unless an explicit word says otherwise."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from dlmskit.errors import ConfigError, TransportError, TransportTimeout
from dlmskit.limits import Limits
from dlmskit.transport.ftp import FtpPlace, FtpTransport
from dlmskit.transport.one_way import Access
from tests.transport.talking import talking
from tests.transport.tls_files import Authority

PASSWORD = "correct horse"
APDU = bytes.fromhex("0F0000000100020109")


class Server:
    """A running server, and its folder."""

    def __init__(self, folder: Path, handler: type[Any]) -> None:
        self.folder = folder
        (folder / "in").mkdir(parents=True)
        authorizer = DummyAuthorizer()
        authorizer.add_user("meter", PASSWORD, str(folder), perm="elwf")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of what is wanted here: anonymous writes
            authorizer.add_anonymous(str(folder), perm="elwf")
        handler.authorizer = authorizer
        self._loop = IOLoop()
        self._server = FTPServer(("127.0.0.1", 0), handler, ioloop=self._loop)
        self.port = int(self._server.address[1])
        self._running = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while self._running:
            self._loop.loop(timeout=0.05, blocking=False)

    def stop(self) -> None:
        self._running = False
        self._thread.join(10)
        self._server.close_all()

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder: Path = tmp_path_factory.mktemp("ftp")
    authority, other = Authority(folder, "ca"), Authority(folder, "other")
    return {"ca": authority.path, "other": other.path, "cert": authority.of_host("127.0.0.1")}


@pytest.fixture(params=["tls", "none"])
def server(request: pytest.FixtureRequest, files: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    words = {"certfile": files["cert"], "tls_control_required": True, "tls_data_required": True, "auth_failed_timeout": 0}
    kind = type("Handler", (TLS_FTPHandler,), words) if request.param == "tls" else type("Handler", (FTPHandler,), {})
    made = Server(tmp_path / "served", kind)
    yield made
    made.stop()


def transport(server: Server, access: Access, folder: str = "in") -> FtpTransport:
    return FtpTransport(FtpPlace("127.0.0.1", server.port, folder), access, "4C41420000000001", limits=Limits(message_seconds=20))


def login(files: dict[str, str], **words: str) -> Access:
    return Access(**{"ca": files["ca"], "user": "meter", "password": PASSWORD, "host": "127.0.0.1", **words})


@pytest.mark.parametrize("server", ["tls"], indirect=True)
async def test_a_push_becomes_a_file(server: Server, files: dict[str, str]) -> None:
    async with transport(server, login(files)) as written:
        await written.send(APDU)
        await written.send(b"<Pdu/>")
        with pytest.raises(TransportTimeout, match="no answers"):
            await written.receive()
    found = {path.suffix: path for path in server.files}
    assert set(found) == {".apdu", ".xml"}
    assert found[".apdu"].read_bytes() == APDU
    assert found[".apdu"].parent.name == "in"
    assert found[".apdu"].name.startswith("4C41420000000001-")


@pytest.mark.parametrize("server", ["none"], indirect=True)
async def test_in_the_clear_on_an_explicit_word_alone(server: Server, files: dict[str, str]) -> None:
    with pytest.raises(TransportError, match=r"no TLS: .* tls = 'none'"):
        await transport(server, login(files)).send(APDU)
    assert server.files == []
    await transport(server, Access(tls="none"), "").send(APDU)
    assert [path.read_bytes() for path in server.files] == [APDU]


@pytest.mark.parametrize("server", ["tls"], indirect=True)
@pytest.mark.parametrize(
    ("words", "folder"),
    [({"ca": "other"}, "in"), ({"password": "wrong"}, "in"), ({}, "nowhere")],
    ids=["certificate of somebody else", "wrong password", "no such folder"],
)
async def test_what_is_refused(server: Server, files: dict[str, str], words: dict[str, str], folder: str) -> None:
    words = {key: files.get(value, value) for key, value in words.items()}
    with pytest.raises(TransportError, match="takes no file") as failure:
        await transport(server, login(files, **words), folder).send(APDU)
    assert server.files == []
    assert PASSWORD not in str(failure.value)


@pytest.mark.parametrize("folder", ["a\r\nDELE b", "a b", "ä", "x" * 201])
def test_what_is_no_folder(folder: str) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        FtpPlace("host", folder=folder)


def test_a_password_goes_to_the_host_alone_that_it_is_for() -> None:
    """The destination is an attribute that a client may write: it must not fetch the password."""
    known = Access(user="meter", password=PASSWORD, host="FTP.example.com")
    FtpTransport(FtpPlace("ftp.example.com"), known, "meter")
    FtpTransport(FtpPlace("elsewhere.example.com"), Access(), "meter")
    for access in (known, Access(user="meter", password=PASSWORD)):
        with pytest.raises(ConfigError, match=r"not for evil\.example"):
            FtpTransport(FtpPlace("evil.example"), access, "meter")


@pytest.mark.parametrize("much", [False, True], ids=["a little all the time", "a lot"])
async def test_a_server_that_never_comes_to_an_end(much: bool) -> None:
    """The first is left when the time is over, the second at once."""
    async with talking(b"220-wait\r\n", much=much) as port:
        made = FtpTransport(FtpPlace("127.0.0.1", port), Access(), "meter", limits=Limits(message_seconds=1000 if much else 0.5))
        with pytest.raises(TransportError, match="1000 lines" if much else "takes more than 2 s"):
            await made.send(APDU)


def test_tls_from_the_first_octet_is_not_there() -> None:
    with pytest.raises(ConfigError, match="implicit"):
        FtpTransport(FtpPlace("host"), Access(tls="implicit"), "meter")
