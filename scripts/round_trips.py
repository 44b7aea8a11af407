"""Writes how many round trips and octets reading takes in each way: ``python -m scripts.round_trips``, or ``make round-trips``.

Nothing depends on the machine; a test compares the page with what is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dlmskit.apps.bench.round_trips import ROWS, WAYS

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "explanation" / "efficiency.md"
SIZES = (0, 1024, 256)
"""Largest APDU in octets that each side takes; 0 for no limit."""
_INTRODUCTION = f"""\
Ten registers and one day of a load profile ({ROWS} rows of three columns, by range), over an association of mechanism 5 with
everything authenticated and encrypted (glo-; general-glo- where a service has no other form). Counted are the APDUs as the
lower layer gets them, in both directions, and how often the client has to wait for an answer. On a line with a delay
of half a second each way a round trip is a second, whatever its size: on narrow links, count these first.

The client takes the cheapest way that was negotiated by itself: `read` with several attributes, `read_many` and
`dlmskit read` ask by ACCESS, else by GET with list, else one by one. ACCESS has no blocks of its own: what does not
fit into the answer is refused item by item, and the client reads it alone, which the table does not show. With general
block transfer (a window of 8 blocks here) it needs no such thing.

A push needs no question at all. What it saves, and what it cannot do: nobody can ask for what was lost.
"""


def page() -> str:
    """The page."""
    lines = [
        "# Round trips and octets",
        "",
        "```sh",
        "make round-trips              # counts, and writes this page",
        "```",
        "",
        *_INTRODUCTION.splitlines(),
    ]
    for size in SIZES:
        heading = "APDUs of any size" if not size else f"APDUs of at most {size} octets"
        lines += [
            "",
            f"## {heading}",
            "",
            "| way | round trips | octets asked | octets answered |",
            "| --- | ---: | ---: | ---: |",
        ]
        lines += rows(size)
    opening = WAYS[0].count(0)[0]
    lines += [
        "",
        f"Opening the association takes {opening.trips} round trips, {opening.sent} octets asked and {opening.received} answered",
        "(AARQ, AARE, passes 3 and 4). With short names the object list is read beside that, once.",
        "",
        "*Made by `scripts/round_trips.py`.*",
        "",
    ]
    return "\n".join(lines)


def rows(size: int) -> Iterator[str]:
    """The rows of one size; a way that cannot deliver everything in it says so."""
    for way in WAYS:
        _, counted, values = way.count(size)
        if complete(values):
            yield f"| {way.name} | {counted.trips} | {counted.sent} | {counted.received} |"
        else:
            yield f"| {way.name} | does not fit: the profile is refused | | |"


def complete(values: list[object]) -> bool:
    """Whether the whole day was read."""
    elements = getattr(values[-1], "elements", None)
    return elements is not None and len(values[-1].value or ()) == ROWS  # type: ignore[attr-defined]


def main() -> None:
    """Count, and write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
