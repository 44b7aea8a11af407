"""Finds the commands, runs one, and turns every error of the library into one line and an exit code.

A module in `commands` is a command, a package in it a group of commands: its modules, with its docstring as help.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib import import_module
from importlib.metadata import version
from pkgutil import iter_modules
from types import ModuleType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from dlmskit.apps.cli import commands
from dlmskit.apps.cli.output import report_error
from dlmskit.errors import ConfigError, DecodeError, DlmsError, EncodeError, SecurityError, TransportError

EXIT_CODES: tuple[tuple[type[DlmsError], int], ...] = (
    (TransportError, 3),
    (SecurityError, 4),
    (DecodeError, 5),
    (ConfigError, 2),
    (EncodeError, 2),
    (DlmsError, 1),
)
"""Exit code by kind of error; the first that fits."""
INTERRUPTED = 130


class _NobodyReads(Exception):
    """The reader of our output went away, as ``head`` does. Typer would make a failure of the BrokenPipeError itself."""


class _Lazy(TyperGroup):
    """Imports a command only when it is run or listed: the others cost nothing at start."""

    package: ModuleType = commands

    def list_commands(self, _: Any) -> list[str]:
        return sorted(module.name.replace("_", "-") for module in iter_modules(self.package.__path__))

    def get_command(self, context: Any, name: str) -> Any:
        if name not in self.list_commands(context):
            return None
        module = import_module(f"{self.package.__name__}.{name.replace('-', '_')}")
        if hasattr(module, "__path__"):
            group = _new_app(type("_Group", (_Lazy,), {"package": module}))
            group.callback(help=module.__doc__)(lambda: None)
            found = typer.main.get_command(group)
            found.name = name
            return found
        app = _new_app()
        app.command(name, context_settings=getattr(module, "CONTEXT", None))(_with_exit_code(module.run))
        return typer.main.get_command(app)


def _with_exit_code(command: Callable[..., int | None]) -> Callable[..., None]:
    """A command returns its exit code; None is 0."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            code = command(*arguments, **options)
            sys.stdout.flush()
        except BrokenPipeError:
            raise _NobodyReads from None
        if code:
            raise typer.Exit(code)

    return run


def _new_app(group: type[TyperGroup] | None = None) -> typer.Typer:
    """One command, or a group of them; typer neither installs anything nor prints tracebacks with values in them."""
    return typer.Typer(
        cls=group,
        no_args_is_help=group is not None,
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
    )


app = _new_app(_Lazy)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dlmskit {version('dlmskit')}")
        raise typer.Exit


@app.callback()
def dlmskit(
    _: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Secure DLMS/COSEM, end to end: explain telegrams, read meters, be a meter."""


def exit_code_of(error: DlmsError) -> int:
    """The documented exit code of an error; a meter that does not take our secret is a matter of security."""
    if getattr(error, "authentication_failed", False):
        return 4
    return next(code for kind, code in EXIT_CODES if isinstance(error, kind))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    try:
        app(args=None if arguments is None else list(arguments))
    except DlmsError as error:
        report_error(error, exit_code_of(error))
        sys.exit(exit_code_of(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except _NobodyReads:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
