"""TLS on real sockets: who is let in, what a refusal is called on either side, and that handshakes cannot pile up."""

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from datetime import UTC, datetime

import pytest
import uvloop

import dlmskit
from dlmskit.client.counters import STATE_VARIABLE
from dlmskit.errors import ConfigError, SecurityError, SecurityReason, TransportError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.wrapper import encode_wrapper
from dlmskit.testing.transport_suite import Medium, TransportSuite
from dlmskit.transport.base import Saps
from dlmskit.transport.tcp import TcpTransport
from dlmskit.transport.tls import BlockingTlsTransport, TlsTransport
from dlmskit.transport.tls_context import PASSPHRASE, TlsIdentity
from dlmskit.transport.tls_server import serve_tls
from dlmskit.transport.url import blocking_transport_from_url, listen_at, transport_from_url
from dlmskit.types.system_title import SystemTitle
from tests.client.small_meter import ENERGY, KEYS, SmallMeter, handler_of
from tests.transport.test_tcp import HANDLERS, Echo, foreign, until
from tests.transport.tls_files import CLIENT, METER, Authority

OTHER = SystemTitle("4D4D4D0000000099")


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"), "root")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")


@pytest.fixture(scope="module")
def meter_end(pki):
    return TlsIdentity(pki.path, pki.of_title(METER))


@pytest.fixture(scope="module")
def client_end(pki):
    return TlsIdentity(pki.path, pki.of_title(CLIENT), title=METER)


@contextlib.asynccontextmanager
async def listening(identity, limits=DEFAULT):
    HANDLERS.clear()
    listener = await serve_tls("127.0.0.1", 0, identity=identity, handler_factory=Echo, limits=limits)
    try:
        yield listener
    finally:
        await listener.close()


class TestTls(TransportSuite):
    largest = 65_535

    @pytest.fixture(autouse=True)
    def _ends(self, meter_end, client_end):
        self.ends = meter_end, client_end

    @contextlib.asynccontextmanager
    async def serving(self, handler_factory, limits):
        server, client = self.ends
        listener = await serve_tls("127.0.0.1", 0, identity=server, handler_factory=handler_factory, limits=limits)
        port = listener.port
        try:
            yield Medium(
                listener,
                lambda saps: TlsTransport("127.0.0.1", client, port, saps, limits),
                lambda saps: BlockingTlsTransport("127.0.0.1", client, port, saps, limits),
            )
        finally:
            await listener.close()


async def exchange(port, identity, *, blocking):
    """One request of a client of either kind."""
    if not blocking:
        async with TlsTransport("127.0.0.1", identity, port) as client:
            await client.send(b"hello")
            return await client.receive()

    def session():
        with BlockingTlsTransport("127.0.0.1", identity, port) as client:
            client.send(b"hello")
            return client.receive()

    return await asyncio.to_thread(session)


both = pytest.mark.parametrize("blocking", [False, True], ids=["asyncio", "blocking"])


@both
async def test_both_ends_are_known(meter_end, client_end, blocking):
    async with listening(meter_end) as listener:
        assert await exchange(listener.port, client_end, blocking=blocking) == b"hello"
        assert str(CLIENT) in HANDLERS[0].connection.peer


@both
async def test_our_client_reads_our_meter(pki, client_end, tmp_path, monkeypatch, blocking):
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    meter = SmallMeter()
    address = f"tls://127.0.0.1:0?ca={pki.path}&cert={pki.of_title(METER)}"
    listener = await listen_at(address, lambda connection: handler_of(meter, connection))
    ends = f"ca={pki.path}&cert={client_end.certificate}&title={METER}"
    url = f"tls://127.0.0.1:{listener.port}?{ends}&client=1&client_title={CLIENT}&counters=memory"
    if not blocking:
        async with dlmskit.connect(url, keys=KEYS) as client:
            assert await client.read(ENERGY) == 123456
    else:

        def session():
            with dlmskit.sync.connect(url, keys=KEYS) as client:
                return client.read(ENERGY)

        assert await asyncio.to_thread(session) == 123456
    await listener.close()


@both
async def test_missing_client_certificate_is_a_failed_authentication(pki, meter_end, blocking):
    async with listening(meter_end) as listener:
        with pytest.raises(SecurityError, match="client certificate is missing") as caught:
            await exchange(listener.port, TlsIdentity(pki.path, title=METER), blocking=blocking)
        assert caught.value.reason is SecurityReason.AUTHENTICATION_FAILED
        await until(lambda: listener.counts.failed == 1)
        assert not HANDLERS


