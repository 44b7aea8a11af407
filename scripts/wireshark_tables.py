"""Writes the tables of the Wireshark dissector from the declarations: ``python scripts/wireshark_tables.py``.

With ``--check`` nothing is written; the exit code says whether the tables are those that the declarations give.
"""

from __future__ import annotations

import sys

from dlmskit.trace.wireshark import DISSECTOR, with_tables


def main() -> int:
    """Write or check."""
    old = DISSECTOR.read_text(encoding="utf-8")
    new = with_tables(old)
    if "--check" in sys.argv:
        return int(old != new)
    DISSECTOR.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
