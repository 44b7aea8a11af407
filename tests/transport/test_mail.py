"""Pushes by e-mail, to a real relay (aiosmtpd): with TLS, unless an explicit word says otherwise."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from dlmskit.errors import ConfigError, TransportError, TransportTimeout
from dlmskit.limits import Limits
from dlmskit.transport.mail import MailRelay, MailTransport, mail_address
from dlmskit.transport.one_way import Access, secret_from_environment
from tests.transport.talking import talking
from tests.transport.tls_files import Authority

PASSWORD = "correct horse"
APDU = bytes.fromhex("0F0000000100020109")


class Relay:
    """What the relay has taken."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], EmailMessage]] = []
        self.refuses = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - its name there
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, mail))
        return "451 try again later" if self.refuses else "250 OK"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder: Path = tmp_path_factory.mktemp("mail")
    authority, other = Authority(folder, "ca"), Authority(folder, "other")
    return {"ca": authority.path, "other": other.path, "cert": authority.of_host("127.0.0.1")}


def tls(files: dict[str, str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["cert"])
    return context


def checked(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(handled=False, success=(data.login, data.password) == (b"meter", PASSWORD.encode()))


@pytest.fixture(params=["starttls", "implicit", "none"])
async def relay(request: pytest.FixtureRequest, files: dict[str, str]) -> AsyncIterator[tuple[str, Relay, int]]:
    taken = Relay()
    words: dict[str, Any] = {"authenticator": checked, "auth_require_tls": request.param == "starttls"}
    if request.param == "starttls":
        words |= {"tls_context": tls(files), "require_starttls": True}
    loop = asyncio.get_running_loop()
    context = tls(files) if request.param == "implicit" else None
    server = await loop.create_server(lambda: SMTP(taken, loop=loop, **words), "127.0.0.1", 0, ssl=context)
    yield request.param, taken, int(server.sockets[0].getsockname()[1])
    server.close()


def transport(port: int, access: Access) -> MailTransport:
    relay = MailRelay(host="127.0.0.1", port=port, sender="meter@example.org", access=access)
    return MailTransport(relay, "pushes@example.com", "4C41420000000001", limits=Limits(message_seconds=20))


def access(kind: str, files: dict[str, str], **words: Any) -> Access:
    word = {"starttls": "yes"}.get(kind, kind)
    login = {} if kind == "none" else {"user": "meter", "password": PASSWORD}
    return Access(**{"tls": word, "ca": files["ca"], **login, **words})


async def test_a_push_arrives_as_an_attachment(relay: tuple[str, Relay, int], files: dict[str, str]) -> None:
    kind, taken, port = relay
    async with transport(port, access(kind, files)) as mails:
        await mails.send(APDU)
        await mails.send(b"<Pdu/>")
        with pytest.raises(TransportTimeout, match="no answers"):
            await mails.receive()
    (sender, recipients, mail), (_, _, other) = taken.mails
    assert (sender, recipients, mail["Subject"]) == ("meter@example.org", ["pushes@example.com"], "DLMS push of 4C41420000000001")
    (attached,) = mail.iter_attachments()
    assert attached.get_content() == APDU
    assert str(attached.get_filename()).startswith("4C41420000000001-")
    (attached,) = other.iter_attachments()
    assert (attached.get_content_type(), attached.get_payload(decode=True)) == ("application/xml", b"<Pdu/>")
    assert mail["Message-ID"] != other["Message-ID"]


async def test_a_relay_that_refuses_is_a_transport_error(relay: tuple[str, Relay, int], files: dict[str, str]) -> None:
    kind, taken, port = relay
    taken.refuses = True
    with pytest.raises(TransportError, match="takes no mail"):
        await transport(port, access(kind, files)).send(APDU)


@pytest.mark.parametrize("relay", ["starttls", "implicit"], indirect=True)
@pytest.mark.parametrize(
    "words", [{"ca": "other"}, {"password": "wrong"}], ids=["certificate of somebody else", "wrong password"]
)
async def test_who_is_not_the_relay_or_not_we(
    relay: tuple[str, Relay, int], files: dict[str, str], words: dict[str, str]
) -> None:
    kind, taken, port = relay
    words = {key: files.get(value, value) for key, value in words.items()}
    with pytest.raises(TransportError) as failure:
        await transport(port, access(kind, files, **words)).send(APDU)
    assert taken.mails == []
    assert PASSWORD not in str(failure.value)


@pytest.mark.parametrize("relay", ["none"], indirect=True)
async def test_without_tls_nothing_is_said_unless_it_is_asked_for(relay: tuple[str, Relay, int], files: dict[str, str]) -> None:
    _, taken, port = relay
    with pytest.raises(TransportError, match="no STARTTLS"):
        await transport(port, Access(ca=files["ca"])).send(APDU)
    assert taken.mails == []


@pytest.mark.parametrize("tls", ["yes", "none"])
@pytest.mark.parametrize("much", [False, True], ids=["a little all the time", "a lot"])
async def test_a_relay_that_never_comes_to_an_end(much: bool, tls: str) -> None:
    """The first is left when the time is over, the second at once."""
    async with talking(b"220-" + b"wait" * 100 + b"\r\n", much=much) as port:
        relay = MailRelay(host="127.0.0.1", port=port, sender="meter@example.org", access=Access(tls=tls))
        made = MailTransport(relay, "pushes@example.com", "meter", limits=Limits(message_seconds=1000 if much else 0.5))
        with pytest.raises(TransportError, match="takes no mail" if much else "takes more than 2 s"):
            await made.send(APDU)


def test_a_password_never_goes_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    for words in ({"tls": "none", "user": "meter", "password": PASSWORD}, {"user": "meter"}, {"tls": "perhaps"}):
        with pytest.raises(ConfigError):
            Access(**words)
    for password, says in (("a\r\nQUIT", "cannot be printed"), ("gr\u00fcn", "ASCII")):
        with pytest.raises(ConfigError, match=says) as refused:
            MailRelay(host="h", sender="meter@example.org", access=Access(user="meter", password=password))
        assert password not in str(refused.value)
    assert PASSWORD not in repr(Access(user="meter", password=PASSWORD))
    with pytest.raises(ConfigError, match="MAIL_PASSWORD"):
        secret_from_environment("MAIL_PASSWORD", "meter")
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    assert secret_from_environment("MAIL_PASSWORD", "meter") == PASSWORD
    assert secret_from_environment("MAIL_PASSWORD", None) is None


@pytest.mark.parametrize("text", ["", "nobody", "a@b@c", "a@b, c@d", "a@b\r\nBcc: c@d", "<a@b>", "a b@c", "a@" + "b" * 300])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ConfigError, match="no mail address"):
        mail_address(text)


async def test_certificates_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        Access(ca=str(tmp_path / "missing.pem")).context()
