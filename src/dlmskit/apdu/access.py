"""ACCESS service (Green Book, ASN.1 of Access-Request and Access-Response). Declarations only."""

from __future__ import annotations

from typing import Annotated

from dlmskit.apdu.common import (
    ActionResultField,
    CosemAttributeDescriptor,
    CosemMethodDescriptor,
    DataAccessResultField,
    LongInvokeId,
    SelectiveAccessDescriptor,
)
from dlmskit.apdu.registry import apdu
from dlmskit.codec.data import Data
from dlmskit.codec.schema import Apdu, Sequence
from dlmskit.codec.wire import Alternative, Choice, DataValue, DateTimeString, Flagged, Name, SequenceOf

AttributeDescriptor = Annotated[CosemAttributeDescriptor, Name("AttributeDescriptor")]


class AccessRequestGet(Sequence, frozen=True, gc=False):
    """Read an attribute."""

    cosem_attribute_descriptor: AttributeDescriptor


class AccessRequestSet(Sequence, frozen=True, gc=False):
    """Write an attribute."""

    cosem_attribute_descriptor: AttributeDescriptor


class AccessRequestAction(Sequence, frozen=True, gc=False):
    """Invoke a method."""

    cosem_method_descriptor: Annotated[CosemMethodDescriptor, Name("MethodDescriptor")]


class AccessRequestGetWithSelection(Sequence, frozen=True, gc=False):
    """Read a part of an attribute."""

    cosem_attribute_descriptor: AttributeDescriptor
    access_selection: Annotated[SelectiveAccessDescriptor, Name("AccessSelection")]


class AccessRequestSetWithSelection(Sequence, frozen=True, gc=False):
    """Write a part of an attribute."""

    cosem_attribute_descriptor: AttributeDescriptor
    access_selection: Annotated[SelectiveAccessDescriptor, Name("AccessSelection")]


AccessRequestSpecification = Annotated[
    AccessRequestGet | AccessRequestSet | AccessRequestAction | AccessRequestGetWithSelection | AccessRequestSetWithSelection,
    Choice(
        (
            Alternative(1, "access-request-get", AccessRequestGet),
            Alternative(2, "access-request-set", AccessRequestSet),
            Alternative(3, "access-request-action", AccessRequestAction),
            Alternative(4, "access-request-get-with-selection", AccessRequestGetWithSelection),
            Alternative(5, "access-request-set-with-selection", AccessRequestSetWithSelection),
        )
    ),
]


class AccessResponseGet(Sequence, frozen=True, gc=False):
    """What became of a read."""

    result: DataAccessResultField


class AccessResponseSet(Sequence, frozen=True, gc=False):
    """What became of a write."""

    result: DataAccessResultField


class AccessResponseAction(Sequence, frozen=True, gc=False):
    """What became of a method."""

    result: ActionResultField


AccessResponseSpecification = Annotated[
    AccessResponseGet | AccessResponseSet | AccessResponseAction,
    Choice(
        (
            Alternative(1, "access-response-get", AccessResponseGet),
            Alternative(2, "access-response-set", AccessResponseSet),
            Alternative(3, "access-response-action", AccessResponseAction),
        )
    ),
]

RequestSpecifications = Annotated[
    tuple[AccessRequestSpecification, ...],
    SequenceOf(AccessRequestSpecification, item=Name("_AccessRequestSpecification", "Access-Request-Specification")),
]
ListOfData = Annotated[tuple[Data, ...], SequenceOf(DataValue)]


class AccessRequestBody(Sequence, frozen=True, gc=False):
    """What is asked, and one value for each item (null-data where there is nothing to carry)."""

    access_request_specification: RequestSpecifications
    access_request_list_of_data: ListOfData


@apdu(0xD9)
class AccessRequest(Apdu, frozen=True, gc=False):
    """Several reads, writes and methods in one message, executed in order."""

    long_invoke_id_and_priority: LongInvokeId
    date_time: DateTimeString
    access_request_body: AccessRequestBody


class AccessResponseBody(Sequence, frozen=True, gc=False):
    """The request again where it was wanted, one value and one result for each item."""

    access_request_specification: Annotated[tuple[AccessRequestSpecification, ...] | None, Flagged(RequestSpecifications)]
    access_response_list_of_data: ListOfData
    access_response_specification: Annotated[
        tuple[AccessResponseSpecification, ...],
        SequenceOf(AccessResponseSpecification, item=Name("_AccessResponseSpecification", "Access-Response-Specification")),
    ]


@apdu(0xDA)
class AccessResponse(Apdu, frozen=True, gc=False):
    """The answers, in the order of the request."""

    long_invoke_id_and_priority: LongInvokeId
    date_time: DateTimeString
    access_response_body: AccessResponseBody
