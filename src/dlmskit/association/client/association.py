"""A client's association: open it, use it, release it. Every operation is an exchange that somebody else drives.

Sans-IO: what is yielded goes out, what comes in is sent back in; see `dlmskit.association.ports.Exchange`. The services
themselves are in the files beside this one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from dlmskit.apdu import (
    ActionResponseWithOptionalData,
    CosemAttributeDescriptor,
    CosemAttributeDescriptorWithSelection,
    CosemMethodDescriptor,
    SelectiveAccessDescriptor,
)
from dlmskit.apdu.access import AccessRequestSpecification
from dlmskit.association.authentication import pre_established
from dlmskit.association.client.access import AccessOutcome, access, access_unconfirmed
from dlmskit.association.client.action import invoke, invoke_list, invoke_unconfirmed
from dlmskit.association.client.core import Core
from dlmskit.association.client.forwarding import forward
from dlmskit.association.client.get import get_attribute, get_list
from dlmskit.association.client.opening import associate
from dlmskit.association.client.releasing import release
from dlmskit.association.client.set import set_attribute, set_list, set_unconfirmed
from dlmskit.association.client.short_names import Variable, read_names, write_names, write_names_unconfirmed
from dlmskit.association.context import AssociationContext
from dlmskit.association.credentials import Credentials
from dlmskit.association.ports import EventCode, EventSink, Exchange, Notification, Random, forget
from dlmskit.association.settings import AssociationSettings
from dlmskit.association.tables import Event, Party, State
from dlmskit.codec.data import Data
from dlmskit.errors import ConfigError, LocalProtocolError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security.context import SecurityContext
from dlmskit.security.hls import hls_mechanism
from dlmskit.security.keys import KeySet
from dlmskit.types.enums import ReleaseRequestReason


class ClientAssociation:
    """One association of a client, over a lower layer that is connected. One request at a time.

    Every exchange raises LocalProtocolError where the state or what was negotiated forbids it, TransportTimeout as thrown in
    (`OutcomeUnknown` where a write or call may have been executed), `BlockTransferAborted`, `RequestRefused` where the server
    answers with an exception (`InvocationCounterRefused` carries the counter), SecurityError for an answer that is not protected
    as it must be, DecodeError or RemoteProtocolError for a wrong one. ``reliable``: whether the medium neither loses nor doubles
    nor reorders messages. Raises ConfigError for settings that lack a system title, SecurityError for a mechanism that is not
    supported.
    """

    def __init__(
        self,
        settings: AssociationSettings,
        credentials: Credentials | None = None,
        *,
        random: Random,
        limits: Limits = DEFAULT,
        on_event: EventSink = forget,
        reliable: bool = True,
    ) -> None:
        self.settings = settings
        self._credentials = credentials or Credentials()
        self._random = random
        self._core = Core(settings, limits, on_event, reliable=reliable)
        if settings.mechanism.is_high_level:
            hls_mechanism(settings.mechanism)
        if settings.needs_titles and settings.client_system_title is None:
            raise ConfigError("the client needs a system title of its own for ciphering and for this mechanism")
        if settings.broadcast and settings.layered:
            raise ConfigError("a broadcast has one layer of glo- or general-glo-ciphering, which names no recipient")
        if settings.layered and settings.server_system_title is None:
            raise ConfigError("the client must know the server's system title: these messages name their recipient")
        if settings.pre_established:
            self._establish()

    # --- What it is ---

    @property
    def state(self) -> State:
        """Where the association is."""
        return self._core.machine.state

    @property
    def context(self) -> AssociationContext | None:
        """What was negotiated; None as long as there is no association."""
        associated = self._core.associated
        return None if associated is None else associated.context

    @property
    def protects(self) -> bool:
        """Whether requests are protected."""
        return self._core.form is not None

    @property
    def security(self) -> SecurityContext | None:
        """Keys, titles and counters in force; None without ciphering, and as long as there is no association."""
        return self._core.security

    @property
    def notifications(self) -> deque[Notification]:
        """What the server sent without being asked, oldest first; the newest 256 are kept. Take them out with ``popleft``."""
        return self._core.notifications

    @property
    def deviations(self) -> tuple[str, ...]:
        """Liberties of the server that were taken in the last operation."""
        return tuple(self._core.tolerated or ())

    # --- Life ---

    def associate(self) -> Exchange[AssociationContext]:
        """Open the association, authenticate, and check what the server grants.

        Raises `AssociationRefused` too, and SecurityError where the server does not prove itself; then nothing was opened.
        """
        return associate(self._core, self._credentials, self._random)

    def release(self, reason: ReleaseRequestReason = ReleaseRequestReason.NORMAL) -> Exchange[bool]:
        """Release the association: whether the server agreed. It is over in any case, a time-out included."""
        return release(self._core, reason)

    def change_keys(self, keys: KeySet) -> None:
        """Go on under changed global keys: the server has them since its answer to key_transfer or key_agreement.

        Raises LocalProtocolError without an association, SecurityError for keys of another suite.
        """
        core, context = self._core, self.context
        if core.security is None or context is None:
            raise LocalProtocolError("there is no association whose keys could change")
        core.use(core.security.with_keys(keys), dedicated=context.has_dedicated_key)

    def lower_layer_lost(self) -> None:
        """The connection is gone: so is the association. `lower_layer_connected` makes a new one possible."""
        if self._core.machine.state is State.ASSOCIATED:
            self._core.report(EventCode.ABORTED, "lower layer lost")
        self._core.reset(Event.LOST)

    def lower_layer_connected(self) -> None:
        """There is a connection again; not needed for the first one."""
        self._core.fire(Event.CONNECTED)
        if self.settings.pre_established:
            self._establish()

    def receive(self, octets: bytes) -> tuple[bytes, ...]:
        """Take an APDU that came while no exchange was running: notifications are kept, the rest is dropped and reported.

        What is returned is to be sent: the server wants blocks of a long notification acknowledged.
        """
        return self._core.receive(octets)

    # --- Services ---

    def get(
        self, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None = None
    ) -> Exchange[Data | int]:
        """Read one attribute: its value, or the data-access-result that says why there is none."""
        return get_attribute(self._core, descriptor, selection)

    def get_list(self, items: Sequence[CosemAttributeDescriptorWithSelection]) -> Exchange[list[Data | int]]:
        """Read several attributes with one request: for each its value or its data-access-result, in the order asked."""
        return get_list(self._core, items)

    def set(
        self, descriptor: CosemAttributeDescriptor, value: Data, selection: SelectiveAccessDescriptor | None = None
    ) -> Exchange[int]:
        """Write one attribute: the data-access-result, 0 for success."""
        return set_attribute(self._core, descriptor, value, selection)

    def set_list(self, items: Sequence[CosemAttributeDescriptorWithSelection], values: Sequence[Data]) -> Exchange[list[int]]:
        """Write several attributes with one request: their data-access-results in order."""
        return set_list(self._core, items, values)

    def action(
        self, descriptor: CosemMethodDescriptor, parameters: Data | None = None
    ) -> Exchange[ActionResponseWithOptionalData]:
        """Invoke one method: its action-result (0 for success), and what it returned."""
        return invoke(self._core, descriptor, parameters)

    def set_unconfirmed(
        self, descriptor: CosemAttributeDescriptor, value: Data, selection: SelectiveAccessDescriptor | None = None
    ) -> bytes:
        """SET of one attribute as an APDU that asks for no answer, ready to be sent: the only kind for a broadcast."""
        return set_unconfirmed(self._core, descriptor, value, selection)

    def action_unconfirmed(self, descriptor: CosemMethodDescriptor, parameters: Data | None = None) -> bytes:
        """ACTION of one method as an APDU that asks for no answer, ready to be sent: the only kind for a broadcast."""
        return invoke_unconfirmed(self._core, descriptor, parameters)

    def forward(self, octets: bytes) -> Exchange[bytes]:
        """Pass on what a third party has protected for the server; the server's answer to him, as it came; see `forward`."""
        return forward(self._core, octets)

    def action_list(
        self, descriptors: Sequence[CosemMethodDescriptor], parameters: Sequence[Data | None]
    ) -> Exchange[list[ActionResponseWithOptionalData]]:
        """Invoke several methods with one request: their results in order."""
        return invoke_list(self._core, descriptors, parameters)

    def read_names(self, variables: Sequence[Variable]) -> Exchange[list[Data | int]]:
        """READ, with short names: for each variable its value or its data-access-result. Methods that return something too."""
        return read_names(self._core, variables)

    def write_names(self, variables: Sequence[Variable], values: Sequence[Data]) -> Exchange[list[int]]:
        """WRITE, with short names: for each variable its data-access-result. Methods that return nothing too."""
        return write_names(self._core, variables, values)

    def write_names_unconfirmed(self, variables: Sequence[Variable], values: Sequence[Data]) -> bytes:
        """UnconfirmedWrite: the APDU to send. Nobody tells what became of it."""
        return write_names_unconfirmed(self._core, variables, values)

    def access(
        self,
        wanted: Sequence[AccessRequestSpecification],
        values: Sequence[Data | None] | None = None,
        *,
        break_on_error: bool = False,
        self_descriptive: bool = False,
    ) -> Exchange[list[AccessOutcome]]:
        """Read, write and invoke with one request, in this order; for each item its result and its data.

        ``break_on_error``: nothing is executed behind the first item that fails. ``self_descriptive``: the answer repeats the
        request, which makes it longer and a recording of it readable.
        """
        return access(self._core, wanted, values, break_on_error=break_on_error, self_descriptive=self_descriptive)

    def access_unconfirmed(
        self, wanted: Sequence[AccessRequestSpecification], values: Sequence[Data | None] | None = None
    ) -> bytes:
        """An ACCESS that asks for no answer: the APDU to send. Nobody tells what became of it."""
        return access_unconfirmed(self._core, wanted, values)

    def _establish(self) -> None:
        """Take the association that needs no AARQ."""
        core, settings = self._core, self.settings
        if settings.ciphered:
            core.use(self._credentials.security(Party.CLIENT, settings, settings.server_system_title, core.limits))
        core.fire(Event.PRE_ESTABLISHED)
        core.associate(pre_established(settings))

    def __repr__(self) -> str:
        return f"ClientAssociation({self.settings.client_sap} to {self.settings.server_sap}, {self.state.value})"
