"""The forms of the page: for each kind of fault what it is, in a sentence, and the parameters that it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dlmskit.apps.simulator.fault_tables import LASTING, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A parameter: a key of `Fault`. A share is asked for in percent."""

    name: str
    label: str
    type: Literal["number", "choice", "confirm"] = "number"
    value: str = ""
    most: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One kind of fault."""

    kind: Kind
    title: str
    what: str
    fields: tuple[Field, ...] = ()

    @property
    def lasts(self) -> bool:
        """Whether it can be ended."""
        return self.kind in LASTING


def _seconds(label: str, value: str) -> Field:
    return Field(name="seconds", label=label, value=value, most="10000000")


CARDS = (
    Card(
        kind="loss",
        title="Loss",
        what="Messages get lost, requests and answers alike.",
        fields=(Field(name="share", label="Percent of messages", value="10", most="100"),),
    ),
    Card(kind="delay", title="Delay", what="Answers come late.", fields=(_seconds("Seconds", "2"),)),
    Card(kind="reboot", title="Reboot", what="Connections and associations break; the meter is back at once."),
    Card(
        kind="power-cut",
        title="Power cut",
        what="No answers, nothing is measured, profiles get a gap.",
        fields=(_seconds("Seconds of the meter's time", "900"),),
    ),
    Card(
        kind="clock-drift",
        title="Clock drift",
        what="The clock runs fast from now on.",
        fields=(_seconds("Seconds in each day", "60"),),
    ),
    Card(kind="full-log", title="Full log", what="The security log is filled to its last entry."),
    Card(kind="tampering", title="Tampering", what="Somebody opens the cover."),
    Card(kind="wrong-keys", title="Wrong keys", what="The meter has keys that nobody knows. There is no way back."),
    Card(
        kind="counter-loss",
        title="Counter loss",
        what="The meter forgets invocation counters and begins at 0.",
        fields=(
            Field(
                name="counters",
                label="Counters of what",
                type="choice",
                choices=(("received", "clients: replays pass"), ("sent", "its own: nonces repeat")),
            ),
            Field(name="reuses_nonces", label="Nonces may be used twice under the same keys", type="confirm"),
        ),
    ),
)
