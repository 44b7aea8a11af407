"""SET service (Green Book, ASN.1 of Set-Request and Set-Response). Declarations only."""

from __future__ import annotations

from typing import Annotated

from dlmskit.apdu.common import (
    AccessSelection,
    CosemAttributeDescriptor,
    CosemAttributeDescriptorWithSelection,
    DataAccessResultField,
    DataBlockSA,
    InvokeId,
)
from dlmskit.apdu.registry import apdu
from dlmskit.codec.data import Data
from dlmskit.codec.schema import Apdu
from dlmskit.codec.wire import DataValue, Name, SequenceOf, Unsigned32

AttributeDescriptor = Annotated[CosemAttributeDescriptor, Name("AttributeDescriptor")]
AttributeDescriptorList = Annotated[
    tuple[CosemAttributeDescriptorWithSelection, ...], SequenceOf(CosemAttributeDescriptorWithSelection)
]
DataBlock = Annotated[DataBlockSA, Name("DataBlock")]
ResultList = Annotated[tuple[int, ...], SequenceOf(DataAccessResultField, item=Name("DataAccessResult", "Data-Access-Result"))]


@apdu(0xC1, 1, service="set-request")
class SetRequestNormal(Apdu, frozen=True, gc=False):
    """Write one attribute, or a part of it."""

    invoke_id_and_priority: InvokeId
    cosem_attribute_descriptor: AttributeDescriptor
    access_selection: AccessSelection
    value: DataValue


@apdu(0xC1, 2, service="set-request", simple=("", "SetRequestFirstDataBlock"))
class SetRequestWithFirstDatablock(Apdu, frozen=True, gc=False):
    """Begin to write a value that does not fit into one APDU."""

    invoke_id_and_priority: InvokeId
    cosem_attribute_descriptor: AttributeDescriptor
    access_selection: AccessSelection
    datablock: DataBlock


@apdu(0xC1, 3, service="set-request", simple=("", "SetRequestWithDataBlock"))
class SetRequestWithDatablock(Apdu, frozen=True, gc=False):
    """The next block of the value."""

    invoke_id_and_priority: InvokeId
    datablock: DataBlock


@apdu(0xC1, 4, service="set-request")
class SetRequestWithList(Apdu, frozen=True, gc=False):
    """Write several attributes at once."""

    invoke_id_and_priority: InvokeId
    attribute_descriptor_list: AttributeDescriptorList
    value_list: Annotated[tuple[Data, ...], SequenceOf(DataValue)]


@apdu(0xC1, 5, service="set-request", simple=("", "SetRequestWithListAndFirstDataBlock"))
class SetRequestWithListAndFirstDatablock(Apdu, frozen=True, gc=False):
    """Begin to write several attributes whose values do not fit into one APDU."""

    invoke_id_and_priority: InvokeId
    attribute_descriptor_list: AttributeDescriptorList
    datablock: DataBlock


@apdu(0xC5, 1, service="set-response")
class SetResponseNormal(Apdu, frozen=True, gc=False):
    """What became of the value."""

    invoke_id_and_priority: InvokeId
    result: DataAccessResultField


@apdu(0xC5, 2, service="set-response", simple=("", "SetResponseDataBlock"))
class SetResponseDatablock(Apdu, frozen=True, gc=False):
    """A block that is not the last one has arrived."""

    invoke_id_and_priority: InvokeId
    block_number: Unsigned32


@apdu(0xC5, 3, service="set-response", simple=("", "SetResponseWithLastDataBlock"))
class SetResponseLastDatablock(Apdu, frozen=True, gc=False):
    """The last block has arrived, and what became of the value."""

    invoke_id_and_priority: InvokeId
    result: DataAccessResultField
    block_number: Unsigned32


@apdu(0xC5, 4, service="set-response", simple=("", "SetResponseLastDataBlockWithList"))
class SetResponseLastDatablockWithList(Apdu, frozen=True, gc=False):
    """The last block has arrived, and what became of the values."""

    invoke_id_and_priority: InvokeId
    result: ResultList
    block_number: Unsigned32


@apdu(0xC5, 5, service="set-response")
class SetResponseWithList(Apdu, frozen=True, gc=False):
    """What became of the values, in the order of the request."""

    invoke_id_and_priority: InvokeId
    result: ResultList
