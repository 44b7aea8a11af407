"""Interface class 63, Status mapping (Blue Book 4.3.9): the bits of a status word, and what each of them means."""

from __future__ import annotations

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass
from dlmskit.types.bits import BitString

_STATUS_WORD = (
    "choice{bit-string,double-long-unsigned,octet-string,visible-string,utf8-string,unsigned,long-unsigned,long64-unsigned}"
)


class StatusMapping(InterfaceClass, class_id=63, version=0, name="Status mapping"):
    """A status word and the reference table in which the meaning of its bits stands."""

    status_word = attribute(2, _STATUS_WORD, dynamic=True)
    mapping_table = attribute(3, "structure{ref_table_ID:unsigned,ref_table_mapping:choice{long-unsigned,array<long-unsigned>}}")

    def entries(self) -> dict[int, bool]:
        """The entries of the reference table by number, and whether the bit of each is set; the leading bit comes first."""
        bits = _bits(self.stored(2))
        mapping = self.mapping_table[1]
        numbers = range(mapping, mapping + len(bits)) if isinstance(mapping, int) else mapping
        return dict(zip(numbers, bits, strict=False))


def _bits(word: Data) -> list[bool]:
    """Any status word as bits, the leading one first."""
    if word.tag == Tag.BIT_STRING:
        return list(BitString(str(word.value)) if not isinstance(word.value, BitString) else word.value)
    octets = word.octets[1:] if isinstance(word.value, int) else bytes(str(word.value), "utf-8")
    if word.tag == Tag.OCTET_STRING:
        octets = bytes(word.value)
    return list(BitString.from_octets(octets, 8 * len(octets)))
