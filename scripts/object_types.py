"""Writes the types of the objects of a meter from the interface classes: ``python -m scripts.object_types``; ``make docs`` too.

The classes themselves are made at run time (`dlmskit.client.objects`); these stubs tell a type checker and an editor the same.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dlmskit.client.objects.making import WITHOUT_PARAMETER
from dlmskit.codec.containers import Array, Choice, Structure
from dlmskit.codec.data_types import Tag
from dlmskit.codec.kinds import Kind, LogicalName, MomentKind, Simple
from dlmskit.cosem.declaration import Attribute, Method
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.registry import interface_classes

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "src" / "dlmskit" / "client" / "objects"
STUBS = {"aio": True, "blocking": False}
"""Name of the module: whether its words are awaited."""

_HEAD = """\
# Made by scripts/object_types.py from the interface classes: change those.
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, ClassVar, NamedTuple, TypeVar, overload

from dlmskit.client.directory import Code
from dlmskit.client.readings import ObjectEntry, Reading
from dlmskit.client.services import Selection
from dlmskit.codec.data import Data as CosemData
from dlmskit.cosem.export import ObjectRecord
from dlmskit.types.bits import BitString
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.obis import Obis

_Kind = TypeVar("_Kind", bound=CosemObject)

class CosemObject:
    class_id: int
    version: ClassVar[int | None]
    @property
    def obis(self) -> Obis: ...
    @property
    def description(self) -> str: ...
    def logical_name(self) -> Obis: ...
    def reading(self, attribute: int | str | None = None) -> Reading: ...
    def read(self, attribute: int | str, selection: Selection | None = None) -> Any: ...
    def get(self, attribute: int | str, selection: Selection | None = None) -> CosemData: ...
    def read_all(self) -> dict[str, Any]: ...
    def record(self) -> ObjectRecord: ...
    def write(self, attribute: int | str, value: Any, *, confirmed: bool = True) -> None: ...
    def call(self, method: int | str, parameter: Any = None, *, confirmed: bool = True) -> Any: ...
"""
_WORDS = """
class Objects:
    @overload
    def object(self, obis: Code | ObjectEntry, kind: type[_Kind]) -> _Kind: ...
    @overload
    def object(self, obis: Code | ObjectEntry, *, class_id: int | None = None, version: int | None = None) -> Any: ...
    def register(self, obis: Code, attribute: int | str = 2, *, class_id: int | None = None) -> Register: ...
    def data(self, obis: Code) -> Data: ...
    def extended_register(self, obis: Code) -> ExtendedRegister: ...
    def demand_register(self, obis: Code) -> DemandRegister: ...
    def clock(self, obis: Code = "0.0.1.0.0.255") -> Clock: ...
    def disconnect_control(self, obis: Code = "0.0.96.3.10.255") -> DisconnectControl: ...
