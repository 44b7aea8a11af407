"""ACTION service (Green Book, ASN.1 of Action-Request and Action-Response). Declarations only."""

from __future__ import annotations

from typing import Annotated

from dlmskit.apdu.common import ActionResponseWithOptionalData, CosemMethodDescriptor, DataBlockSA, InvokeId
from dlmskit.apdu.registry import apdu
from dlmskit.codec.data import Data
from dlmskit.codec.schema import Apdu
from dlmskit.codec.wire import DataValue, Flagged, Name, SequenceOf, Unsigned32

MethodDescriptor = Annotated[CosemMethodDescriptor, Name("MethodDescriptor")]
MethodDescriptorList = Annotated[tuple[CosemMethodDescriptor, ...], SequenceOf(CosemMethodDescriptor)]
PBlock = Annotated[DataBlockSA, Name("PBlock")]


@apdu(0xC3, 1, service="action-request")
class ActionRequestNormal(Apdu, frozen=True, gc=False):
    """Invoke one method."""

    invoke_id_and_priority: InvokeId
    cosem_method_descriptor: MethodDescriptor
    method_invocation_parameters: Annotated[Data | None, Flagged(DataValue)] = None


@apdu(0xC3, 2, service="action-request", simple=("", "ActionRequestForNextDataBlock"))
class ActionRequestNextPblock(Apdu, frozen=True, gc=False):
    """Ask for the next block of a long answer."""

    invoke_id_and_priority: InvokeId
    block_number: Unsigned32


@apdu(0xC3, 3, service="action-request")
class ActionRequestWithList(Apdu, frozen=True, gc=False):
    """Invoke several methods."""

    invoke_id_and_priority: InvokeId
    cosem_method_descriptor_list: Annotated[MethodDescriptorList, Name("MethodDescriptorList")]
    method_invocation_parameters: Annotated[tuple[Data, ...], SequenceOf(DataValue)]


@apdu(0xC3, 4, service="action-request", simple=("", "ActionRequestWithFirstPBlock"))
class ActionRequestWithFirstPblock(Apdu, frozen=True, gc=False):
    """Begin to send parameters that do not fit into one APDU."""

    invoke_id_and_priority: InvokeId
    cosem_method_descriptor: MethodDescriptor
    pblock: PBlock


@apdu(0xC3, 5, service="action-request", simple=("", "ActionRequestWithListAndFirstPBlock"))
class ActionRequestWithListAndFirstPblock(Apdu, frozen=True, gc=False):
    """Begin to send the parameters of several methods."""

    invoke_id_and_priority: InvokeId
    cosem_method_descriptor_list: Annotated[MethodDescriptorList, Name("MethodDescriptorList")]
    pblock: PBlock


@apdu(0xC3, 6, service="action-request", simple=("", "ActionRequestWithPBlock"))
class ActionRequestWithPblock(Apdu, frozen=True, gc=False):
    """The next block of the parameters."""

    invoke_id_and_priority: InvokeId
    pblock: PBlock


@apdu(0xC7, 1, service="action-response")
class ActionResponseNormal(Apdu, frozen=True, gc=False):
    """What the method answered."""

    invoke_id_and_priority: InvokeId
    single_response: Annotated[ActionResponseWithOptionalData, Name("")]


@apdu(0xC7, 2, service="action-response", simple=("", "ActionResponseWithPBlock"))
class ActionResponseWithPblock(Apdu, frozen=True, gc=False):
    """One block of an answer that does not fit into one APDU."""

    invoke_id_and_priority: InvokeId
    pblock: PBlock


@apdu(0xC7, 3, service="action-response")
class ActionResponseWithList(Apdu, frozen=True, gc=False):
    """What the methods answered, in the order of the request."""

    invoke_id_and_priority: InvokeId
    list_of_responses: Annotated[tuple[ActionResponseWithOptionalData, ...], SequenceOf(ActionResponseWithOptionalData)]


@apdu(0xC7, 4, service="action-response", simple=("", "ActionResponseNextBlock"))
class ActionResponseNextPblock(Apdu, frozen=True, gc=False):
    """A block of the request has arrived; the next one, please."""

    invoke_id_and_priority: InvokeId
    block_number: Unsigned32