@both
async def test_client_of_another_authority_is_refused(pki, stranger, meter_end, blocking):
    async with listening(meter_end) as listener:
        with pytest.raises(SecurityError) as caught:
            await exchange(listener.port, TlsIdentity(pki.path, stranger.of_title(CLIENT), title=METER), blocking=blocking)
        assert caught.value.reason is SecurityReason.AUTHENTICATION_FAILED
        assert not HANDLERS


@both
@pytest.mark.parametrize("fault", ["authority", "title", "host", "expired"])
async def test_server_that_is_not_the_wanted_one_gets_no_message(pki, stranger, client_end, fault, blocking):
    own = client_end.certificate
    server, trusted, title, reason = {
        "authority": (stranger.of_title(METER), pki, METER, "certificate-refused: .*not accepted: unable to get local issuer"),
        "title": (pki.of_title(OTHER), pki, METER, f"system-title-mismatch: .*is for {OTHER}, wanted is {METER}"),
        "host": (pki.of_title(METER), pki, None, "certificate-refused: .*say title="),
        "expired": (
            pki.of_title(METER, until=datetime(2021, 1, 1, tzinfo=UTC)),
            pki,
            METER,
            "certificate-refused: .*not accepted: certificate has expired",
        ),
    }[fault]
    async with listening(TlsIdentity(pki.path, server)) as listener:
        with pytest.raises(SecurityError, match=reason):
            await exchange(listener.port, TlsIdentity(trusted.path, own, title=title), blocking=blocking)
        assert not any(handler.heard for handler in HANDLERS)


@both
async def test_certificate_of_a_host(pki, client_end, blocking):
    server = TlsIdentity(pki.path, pki.of_host("127.0.0.1"))
    async with listening(server) as listener:
        assert await exchange(listener.port, TlsIdentity(pki.path, client_end.certificate), blocking=blocking) == b"hello"
        with pytest.raises(SecurityError, match="is for no system title, wanted is"):
            await exchange(listener.port, client_end, blocking=blocking)


async def test_server_takes_one_title_alone_when_it_says_so(pki, client_end):
    server = TlsIdentity(pki.path, pki.of_title(METER), title=CLIENT)
    async with listening(server) as listener:
        assert await exchange(listener.port, client_end, blocking=False) == b"hello"
        with pytest.raises(SecurityError):
            await exchange(listener.port, TlsIdentity(pki.path, pki.of_title(OTHER), title=METER), blocking=False)
        await until(lambda: listener.counts.failed == 1)
        assert len(HANDLERS) == 1


async def test_connection_lost_behind_the_first_message_is_no_matter_of_certificates(meter_end, client_end):
    async with listening(meter_end) as listener, TlsTransport("127.0.0.1", client_end, listener.port) as client:
        await client.send(b"close")
        assert await client.receive() == b"close"
        with pytest.raises(TransportError, match="closed by the peer"):
            await client.receive()


@both
async def test_plain_peer_is_told_apart(client_end, meter_end, blocking):
    async def talk(reader, writer):
        await reader.read(1)
        writer.write(encode_wrapper(1, 16, b"in clear"))

    async with foreign(talk) as port:
        with pytest.raises(TransportError, match="no TLS with 127"):
            await exchange(port, client_end, blocking=blocking)
    async with listening(meter_end) as listener, TcpTransport("127.0.0.1", listener.port) as client:
        await client.send(b"hello")
        with pytest.raises(TransportError):
            await client.receive()
        await until(lambda: listener.counts.failed == 1)


