"""The invocation counters of this client: on disk unless asked otherwise, and shared by all connections of the process.

One file holds the counters of all meters; beside it stands the system title that this installation made for itself. A title
that nobody else uses makes every (key, title) pair, and with it every IV, our own (Green Book, 9.2.3.3.7.3).
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from dlmskit.client.counter_store import SqliteCounterStore
from dlmskit.client.heard import Heard
from dlmskit.client.journal import log
from dlmskit.errors import ConfigError, DlmsError
from dlmskit.security.counters import CounterStore, MemoryCounterStore, TransmitCounters
from dlmskit.security.windows import ReceivedCounters, WindowStore
from dlmskit.types.system_title import SystemTitle

IN_MEMORY = "memory"
"""The word for counters that die with the process."""
STATE_VARIABLE = "DLMSKIT_STATE"
"""The environment variable that names the folder for what must survive."""

_FILE = "counters.sqlite"
_FLAG = b"MMM"  # the placeholder of the standard's examples: a program has no manufacturer


class Counters:
    """Counters of sent APDUs, windows of received ones, and the title to use where the caller names none."""

    def __init__(self, store: CounterStore, windows: WindowStore | None, own_title: Callable[[], SystemTitle]) -> None:
        self.store = store
        self.transmit = TransmitCounters(store, on_wear=_warn_of_wear)
        self.received = ReceivedCounters(windows)
        """Windows that outlive an association: for those in which no handshake proves that the peer is alive."""
        self.heard = Heard()
        self._own_title = own_title
        self._title: SystemTitle | None = None

    def close(self) -> None:
        """Give the file back until the next use."""
        if isinstance(self.store, SqliteCounterStore):
            self.store.close()

    @property
    def own_title(self) -> SystemTitle:
        """The system title that belongs to these counters alone. Raises ConfigError where it cannot be kept."""
        if self._title is None:
            self._title = self._own_title()
        return self._title

    @classmethod
    def in_memory(cls) -> Counters:
        """Counters that die with the process, under a title that was never used before."""
        return cls(MemoryCounterStore(), None, _fresh_title)

    @classmethod
    def in_file(cls, path: str | os.PathLike[str]) -> Counters:
        """The counters in this file, which is made where there is none. Raises ConfigError. Use `counters_of` to share them."""
        path = Path(path)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"the folder for invocation counters, {path.parent}, cannot be made: {error.strerror}; "
                f"name another file with counters=..., or set {STATE_VARIABLE}"
            ) from error
        store = SqliteCounterStore(path)
        return cls(store, store, lambda: _kept_title(path.with_suffix(".title")))


_shared: dict[str, Counters] = {}
_lock = Lock()


def counters_of(named: str | os.PathLike[str] | Counters | None) -> Counters:
    """The counters meant by a word: a file, ``memory``, or None for the file of this user. Two connections share one object.

    Raises ConfigError where the file cannot be used.
    """
    if isinstance(named, Counters):
        return named
    name = IN_MEMORY if named == IN_MEMORY else os.path.realpath(named or counter_file())
    with _lock:
        found = _shared.get(name)
        if found is None:
            found = _shared[name] = Counters.in_memory() if name == IN_MEMORY else Counters.in_file(name)
        return found


if hasattr(os, "register_at_fork"):
    # A child must not go on with the numbers that its parent has reserved.
    os.register_at_fork(after_in_child=_shared.clear)


def counter_file() -> Path:
    """The file of this user."""
    return state_folder() / _FILE


def state_folder() -> Path:
    """Where this user's state is kept: ``DLMSKIT_STATE``, else what the system provides for it."""
    if chosen := os.environ.get(STATE_VARIABLE):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "dlmskit"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "dlmskit"


def _fresh_title() -> SystemTitle:
    return SystemTitle(_FLAG + secrets.token_bytes(5))


def _kept_title(path: Path) -> SystemTitle:
    """The title in the file; the first to come makes it, whole, so that nobody ever reads half of one."""
    try:
        if not path.exists():
            draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
            draft.write_text(f"{_fresh_title()}\n", encoding="ascii")
            with suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        return SystemTitle(path.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError, DlmsError) as error:
        raise ConfigError(f"the system title of this installation, {path}, cannot be used: {error}") from error


def _warn_of_wear(counter_id: str, number: int) -> None:
    log.warning("invocation counter %s is at %d, in its last tenth: change the key", counter_id, number)
