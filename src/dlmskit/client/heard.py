"""How far the counters of meters had gone when they were last heard, to notice one that falls back.

Under mechanisms with challenges the window of an association begins anew, because the meter proves that it is alive. A meter
that lost its counters is alive too, and uses nonces twice: nothing is refused for that, but its owner must know. What is here
lasts as long as the process; nothing is done for single messages.
"""

from __future__ import annotations

from dlmskit.errors import DlmsError
from dlmskit.security.context import SecurityContext
from dlmskit.security.counters import counter_name
from dlmskit.security.keys import Key, KeyRole
from dlmskit.security.windows import ReceiveWindow


class Heard:
    """The last window of each meter, by the fingerprint of the key and by the meter's system title."""

    def __init__(self) -> None:
        self._windows: dict[str, dict[str, tuple[ReceiveWindow, int]]] = {}

    def so_far(self, key: Key) -> dict[str, int]:
        """The lowest counter that each meter could still use under this key. Ask before it is spoken to."""
        return {name: max(window.lowest_acceptable, before) for name, (window, before) in self._under(key).items()}

    def fell_back(self, security: SecurityContext, before: dict[str, int]) -> str:
        """What an association that was just opened shows of a meter that fell back behind ``before``; empty where nothing."""
        key, title = security.keys.guek, security.peer_title
        if key is None or title is None:
            return ""
        try:
            window = security.window(KeyRole.GUEK)
        except DlmsError:
            return ""
        name, now = counter_name(key, title), window.lowest_acceptable
        known = before.get(name, 0)
        self._under(key)[name] = window, max(known, self.so_far(key).get(name, 0))
        if not 0 < now <= known:
            return ""
        return f"the counters of {title} fell back: {now - 1} came, {known} was the lowest that it could use; change the keys"

    def _under(self, key: Key) -> dict[str, tuple[ReceiveWindow, int]]:
        return self._windows.setdefault(key.fingerprint, {})
