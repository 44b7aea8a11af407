"""Where the client writes down what happened: the logger ``dlmskit.client``. Never a key, a password or a value."""

from __future__ import annotations

import logging

from dlmskit.association.ports import AssociationEvent, EventCode

log = logging.getLogger("dlmskit.client")

_ORDINARY = frozenset((EventCode.ASSOCIATED, EventCode.RELEASED))


def log_event(event: AssociationEvent) -> None:
    """One line for an event of an association: ordinary ones for those who look closely, the rest as warnings."""
    level = logging.DEBUG if event.code in _ORDINARY else logging.WARNING
    if log.isEnabledFor(level):
        who = f"client {event.client_sap}, server {event.server_sap}" + (f" ({event.peer_title})" if event.peer_title else "")
        words = (event.code.value, event.detail, str(event.error or ""))
        log.log(level, "%s: %s", who, ": ".join(word for word in words if word))
