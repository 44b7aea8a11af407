"""Parts that several services share: descriptors, selections, results, blocks, invoke-ids (Green Book, xDLMS ASN.1)."""

from __future__ import annotations

from typing import Annotated

from dlmskit.codec.data import Data
from dlmskit.codec.schema import Sequence
from dlmskit.codec.wire import (
    Alternative,
    Bool,
    Choice,
    DataValue,
    Fixed,
    Flagged,
    Integer8,
    LogicalName,
    Name,
    OctetString,
    Unsigned8,
    Unsigned16,
    Unsigned32,
)
from dlmskit.types.enums import ActionResult, DataAccessResult

InvokeId = Annotated[int, Fixed("B"), Name("InvokeIdAndPriority")]
"""Invoke-Id-And-Priority: bits 0-3 invoke-id, bit 6 confirmed, bit 7 high priority."""

LongInvokeId = Annotated[int, Fixed("I"), Name("LongInvokeIdAndPriority")]
"""Bits 0-23 long-invoke-id, 28 self-descriptive, 29 break on error, 30 confirmed, 31 high priority."""

DataAccessResultField = Annotated[int, Fixed("B", DataAccessResult)]
ActionResultField = Annotated[int, Fixed("B", ActionResult)]

CONFIRMED = 0x40
"""Bit of Invoke-Id-And-Priority: the request wants an answer."""
HIGH_PRIORITY = 0x80
"""Bit of Invoke-Id-And-Priority."""
LONG_CONFIRMED, LONG_HIGH_PRIORITY = CONFIRMED << 24, HIGH_PRIORITY << 24
"""The same bits of Long-Invoke-Id-And-Priority."""
BREAK_ON_ERROR = 0x20000000
"""Bit of Long-Invoke-Id-And-Priority, ACCESS: nothing is executed behind the first item that fails."""
SELF_DESCRIPTIVE = 0x10000000
"""Bit of Long-Invoke-Id-And-Priority, ACCESS: the answer repeats what was asked."""


class CosemAttributeDescriptor(Sequence, frozen=True, gc=False):
    """One attribute of one object; attribute 0 stands for all of them."""

    class_id: Unsigned16
    instance_id: LogicalName
    attribute_id: Integer8


class CosemMethodDescriptor(Sequence, frozen=True, gc=False):
    """One method of one object."""

    class_id: Unsigned16
    instance_id: LogicalName
    method_id: Integer8


class SelectiveAccessDescriptor(Sequence, frozen=True, gc=False):
    """Which part of an attribute is wanted."""

    access_selector: Unsigned8
    access_parameters: DataValue


AccessSelection = Annotated[SelectiveAccessDescriptor | None, Flagged(SelectiveAccessDescriptor), Name("AccessSelection")]


class CosemAttributeDescriptorWithSelection(Sequence, frozen=True, gc=False):
    """One attribute, or the part of it that a selection names."""

    cosem_attribute_descriptor: Annotated[CosemAttributeDescriptor, Name("AttributeDescriptor")]
    access_selection: AccessSelection = None


GetDataResult = Annotated[
    Data | int,
    Choice(
        (
            Alternative(0, "data", DataValue),
            Alternative(1, "data-access-result", DataAccessResultField, "DataAccessError"),
        )
    ),
]
"""``00 Data`` or ``01 data-access-result``: the value, or the number that says why there is none."""


class DataBlockG(Sequence, frozen=True, gc=False):
    """A block of a long answer to GET."""

    last_block: Bool
    block_number: Unsigned32
    result: Annotated[
        bytes | int,
        Choice(
            (
                Alternative(0, "raw-data", OctetString),
                Alternative(1, "data-access-result", DataAccessResultField, "DataAccessError"),
            )
        ),
    ]


class DataBlockSA(Sequence, frozen=True, gc=False):
    """A block of a long SET or ACTION."""

    last_block: Bool
    block_number: Unsigned32
    raw_data: OctetString


class ActionResponseWithOptionalData(Sequence, frozen=True, gc=False):
    """What one method answered."""

    result: ActionResultField
    return_parameters: Annotated[Data | int | None, Flagged(GetDataResult, may_end=True)] = None


__all__ = [
    "BREAK_ON_ERROR",
    "CONFIRMED",
    "HIGH_PRIORITY",
    "LONG_CONFIRMED",
    "LONG_HIGH_PRIORITY",
    "SELF_DESCRIPTIVE",
    "AccessSelection",
    "ActionResponseWithOptionalData",
    "ActionResultField",
    "CosemAttributeDescriptor",
    "CosemAttributeDescriptorWithSelection",
    "CosemMethodDescriptor",
    "DataAccessResultField",
    "DataBlockG",
    "DataBlockSA",
    "GetDataResult",
    "InvokeId",
    "LongInvokeId",
    "SelectiveAccessDescriptor",
]
