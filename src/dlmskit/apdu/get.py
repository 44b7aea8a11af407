"""GET service (Green Book, ASN.1 of Get-Request and Get-Response). Declarations only."""

from __future__ import annotations

from typing import Annotated

from dlmskit.apdu.common import (
    AccessSelection,
    CosemAttributeDescriptor,
    CosemAttributeDescriptorWithSelection,
    DataBlockG,
    GetDataResult,
    InvokeId,
)
from dlmskit.apdu.registry import apdu
from dlmskit.codec.schema import Apdu
from dlmskit.codec.wire import Name, SequenceOf, Unsigned32


@apdu(0xC0, 1, service="get-request")
class GetRequestNormal(Apdu, frozen=True, gc=False):
    """Ask for one attribute, or for a part of it."""

    invoke_id_and_priority: InvokeId
    cosem_attribute_descriptor: Annotated[CosemAttributeDescriptor, Name("AttributeDescriptor")]
    access_selection: AccessSelection = None


@apdu(0xC0, 2, service="get-request", simple=("", "GetRequestForNextDataBlock"))
class GetRequestNext(Apdu, frozen=True, gc=False):
    """Ask for the next block of an answer that did not fit."""

    invoke_id_and_priority: InvokeId
    block_number: Unsigned32


@apdu(0xC0, 3, service="get-request")
class GetRequestWithList(Apdu, frozen=True, gc=False):
    """Ask for several attributes at once."""

    invoke_id_and_priority: InvokeId
    attribute_descriptor_list: Annotated[
        tuple[CosemAttributeDescriptorWithSelection, ...], SequenceOf(CosemAttributeDescriptorWithSelection)
    ]


@apdu(0xC4, 1, service="get-response")
class GetResponseNormal(Apdu, frozen=True, gc=False):
    """The value, or why there is none."""

    invoke_id_and_priority: InvokeId
    result: GetDataResult


@apdu(0xC4, 2, service="get-response", simple=("", "GetResponsewithDataBlock"))
class GetResponseWithDatablock(Apdu, frozen=True, gc=False):
    """One block of an answer that does not fit into one APDU."""

    invoke_id_and_priority: InvokeId
    result: DataBlockG


@apdu(0xC4, 3, service="get-response")
class GetResponseWithList(Apdu, frozen=True, gc=False):
    """The answers to a request with list, in its order."""

    invoke_id_and_priority: InvokeId
    result: Annotated[tuple[GetDataResult, ...], SequenceOf(GetDataResult, item=Name("", "Get-Data-Result"))]
