"""Who may see the page of faults and use it: whoever has the token, from a page that came from here.

An ASGI wrapper around the whole application. A name that somebody points at this machine (DNS rebinding) is no host of ours; a
form on another page (CSRF) has another origin; the token is compared in constant time, and never put into a page.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlencode

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_OCTETS = 1 << 16
"""Of the body of a request."""
_SAFE = frozenset(("GET", "HEAD"))
_HEADERS = (
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
            b"frame-ancestors 'none'; base-uri 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Guard:
    """Lets through what may pass. ``host`` is the name that is listened at, ``port`` the port."""

    def __init__(self, application: Application, host: str, port: int) -> None:
        self._application = application
        self._host = host.casefold()
        self.token = secrets.token_urlsafe(32)
        self._cookie = f"dlmskit-{port}"  # cookies are shared by all ports of a host
        self._proof = hmac.new(self.token.encode(), b"cookie", hashlib.sha256).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refused(scope, headers)
        if refusal is not None:
            await _answer(send, *refusal)
        elif (redirected := self._enters(scope)) is not None:
            await self._welcome(send, redirected)
        else:
            body = await _body(receive)
            if body is None:
                await _answer(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MOST_OCTETS} octets")
            else:
                await self._application(scope, _again(body, receive), _guarded(send))

    def _refused(self, scope: Scope, headers: dict[str, str]) -> tuple[HTTPStatus, str] | None:
        """Why a request is not served."""
        if not self._ours(headers.get("host", "")):
            return (
                HTTPStatus.MISDIRECTED_REQUEST,
                "this is not the host that the page is served at: take the URL that the program shows",
            )
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if bearer and _same(bearer, self.token):
            return None
        if self._enters(scope) is not None:
            return None
        if not _same(self._shown(headers.get("cookie", "")), self._proof):
            return HTTPStatus.FORBIDDEN, "the token is missing or wrong: open the URL that the program shows, whole"
        if scope["method"] not in _SAFE and headers.get("origin", "") != f"http://{headers['host']}":
            return HTTPStatus.FORBIDDEN, "this order comes from another page"
        return None

    def _ours(self, host: str) -> bool:
        """Whether a Host header is an address, or the name that was chosen: no name that others give us."""
        name = (host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]).strip("[]").casefold()
        if name in {"localhost", self._host}:
            return True
        try:
            return bool(ip_address(name))
        except ValueError:
            return False

    def _enters(self, scope: Scope) -> str | None:
        """Where to go on without the token, for a request that brings it in its URL."""
        if scope["method"] not in _SAFE:
            return None
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if not _same(query.pop("token", [""])[0], self.token):
            return None
        path = str(scope["path"]).lstrip("/\\")
        return f"/{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")

    def _shown(self, header: str) -> str:
        try:
            found = SimpleCookie(header).get(self._cookie)
        except CookieError:
            return ""
        return "" if found is None else found.value

    async def _welcome(self, send: Send, where: str) -> None:
        """Keep the proof in a cookie, and take the token out of the address."""
        cookie = f"{self._cookie}={self._proof}; HttpOnly; SameSite=Strict; Path=/"
        headers = ((b"location", where.encode("latin-1", "replace")), (b"set-cookie", cookie.encode()))
        await _answer(send, HTTPStatus.SEE_OTHER, "", headers)

    def __repr__(self) -> str:
        return "Guard(...)"


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), known.encode())


async def _answer(send: Send, status: HTTPStatus, words: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    kind = (b"content-type", b"text/plain; charset=utf-8")
    await send({"type": "http.response.start", "status": int(status), "headers": [kind, *_HEADERS, *headers]})
    await send({"type": "http.response.body", "body": f"{words}\n".encode() if words else b""})


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None for one that is too long, or whose sender went away in the middle of it."""
    octets = b""
    while True:
        message = await receive()
        octets += bytes(message.get("body", b""))
        if len(octets) > MOST_OCTETS or message["type"] != "http.request":
            return None
        if not message.get("more_body", False):
            return octets


def _again(body: bytes, receive: Receive) -> Receive:
    """What the application receives: the body, in one piece, then what comes."""
    pieces: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        return pieces.pop() if pieces else await receive()

    return received


def _guarded(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *_HEADERS]}
        await send(message)

    return guarded
