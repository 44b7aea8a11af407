"""The floor of an open association at the server: the one access decision, the calls to the objects, protection of answers.

Every way to an attribute or method (normal, list, blocks) goes through `Services.read`, `write` and `invoke`, and each of these
through `Services.decide` (security concept, 4.2). Service files beside this one only move octets.
"""

from __future__ import annotations

import msgspec

from dlmskit.apdu import (
    ActionResponseWithOptionalData,
    CosemAttributeDescriptor,
    CosemMethodDescriptor,
    SelectiveAccessDescriptor,
)
from dlmskit.association.layering import is_layered, layered_room, steps_of_answer
from dlmskit.association.ports import Clock, EventCode, Request, ServiceHandler
from dlmskit.association.reporting import Reporter
from dlmskit.association.server.outstanding import Outstanding
from dlmskit.association.server.transfers import Transfer
from dlmskit.association.settings import AssociationSettings
from dlmskit.association.sizes import NO_LIMIT, plain_room, send_limit
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.access import AccessMode, Operation, Role, decide
from dlmskit.cosem.access import Protection as Demanded
from dlmskit.errors import ServiceError
from dlmskit.limits import Limits
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection, SecurityControl
from dlmskit.security.envelope import Form
from dlmskit.security.layers import Step
from dlmskit.security.protection import Verified, protect, protect_layers
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ActionResult, DataAccessResult
from dlmskit.types.obis import Obis

_ALL_ATTRIBUTES = int(Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET)
_WRITE_ALL = int(Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET)
_SELECTIVE = int(Conformance.SELECTIVE_ACCESS | Conformance.PARAMETERIZED_ACCESS)
_GENERAL_BLOCKS = int(Conformance.GENERAL_BLOCK_TRANSFER)
_LARGEST_SHARED_RESULT = DataAccessResult.DATA_BLOCK_UNAVAILABLE
"""Data-access-result and action-result have the same numbers up to here."""


class Wrapped(msgspec.Struct, gc=False):
    """How a request came, and what its answer must carry."""

    invoke_id: int
    """Invoke-Id-And-Priority, echoed."""
    form: Form | None
    """How the request was wrapped, and its answer is; of one in clear how an answer is wrapped that must be: None for glo."""
    found: int
    """Protection of the request, as a number of `Protection`."""
    required: int
    """Protection that the answer must carry: what the policy and the rights of everything touched demand."""
    verified: Verified | None
    """The proof of the protection of the request."""


class Turn(Wrapped, gc=False):
    """One request of an open association while it is served."""

    request: Request
    """Who asks; only an open association has one."""


