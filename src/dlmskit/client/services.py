"""Reading, writing and calling on an open association, as scripts: names in, typed values out.

Values follow the declarations of the interface classes; `Data` goes in and comes out where the caller wants the octets. A
refused invocation counter is put right once; then a read is repeated, a write or call is not: the refusal is not authenticated,
and a second switch-off would be one too many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from dlmskit.apdu import SelectiveAccessDescriptor
from dlmskit.association.client.association import ClientAssociation
from dlmskit.association.errors import InvocationCounterRefused
from dlmskit.association.ports import Notification, Tell
from dlmskit.client.directory import Code, Directory, MethodTarget, Target
from dlmskit.client.opening import advance, counter_of, opening, released
from dlmskit.client.plan import Plan
from dlmskit.client.referencing import Referencing
from dlmskit.client.short_names import names_of
from dlmskit.client.steps import Script
from dlmskit.codec.containers import Choice
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.codec.kinds import Anything
from dlmskit.cosem.selective import BY_ENTRY, BY_RANGE, EntryDescriptor, RangeDescriptor
from dlmskit.errors import EncodeError, LocalProtocolError, ServiceError

T = TypeVar("T")

Selection = RangeDescriptor | EntryDescriptor | tuple[int, Data]
"""Which part of an attribute: rows of a profile, or access selector and parameters."""
Attributes = int | str | Sequence[int | str]

_CONTAINERS = frozenset((Tag.NULL_DATA, Tag.ARRAY, Tag.STRUCTURE, Tag.COMPACT_ARRAY, Tag.DONT_CARE))


class Services:
    """One meter, as a client uses it. Each method is a script; one at a time."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.directory = Directory()
        self._association: ClientAssociation | None = None
        self._names: Referencing | None = None
        self._resynchronised = False

    @property
    def association(self) -> ClientAssociation:
        """The open association. Raises LocalProtocolError where there is none."""
        if self._association is None:
            raise LocalProtocolError("the connection is not open")
        return self._association

    @property
    def names(self) -> Referencing:
        """The services of the open association. Raises as `association`."""
        if self._names is None:
            self._names = names_of(self.association)
        return self._names

    # --- Life ---

    def open(self) -> Script[None]:
        """Dial and associate; see `dlmskit.client.opening`."""
        self._names = None
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
        selected = None if selection is None else descriptor_of(selection)
        try:
            result = yield from self.names.get(target.descriptor, selected)
        except InvocationCounterRefused as error:
            self.resynchronise(error)
            result = yield from self.names.get(target.descriptor, selected)
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
        descriptors = [target.descriptor for target in targets]
        try:
            results = yield from self.names.get_list(descriptors)
        except InvocationCounterRefused as error:
            self.resynchronise(error)
            results = yield from self.names.get_list(descriptors)
        return [
            target.refused(result) if isinstance(result, int) else result for target, result in zip(targets, results, strict=True)
        ]

    # --- Writing and calling ---

    def write(
        self,
        code: Code,
        attribute: int | str,
        value: Any,
        class_id: int | None,
        selection: Selection | None = None,
        *,
        confirmed: bool = True,
    ) -> Script[None]:
        """Write a value in the declared type; where the class leaves a choice, in the type that the attribute has now."""
        target = self.directory.target(code, attribute, class_id)
        return self.write_target(target, value, selection, confirmed=confirmed)

    def write_target(
        self, target: Target, value: Any, selection: Selection | None = None, *, confirmed: bool = True
    ) -> Script[None]:
        """Write an attribute that was looked up; else as `write`."""
        data = yield from self.encoded(target, value)
        selected = None if selection is None else descriptor_of(selection)
        if not confirmed:
            yield from self.names.set_unconfirmed(target.descriptor, data, selected)
            return
        try:
            result = yield from self.names.set(target.descriptor, data, selected)
        except InvocationCounterRefused as error:
            self.resynchronise(error)
            raise
        if result:
            raise target.refused(result)

    def encoded(self, target: Target, value: Any) -> Script[Data]:
        """A value in the type of its target. Raises EncodeError."""
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

    def call(self, code: Code, method: int | str, parameter: Any, class_id: int | None, *, confirmed: bool = True) -> Script[Any]:
        """Invoke a method with a parameter of its declared type; what it returns, None for nothing."""
        return self.call_target(self.directory.method(code, method, class_id), parameter, confirmed=confirmed)

    def call_target(self, target: MethodTarget, parameter: Any, *, confirmed: bool = True) -> Script[Any]:
        """Invoke a method that was looked up."""
        data = self.parameter(target, parameter)
        if not confirmed:
            yield from self.names.action_unconfirmed(target.descriptor, data)
            return None
        try:
            answer = yield from self.names.action(target.descriptor, data)
        except InvocationCounterRefused as error:
            self.resynchronise(error)
            raise
        if answer.result:
            raise target.refused(answer.result)
        returned = answer.return_parameters
        if returned and not isinstance(returned, Data):
            raise target.refused(returned)
        return target.returned(returned if isinstance(returned, Data) else None)

    @staticmethod
    def parameter(target: MethodTarget, value: Any) -> Data:
        """The parameter of a method in its declared type. Raises EncodeError."""
        if isinstance(value, Data):
            return value
        if target.parameter is not None:
            return target.parameter.encode(value)
        if value is None:
            return Data.integer(0)
        raise EncodeError(f"{target.where} is not declared here: give Data, as Data.long_unsigned(5)")

    def forward(self, octets: bytes) -> Script[bytes]:
        """Pass on what a third party has protected for the meter; the answer to him, as it came."""
        return self.association.forward(octets)

    # --- The counter ---

    def resynchronise(self, error: InvocationCounterRefused) -> None:
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


def descriptor_of(selection: Selection) -> SelectiveAccessDescriptor:
    """A selection as it is sent."""
    if isinstance(selection, RangeDescriptor):
        return SelectiveAccessDescriptor(BY_RANGE, selection.to_data())
    if isinstance(selection, EntryDescriptor):
        return SelectiveAccessDescriptor(BY_ENTRY, selection.to_data())
    return SelectiveAccessDescriptor(*selection)
