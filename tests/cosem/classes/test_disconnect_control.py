"""Every mode, state and event against the table of the standard's diagram."""

from __future__ import annotations

import itertools

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.disconnect_control import DisconnectControl, DisconnectControlV0
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

# Blue Book, control_mode: the transitions that each event may make, mode by mode; (before, after).
A, B, C, D, E, F, G, H, I = (0, 1), (1, 0), (2, 0), (0, 2), (2, 1), (1, 2), (1, 2), (2, 1), (2, 1)  # noqa: E741
ALLOWED = {
    0: {},
    1: {
        "remote_disconnect": [B, C], "manual_disconnect": [F], "local_disconnect": [G],
        "remote_reconnect": [D], "manual_reconnect": [E],
    },
    2: {
        "remote_disconnect": [B, C], "manual_disconnect": [F], "local_disconnect": [G],
        "remote_reconnect": [A], "manual_reconnect": [E],
    },
    3: {"remote_disconnect": [B, C], "local_disconnect": [G], "remote_reconnect": [D], "manual_reconnect": [E]},
    4: {"remote_disconnect": [B, C], "local_disconnect": [G], "remote_reconnect": [A], "manual_reconnect": [E]},
    5: {
        "remote_disconnect": [B, C], "manual_disconnect": [F], "local_disconnect": [G],
        "remote_reconnect": [D], "manual_reconnect": [E], "local_reconnect": [H],
    },
    6: {
        "remote_disconnect": [B, C], "local_disconnect": [G],
        "remote_reconnect": [D], "manual_reconnect": [E], "local_reconnect": [H],
    },
    7: {
        "remote_disconnect": [B, C], "local_disconnect": [G],
        "remote_reconnect": [A, I], "manual_reconnect": [E], "local_reconnect": [H],
    },
}  # fmt: skip
EVENTS = [f"{who}_{what}" for who in ("remote", "manual", "local") for what in ("disconnect", "reconnect")]


@pytest.mark.parametrize(("mode", "state", "event"), list(itertools.product(range(8), range(3), EVENTS)))
def test_every_mode_state_and_event(mode: int, state: int, event: str) -> None:
    one = DisconnectControl("0.0.96.3.10.255", control_mode=mode, control_state=state, output_state=state == 1)
    after = dict(ALLOWED[mode].get(event, [])).get(state)
    if after is None and event == "remote_disconnect" and state == 0:
        after = 0  # a repeated disconnect succeeds
    if after is None:
        with pytest.raises(ServiceError) as refusal:
            getattr(one, event)()
        assert refusal.value.code == DataAccessResult.OTHER_REASON
        after = state
    else:
        getattr(one, event)()
    assert (one.control_state, one.output_state) == (after, after == 1)


def test_by_number() -> None:
    one = DisconnectControl("0.0.96.3.10.255", control_mode=4)
    one.action(1, Data.integer(0))
    assert one.get(3) == Data.enum(0)
    one.action(2, Data.integer(0))
    assert (one.get(2), one.get(3)) == (Data.boolean(True), Data.enum(1))


def test_modes_by_version_and_state() -> None:
    for version, newest in ((DisconnectControlV0, 6), (DisconnectControl, 7)):
        one = version("0.0.96.3.10.255")
        one.set(4, Data.enum(newest))
        with pytest.raises(ServiceError):
            one.set(4, Data.enum(newest + 1))
        one.remote_disconnect()
        with pytest.raises(ServiceError):
            one.set(4, Data.enum(0))
        assert one.control_mode == newest
