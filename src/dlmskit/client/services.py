"""Reading, writing and calling on an open association, as scripts: names in, typed values out.

Values follow the declarations of the interface classes; `Data` goes in and comes out where the caller wants the octets. A
refused invocation counter is put right once; then a read is repeated, a write or call is not: the refusal is not authenticated,
and a second switch-off would be one too many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from dlmskit.apdu import CosemAttributeDescriptorWithSelection, SelectiveAccessDescriptor
from dlmskit.association.client.association import ClientAssociation
from dlmskit.association.errors import InvocationCounterRefused
from dlmskit.association.ports import Exchange, Notification, Tell
from dlmskit.client.directory import Code, Directory, Target
from dlmskit.client.opening import advance, counter_of, opening, released
from dlmskit.client.plan import Plan
from dlmskit.client.steps import Script
from dlmskit.codec.containers import Choice
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.codec.kinds import Anything
from dlmskit.cosem.selective import BY_ENTRY, BY_RANGE, EntryDescriptor, RangeDescriptor
from dlmskit.errors import EncodeError, LocalProtocolError, ServiceError
from dlmskit.types.conformance import Conformance

T = TypeVar("T")

Selection = RangeDescriptor | EntryDescriptor | tuple[int, Data]
"""Which part of an attribute: rows of a profile, or access selector and parameters."""
Attributes = int | str | Sequence[int | str]

LONGEST_LIST = 16
"""Attributes asked for in one request; meters take fewer than the standard allows."""

_CONTAINERS = frozenset((Tag.NULL_DATA, Tag.ARRAY, Tag.STRUCTURE, Tag.COMPACT_ARRAY, Tag.DONT_CARE))


class Services:
    """One meter, as a client uses it. Each method is a script; one at a time."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.directory = Directory()
        self._association: ClientAssociation | None = None
        self._resynchronised = False

    @property
    def association(self) -> ClientAssociation:
        """The open association. Raises LocalProtocolError where there is none."""
        if self._association is None:
            raise LocalProtocolError("the connection is not open")
        return self._association

    # --- Life ---

    def open(self) -> Script[None]:
        """Dial and associate; see `dlmskit.client.opening`."""
        self._association = yield from opening(self.plan)

    def reopen(self, plan: Plan) -> Script[None]:
        """Hang up and associate anew under another plan, which is that of this meter from now on. Raises as `open`."""
        self._association, self._resynchronised = None, False
        self.plan = plan
        yield from self.open()

    def close(self) -> Script[None]:
        """Release; afterwards every service raises LocalProtocolError. Hanging up is left to the line."""
        association, self._association = self._association, None
        if association is not None:
            yield from released(association)

    def notification(self) -> Script[Notification]:
        """The next thing that the meter sends without being asked."""
        association = self.association
        send: tuple[bytes, ...] = ()
        while not association.notifications:
            send = association.receive((yield send))
        if send:
            yield Tell(send)
        return association.notifications.popleft()

    # --- Reading ---

    def get(self, code: Code, attribute: int | str, class_id: int | None, selection: Selection | None = None) -> Script[Data]:
        """The value as it came. Raises ServiceError for a data-access-result."""
        return self.data(self.directory.target(code, attribute, class_id), selection)

    def data(self, target: Target, selection: Selection | None = None) -> Script[Data]:
        """The value of a target as it came. Raises ServiceError for a data-access-result."""
        selected = None if selection is None else _descriptor(selection)
        try:
            result = yield from self.association.get(target.descriptor, selected)
        except InvocationCounterRefused as error:
            self._resynchronise(error)
            result = yield from self.association.get(target.descriptor, selected)
        if isinstance(result, int):
            raise target.refused(result)
        return result

    def read(self, code: Code, attributes: Attributes, class_id: int | None, selection: Selection | None = None) -> Script[Any]:
        """One value, or a list of them for a list of attributes; the first refusal is raised."""
        if isinstance(attributes, int | str):
            target = self.directory.target(code, attributes, class_id)
            return presented(target, (yield from self.data(target, selection)))
        targets = [self.directory.target(code, attribute, class_id) for attribute in attributes]
        results = yield from self.data_of(targets)
        for result in results:
            if isinstance(result, ServiceError):
                raise result
        return [presented(target, result) for target, result in zip(targets, results, strict=True) if isinstance(result, Data)]

    def data_of(self, targets: Sequence[Target]) -> Script[list[Data | ServiceError]]:
        """For each target its value or its refusal; in one request where that was negotiated, else one after the other."""
        found: list[Data | ServiceError] = []
        size = self._list_size()
        for at in range(0, len(targets), size):
            some = targets[at : at + size]
            if len(some) == 1:
                try:
                    found.append((yield from self.data(some[0])))
                except ServiceError as error:
                    if type(error) is not ServiceError:  # not the attribute was refused, but the request
                        raise
                    found.append(error)
                continue
            results = yield from self._get_list([CosemAttributeDescriptorWithSelection(one.descriptor) for one in some])
            found += [
                target.refused(result) if isinstance(result, int) else result
                for target, result in zip(some, results, strict=True)
            ]
        return found

    def _list_size(self) -> int:
        context = self.association.context
        if context is None or Conformance.MULTIPLE_REFERENCES not in context.conformance:
            return 1
        room = (context.server_max_receive_pdu_size or 0xFFFF) - 64  # protection, titles and the head of the request
        return max(1, min(LONGEST_LIST, room // 10, self.plan.limits.list_items))

    def _get_list(self, items: list[CosemAttributeDescriptorWithSelection]) -> Exchange[list[Data | int]]:
        try:
            return (yield from self.association.get_list(items))
        except InvocationCounterRefused as error:
            self._resynchronise(error)
            return (yield from self.association.get_list(items))

    # --- Writing and calling ---

    def write(
        self, code: Code, attribute: int | str, value: Any, class_id: int | None, selection: Selection | None = None
    ) -> Script[None]:
        """Write a value in the declared type; where the class leaves a choice, in the type that the attribute has now."""
        target = self.directory.target(code, attribute, class_id)
        data = yield from self._encoded(target, value)
        selected = None if selection is None else _descriptor(selection)
        try:
            result = yield from self.association.set(target.descriptor, data, selected)
        except InvocationCounterRefused as error:
            self._resynchronise(error)
            raise
        if result:
            raise target.refused(result)

    def _encoded(self, target: Target, value: Any) -> Script[Data]:
        if isinstance(value, Data):
            return value
        if target.kind is None:
            raise EncodeError(f"{target.where} is not declared here: give Data, as Data.long_unsigned(5)")
        if isinstance(target.kind, Choice | Anything):
            present = yield from self.data_of([target])
            if isinstance(present[0], Data) and present[0].tag not in _CONTAINERS:
                return Data.of(present[0].tag, value)
        try:
            return target.kind.encode(value)
        except EncodeError as error:
            raise EncodeError(f"{target.where}: {error}") from None

    def call(self, code: Code, method: int | str, parameter: Any, class_id: int | None) -> Script[Any]:
        """Invoke a method with a parameter of its declared type; what it returns, None for nothing."""
        target = self.directory.method(code, method, class_id)
        if isinstance(parameter, Data):
            data = parameter
        elif target.parameter is not None:
            data = target.parameter.encode(parameter)
        elif parameter is None:
            data = Data.integer(0)
        else:
            raise EncodeError(f"{target.where} is not declared here: give Data, as Data.long_unsigned(5)")
        try:
            answer = yield from self.association.action(target.descriptor, data)
        except InvocationCounterRefused as error:
            self._resynchronise(error)
            raise
        if answer.result:
            raise target.refused(answer.result)
        returned = answer.return_parameters
        if isinstance(returned, Data):
            return returned.value if target.result is None else target.result.decode(returned)
        if returned:
            raise target.refused(returned)
        return None

    def forward(self, octets: bytes) -> Script[bytes]:
        """Pass on what a third party has protected for the meter; the answer to him, as it came."""
        return self.association.forward(octets)

    # --- The counter ---

    def _resynchronise(self, error: InvocationCounterRefused) -> None:
        """Follow the meter's number, once per connection; else let the refusal go on to the caller."""
        counter = counter_of(self.plan)
        context = self.association.context
        if counter is None or self._resynchronised or context is None or context.has_dedicated_key:
            raise error
        self._resynchronised = True
        if not advance(counter, error.lowest_acceptable, "the meter's refusal"):
            raise error


def presented(target: Target, data: Data) -> Any:
    """A value as Python has it, in the declared type; plain where nothing is declared."""
    value = data.value
    if target.kind is None or type(value) is int:
        return value
    return target.kind.present(value)


def _descriptor(selection: Selection) -> SelectiveAccessDescriptor:
    if isinstance(selection, RangeDescriptor):
        return SelectiveAccessDescriptor(BY_RANGE, selection.to_data())
    if isinstance(selection, EntryDescriptor):
        return SelectiveAccessDescriptor(BY_ENTRY, selection.to_data())
    return SelectiveAccessDescriptor(*selection)
