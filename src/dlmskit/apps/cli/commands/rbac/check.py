"""``dlmskit rbac check``: every attribute and method that is weaker than the policy intends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from dlmskit.apps.cli.output import console, print_json
from dlmskit.apps.simulator.description import read_description
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.apps.simulator.roles import intents_of
from dlmskit.cosem.access import Protection
from dlmskit.server.rbac import Finding, check, words_of


def run(
    file: Annotated[Path, typer.Argument(help="The meter, described in TOML; see the folder examples.")],
    json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
) -> int:
    """List every attribute and method that a role may use with less protection than the owner of the meter intends.

    What is intended stands in [[intent]] tables; without them everything is to be authenticated and encrypted, but for what tells
    nothing about people. Exit code 1 where anything is weaker.

    Example: dlmskit rbac check examples/household.toml
    """
    description = read_description(file)
    meter = SimulatedMeter(description, folder=file.parent, past=False)
    try:
        findings = check(meter.device, intents_of(description))
    finally:
        meter.close()
    if json:
        print_json(
            {"findings": [finding.to_json() for finding in findings], "intent": "own" if description.intent else "baseline"}
        )
    else:
        _print(findings)
    return 1 if findings else 0


def _print(findings: list[Finding]) -> None:
    if not findings:
        console.print("[green]Nothing is weaker than intended.[/]")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("role", "object", "what", "operation", "request lacks", "response lacks"):
        table.add_column(heading)
    for one in findings:
        table.add_row(
            escape(one.role),
            str(one.logical_name),
            f"{one.number} {escape(one.name)}",
            one.operation.value,
            _lacks(one.missing_request),
            _lacks(one.missing_response),
        )
    console.print(table)
    console.print(f"\n[bold red]{len(findings)}[/] weaker than intended.")


def _lacks(missing: Protection) -> str:
    return ", ".join(words_of(missing)) or "[dim]-[/]"
