"""The registry of APDUs: a declaration joins by its decorator; one octet, or two, find it again.

Dispatch is a table of 256 entries; a tag that stands for several alternatives has a second table by its choice octet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from dlmskit.codec.compiler import LAYOUTS
from dlmskit.codec.schema import Apdu, expect_end
from dlmskit.errors import DecodeError
from dlmskit.limits import DEFAULT, Limits

T = TypeVar("T", bound=type[Apdu])

_BY_TAG: list[type[Apdu] | dict[int, type[Apdu]] | None] = [None] * 256


def apdu(tag: int, choice: int | None = None, *, service: str = "", simple: tuple[str, str] | str = "") -> Callable[[T], T]:
    """Declare an APDU by its tag and, where the tag stands for several alternatives, its choice octet.

    ``service`` is the standard name of the outer CHOICE where it is not the class name in kebab case; ``simple`` the names
    of the simple XML style (service and alternative) where they are not the standard names in CamelCase.
    """

    def declare(declared: T) -> T:
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", declared.__name__).lower()
        declared.head = bytes([tag] if choice is None else [tag, choice])
        declared.service_name = service or name
        declared.alternative_name = "" if choice is None else name
        names = (simple, "") if isinstance(simple, str) else simple
        declared.simple_names = (
            names[0] or camel(declared.service_name),
            names[1] or (declared.__name__ if declared.alternative_name else ""),
        )
        if choice is None:
            _BY_TAG[tag] = declared
        else:
            entry = _BY_TAG[tag]
            choices = entry if isinstance(entry, dict) else {}
            choices[choice] = declared
            _BY_TAG[tag] = choices
        return declared

    return declare


def camel(name: str) -> str:
    """``get-request`` as ``GetRequest``."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("-"))


def find(octets: bytes) -> type[Apdu]:
    """The declaration that the first octets announce. Raises DecodeError when there is none."""
    try:
        entry = _BY_TAG[octets[0]]
        if isinstance(entry, dict):
            return entry[octets[1]]
    except LookupError:
        raise _unknown_start(octets) from None
    if entry is None:
        raise DecodeError(f"unknown APDU tag {octets[0]:02X}", 0, "apdu")
    return entry


def _unknown_start(octets: bytes) -> DecodeError:
    """Why no declaration has this tag and choice."""
    if not octets:
        return DecodeError("nothing there: an APDU has at least one octet", 0, "apdu")
    service = next(one.service_name for one in declared_apdus() if one.head[0] == octets[0])
    return DecodeError("ends before the choice" if len(octets) < 2 else f"unknown choice {octets[1]:02X}", 1, service)


def decode_apdu(octets: bytes, *, deviations: list[str] | None = None, limits: Limits = DEFAULT) -> Apdu:
    """Decode one whole APDU (plain, or with its protection still on).

    Raises DecodeError for anything that is not exactly one APDU. With a list in ``deviations`` the known liberties of real
    devices are taken, and each one is written into the list; without it, encoding the result gives the same octets again.
    """
    declared = find(octets)
    if len(octets) > limits.apdu_octets:
        raise DecodeError(f"{len(octets)} octets, at most {limits.apdu_octets} are allowed", 0, declared.__name__)
    value, at = LAYOUTS[declared].decode(octets, 0, deviations, limits)
    if at != len(octets):
        expect_end(octets, at, deviations, declared.__name__)
    return value  # type: ignore[no-any-return]


def declared_apdus() -> Iterator[type[Apdu]]:
    """Every declared APDU, by tag and choice."""
    for entry in _BY_TAG:
        if isinstance(entry, dict):
            yield from (entry[choice] for choice in sorted(entry))
        elif entry is not None:
            yield entry
