"""What a process of meters does is measured on real processes; how quick it is, is nobody's assertion here."""

from __future__ import annotations

from dlmskit.apps.bench.figure import Figure
from dlmskit.apps.bench.figures import figures


def test_a_small_round_of_everything() -> None:
    said: list[str] = []
    found = list(figures(requests=50, rows=96, meters=2, fleet=30, progress=said.append))
    assert [one.unit for one in found] == [
        "per second of its processor time",
        "s, with start",
        "s",
        "ms",
        "ms",
        "KiB",
        "s of its processor time",
        "KiB",
        "per second of its processor time, associations included",
        "per second",
    ]
    assert all(one.value > 0 for one in found)
    done = ["50 requests", "96 rows captured and read", "start with 96 rows", "memory of 2 meters", "a fleet of 30 meters"]
    assert said == done


def test_a_figure_for_scripts_has_the_keys_of_a_comparison() -> None:
    assert Figure("memory", 12.5, "KiB").to_json() == {
        "name": "memory",
        "peer": None,
        "ours": 12.5,
        "theirs": None,
        "ratio": None,
        "bar": None,
        "note": "KiB",
    }
