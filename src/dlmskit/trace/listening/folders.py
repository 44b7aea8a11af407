"""Pushes out of a folder: what an FTP server or a mail server has put there, as APDU, as XML, or in the attachments of mails.

A file that was taken is moved to the folder ``taken`` inside it. Unfinished files (``.part``) and hidden ones are left alone, and
one that still grows between two looks is not taken yet.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from stat import S_ISREG

from dlmskit.errors import TransportError
from dlmskit.transport.ftp import UNFINISHED

_LOG = logging.getLogger("dlmskit.trace")
_POLL_SECONDS = 1.0
_LARGEST = 4 << 20
_MOST_ATTACHMENTS = 16
_MAIL = range(ord("A"), ord("Z") + 1)
"""What a mail begins with, and no APDU that is pushed."""
TAKEN = "taken"
TakeFile = Callable[[bytes, str], None]
"""Told a message and the name of its file."""


class FolderListener:
    """A `Listener`: looks into a folder again and again."""

    def __init__(self, folder: Path, take: TakeFile, has_room: Callable[[], bool]) -> None:
        self._folder = folder
        self._take = take
        self._has_room = has_room
        self._seen: dict[Path, tuple[int, int]] = {}
        """The files of the last look, by size and time."""
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
        ready = [path for path, state in found.items() if self._seen.get(path) == state]
        self._seen = found
        for path in ready:
            if not self._has_room():
                return
            for message in messages_of(await asyncio.to_thread(_contents, path)):
                self._take(message, path.name)
            await asyncio.to_thread(path.replace, self._folder / TAKEN / path.name)


def messages_of(octets: bytes) -> list[bytes]:
    """The messages in a file: itself, or the attachments of a mail. A mail that cannot be taken apart is itself, too."""
    if not octets or octets[0] not in _MAIL:
        return [octets]
    try:
        mail = message_from_bytes(octets, policy=policy.default)
        parts = [part for part in mail.walk() if part.get_content_disposition() == "attachment"]
        contents = [part.get_payload(decode=True) for part in parts[:_MOST_ATTACHMENTS]]
    except (ValueError, LookupError, RecursionError):
        return [octets]
    return [content for content in contents if isinstance(content, bytes) and content]


def _files(folder: Path) -> dict[Path, tuple[int, int]]:
    """The finished files, the oldest first, each with its time and size."""
    found: dict[Path, tuple[int, int]] = {}
    for path in folder.iterdir():
        state = path.lstat()
        if S_ISREG(state.st_mode) and not path.name.startswith(".") and path.suffix != UNFINISHED:
            found[path] = state.st_mtime_ns, state.st_size
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _contents(path: Path) -> bytes:
    """A file, as far as one is read: what is cut does not verify."""
    with path.open("rb") as file:
        return file.read(_LARGEST)
