"""Writes the reference pages of the docs from the declarations: ``python -m scripts.reference``, or ``make docs``.

With ``--check`` nothing is written; the exit code says whether the pages are those that the declarations give.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from dlmskit import errors, limits
from dlmskit.apdu import declared_apdus
from dlmskit.apps.simulator import description, mechanisms, role_tables
from dlmskit.apps.simulator.registers import QUANTITIES
from dlmskit.apps.simulator.tables import Table
from dlmskit.association import tables
from dlmskit.association.block_transfer import tables as blocks
from dlmskit.association.diagram import block_transfer_mermaid, mermaid
from dlmskit.client.words import Words
from dlmskit.codec import data_types
from dlmskit.codec.docs import apdu_reference
from dlmskit.link.hdlc import tables as hdlc_tables
from dlmskit.trace.explain import model
from dlmskit.trace.naming.layouts import known_layouts
from dlmskit.transport.url import BEHIND, schemes
from dlmskit.types.unit import UNITS
from scripts import class_pages

PAGES = Path(__file__).parent.parent / "docs" / "reference"


def attribute_docs(declared: type) -> dict[str, str]:
    """The docstring under each field of a class, by the name of the field."""
    body = ast.parse(inspect.getsource(declared)).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        target = field.target if isinstance(field, ast.AnnAssign) else field.targets[0] if isinstance(field, ast.Assign) else None
        if isinstance(target, ast.Name) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found[target.id] = " ".join(str(below.value.value).split())
    return found


def code(text: str) -> str:
    """Docstring marks as Markdown."""
    return re.sub(r"``(.+?)``", r"`\1`", " ".join(text.split()))


def rows(*columns: str) -> list[str]:
    """The head of a Markdown table."""
    return ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]


def errors_page() -> list[str]:
    """The error tree, and what each error is."""
    first, _, tree = str(errors.__doc__).partition("\n")
    lines = ["# Errors", "", first, "", "```text", inspect.cleandoc(tree), "```", "", *rows("error", "when")]
    for name, declared in vars(errors).items():
        if isinstance(declared, type) and issubclass(declared, errors.DlmsError):
            lines.append(f"| `{name}` | {code(inspect.getdoc(declared) or '')} |")
    lines += ["", "## Reasons of a SecurityError", "", code(inspect.getdoc(errors.SecurityReason) or ""), ""]
    lines += [f"- `{reason.value}`" for reason in errors.SecurityReason]
    return lines


def limits_page() -> list[str]:
    """Every limit with its default."""
    lines = ["# Limits", "", code(str(limits.__doc__).strip().partition("\n\n")[2]), "", code(limits.Limits.__doc__ or ""), ""]
    lines += rows("limit", "default", "what it bounds")
    docs = attribute_docs(limits.Limits)
    for field in dataclasses.fields(limits.Limits):
        lines.append(f"| `{field.name}` | {field.default:,} | {code(docs[field.name])} |")
    return lines


def data_types_page() -> list[str]:
    """The types of COSEM data."""
    lines = ["# COSEM data types", "", "The tag stands in front of the value; octets are those of the value alone.", ""]
    lines += rows("tag", "name", "element in the simple XML style", "octets")
    for kind in data_types.DATA_TYPES.values():
        size = "as its length or count says" if kind.size is None else str(kind.size)
        lines.append(f"| {kind.tag.value} | {kind.name} | {kind.simple} | {size} |")
    return lines


def telegram_problems_page() -> list[str]:
    """The codes of `dlmskit decode`, by what they make of the exit code."""
    docs = attribute_docs(model.Code)
    lines = ["# Problems of a telegram", "", "What `dlmskit decode` can find wrong, in `problems` of its JSON form.", ""]
    lines += rows("code", "exit code", "meaning")
    for one in model.Code:
        exit_code = 0 if one in model.NOTES else 4 if one in model.SECURITY else 5
        lines.append(f"| `{one.value}` | {exit_code} | {code(docs.get(one.name, ''))} |")
    lines += ["", "## Verdicts of a layer of protection", "", *rows("verdict", "meaning")]
    verdicts = attribute_docs(model.Verdict)
    lines += [f"| `{one.value}` | {code(verdicts.get(one.name, ''))} |" for one in model.Verdict]
    return lines


def connection_page() -> list[str]:
    """The words of a connection."""
    lines = [
        "# Words of a connection",
        "",
        "What stands after `?` in the URL of a meter, and what `dlmskit.connect` takes by name.",
    ]
    lines += ["A word may be said in one of the two places. Secrets are no words: they come with `keys`.", ""]
    lines += rows("word", "meaning, and what it is where nothing is said")
    docs = attribute_docs(Words)
    lines += [f"| `{word}` | {code(docs[word])} |" for word in Words.__annotations__]
    lines += ["", "## Media, and their own words", "", "These stand in the URL alone. Two words are known to every medium:", ""]
    lines += [*rows("word", "meaning"), *(f"| `{word}` | {code(meaning)} |" for word, meaning in BEHIND.items())]
    for scheme in schemes().values():
        lines += ["", f"### `{scheme.name}`", "", f"`{scheme.example}`"]
        served = "Nobody listens here." if scheme.listen is None else ""
        lines += ["", served] if served else []
        if scheme.options:
            lines += ["", *rows("word", "meaning"), *(f"| `{word}` | {text} |" for word, text in scheme.options.items())]
    return lines


def hdlc_page() -> list[str]:
    """The link states of both stations of HDLC, as diagrams and as tables."""
    lines = [
        "# States of an HDLC link",
        "",
        "Drawn from the tables that move the code. A frame without a row in a state is ignored there. I, RR and RNR move numbers",
        "and windows (`dlmskit.link.hdlc.transfer`), never the state.",
    ]
    for role in hdlc_tables.Role:
        lines += ["", f"## {role.value.capitalize()}", "", "```mermaid", hdlc_tables.link_mermaid(role).rstrip(), "```", ""]
        lines += rows("state", "input", "reaction", "next state")
        for (before, happened), (reaction, after) in hdlc_tables.LINK_TABLES[role].items():
            lines.append(f"| {before.value} | {happened.value} | {reaction.value} | {after.value} |")
    return lines


def associations_page() -> list[str]:
    """The state machines of both parties, as diagrams and as tables."""
    lines = ["# States of an association", "", "Drawn from the tables that move the code. What is not here cannot happen."]
    for party in tables.Party:
        lines += ["", f"## {party.value.capitalize()}", "", "```mermaid", mermaid(party).rstrip(), "```", ""]
        lines += rows("state", "event", "next state")
        for (state, event), target in tables.TRANSITIONS[party].items():
            lines.append(f"| {state.value} | {event.value} | {target.value} |")
    lines += ["", "## General block transfer", "", "One exchange, as either party sees it.", ""]
    lines += ["```mermaid", block_transfer_mermaid().rstrip(), "```", "", *rows("phase", "event", "next phase")]
    for (phase, happened), following in blocks.TRANSITIONS.items():
        lines.append(f"| {phase.value} | {happened.value} | {following.value} |")
    return lines


def push_layouts_page() -> list[str]:
    """The layouts that name the elements of pushes which do not name themselves."""
    lines = ["# Push layouts", "", "Lists of known meters. [Push lists](../explanation/push-lists.md) says when one is used.", ""]
    lines += rows("layout", "meter", "where", "shape", "names", "scalers")
    for one in known_layouts():
        names = len([field for field in one.fields if field.obis])
        scalers = len(one.scalers) + len([field for field in one.fields if field.scaler is not None])
        lines.append(f"| `{one.id}` | {one.meter} | {one.country} | {one.shape} | {names} | {scalers} |")
    return lines


def meter_description_page() -> list[str]:
    """Every key of the file that describes a simulated meter."""
    lines = ["# Description of a meter", "", "The TOML file of `dlmskit simulate`. A key that is not here is an error.", ""]
    lines += ["At the top of the file, before the tables:", "", *_keys(description.Description, top=True)]
    for table in _TABLES:
        heading, _, more = (inspect.getdoc(table) or "").partition("\n\n")
        text = ["", *(code(line) for line in more.splitlines())] if more else []
        lines += ["", f"## {code(heading).rstrip('.')}", *text, "", *_keys(table)]
    lines += ["", "## What a register measures", "", *rows("word", "unit", "scaler", "type")]
    for word, quantity in QUANTITIES.items():
        lines.append(
            f"| `{word}` | {UNITS[quantity.unit].symbol if quantity.unit in UNITS else ''} | {quantity.scaler} | {quantity.tag} |"
        )
    return lines


_TABLES: tuple[type[Table], ...] = (
    *(description.Meter, description.Clock, description.HouseholdTable, description.Keys, description.LogicalDeviceTable),
    *(role_tables.Client, role_tables.RoleTable, role_tables.PolicyTable, role_tables.GrantTable, role_tables.IntentTable),
    *(
        description.Register,
        description.Profile,
        description.PushTable,
        description.Object,
        description.Typed,
        description.TwinTable,
    ),
    *(mechanisms.TariffsTable, mechanisms.DayTable, mechanisms.WeekTable, mechanisms.SeasonTable, mechanisms.SpecialDayTable),
    *(mechanisms.LimiterTable, mechanisms.PrepaymentTable, mechanisms.SecurityLogTable, mechanisms.ImageTable),
    *(mechanisms.PortProtectionTable, mechanisms.ThirdPartyTable, mechanisms.OutletsTable, mechanisms.MailTable),
    *(mechanisms.FtpTable, mechanisms.FleetTable),
)


def _keys(table: type[Table], *, top: bool = False) -> list[str]:
    docs = attribute_docs(table)
    lines = rows("key", "default", "meaning")
    inherited = {field.name for base in table.__bases__ for field in msgspec.structs.fields(base)}
    for field in msgspec.structs.fields(table):
        if field.name in inherited:
            continue  # said where it is declared
        if top and field.name not in docs:
            continue  # a table of its own
        default = field.default if field.default is not msgspec.NODEFAULT else None
        shown = "needed" if field.required else f"`{_toml(default)}`" if default not in (None, ()) else ""
        lines.append(f"| `{field.name}` | {shown} | {code(docs[field.name])} |")
    return lines


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def apdus_page() -> list[str]:
    """Every APDU with its fields."""
    return apdu_reference(declared_apdus())


SOURCES: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "errors.md": ("dlmskit.errors", errors_page),
    "limits.md": ("dlmskit.limits", limits_page),
    "data-types.md": ("dlmskit.codec.data_types", data_types_page),
    "telegram-problems.md": ("dlmskit.trace.explain.model", telegram_problems_page),
    "interface-classes.md": ("dlmskit.cosem.classes", class_pages.index),
    **{one.page: ("dlmskit.cosem.classes", class_pages.page_of(one)) for one in class_pages.CHAPTERS},
    "connection.md": ("dlmskit.client.words` and `dlmskit.transport", connection_page),
    "hdlc-link.md": ("dlmskit.link.hdlc.tables", hdlc_page),
    "associations.md": ("dlmskit.association.tables", associations_page),
    "push-layouts.md": ("dlmskit.trace.naming", push_layouts_page),
    "meter-description.md": ("dlmskit.apps.simulator.description", meter_description_page),
    "apdus.md": ("dlmskit.apdu", apdus_page),
}


def pages() -> dict[str, str]:
    """Every generated page: file name -> text."""
    return {
        name: "\n".join([*page(), "", f"*Made from `{source}` by `scripts/reference.py`.*", ""])
        for name, (source, page) in SOURCES.items()
    }


def main() -> int:
    """Write the pages, or compare them."""
    stale = [name for name, text in pages().items() if not _is(PAGES / name, text)]
    if "--check" in sys.argv:
        print("\n".join(f"docs/reference/{name} is not what the declarations give: run make docs" for name in stale), end="")
        return 1 if stale else 0
    for name in stale:
        (PAGES / name).write_text(pages()[name], encoding="utf-8")
    return 0


def _is(page: Path, text: str) -> bool:
    return page.exists() and page.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
