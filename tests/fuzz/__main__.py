"""Fuzzing by coverage: ``python -m tests.fuzz TARGET [SECONDS]``; ``make fuzz`` runs every target for a while.

Inputs that reached something new stay in ``.fuzz/TARGET`` for the next run. One that breaks a target is written there, shown,
and ends the run with an exit code that is not 0.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["dlmskit"]):
    from tests.fuzz.targets import TARGETS, seeds_of


def main(name: str, seconds: int) -> None:
    target, corpus = TARGETS[name], Path(".fuzz") / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, octets in enumerate(seeds_of(target)):
        (corpus / f"seed-{number}").write_bytes(octets)
    options = [f"-max_total_time={seconds}", "-max_len=2048", f"-artifact_prefix={corpus.parent}/{name}-", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], target.hold)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60)