"""
_AWAIT = "    def __await__(self) -> Generator[Any, Any, Reading]: ...\n"
_PLAIN = {
    Tag.NULL_DATA: "None",
    Tag.BOOLEAN: "bool",
    Tag.BIT_STRING: "BitString",
    Tag.OCTET_STRING: "bytes",
    Tag.VISIBLE_STRING: "str | bytes",
    Tag.UTF8_STRING: "str | bytes",
    Tag.FLOAT32: "float",
    Tag.FLOAT64: "float",
}
_MOMENTS = {"CosemDateTime": "datetime", "CosemDate": "date", "CosemTime": "time"}
_MOST_ALTERNATIVES = 2


class Stub:
    """The text of one stub."""

    def __init__(self, *, awaited: bool) -> None:
        self._def = "async def" if awaited else "def"
        self._awaited = awaited
        self._rows: dict[str, str] = {}
        """Notation of a structure: the name of its row."""
        self._lines: list[str] = []

    def text(self) -> str:
        """All of it, as the formatter leaves it."""
        for declared in interface_classes().values():
            if declared.__module__.startswith("dlmskit.cosem.classes."):
                self._lines += self._class(declared)
        head = _HEAD + (_AWAIT if self._awaited else "")
        if self._awaited:
            for word in ("logical_name", "reading", "read", "get", "read_all", "record", "write", "call"):
                head = head.replace(f"    def {word}(", f"    async def {word}(")
        return _formatted("\n".join([head + _WORDS, *self._lines, ""]))

    def _class(self, declared: type[InterfaceClass]) -> list[str]:
        body = [f"class {declared.__name__}(CosemObject):"]
        methods = {method.python_name for method in declared.methods.values()}
        rows = len(self._lines)
        for attribute in list(declared.attributes.values())[1:]:
            where = declared.__name__ + _camel(attribute.python_name)
            body += self._attribute(attribute, where, writes=f"set_{attribute.python_name}" not in methods)
        for method in declared.methods.values():
            body.append(self._method(method, declared.__name__ + _camel(method.python_name)))
        made, self._lines[rows:] = self._lines[rows:], []
        return [*made, *body]

    def _attribute(self, attribute: Attribute, where: str, *, writes: bool) -> Iterator[str]:
        name = attribute.python_name
        selection = ", selection: Selection | None = None" if attribute.selectors else ""
        if not attribute.secret:
            yield f"    {self._def} {name}(self{selection}) -> {self._given(attribute.kind, where)}: ..."
        if writes:
            taken = _taken(attribute.kind)
            yield f"    {self._def} set_{name}(self, value: {taken}, *, confirmed: bool = True) -> None: ..."

    def _method(self, method: Method[..., object], where: str) -> str:
        parameter = "" if method.parameter in WITHOUT_PARAMETER else f"parameter: {_taken(method.parameter_kind)}, "
        result = "None" if method.result == "null-data" else self._given(method.result_kind, where)
        return f"    {self._def} {method.python_name}(self, {parameter}*, confirmed: bool = True) -> {result}: ..."

    def _given(self, kind: Kind, where: str) -> str:
        """The Python type of a value that comes."""
        if isinstance(kind, LogicalName):
            return "Obis"
        if isinstance(kind, MomentKind):
            return kind.moment.__name__
        if isinstance(kind, Simple):
            return _PLAIN.get(kind.tag, "int")
        if isinstance(kind, Array):
            return f"list[{self._given(kind.member, where)}]"
        if isinstance(kind, Structure):
            return self._row(kind, where)
        if isinstance(kind, Choice):
            found = list(dict.fromkeys(self._given(one, f"{where}{at}") for at, one in enumerate(kind.alternatives)))
            found.sort(key="None".__eq__)
            return " | ".join(found) if len(found) <= _MOST_ALTERNATIVES and "Any" not in found else "Any"
        return "Any"

    def _row(self, kind: Structure, where: str) -> str:
        if kind.text not in self._rows:
            fields = kind.row._fields
            types = [
                self._given(member, where + _camel(name)) for name, member in zip(fields, kind.members.values(), strict=True)
            ]
            name = self._rows[kind.text] = f"_{where}"
            self._lines += [f"class {name}(NamedTuple):"]
            # A member named index or count hides what every tuple has; it does so at run time as well.
            hides = ["  # type: ignore[assignment]" if hasattr(tuple, field) else "" for field in fields]
            self._lines += [f"    {field}: {one}{note}" for field, one, note in zip(fields, types, hides, strict=True)]
        return self._rows[kind.text]


def _taken(kind: Kind) -> str:
    """The Python types of a value that is given; `Data` always."""
    if isinstance(kind, LogicalName):
        return "Obis | str | bytes | CosemData"
    if isinstance(kind, MomentKind):
        return f"{kind.moment.__name__} | {_MOMENTS[kind.moment.__name__]} | bytes | CosemData"
    if isinstance(kind, Simple):
        return "int | str | CosemData" if kind.tag == Tag.ENUM else f"{_PLAIN.get(kind.tag, 'int')} | CosemData"
    if isinstance(kind, Array):
        return "Iterable[Any] | CosemData"
    return "Sequence[Any] | Mapping[str, Any] | CosemData" if isinstance(kind, Structure) else "Any"


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _formatted(text: str) -> str:
    mend = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--quiet",
        "--fix",
        "--select",
        "F401,I",
        "--stdin-filename",
        str(FOLDER / "aio.pyi"),
        "-",
    ]
    form = [sys.executable, "-m", "ruff", "format", "--quiet", "--stdin-filename", str(FOLDER / "aio.pyi"), "-"]
    for command in (mend, form):
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return text


def stubs() -> dict[Path, str]:
    """Every stub and its text."""
    return {FOLDER / f"{name}.pyi": Stub(awaited=awaited).text() for name, awaited in STUBS.items()}


def main() -> None:
    """Write the stubs."""
    for path, text in stubs().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
