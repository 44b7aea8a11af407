"""Interface class 68, Arbitrator (Blue Book 4.5.12): actors that want different things, and the action that weighs most.

Where two actions weigh the same, none is taken: the standard's word for ties was not seen.
"""

from __future__ import annotations

from typing import Any

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.kinds import SCRIPT_REFERENCE
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.scripts import run_script
from dlmskit.errors import ServiceError
from dlmskit.types.bits import BitString
from dlmskit.types.enums import DataAccessResult


class Arbitrator(InterfaceClass, class_id=68, version=0, name="Arbitrator"):
    """Actions by position; one row of permissions and of weights for each actor, counted from 0."""

    actions = attribute(2, f"array<{SCRIPT_REFERENCE}>", writable=True)
    permissions_table = attribute(3, "array<bit-string>", writable=True)
    weightings_table = attribute(4, "array<array<long-unsigned>>", writable=True)
    most_recent_requests_table = attribute(5, "array<bit-string>", dynamic=True)
    last_outcome = attribute(6, "unsigned", dynamic=True)

    @method(1, "structure{request_actor:unsigned,request_action_list:bit-string}", mandatory=True)
    def request_action(self, wanted: Any) -> None:
        """Note what an actor wants from now on, and run the action that all actors together give the greatest weight."""
        permissions: list[BitString] = self.permissions_table
        if wanted.request_actor >= len(permissions):
            raise ServiceError(DataAccessResult.OTHER_REASON, "request_actor", f"{len(permissions)} actors are known")
        allowed = permissions[wanted.request_actor]
        bits = "".join(
            "1" if asked and at < len(allowed) and allowed[at] else "0" for at, asked in enumerate(wanted.request_action_list)
        )
        requests = [BitString(one) if isinstance(one, str) else one for one in self.most_recent_requests_table]
        requests += [BitString()] * (len(permissions) - len(requests))
        requests[wanted.request_actor] = BitString(bits)
        self.most_recent_requests_table = requests
        outcome = self._heaviest(requests)
        self.last_outcome = outcome
        if outcome:
            run_script(self.tree, self.actions[outcome - 1])

    @method(2)
    def reset(self) -> None:
        """Forget what the actors wanted."""
        self.reset_dynamic()

    def _heaviest(self, requests: list[BitString]) -> int:
        """The number of the action with the greatest weight, counted from 1; 0 where none has any, or two the same."""
        totals = [0] * len(self.actions)
        for weights, wanted in zip(self.weightings_table, requests, strict=False):
            for at, (weight, asked) in enumerate(zip(weights, wanted, strict=False)):
                if asked and at < len(totals):
                    totals[at] += weight
        most = max(totals, default=0)
        return totals.index(most) + 1 if most and totals.count(most) == 1 else 0
