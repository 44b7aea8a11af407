"""An explanation for people: the tree with meanings, the table of values, and what is wrong, in the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from dlmskit.apdu import decode_apdu
from dlmskit.apdu.xml import to_xml
from dlmskit.apps.cli.output import console, errors
from dlmskit.trace.explain import ApduExplanation, Code, Explanation, Node, Problem, Verdict
from dlmskit.trace.explain.model import NOTES
from dlmskit.trace.naming import NamedValue

_CHILDREN_SHOWN = 60
_FRAME_DETAIL = frozenset(
    (
        *("kind", "offset", "length", "hex", "trusted", "problems", "hcs_ok", "fcs_ok", "checksum_ok", "crc_ok"),
        *("destination_octets", "source_octets", "length_field", "information_octets"),
    )
)
"""Of a frame: said in another place, or in JSON alone."""
_BLOCK = "general-block-transfer"
_STYLE = {
    Verdict.VERIFIED: "green",
    Verdict.UNVERIFIED: "yellow",
    Verdict.DECIPHERED: "yellow",
    Verdict.NOT_DECIPHERED: "red",
    Verdict.UNPROTECTED: "dim",
}


def print_explanation(explanation: Explanation) -> None:
    """Everything that was found, in the order of the input; the values at the end, problems last."""
    for frame in explanation.frames:
        if frame["kind"] != "apdu":
            _print_frame(frame)
    for apdu in explanation.apdus:
        console.print(_tree(apdu))
    if explanation.values:
        console.print(values_table(explanation.values))
    print_problems(explanation.all_problems)
    if not explanation.apdus and not explanation.problems:
        console.print("[yellow]No APDU found.[/]")


def _print_frame(frame: dict[str, object]) -> None:
    checks = [name for name in frame if name.endswith("_ok")]
    said = [_said(*one) for one in frame.items() if one[0] not in _FRAME_DETAIL and one[1] is not None and one[1] is not False]
    said += [f"{name[:-3]} {'good' if frame[name] else 'wrong'}" for name in checks if frame[name] is not None]
    detail = ", ".join(said)
    mark = "" if frame["trusted"] else " [red]damaged[/]"
    console.print(f"[dim]{frame['kind']} frame at octet {frame['offset']}, {frame['length']} octets: {escape(detail)}[/]{mark}")


def _said(name: str, value: object) -> str:
    word = name.replace("_", " ")
    if isinstance(value, list):
        return f"{len(value)} {word}"
    return word if value is True else f"{word} {value}"


def _tree(apdu: ApduExplanation) -> Tree:
    root = Tree(_label(apdu.tree), guide_style="dim")
    if not apdu.trusted:
        root.label = f"{root.label} [red](from a damaged frame or an incomplete message: not to be trusted)[/]"
    _grow(root, apdu.tree.children)
    return root


def _grow(branch: Tree, children: Iterable[Node]) -> None:
    children = tuple(children)
    for child in children[:_CHILDREN_SHOWN]:
        _grow(branch.add(_label(child)), child.children)
    if len(children) > _CHILDREN_SHOWN:
        branch.add(f"[dim]... {len(children) - _CHILDREN_SHOWN} more (all of them with --json)[/]")


def _label(node: Node) -> str:
    value = f" {escape(node.value)}" if node.value else ""
    if node.name == "verdict":
        style = _STYLE[Verdict(node.value)]
        value = f" [bold {style}]{node.value}[/]"
    meaning = f"  [cyan]{escape(node.meaning)}[/]" if node.meaning else ""
    return f"[bold]{escape(node.name)}[/]{value}{meaning}"


def values_table(values: Iterable[NamedValue]) -> Table:
    """Values with OBIS code, meaning and unit."""
    table = Table(title="Values", title_justify="left")
    table.add_column("OBIS", no_wrap=True)
    table.add_column("Value", justify="right", no_wrap=True)
    table.add_column("Unit", no_wrap=True)
    table.add_column("Meaning")
    for value in values:
        table.add_row(_code(value), escape(shown(value.value)), value.unit or "", escape(value.name or "[not named]"))
    return table


def _code(value: NamedValue) -> str:
    if value.obis is None:
        return "-"
    return str(value.obis) if value.attribute == 2 else f"{value.obis}:{value.attribute}"


def shown(value: object) -> str:
    """A value for a table cell: octets in hexadecimal, long ones cut."""
    text = value.hex().upper() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 48 else f"{text[:45]}..."


def print_problems(problems: Iterable[Problem], where_to: Console = console) -> None:
    """What is wrong, and what one should know; what is the same in many messages is said once."""
    for problem, times in Counter(problems).items():
        style, word = ("yellow", "note") if problem.code in NOTES or problem.code == Code.REPAIRED else ("red", "problem")
        where = f" (octet {problem.offset})" if problem.offset is not None and "octet" not in problem.message else ""
        often = f" [dim]({times} times)[/]" if times > 1 else ""
        where_to.print(f"[{style}]{word}[/] [bold]{problem.code.value}[/]: {escape(problem.message)}{where}{often}")


def print_xml(explanation: Explanation) -> None:
    """The innermost APDU of each as XML, without the blocks that carried it; what is wrong goes to standard error."""
    opened = [apdu for apdu in explanation.apdus if apdu.plain and apdu.fields is not None]
    whole = [apdu for apdu in opened if apdu.name != _BLOCK] or opened
    for apdu in whole:
        console.print(to_xml(decode_apdu(apdu.plain or b"", deviations=[])), markup=False, soft_wrap=True)
    print_problems(explanation.all_problems, errors)
