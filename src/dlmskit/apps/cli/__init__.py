"""The command line `dlmskit`: one file per command in `commands`, found by their names; errors become one clear line.

Exit codes: 0 done, 1 the peer refused, 2 usage, 3 transport, 4 security, 5 octets could not be understood.
"""

from __future__ import annotations

from dlmskit.apps.cli.main import main

__all__ = ["main"]
