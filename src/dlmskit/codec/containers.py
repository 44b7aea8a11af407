# ruff: noqa: D102 -- what the methods of a kind do is said once, in Kind
"""Types of the object model that are made of others: array, structure with named members, choice.

See `dlmskit.codec.kinds` for what a kind is, and `dlmskit.codec.notation` for how it is written.
"""

from __future__ import annotations

import functools
import keyword
import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.codec.kinds import Kind
from dlmskit.errors import DecodeError, EncodeError


class Array(Kind):
    """array of one type."""

    def __init__(self, text: str, member: Kind) -> None:
        super().__init__(text)
        self.member = member

    def check(self, data: Data) -> None:
        if data.octets[0] != Tag.ARRAY:
            raise self.unmatched(data)
        for index, item in enumerate(data.elements()):
            _within(f"[{index}]", self.member.check, item)

    def matches(self, data: Data) -> bool:
        return data.octets[0] == Tag.ARRAY and all(map(self.member.matches, data.elements()))

    def _encode(self, value: Any) -> Data:
        if not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping)):
            raise EncodeError(f"{self.text:.60}: {value!r:.60} is no list")
        return Data.array([_within(f"[{index}]", self.member.encode, item) for index, item in enumerate(value)])

    def present(self, value: Any) -> Any:
        return list(map(self.member.present, value)) if isinstance(value, list) else value

    def fits(self, value: Any) -> bool:
        return isinstance(value, list) and all(map(self.member.fits, value))

    def default(self) -> Data:
        return Data.array(())


class Structure(Kind):
    """structure with named members; values are named tuples, and tuples, lists or mappings on the way in."""

    def __init__(self, text: str, members: Mapping[str, Kind]) -> None:
        super().__init__(text)
        self.members = dict(members)
        self._kinds = tuple(self.members.values())
        # A light class, made once per kind: field names are those of the notation, made fit for Python.
        self.row = _named_tuple(tuple(map(_identifier, members)))

    def check(self, data: Data) -> None:
        if data.octets[0] != Tag.STRUCTURE:
            raise self.unmatched(data)
        items = data.elements()
        if len(items) != len(self._kinds):
            raise EncodeError(f"type unmatched: {len(items)} members where {len(self._kinds)} are declared")
        for (name, kind), item in zip(self.members.items(), items, strict=True):
            _within(name, kind.check, item)

    def matches(self, data: Data) -> bool:
        try:
            self.check(data)
        except EncodeError:
            return False
        return True

    def _encode(self, value: Any) -> Data:
        if isinstance(value, Mapping):
            strange = set(value) ^ set(self.members)
            if strange:
                raise EncodeError(f"structure: members missing or unknown: {', '.join(sorted(map(str, strange)))}")
            value = [value[name] for name in self.members]
        if not isinstance(value, (tuple, list)):
            raise EncodeError(f"structure: {value!r:.60} is neither a tuple nor a mapping")
        if len(value) != len(self._kinds):
            raise EncodeError(f"structure: {len(value)} values for {len(self._kinds)} members ({', '.join(self.members)})")
        pairs = zip(self.members.items(), value, strict=True)
        return Data.structure([_within(name, kind.encode, item) for (name, kind), item in pairs])

    def present(self, value: Any) -> Any:
        if not isinstance(value, tuple) or len(value) != len(self._kinds):
            return value
        return self.row._make([kind.present(item) for kind, item in zip(self._kinds, value, strict=True)])

    def fits(self, value: Any) -> bool:
        if not isinstance(value, tuple) or len(value) != len(self._kinds):
            return False
        return all(kind.fits(item) for kind, item in zip(self._kinds, value, strict=True))

    def default(self) -> Data:
        return Data.structure([kind.default() for kind in self._kinds])


class Choice(Kind):
    """Any one of some types. `encode` takes the first that holds the value: give `Data` where several could."""

    def __init__(self, text: str, alternatives: tuple[Kind, ...]) -> None:
        super().__init__(text)
        self.alternatives = alternatives

    def matches(self, data: Data) -> bool:
        return any(kind.matches(data) for kind in self.alternatives)

    def _encode(self, value: Any) -> Data:
        for kind in self.alternatives:
            try:
                return kind.encode(value)
            except EncodeError:
                continue
        raise EncodeError(f"{self.text:.100}: no alternative holds {value!r:.60}")

    def present(self, value: Any) -> Any:
        found = next((kind for kind in self.alternatives if kind.fits(value)), None)
        return value if found is None else found.present(value)

    def fits(self, value: Any) -> bool:
        return any(kind.fits(value) for kind in self.alternatives)

    def default(self) -> Data:
        return self.alternatives[0].default()


def _within(name: str, work: Callable[[Any], Any], value: Any) -> Any:
    """Name the member in the error of a part."""
    try:
        return work(value)
    except (EncodeError, DecodeError) as error:
        joint = "" if str(error).startswith("[") else ": "
        raise EncodeError(f"{name}{joint}{error}") from None


@functools.lru_cache(maxsize=1024)
def _named_tuple(names: tuple[str, ...]) -> Any:
    """Typed for nobody: the fields are known from the notation alone."""
    return namedtuple("Structure", names, rename=True)  # noqa: PYI024


def _identifier(name: str) -> str:
    clean = re.sub(r"\W", "_", name)
    return f"{clean}_" if keyword.iskeyword(clean) else clean
