"""Values of an ASCII telegram (DSMR P1, IEC 62056-21 readout): lines of ``OBIS(value*unit)``.

Values stay as the meter wrote them; only numbers become numbers.
"""

from __future__ import annotations

import re
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.errors import DlmsError
from dlmskit.trace.naming import NamedValue
from dlmskit.types.obis import Obis

_LINE = re.compile(r"^([0-9:.*&CFLP-]+)((?:\([^()]*\))+)\s*$")
_GROUP = re.compile(r"\(([^()]*)\)")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class ReadoutValue(NamedValue, frozen=True):
    """A value of an ASCII telegram: text on the wire, a number where a unit makes it one."""

    @property
    def value(self) -> Any:
        """The number where the meter gives a unit, else the text."""
        text = str(self.data.value)
        if self.unit is None or not _NUMBER.fullmatch(text):
            return text
        return float(text) if "." in text else int(text)


def readout_values(text: str) -> list[NamedValue]:
    """Every value of the lines; of several groups in a line (M-Bus devices) the last is the value, the one before its time."""
    values: list[NamedValue] = []
    for line in text.splitlines():
        match = _LINE.match(line.strip())
        if match is None:
            continue
        try:
            obis = Obis.parse_reduced(match[1])
        except DlmsError:
            continue
        group = _GROUP.findall(match[2])[-1]
        number, star, unit = group.partition("*")
        values.append(ReadoutValue(Data.visible_string(_ascii(number)), obis, unit=unit if star else None, source="readout"))
    return values


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode("ascii")
