"""Faults as tables of a file, ``[[fault]]``: what goes wrong with which meters, and when. What they do is in `faults`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec

from dlmskit.apps.simulator.tables import Table
from dlmskit.errors import ConfigError

NONCES_SAID = (
    "a meter that forgets what it sent uses nonces twice under the same keys; say reuses_nonces = true where that is meant, "
    "with keys of a laboratory"
)

Kind = Literal["loss", "delay", "reboot", "power-cut", "clock-drift", "full-log", "tampering", "wrong-keys", "counter-loss"]

KINDS: tuple[Kind, ...] = get_args(Kind)
LASTING: frozenset[Kind] = frozenset(("loss", "delay", "power-cut", "clock-drift", "counter-loss"))
"""What can be ended; the others happen once."""


class Fault(Table, frozen=True):
    """``[[fault]]``: something that goes wrong."""

    kind: Kind
    """``loss`` of messages, ``delay`` of answers, ``reboot``, ``power-cut``, ``clock-drift``, ``full-log``, ``tampering`` (the
    cover is opened), ``wrong-keys`` (other ones than the clients know), ``counter-loss`` (counters begin at 0 again)."""
    after: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Seconds of ours after the start."""
    seconds: Annotated[float, msgspec.Meta(ge=0, le=10_000_000)] = 60.0
    """Of a power cut, in the meter's time; of a drift, in each day, forwards; of a delay, in ours."""
    share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.1
    """Which part of the messages is lost."""
    counters: Literal["received", "sent"] = "received"
    """Which ones are forgotten: of what clients send, or of what the meter sends."""
    reuses_nonces: bool = False
    """Must be said for ``sent``: nonces are then used twice under the same keys."""
    meters: tuple[Annotated[int, msgspec.Meta(ge=0)], ...] = ()
    """Numbers of the meters of a fleet, from 0; none stands for all."""

    @property
    def words(self) -> str:
        """Its parameters, for people."""
        match self.kind:
            case "loss":
                return f"{self.share:.0%}"
            case "delay" | "power-cut":
                return f"{self.seconds:g} s"
            case "clock-drift":
                return f"{self.seconds:g} s a day"
            case "counter-loss":
                return f"{self.counters}, nonces are used twice" if self.counters == "sent" else self.counters
            case _:
                return ""

    def __post_init__(self) -> None:
        if self.kind == "counter-loss" and self.counters == "sent" and not self.reuses_nonces:
            raise ValueError(NONCES_SAID)


class _File(Table, frozen=True):
    fault: tuple[Fault, ...] = ()


def read_faults(path: Path) -> tuple[Fault, ...]:
    """The faults of a file. Raises ConfigError."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).fault
    except OSError as error:
        raise ConfigError(f"the faults {path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, not what is meant
        raise ConfigError(f"{path}: {error}") from None