class Services:
    """What the services of one open association share."""

    def __init__(
        self,
        *,
        settings: AssociationSettings,
        conformance: int,
        client_receives: int,
        handler: ServiceHandler,
        security: SecurityContext | None,
        limits: Limits,
        clock: Clock,
        report: Reporter,
    ) -> None:
        self.settings = settings
        self.conformance = conformance
        self.limits = limits
        self.outstanding = Outstanding()
        """DataNotifications that wait for a confirmation."""
        self.transfer: Transfer | None = None
        """The block transfer that is going on: at most one."""
        self._handler = handler
        self._security = security
        self._clock = clock
        self._report = report
        self.send_limit = send_limit(settings.largest_sent, client_receives)
        """The largest APDU that may be sent."""
        self.by_blocks = bool(conformance & _GENERAL_BLOCKS)
        """Whether an answer that is longer is cut into blocks once it is protected: then nothing is too long."""
        self._limit = limits.apdu_octets if self.by_blocks else self.send_limit
        self._policy = AccessMode(int(settings.policy))
        self._compress = settings.compress
        self._signs = security is not None and security.parties.correspondence.identity.signing is not None
        """Whether rights could demand signed answers."""
        self._unknown_object = settings.switches.unknown_object_result
        self._role: Role | None = None
        self._allowed: dict[tuple[int, bytes, Operation, int, int], int] = {}
        self._wrappings: dict[int, tuple[Form | None, SecurityControl | None, int]] = {}

    def use(self, security: SecurityContext) -> None:
        """Go on under another security context of the same suite."""
        self._security = security

    # --- Access ---

    def decide(self, turn: Turn, operation: Operation, class_id: int, instance_id: bytes, number: int) -> int:
        """The one decision about access: 0 where it is allowed, else the data-access-result.

        Adds to what the answer must carry. What was allowed is remembered as long as the handler gives the same role; what
        was refused is not, so that nobody can fill the memory with questions.
        """
        role = self._handler.role()
        if role is not self._role:
            self._role = role
            self._allowed.clear()
        question = (class_id, instance_id, operation, number, turn.found)
        response = self._allowed.get(question)
        if response is not None:
            turn.required |= response
            return 0
        decision = decide(role, (class_id, Obis(instance_id)), operation, number, Demanded(turn.found), self._policy)
        turn.required |= int(decision.response)
        if decision.allowed:
            self._allowed[question] = int(decision.response)
        return self._result(decision.result)

    def _result(self, code: int) -> int:
        return int(self._unknown_object) if code == DataAccessResult.OBJECT_UNDEFINED else int(code)

    # --- Objects ---

    @property
    def unknown_object(self) -> int:
        """The data-access-result for an object that does not exist for this client."""
        return int(self._unknown_object)

    def named(self, short_name: int) -> CosemAttributeDescriptor | CosemMethodDescriptor | None:
        """What a short name, signed as on the wire, means for this client; None for nothing."""
        return self._handler.named(short_name & 0xFFFF)

    def read(self, turn: Turn, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None) -> Data | int:
        """The value of an attribute, or the data-access-result that says why there is none."""
        attribute = descriptor.attribute_id
        if not attribute:
            return self._read_all(turn, descriptor, selection)
        refused = self.decide(turn, Operation.GET, descriptor.class_id, descriptor.instance_id, attribute)
        if refused:
            return refused
        if selection is not None and not self.conformance & _SELECTIVE:
            return int(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
        try:
            return self._handler.get(turn.request, descriptor, selection)
        except ServiceError as error:
            return self._result(error.code) or int(DataAccessResult.OTHER_REASON)
        except Exception as error:  # noqa: BLE001  objects are foreign code: one item fails, the association lives
            self._handler_failed("get", error)
            return int(DataAccessResult.OTHER_REASON)

    def _read_all(
        self, turn: Turn, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None
    ) -> Data | int:
        """Attribute 0: a structure of all attributes that the role names, null-data for what may not or cannot be read."""
        class_id, instance_id = descriptor.class_id, descriptor.instance_id
        if selection is not None or not self.conformance & _ALL_ATTRIBUTES:
            return int(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
        refused = self.decide(turn, Operation.GET, class_id, instance_id, 1)
        if refused:
            return refused
        rights = self._handler.role().objects[class_id, Obis(instance_id)]
        values = [
            self.read(turn, CosemAttributeDescriptor(class_id, instance_id, number), None)
            for number in range(1, max(rights.attributes, default=1) + 1)
        ]
        return Data.structure(value if isinstance(value, Data) else Data.null() for value in values)

    def write(
        self, turn: Turn, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None, value: Data
    ) -> int:
        """Write an attribute: the data-access-result."""
        refused = self._may_write(turn, descriptor, selection, value)
        if refused:
            return refused
        if selection is not None and not self.conformance & _SELECTIVE:
            return int(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
        try:
            self._handler.set(turn.request, descriptor, selection, value)
        except ServiceError as error:
            return self._result(error.code) or int(DataAccessResult.OTHER_REASON)
        except Exception as error:  # noqa: BLE001  as above
            self._handler_failed("set", error)
            return int(DataAccessResult.OTHER_REASON)
        return int(DataAccessResult.SUCCESS)

    def _may_write(
        self, turn: Turn, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None, value: Data
    ) -> int:
        """The decision about a SET. Attribute 0: a structure of all attributes, null-data for those that stay as they are."""
        class_id, instance_id, attribute = descriptor.class_id, descriptor.instance_id, descriptor.attribute_id
        if attribute:
            return self.decide(turn, Operation.SET, class_id, instance_id, attribute)
        refused = self.decide(turn, Operation.GET, class_id, instance_id, 1)
        if refused:
            return refused
        if selection is not None or not self.conformance & _WRITE_ALL:
            return int(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
        if value.tag != Tag.STRUCTURE:
            return int(DataAccessResult.TYPE_UNMATCHED)
        numbers = [number for number, element in enumerate(value.elements(), 1) if element.tag != Tag.NULL_DATA]
        return max((self.decide(turn, Operation.SET, class_id, instance_id, number) for number in numbers), default=0)

    def invoke(self, turn: Turn, descriptor: CosemMethodDescriptor, parameters: Data | None) -> ActionResponseWithOptionalData:
        """Invoke a method: its action-result and what it returned."""
        refused = self.decide(turn, Operation.ACTION, descriptor.class_id, descriptor.instance_id, descriptor.method_id)
        if refused:
            return ActionResponseWithOptionalData(refused)
        try:
            returned = self._handler.action(turn.request, descriptor, parameters)
        except ServiceError as error:
            code = self._result(error.code)
            shared = 0 < code <= _LARGEST_SHARED_RESULT
            return ActionResponseWithOptionalData(code if shared else int(ActionResult.OTHER_REASON))
        except Exception as error:  # noqa: BLE001  as above
            self._handler_failed("action", error)
            return ActionResponseWithOptionalData(int(ActionResult.OTHER_REASON))
        return ActionResponseWithOptionalData(int(ActionResult.SUCCESS), returned)

    def _handler_failed(self, service: str, error: Exception) -> None:
        self._report(EventCode.HANDLER_FAILED, service, error)

    def confirm(self, long_invoke_id: int) -> None:
        """The client has confirmed a DataNotification."""
        if not self.outstanding.confirmed(long_invoke_id):
            self._report(EventCode.UNMATCHED_RESPONSE, "the confirmation of a notification that was not sent, or was confirmed")

    # --- Protection of answers ---

    def room(self, turn: Wrapped) -> int:
        """The largest plain answer to this request, as it must be protected by what is known now."""
        if is_layered(turn.verified, turn.required, compress=self._compress):
            return self._layers(turn)[1]
        return self._wrapping(turn)[2]

    def least_room(self, turn: Wrapped) -> int:
        """The room that is left whatever the rights of what is touched demand in addition."""
        if self._security is not None and (self._signs or is_layered(turn.verified, 0, compress=self._compress)):
            return self._layers(Wrapped(turn.invoke_id, turn.form, turn.found, 7 if self._signs else 3, turn.verified))[1]
        return self._wrapping(Wrapped(turn.invoke_id, turn.form, turn.found, 3, turn.verified))[2]

    def protect(self, turn: Wrapped, plain: bytes) -> bytes:
        """The answer as it is sent: in the family of the request, with at least what is demanded and what the request had."""
        if is_layered(turn.verified, turn.required, compress=self._compress) and self._security is not None:
            return protect_layers(plain, self._security, self._layers(turn)[0])
        form, control, _ = self._wrapping(turn)
        if form is None or control is None or self._security is None:
            return plain
        return protect(plain, self._security, form, control)

    def _layers(self, turn: Wrapped) -> tuple[tuple[Step, ...], int]:
        """The layers of an answer, and the room they leave. Raises SecurityError."""
        if self._security is None:
            return (), min(self._limit, NO_LIMIT)
        form, required = turn.form or Form.GLO, Protection(turn.required)
        steps = steps_of_answer(turn.verified, self._security, required, compress=self._compress, form=form)
        return steps, layered_room(self._limit, steps, self._security.suite)

    def _wrapping(self, turn: Wrapped) -> tuple[Form | None, SecurityControl | None, int]:
        wanted = (turn.found | turn.required) & 3
        form = turn.form
        key = -1 if form is None else form << 2
        known = self._wrappings.get(key << 2 | wanted)
        if known is not None:
            return known
        control = None
        if self._security is None or not wanted:
            form = None
        else:
            form = Form.GLO if form is None else form
            control = SecurityControl(self._security.suite.id | wanted << 4)
        found = (form, control, min(plain_room(self._limit, form, control), NO_LIMIT))
        self._wrappings[key << 2 | wanted] = found
        return found

    # --- Block transfer ---

    def keep_transfer(self, transfer: Transfer) -> None:
        """Remember the transfer; it has to go on within the time for one message."""
        transfer.deadline = self._clock() + self.limits.message_seconds
        self.transfer = transfer

    def drop_transfer(self, why: str) -> None:
        """Forget the transfer that is going on, if there is one."""
        if self.transfer is not None:
            if not self.transfer.finished:
                self._report(EventCode.TRANSFER_DROPPED, f"{type(self.transfer).__name__}: {why}")
            self.transfer = None

    def expire(self, now: float) -> None:
        """Drop a transfer that took too long."""
        if self.transfer is not None and now > self.transfer.deadline:
            self.drop_transfer("not finished in time")
