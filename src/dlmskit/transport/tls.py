"""The wrapper inside TLS (``tls://``), client side: the TCP profile with a certificate at both ends.

In TLS 1.3 a client has finished its handshake before the server looks at the certificate of the client. A server that refuses it
is therefore met as a connection that ends before the first message: that is told as what it is, a failed authentication.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import cast

from dlmskit.errors import ConfigError, DlmsError, SecurityError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.transport.base import BlockingTransport, HandlerFactory, Listener, Saps, Transport
from dlmskit.transport.tcp import CONNECT_SECONDS, ClientStream, TcpTransport
from dlmskit.transport.tcp_blocking import BlockingTcpTransport
from dlmskit.transport.tls_context import OPTIONS, PORT, TlsIdentity, handshake_failure, is_refusal, refused_by_peer
from dlmskit.transport.tls_server import serve_tls, tls_profile
from dlmskit.transport.url import Scheme, TransportUrl
from dlmskit.types.system_title import SystemTitle


class TlsTransport(TcpTransport):
    """An APDU pipe to ``host:port`` in TLS (see `dlmskit.transport.base.Transport`). Raises ConfigError for unusable files."""

    def __init__(
        self,
        host: str,
        identity: TlsIdentity,
        port: int = PORT,
        saps: Saps | None = None,
        limits: Limits = DEFAULT,
        connect_seconds: float = CONNECT_SECONDS,
    ) -> None:
        super().__init__(host, port, saps, limits, connect_seconds)
        self.profile = tls_profile(limits)
        self._identity = identity
        self._context = identity.client_context()

    async def _connected(self) -> ClientStream:
        transport, stream = await asyncio.get_running_loop().create_connection(
            lambda: _TlsStream(self.where, self.saps, self._limits),
            self._host,
            self._port,
            ssl=self._context,
            server_hostname=self._host,
        )
        try:
            self._identity.check(transport.get_extra_info("peercert"))
        except SecurityError as error:
            stream.abort(error)
            raise
        return stream

    def _not_connected(self, error: OSError) -> DlmsError:
        return handshake_failure(self.where, error) if isinstance(error, ssl.SSLError) else super()._not_connected(error)


class _TlsStream(ClientStream):
    __slots__ = ("_heard", "_where")

    def __init__(self, where: str, saps: Saps, limits: Limits) -> None:
        super().__init__(saps, limits)
        self._where = where
        self._heard = False

    def buffer_updated(self, nbytes: int) -> None:
        self._heard = True
        super().buffer_updated(nbytes)

    def why_lost(self, error: Exception | None) -> DlmsError:
        if is_refusal(error):
            return refused_by_peer(self._where, str(cast("ssl.SSLError", error).reason))
        return super().why_lost(error) if self._heard else refused_by_peer(self._where)


class BlockingTlsTransport(BlockingTcpTransport):
    """The same without asyncio (see `dlmskit.transport.base.BlockingTransport`)."""

    def __init__(
        self,
        host: str,
        identity: TlsIdentity,
        port: int = PORT,
        saps: Saps | None = None,
        limits: Limits = DEFAULT,
        connect_seconds: float = CONNECT_SECONDS,
    ) -> None:
        super().__init__(host, port, saps, limits, connect_seconds)
        self.profile = tls_profile(limits)
        self._identity = identity
        self._context = identity.client_context()
        self._heard = False

    def _connected(self) -> socket.socket:
        self._heard = False
        plain = super()._connected()
        try:
            wrapped = self._context.wrap_socket(plain, server_hostname=self._host)
        except BaseException:
            plain.close()
            raise
        try:
            self._identity.check(wrapped.getpeercert())
        except SecurityError:
            wrapped.close()
            raise
        return wrapped

    def _not_connected(self, error: OSError) -> DlmsError:
        return handshake_failure(self.where, error) if isinstance(error, ssl.SSLError) else super()._not_connected(error)

    def _feed(self, octets: bytes) -> None:
        self._heard = self._heard or bool(octets)
        super()._feed(octets)

    def _why_lost(self, error: OSError | None) -> DlmsError:
        if is_refusal(error):
            return refused_by_peer(self.where, str(cast("ssl.SSLError", error).reason))
        return super()._why_lost(error) if self._heard else refused_by_peer(self.where)


def _identity(url: TransportUrl) -> TlsIdentity:
    options = url.options
    if "ca" not in options:
        raise ConfigError(f"{url.text}: say with ca=FILE which authorities vouch for the other end")
    title = SystemTitle(options["title"]) if "title" in options else None
    return TlsIdentity(options["ca"], options.get("cert"), options.get("key"), title)


def _connect(url: TransportUrl, limits: Limits) -> Transport:
    host, port = url.host_and_port(PORT)
    return TlsTransport(host, _identity(url), port, url.saps, limits, url.seconds("connect", CONNECT_SECONDS))


def _connect_blocking(url: TransportUrl, limits: Limits) -> BlockingTransport:
    host, port = url.host_and_port(PORT)
    return BlockingTlsTransport(host, _identity(url), port, url.saps, limits, url.seconds("connect", CONNECT_SECONDS))


async def _listen(url: TransportUrl, handler_factory: HandlerFactory, limits: Limits) -> Listener:
    host, port = url.host_and_port(PORT, listening=True)
    return await serve_tls(host, port, identity=_identity(url), handler_factory=handler_factory, limits=limits)


SCHEME = Scheme(
    "tls",
    "tls://host:4060?client=16&server=1&ca=ca.pem&cert=client.pem",
    _connect,
    _connect_blocking,
    _listen,
    {**OPTIONS, "connect": "seconds to wait for the connection"},
)
