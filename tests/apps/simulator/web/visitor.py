"""Somebody who speaks HTTP with the page of faults, header by header, on a real socket."""

from __future__ import annotations

import asyncio
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

METERS = 28
"""Two pages."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Visitor:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self.host, self.port = parts.hostname, parts.port
        self.token = parse_qs(parts.query)["token"][0]
        self.origin = f"http://{parts.netloc}"
        self.cookie = ""

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        return await asyncio.to_thread(self._ask, method, path, body, headers)

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host="Host" in headers)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            if body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()

    async def enter(self) -> Answer:
        """Open the URL of the screen, and keep the cookie, as a browser does."""
        answer = await self.ask("GET", f"/?token={self.token}")
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    async def see(self, path: str) -> Answer:
        return await self.ask("GET", path, Cookie=self.cookie)

    async def send(self, form: dict[str, str], **headers: str) -> Answer:
        """A form of the page."""
        headers = {"Cookie": self.cookie, "Origin": self.origin} | headers
        return await self.ask("POST", "/faults", urlencode(form).encode(), **{k: v for k, v in headers.items() if v})

    async def api(self, method: str, path: str, value: Any = None, token: str | None = None) -> Answer:
        body = b"" if value is None else json.dumps(value).encode()
        return await self.ask(method, path, body, Authorization=f"Bearer {self.token if token is None else token}")