async def test_no_version_below_1_3(pki, meter_end, client_end):
    """From a client that would be welcome otherwise."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(pki.path)
    context.load_cert_chain(client_end.certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with listening(meter_end) as listener:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", listener.port, ssl=context, server_hostname="x")


async def test_no_session_is_resumed(pki, meter_end, client_end):
    """So there is no early data that could be replayed."""
    context = client_end.client_context()
    async with listening(meter_end) as listener:

        def session():
            with (
                socket.create_connection(("127.0.0.1", listener.port)) as plain,
                context.wrap_socket(plain, server_hostname="meter") as wrapped,
            ):
                wrapped.sendall(encode_wrapper(16, 1, b"hello"))
                assert wrapped.recv(100) == encode_wrapper(1, 16, b"hello")
                return wrapped.session.has_ticket, wrapped.version()

        assert await asyncio.to_thread(session) == (False, "TLSv1.3")


async def test_handshakes_do_not_pile_up(meter_end, client_end):
    limits = Limits(pending_connections=4, message_seconds=10.0)
    async with listening(meter_end, limits) as listener:
        silent = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(12)]
        await until(lambda: listener.counts.displaced == 8)
        assert listener.handshakes == 4
        assert await silent[0][0].read() == b""  # the oldest made room
        assert await exchange(listener.port, client_end, blocking=False) == b"hello"
        for _, writer in silent:
            writer.close()


async def test_handshake_has_a_time_limit(meter_end, caplog):
    caplog.set_level(logging.WARNING)
    async with listening(meter_end, Limits(message_seconds=0.1)) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        assert await reader.read() == b""
        await until(lambda: listener.counts.failed == 1 and not listener.handshakes)
        writer.close()
    assert "dropped: no TLS with 127.0.0.1" in caplog.text


def test_on_uvloop(meter_end, client_end, pki):
    async def run():
        async with listening(meter_end) as listener:
            assert await exchange(listener.port, client_end, blocking=False) == b"hello"
            with pytest.raises(SecurityError, match="client certificate is missing"):
                await exchange(listener.port, TlsIdentity(pki.path, title=METER), blocking=False)

    uvloop.run(run())


async def test_urls(pki, client_end):
    server = await listen_at(f"tls://127.0.0.1:0?ca={pki.path}&cert={pki.of_title(METER)}", Echo)
    url = f"tls://127.0.0.1:{server.port}?ca={pki.path}&cert={client_end.certificate}&title={METER}&client=1"
    async with transport_from_url(url) as client:
        assert (client.saps, client.profile.name, client.profile.secure) == (Saps(1, 1), "tls", True)
        await client.send(b"hello")
        assert await client.receive() == b"hello"
    assert isinstance(blocking_transport_from_url(url), BlockingTlsTransport)
    await server.close()
    with pytest.raises(ConfigError, match="say with ca=FILE"):
        transport_from_url("tls://127.0.0.1")
    with pytest.raises(ConfigError, match="a TLS server needs a certificate"):
        await listen_at(f"tls://127.0.0.1:0?ca={pki.path}", Echo)


@pytest.mark.parametrize(
    ("ca", "cert", "message"),
    [
        ("missing.pem", None, "certificates in .*missing.pem cannot be used: No such file"),
        ("empty.pem", None, "certificates in .*empty.pem cannot be used: no certificate"),
        (None, "missing.pem", "the certificate .*missing.pem cannot be used: No such file"),
        (None, "root", "the certificate .* cannot be used: "),
    ],
)
def test_unusable_files_are_named(pki, tmp_path, ca, cert, message):
    (tmp_path / "empty.pem").write_bytes(b"")
    certificate = pki.path if cert == "root" else cert and str(tmp_path / cert)
    with pytest.raises(ConfigError, match=message):
        TlsIdentity(str(tmp_path / ca) if ca else pki.path, certificate).client_context()


def test_key_with_a_passphrase(pki, monkeypatch):
    identity = TlsIdentity(pki.path, pki.of_title(CLIENT, passphrase=b"of the test"))
    monkeypatch.delenv(PASSPHRASE, raising=False)
    with pytest.raises(ConfigError, match=f"environment variable {PASSPHRASE}"):
        identity.client_context()
    monkeypatch.setenv(PASSPHRASE, "of the test")
    identity.client_context()
    monkeypatch.setenv(PASSPHRASE, "another")
    with pytest.raises(ConfigError, match="cannot be used") as caught:
        identity.client_context()
    assert "another" not in str(caught.value)


async def test_foreign_client(pki, meter_end, client_end):
    """OpenSSL's own tool, with and without a certificate."""

    async def openssl(port, *words):
        process = await asyncio.create_subprocess_exec(
            *("openssl", "s_client", "-quiet", "-no_ign_eof", "-tls1_3", "-connect", f"127.0.0.1:{port}", "-CAfile", pki.path),
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(encode_wrapper(16, 1, b"hello"))
        try:
            async with asyncio.timeout(10):
                return await process.stdout.readexactly(13)
        except (TimeoutError, asyncio.IncompleteReadError):
            return b""
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()

    async with listening(meter_end) as listener:
        assert await openssl(listener.port, "-cert", client_end.certificate, "-key", client_end.certificate) == encode_wrapper(
            1, 16, b"hello"
        )
        assert await openssl(listener.port) == b""
        assert len(HANDLERS) == 1


async def test_foreign_server_that_names_its_reason(pki, client_end, meter_end):
    """The alert of a server that flushes it: certificate required."""
    ready = threading.Event()
    listening_socket = socket.create_server(("127.0.0.1", 0))
    context = meter_end.server_context()

    def serve():
        ready.set()
        accepted, _ = listening_socket.accept()
        with accepted, contextlib.suppress(ssl.SSLError):
            context.wrap_socket(accepted, server_side=True)

    thread = threading.Thread(target=serve)
    thread.start()
    ready.wait()
    port = listening_socket.getsockname()[1]
    with pytest.raises(SecurityError, match=r"(?i)certificate_required"):
        async with TlsTransport("127.0.0.1", TlsIdentity(pki.path, title=METER), port) as client:
            await client.receive()
    thread.join()
    listening_socket.close()
