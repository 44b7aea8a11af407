"""The command line as a whole: commands found by their files, help, version, exit codes by kind of error, broken pipes."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from dlmskit import errors
from dlmskit.apdu import Aare
from dlmskit.apps.cli import commands
from dlmskit.apps.cli.main import exit_code_of
from dlmskit.association.errors import AssociationRefused
from dlmskit.codec.ber import Diagnostic
from dlmskit.errors import DlmsError, SecurityReason, ServiceError
from dlmskit.types.enums import AcseServiceUser, DataAccessResult
from tests.apps.cli.conftest import Run

ROOT = Path(commands.__path__[0])
COMMANDS = sorted(
    " ".join(part.replace("_", "-") for part in path.relative_to(ROOT).with_suffix("").parts) for path in ROOT.rglob("[a-z]*.py")
)
"""Every file is a command, in a folder one of a group."""


def test_every_command_is_listed_and_has_help_with_an_example(run: Run) -> None:
    assert len(COMMANDS) > 16
    for command in COMMANDS:
        *group, name = command.split()
        listed = run(*group, "--help")
        assert (listed.code, f" {name} " in listed.out) == (0, True), command
        helped = run(*group, name, "--help")
        assert (helped.code, f"Example: dlmskit {command}" in " ".join(helped.out.replace("│", " ").split())) == (0, True), (
            command
        )


def test_version(run: Run) -> None:
    assert run("--version").out == f"dlmskit {version('dlmskit')}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        ([], "Usage: dlmskit"),
        (["decode", "--nothing"], "No such option: --nothing"),
    ],
)
def test_usage_errors_exit_with_2(run: Run, words: list[str], message: str) -> None:
    result = run(*words)
    assert result.code == 2
    assert message in " ".join((result.out + result.err).split())


def refused(diagnostic: int) -> AssociationRefused:
    """What an AARE with this diagnostic raises."""
    name = bytes.fromhex("60857405080101")
    return AssociationRefused(Aare(application_context_name=name, result=1, result_source_diagnostic=Diagnostic(diagnostic)))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ServiceError(DataAccessResult.READ_WRITE_DENIED, "1.0.1.8.0.255 value"), 1),
        (errors.RemoteProtocolError("odd"), 1),
        (errors.LocalProtocolError("odd"), 1),
        (errors.ConfigError("odd"), 2),
        (errors.EncodeError("odd"), 2),
        (errors.TransportError("odd"), 3),
        (errors.TransportTimeout("odd"), 3),
        (errors.SecurityError(SecurityReason.MISSING_KEY, "odd"), 4),
        (refused(AcseServiceUser.AUTHENTICATION_FAILURE), 4),
        (refused(AcseServiceUser.NO_REASON_GIVEN), 1),
        (errors.DecodeError("odd", 0), 5),
    ],
)
def test_exit_codes_by_kind_of_error(error: DlmsError, code: int) -> None:
    assert exit_code_of(error) == code


def test_every_error_has_an_exit_code() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DlmsError)]
    assert len(kinds) > 8
    for kind in kinds:
        assert exit_code_of(kind.__new__(kind)) in {1, 2, 3, 4, 5}


def test_output_that_nobody_reads_is_no_error() -> None:
    command = [sys.executable, "-c", "from dlmskit.apps.cli import main; main()", "decode", "C001C100030100010800FF0200"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
