"""The codes as bits: each code list of `v44.json` gives the octets beside it."""

from __future__ import annotations

import pytest

from dlmskit.crypto.v44.bits import BitWriter
from tests.crypto.v44.inputs import ENTRIES
from tests.vectors import parameters

CODED = [entry for entry in ENTRIES if "codes" in entry]


def test_the_file_has_code_lists() -> None:
    assert len(CODED) == 17


@pytest.mark.parametrize("entry", parameters(CODED))
def test_code_lists(entry) -> None:
    """STEPUP and FLUSH are not asked for: the writer sends the first where it is needed, and the second at the end."""
    writer = BitWriter(entry["parameters"]["C5"])
    for kind, value, *_ in entry["codes"]:
        if kind == "ordinal":
            writer.ordinal(value)
        elif kind == "codeword":
            writer.codeword(value)
        elif kind == "extension":
            writer.extension(value, entry["parameters"]["N7"])
    assert writer.finish().hex().upper() == entry["compressed"]
