"""Notifications of a server that wait for their confirmation."""

from __future__ import annotations

from collections import OrderedDict

from dlmskit.apdu import LONG_CONFIRMED

_LONG_ID = 0xFFFFFF
_MOST = 256


class Outstanding:
    """DataNotifications that ask for a confirmation and have none yet; the oldest are forgotten beyond 256."""

    def __init__(self) -> None:
        self._numbers: OrderedDict[int, None] = OrderedDict()

    def sent(self, long_invoke_id: int) -> None:
        """A notification is on its way; one without service class "confirmed" is not waited for."""
        if long_invoke_id & LONG_CONFIRMED:
            self._numbers[long_invoke_id & _LONG_ID] = None
            if len(self._numbers) > _MOST:
                self._numbers.popitem(last=False)

    def confirmed(self, long_invoke_id: int) -> bool:
        """A confirmation came: whether something waited for it."""
        return self._numbers.pop(long_invoke_id & _LONG_ID, self) is None

    @property
    def numbers(self) -> frozenset[int]:
        """The long invoke-ids that are waited for."""
        return frozenset(self._numbers)
