"""Pushes out of a folder: what an FTP server or a mail server has put there, as APDU, as XML, or in the attachments of mails.

A file that was taken is moved to the folder ``taken`` inside it. Unfinished files (``.part``) and hidden ones are left alone, and
one that still grows between two looks is not taken yet. One that cannot be read or moved is told of once, and holds up no other.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from dlmskit.errors import TransportError
from dlmskit.trace.listening.mails import messages_of
from dlmskit.transport.ftp import UNFINISHED

_LOG = logging.getLogger("dlmskit.trace")
_POLL_SECONDS = 1.0
_LARGEST = 4 << 20
TAKEN = "taken"
TakeFile = Callable[[bytes, str], None]
"""Told a message and the name of its file."""
State = tuple[int, int]
"""Time and size of a file."""


class FolderListener:
    """A `Listener`: looks into a folder again and again."""

    def __init__(self, folder: Path, take: TakeFile, has_room: Callable[[], bool]) -> None:
        self._folder = folder
        self._take = take
        self._has_room = has_room
        self._seen: dict[Path, State] = {}
        """The files of the last look."""
        self._stuck: dict[Path, State] = {}
        """Files that could not be read, or not moved: not looked at again as they are."""
        self._task: asyncio.Task[None] | None = None

    port = 0
    connections = 0

    async def listen(self) -> None:
        """Begin. Raises TransportError where there is no such folder, or it cannot be written."""
        try:
            await asyncio.to_thread((self._folder / TAKEN).mkdir, exist_ok=True)
        except OSError as error:
            raise TransportError(f"{self._folder}: no folder that can be written: {error.strerror or error}") from error
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self._look()
            except OSError as error:
                _LOG.warning("%s: %s", self._folder, error)
            await asyncio.sleep(_POLL_SECONDS)

    async def _look(self) -> None:
        """Take every file that is there, the oldest first, while there is room: a message that was verified is not read again."""
        found = await asyncio.to_thread(_files, self._folder)
        self._stuck = {path: state for path, state in self._stuck.items() if found.get(path) == state}
        ready = [path for path, state in found.items() if self._seen.get(path) == state and path not in self._stuck]
        self._seen = found
        for path in ready:
            if not self._has_room():
                return
            try:
                await self._taken(path)
            except OSError as error:
                self._stuck[path] = found[path]
                _LOG.warning("%s: this file is left where it is: %s", self._folder, error)

    async def _taken(self, path: Path) -> None:
        """Hand on what is in a file, and move it away. Raises OSError."""
        for message in await asyncio.to_thread(_messages, path):
            self._take(message, path.name)
        await asyncio.to_thread(path.replace, self._folder / TAKEN / path.name)


def _files(folder: Path) -> dict[Path, State]:
    """The finished files, the oldest first, each with its time and size."""
    found: dict[Path, State] = {}
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # it went away meanwhile
            state = path.lstat()
            if S_ISREG(state.st_mode) and not path.name.startswith(".") and path.suffix != UNFINISHED:
                found[path] = state.st_mtime_ns, state.st_size
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _messages(path: Path) -> list[bytes]:
    """The messages in a file, as far as one is read: what is cut does not verify. Raises OSError, also for a link or a pipe."""
    with open(path, "rb", opener=_plainly) as file:
        if not S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(f"{path.name!r} is no file any more")
        return messages_of(file.read(_LARGEST))


def _plainly(path: str, flags: int) -> int:
    """Open what stands there itself, without waiting for another end."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
