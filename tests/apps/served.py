"""A simulated meter on a socket, in a thread of its own: for tests that run commands, which have an event loop of theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from dlmskit.apps.simulator.serving import Served, Serving, served


@contextmanager
def served_in_a_thread(description: Path, state: Path) -> Iterator[Served]:
    """The meter of a description, with its state in this folder, as long as the block runs."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    serving = served(description, Serving(port=0, state=state))
    try:
        yield asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(60)
        asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result(60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
