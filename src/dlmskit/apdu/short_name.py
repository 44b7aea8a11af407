"""Short-name services: READ, WRITE, UnconfirmedWrite, InformationReport (Green Book, ASN.1). Declarations only."""

from __future__ import annotations

from typing import Annotated

from dlmskit.apdu.registry import apdu
from dlmskit.codec.data import Data
from dlmskit.codec.schema import Apdu, Sequence
from dlmskit.codec.wire import (
    Alternative,
    Bool,
    Choice,
    DataValue,
    Fixed,
    Flagged,
    Integer16,
    Name,
    Octets,
    OctetString,
    SequenceOf,
    Unsigned8,
    Unsigned16,
)
from dlmskit.types.enums import DataAccessResult


class VariableName(Sequence, frozen=True, gc=False):
    """An attribute or method by its short name; FA00 is -1536 here, since ObjectName is a signed number."""

    variable_name: Annotated[Integer16, Name("", "")]


class ParameterizedAccess(Sequence, frozen=True, gc=False):
    """An attribute with a selection, or a method with its parameter."""

    variable_name: Integer16
    selector: Unsigned8
    parameter: DataValue


class BlockNumberAccess(Sequence, frozen=True, gc=False):
    """The next block of a long answer, please."""

    block_number: Unsigned16


class ReadDataBlockAccess(Sequence, frozen=True, gc=False):
    """A block of a READ request that does not fit."""

    last_block: Bool
    block_number: Unsigned16
    raw_data: OctetString


class WriteDataBlockAccess(Sequence, frozen=True, gc=False):
    """Announces a block of a WRITE request; the octets stand in the list of data."""

    last_block: Bool
    block_number: Unsigned16


VariableAccessSpecification = Annotated[
    VariableName | ParameterizedAccess | BlockNumberAccess | ReadDataBlockAccess | WriteDataBlockAccess,
    Choice(
        (
            Alternative(2, "variable-name", VariableName),
            Alternative(4, "parameterized-access", ParameterizedAccess, "ParameterisedAccess"),
            Alternative(5, "block-number-access", BlockNumberAccess),
            Alternative(6, "read-data-block-access", ReadDataBlockAccess),
            Alternative(7, "write-data-block-access", WriteDataBlockAccess),
        )
    ),
]
Specifications = Annotated[
    tuple[VariableAccessSpecification, ...],
    SequenceOf(VariableAccessSpecification, item=Name("", "Variable-Access-Specification")),
    Name("ListOfVariableAccessSpecification"),
]
ListOfData = Annotated[tuple[Data, ...], SequenceOf(DataValue)]


class DataAccessError(Sequence, frozen=True, gc=False):
    """Why there is no value."""

    data_access_error: Annotated[int, Fixed("B", DataAccessResult), Name("", "")]


class DataBlockResult(Sequence, frozen=True, gc=False):
    """A block of a long answer."""

    last_block: Bool
    block_number: Unsigned16
    raw_data: OctetString


class BlockNumber(Sequence, frozen=True, gc=False):
    """A block has arrived; the next one, please."""

    block_number: Annotated[Unsigned16, Name("", "")]


ReadResult = Annotated[
    Data | DataAccessError | DataBlockResult | BlockNumber,
    Choice(
        (
            Alternative(0, "data", DataValue),
            Alternative(1, "data-access-error", DataAccessError),
            Alternative(2, "data-block-result", DataBlockResult),
            Alternative(3, "block-number", BlockNumber),
        )
    ),
]
WriteResult = Annotated[
    DataAccessError | BlockNumber | None,
    Choice(
        (
            Alternative(0, "success", None),
            Alternative(1, "data-access-error", DataAccessError),
            Alternative(2, "block-number", BlockNumber),
        )
    ),
]


@apdu(0x05, service="readRequest", simple="ReadRequest")
class ReadRequest(Apdu, frozen=True, gc=False):
    """Read attributes, or invoke methods that return something."""

    variable_access_specification: Annotated[
        tuple[VariableAccessSpecification, ...],
        SequenceOf(VariableAccessSpecification, item=Name("", "Variable-Access-Specification")),
        Name("", ""),
    ]


@apdu(0x0C, service="readResponse", simple="ReadResponse")
class ReadResponse(Apdu, frozen=True, gc=False):
    """The answers, in the order of the request."""

    results: Annotated[tuple[ReadResult, ...], SequenceOf(ReadResult, item=Name("", "CHOICE")), Name("", "")]


@apdu(0x06, service="writeRequest", simple="WriteRequest")
class WriteRequest(Apdu, frozen=True, gc=False):
    """Write attributes, or invoke methods that return nothing."""

    variable_access_specification: Specifications
    list_of_data: ListOfData


@apdu(0x0D, service="writeResponse", simple="WriteResponse")
class WriteResponse(Apdu, frozen=True, gc=False):
    """What became of each value; None means success."""

    results: Annotated[tuple[WriteResult, ...], SequenceOf(WriteResult, item=Name("", "CHOICE")), Name("", "")]


@apdu(0x16, service="unconfirmedWriteRequest", simple="UnconfirmedWriteRequest")
class UnconfirmedWriteRequest(Apdu, frozen=True, gc=False):
    """Write without an answer."""

    variable_access_specification: Specifications
    list_of_data: ListOfData


@apdu(0x18, service="informationReportRequest", simple="InformationReportRequest")
class InformationReportRequest(Apdu, frozen=True, gc=False):
    """Attributes that a server sends on its own; the time is an ASN.1 GeneralizedTime in text."""

    current_time: Annotated[bytes | None, Flagged(Annotated[bytes, Octets(most=32)])]
    variable_access_specification: Specifications
    list_of_data: ListOfData
