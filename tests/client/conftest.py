"""What the tests of the client share: a meter in memory, and both doors to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import dlmskit
from dlmskit.client.counters import STATE_VARIABLE, Counters
from tests.client.small_meter import CLIENT_TITLE, KEYS, SmallMeter

Connect = Callable[..., AbstractAsyncContextManager[Any]]


_OF_AN_OBJECT = frozenset(
    ("profile", "security_setup", "object", "register", "extended_register", "demand_register", "data", "clock")
)


class _Awaitable:
    """A blocking object whose calls can be awaited, so that one test serves both facades."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in _OF_AN_OBJECT:
            return lambda *given, **named: _Awaitable(found(*given, **named))
        if not callable(found):
            return found

        async def call(*given: Any, **named: Any) -> Any:
            return found(*given, **named)

        return call

    def __await__(self) -> Generator[Any, Any, Any]:
        """As the objects of the other facade: the reading."""
        return self.reading().__await__()


@asynccontextmanager
async def _awaitable(url: str, **named: Any) -> AsyncIterator[Any]:
    with dlmskit.sync.connect(url, **named) as meter:
        yield _Awaitable(meter)


@pytest.fixture(params=["asyncio", "blocking"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """``connect`` of one of the two facades; what it gives is awaited in both cases."""
    return dlmskit.connect if request.param == "asyncio" else _awaitable


@pytest.fixture
def small_meter() -> Iterator[SmallMeter]:
    with SmallMeter().listening() as meter:
        yield meter


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the state of the user who runs it."""
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))


@pytest.fixture
def secured() -> dict[str, Any]:
    """Words of a protected connection, with counters of its own that start above those of the meter."""
    counters = Counters.in_memory()
    assert KEYS.guek is not None
    counters.transmit.of(KEYS.guek, CLIENT_TITLE).advance_to(10_000)
    return {"keys": KEYS, "client_title": CLIENT_TITLE, "counters": counters}
