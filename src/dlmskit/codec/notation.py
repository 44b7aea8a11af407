"""The type notation of the interface classes, as ``structure{scaler:integer,unit:enum}``.

    type := base ['(' n ')'] | 'octet-string(date-time|date|time)' | 'logical-name' | 'integer(0)' | 'any'
          | 'array<' type '>' | 'structure{' name ':' type {',' name ':' type} '}'
          | 'choice{' type {',' type} '}' | 'enum' ['{' n '=' label {',' n '=' label} '}']

Read once per text; what a type does is in `dlmskit.codec.kinds` and `dlmskit.codec.containers`. Delta types belong to
profile rows and have no notation.
"""

from __future__ import annotations

import functools
import re

from dlmskit.codec.containers import Array, Choice, Structure
from dlmskit.codec.data_types import BY_NAME, Tag
from dlmskit.codec.kinds import (
    MOMENTS,
    Anything,
    CompactArrayKind,
    Enumeration,
    Kind,
    LogicalName,
    MomentKind,
    NoParameter,
    simple,
)
from dlmskit.errors import ConfigError

__all__ = ["Kind", "parse_kind"]

_MOST_LEVELS = 16
_WORD = re.compile(r"[a-z][a-z0-9-]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_LABEL = re.compile(r"(\d+)=([^,{}<>]+)")
_ARGUMENT = re.compile(r"\(([a-z0-9-]+)\)")
_SIZED = frozenset(("octet-string", "bit-string", "visible-string", "utf8-string"))
_BASES = frozenset(BY_NAME) - {"array", "structure", "dont-care"}


@functools.lru_cache(maxsize=4096)
def parse_kind(text: str) -> Kind:
    """The kind that a notation names. Raises `ConfigError` with the place where it does not follow the grammar."""
    parser = _Parser(re.sub(r"\s+", "", text))
    kind = parser.kind(0)
    if parser.at != len(parser.text):
        raise parser.error("nothing more")
    return kind


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def kind(self, level: int) -> Kind:
        """Read one type; the position stands behind it afterwards."""
        if level > _MOST_LEVELS:
            raise self.error(f"at most {_MOST_LEVELS} levels")
        start = self.at
        word = self.take(_WORD, "a type").group()
        if word == "array":
            self.literal("<")
            member = self.kind(level + 1)
            self.literal(">")
            return Array(self.text[start : self.at], member)
        if word == "structure":
            return self.structure(start, level)
        if word == "choice":
            return self.choice(start, level)
        if word == "enum":
            return Enumeration("enum", self.labels())
        return self.base(word)

    def structure(self, start: int, level: int) -> Kind:
        """Members of a structure, braces included."""
        self.literal("{")
        members: dict[str, Kind] = {}
        while True:
            name = self.take(_NAME, "a member name").group()
            self.literal(":")
            if name in members:
                raise self.error(f"another name than {name}")
            members[name] = self.kind(level + 1)
            if not self.another():
                return Structure(self.text[start : self.at], members)

    def choice(self, start: int, level: int) -> Kind:
        """Alternatives of a choice, braces included."""
        self.literal("{")
        alternatives = [self.kind(level + 1)]
        while self.another():
            alternatives.append(self.kind(level + 1))
        return Choice(self.text[start : self.at], tuple(alternatives))

    def labels(self) -> dict[int, str]:
        """Labels of an enum; none where no brace follows."""
        labels: dict[int, str] = {}
        if not self.text.startswith("{", self.at):
            return labels
        self.at += 1
        while True:
            found = self.take(_LABEL, "number=label")
            labels[int(found[1])] = found[2]
            if not self.another():
                return labels

    def base(self, word: str) -> Kind:
        """A base type, with its length or meaning in parentheses."""
        found = _ARGUMENT.match(self.text, self.at)
        argument = found[1] if found else ""
        if found:
            self.at = found.end()
        text = f"{word}({argument})" if argument else word
        if text == "logical-name":
            return LogicalName()
        if text == "any":
            return Anything("any")
        if text == "integer(0)":
            return NoParameter()
        if text == "compact-array":
            return CompactArrayKind(text)
        if word == "octet-string" and argument in MOMENTS:
            return MomentKind(text, argument, Tag.OCTET_STRING)
        if word in MOMENTS and not argument:
            return MomentKind(text, word, MOMENTS[word][1])
        if word in _SIZED and argument.isdecimal():
            return simple(word, int(argument))
        if word not in _BASES or argument:
            raise self.error(f"a known type instead of {text}")
        return simple(word)

    def another(self) -> bool:
        """Whether a comma follows; else the closing brace is taken."""
        if self.text.startswith(",", self.at):
            self.at += 1
            return True
        self.literal("}")
        return False

    def literal(self, text: str) -> None:
        """Take these characters."""
        if not self.text.startswith(text, self.at):
            raise self.error(repr(text))
        self.at += len(text)

    def take(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        """Take what a pattern finds here."""
        found = pattern.match(self.text, self.at)
        if found is None:
            raise self.error(what)
        self.at = found.end()
        return found

    def error(self, expected: str) -> ConfigError:
        return ConfigError(f"type notation: {expected} expected at {self.at} of {self.text[:80]!r}")
