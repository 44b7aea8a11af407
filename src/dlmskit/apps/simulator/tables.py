"""The base of every table of a meter's description."""

from __future__ import annotations

import typing
from typing import Any

import msgspec


class Table(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A table of the file. Fields that hold secrets are not shown, and a table that has some is not pickled."""

    secret_fields: typing.ClassVar[frozenset[str]] = frozenset()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, self._shown(name)) for name in self.__struct_fields__]

    def __reduce__(self) -> Any:
        if any(getattr(self, name) is not None for name in self.secret_fields):
            raise TypeError("a secret is not pickled")
        return super().__reduce__()

    def _shown(self, name: str) -> Any:
        value = getattr(self, name)
        return value if value is None or name not in self.secret_fields else "..."
