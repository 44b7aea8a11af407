"""Who may be at the other end of a TLS connection, and how we show who we are: TLS 1.3, both ends by certificate.

A certificate names a host, or a system title where it is one of the DLMS profile for TLS (common name of 16 hexadecimal digits).
No session is resumed, so there is no early data that could be replayed. TLS is a shield around the wrapper; it replaces nothing
of the security of COSEM.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from dlmskit.errors import ConfigError, DlmsError, SecurityError, SecurityReason, TransportError
from dlmskit.types.system_title import SystemTitle

PORT: Final = 4060
"""Where we expect the wrapper inside TLS; no port is registered for it."""
PASSPHRASE: Final = "DLMSKIT_TLS_PASSPHRASE"  # noqa: S105 - the name of the variable
"""Environment variable with the passphrase of the private key, where it has one."""
OPTIONS: Final = {
    "ca": "file with the certificates that are trusted to vouch for the peer, PEM",
    "cert": "file with our certificate (and those up to the root), PEM",
    "key": "file with our private key, PEM; without it the key is in the file of the certificate",
    "title": "system title that the certificate of the peer must carry",
}
_TITLE = re.compile(r"[0-9A-Fa-f]{16}")
_REFUSALS = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")
"""In the name of an alert: it is about a certificate."""


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """The files of one end, and whom it accepts. Raises ConfigError, when a context is made, for files that cannot be used."""

    authorities: str
    """File of trusted certificates. There is no default: the authorities of the web vouch for no meter."""
    certificate: str | None = None
    """File of our own certificate. A client without one is turned away by servers that ask, as ours do."""
    key: str | None = None
    title: SystemTitle | None = None
    """The system title of the peer, from its certificate; a client then does not compare the name of the host."""

    def client_context(self) -> ssl.SSLContext:
        """For a client: the server shows a certificate of the authorities, for the host or for the system title."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = self.title is None
        self._load(context)
        return context

    def server_context(self) -> ssl.SSLContext:
        """For a server: every client shows a certificate of the authorities."""
        if self.certificate is None:
            raise ConfigError("a TLS server needs a certificate: say cert=FILE and key=FILE")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        context.num_tickets = 0
        self._load(context)
        return context

    def check(self, certificate: Mapping[str, Any] | None) -> SystemTitle | None:
        """The system title in a peer's certificate that TLS has verified. Raises SecurityError when it is not the wanted one."""
        found = title_of(certificate or {})
        if self.title is not None and found != self.title:
            shown = "no system title" if found is None else str(found)
            message = f"the TLS certificate of the peer is for {shown}, wanted is {self.title}"
            raise SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, message)
        return found

    def _load(self, context: ssl.SSLContext) -> None:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        try:
            context.load_verify_locations(cafile=self.authorities)
        except OSError as error:
            raise ConfigError(f"TLS: the certificates in {self.authorities} cannot be used: {_words(error)}") from error
        if self.certificate is None:
            return
        try:
            context.load_cert_chain(self.certificate, self.key, _passphrase)
        except OSError as error:
            files = self.certificate if self.key is None else f"{self.certificate} with {self.key}"
            raise ConfigError(f"TLS: the certificate {files} cannot be used: {_words(error)}") from error


def title_of(certificate: Mapping[str, Any]) -> SystemTitle | None:
    """The system title that a certificate (as `ssl` shows it) has for its common name; None where that is something else."""
    names = [value for relative in certificate.get("subject", ()) for kind, value in relative if kind == "commonName"]
    return SystemTitle(names[0]) if len(names) == 1 and _TITLE.fullmatch(names[0]) else None


def handshake_failure(where: str, error: OSError) -> DlmsError:
    """Why no TLS connection came about, with the blame where it belongs."""
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = ""
        if error.verify_code in {62, 64}:  # host name or IP address mismatch
            hint = "; say title=... where the certificate is for a system title"
        message = f"the TLS certificate of {where} is not accepted: {error.verify_message}{hint}"
        return SecurityError(SecurityReason.CERTIFICATE_REFUSED, message)
    if is_refusal(error):
        return refused_by_peer(where, _words(error))
    return TransportError(f"no TLS with {where}: {_words(error)}")


def is_refusal(error: BaseException | None) -> bool:
    """Whether the peer said that it does not take our certificate, or wants one."""
    reason = getattr(error, "reason", None) or ""
    return isinstance(error, ssl.SSLError) and "ALERT" in reason and any(word in reason for word in _REFUSALS)


def refused_by_peer(where: str, detail: str = "") -> SecurityError:
    """The peer ended a TLS connection over our certificate. In TLS 1.3 that shows only after our side of the handshake."""
    what = f": {detail}" if detail else ", without a word, before its first message"
    message = (
        f"{where} ended the TLS connection{what}. Servers do that when a client certificate is missing or not trusted: "
        "see cert=FILE and key=FILE, and whether the server knows the authority behind them"
    )
    return SecurityError(SecurityReason.AUTHENTICATION_FAILED, message)


def _passphrase() -> str:
    found = os.environ.get(PASSPHRASE)
    return _no_passphrase() if found is None else found


def _no_passphrase() -> NoReturn:
    raise ConfigError(f"TLS: the private key has a passphrase; put it into the environment variable {PASSPHRASE}")


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return error.strerror or type(error).__name__
