"""The listener without asyncio: the same one, run by a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from threading import Thread
from types import TracebackType
from typing import Any, Self

from dlmskit.errors import LocalProtocolError
from dlmskit.trace.listening.admission import ListenCounts
from dlmskit.trace.listening.listener import PushListener, listen
from dlmskit.trace.listening.pushed import Push


class BlockingPushListener:
    """As `PushListener`, for a ``with`` block and a ``for`` loop."""

    def __init__(self, listener: PushListener) -> None:
        self._listener = listener
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it listens."""
        return self._listener.urls

    @property
    def counts(self) -> ListenCounts:
        """What it has met since its start."""
        return self._listener.counts

    def __enter__(self) -> Self:
        if self._loop is not None:
            raise LocalProtocolError("this listener listens already")
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="dlmskit-listen", daemon=True)
        self._thread.start()
        try:
            self._run(self._listener.__aenter__())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        try:
            self._run(self._listener.__aexit__(kind, error, traceback))
        finally:
            self._stop()

    def __iter__(self) -> Iterator[Push]:
        while (push := self.next()) is not None:
            yield push

    def next(self, seconds: float | None = None) -> Push | None:
        """The next push; None where none comes in time, or the listener has ended."""

        async def upcoming() -> Push | None:
            try:
                async with asyncio.timeout(seconds):
                    return await anext(self._listener, None)
            except TimeoutError:
                return None

        found: Push | None = self._run(upcoming())
        return found

    def _run(self, work: Any) -> Any:
        if self._loop is None:
            work.close()
            raise LocalProtocolError("this listener listens inside its with block alone")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _stop(self) -> None:
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


def listen_blocking(*urls: str, **words: Any) -> BlockingPushListener:
    """As `listen`."""
    return BlockingPushListener(listen(*urls, **words))
