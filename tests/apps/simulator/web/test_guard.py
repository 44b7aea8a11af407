"""Who gets in, on a real socket: nobody without the token, nobody by another name, no order from another page."""

from __future__ import annotations

import pytest

from dlmskit.apps.simulator.fleets import Fleet
from dlmskit.apps.simulator.web.guard import MOST_OCTETS, Guard
from tests.apps.simulator.web.visitor import Visitor

LOSS = {"kind": "loss", "share": "50", "target": ""}

pytestmark = pytest.mark.asyncio(loop_scope="module")


def untouched(fleet: Fleet) -> bool:
    return not any(meter.faults.active for meter in fleet.meters)


@pytest.mark.parametrize(
    "path", ["/", "/meters", "/api/meters", "/api/faults", "/static/faults.css", "/api/openapi.json", "/nowhere"]
)
async def test_nothing_without_the_token(visitor: Visitor, path: str) -> None:
    answers = [
        await visitor.ask("GET", path),
        await visitor.ask("GET", f"{path}?token="),
        await visitor.ask("GET", f"{path}?token=x{visitor.token}"),
        await visitor.ask("GET", path, Cookie=f"dlmskit-{visitor.port}={visitor.token}"),
        await visitor.ask("GET", path, Cookie=f"dlmskit-{visitor.port}="),
        await visitor.ask("GET", path, Cookie='a="; b'),
        await visitor.ask("GET", path, Authorization="Bearer "),
        await visitor.ask("GET", path, Authorization="Bearer \xff"),
    ]
    assert [answer.status for answer in answers] == [403] * len(answers)


async def test_the_url_of_the_screen_leads_in(visitor: Visitor) -> None:
    answer = await visitor.enter()
    assert (answer.status, answer.headers["location"]) == (303, "/")
    for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in answer.headers["set-cookie"]
    assert visitor.token not in answer.headers["set-cookie"]
    page = await visitor.see("/")
    assert page.status == 200
    assert visitor.token not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "same-origin"


async def test_it_leads_nowhere_else(visitor: Visitor) -> None:
    for path in ("//evil.example/", "/%5C%5Cevil.example", "/\\evil.example"):
        answer = await visitor.ask("GET", f"{path}?token={visitor.token}")
        assert answer.headers["location"].startswith("/")
        assert not answer.headers["location"].startswith(("//", "/\\"))


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "localhost.evil.example", "", "127.0.0.1.evil.example"])
async def test_another_name_is_not_served(visitor: Visitor, host: str) -> None:
    """DNS rebinding: the browser of the victim has the cookie, and believes that this is the host of the attacker."""
    await visitor.enter()
    host = host.format(port=visitor.port)
    answers = [
        await visitor.ask("GET", "/", Host=host, Cookie=visitor.cookie),
        await visitor.ask("GET", f"/?token={visitor.token}", Host=host),
        await visitor.ask("GET", "/api/meters", Host=host, Authorization=f"Bearer {visitor.token}"),
    ]
    assert {answer.status for answer in answers} <= {421, 400}
    assert (await visitor.ask("GET", "/", Host=f"localhost:{visitor.port}", Cookie=visitor.cookie)).status == 200


@pytest.mark.parametrize("origin", ["", "null", "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1:1"])
async def test_an_order_from_another_page_is_refused(fleet: Fleet, visitor: Visitor, origin: str) -> None:
    await visitor.enter()
    answer = await visitor.send(LOSS, Origin=origin.format(port=visitor.port))
    assert answer.status == 403
    answer = await visitor.ask("DELETE", "/api/faults/loss", Cookie=visitor.cookie, Origin=origin or "null")
    assert answer.status == 403
    assert untouched(fleet)
    assert (await visitor.send(LOSS)).status == 303
    assert not untouched(fleet)


async def test_a_body_that_is_too_long(fleet: Fleet, visitor: Visitor) -> None:
    await visitor.enter()
    answer = await visitor.send(LOSS | {"x": "y" * MOST_OCTETS})
    assert answer.status == 413
    assert untouched(fleet)


async def test_half_an_order_is_none() -> None:
    """Whoever goes away in the middle of a number would else cut the power of another meter."""

    async def application(*_: object) -> None:
        pytest.fail("it was served")

    async def send(message: object) -> None: ...

    guard = Guard(application, "127.0.0.1", 1)
    pieces: list[dict[str, object]] = [
        {"type": "http.request", "body": b"kind=power-cut&seconds=900&target=1", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, object]:
        return pieces.pop(0)

    headers = [(b"host", b"127.0.0.1:1"), (b"authorization", f"Bearer {guard.token}".encode())]
    scope = {"type": "http", "method": "POST", "path": "/faults", "query_string": b"", "headers": headers}
    await guard(scope, receive, send)
    assert pieces == []


async def test_it_shows_nothing_of_itself() -> None:
    async def application(*_: object) -> None: ...

    guard = Guard(application, "127.0.0.1", 1)
    assert guard.token not in repr(guard)
    assert guard.token != Guard(application, "127.0.0.1", 1).token
