"""What the commands print with: one console for people, JSON for scripts, errors on standard error."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console

from dlmskit.errors import DlmsError

PIPED_COLUMNS = 160
"""Width of output that goes into a file or a pipe, where no terminal says it."""


class _Console(Console):
    """Leaves a reader that went away to `dlmskit.apps.cli.main`; by itself it would exit with 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


console = _Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_COLUMNS)
"""Standard output for people."""
errors = Console(stderr=True, soft_wrap=True, highlight=False)


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=False) + "\n")


def visible(text: str) -> str:
    r"""What a peer says, without signs that a terminal obeys: those that cannot be printed stand there as ``\x1b``."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)


def report_error(error: DlmsError, code: int) -> None:
    """One line that says what happened; with ``--json`` one object instead, so that scripts parse failures too."""
    kind = type(error).__name__
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps({"error": {"kind": kind, "message": str(error), "exit_code": code}}) + "\n")
    else:
        word = next((_WORDS[one.__name__] for one in type(error).__mro__ if one.__name__ in _WORDS), "error")
        hint = _KEYS_HINT if getattr(error, "authentication_failed", False) else ""
        errors.print(f"[bold red]{word}[/]: {_escape(str(error))}{hint}")


_WORDS = {
    "ConfigError": "cannot start",
    "EncodeError": "cannot send that",
    "DecodeError": "not understood",
    "SecurityError": "security",
    "TransportError": "no connection",
    "TransportTimeout": "no answer",
    "ServiceError": "the meter refused",
}
_KEYS_HINT = "; keys, password or mechanism are not those that the meter has for this client"


def _escape(text: str) -> str:
    return text.replace("[", "\\[")
