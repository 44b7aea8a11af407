"""One connection of a device: routes APDUs to its associations, and keeps the device and its log informed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dlmskit.association.connection import AssociationTable
from dlmskit.association.ports import AssociationEvent, EventCode
from dlmskit.association.server.association import ServerAssociation
from dlmskit.server.clients import AdmittedClient
from dlmskit.server.ports import UNGUARDED, PortGuard
from dlmskit.server.storage.failure import StoreFailed
from dlmskit.transport.base import Connection, is_reliable

if TYPE_CHECKING:
    from dlmskit.server.device import Device

_ENDED = frozenset((EventCode.RELEASED, EventCode.ABORTED))


class DeviceConnection:
    """A `ConnectionHandler`. A pair of SAPs that is not configured is not answered (robustness R-016)."""

    __slots__ = ("_connection", "_device", "_gone", "_guard", "_table")

    def __init__(
        self,
        device: Device,
        connection: Connection,
        guard: PortGuard = UNGUARDED,
        gone: Callable[[Connection], None] | None = None,
    ) -> None:
        self._device = device
        self._connection = connection
        self._guard = guard
        self._gone = gone
        self._table = AssociationTable(self._make)

    @property
    def associated(self) -> bool:
        """Whether an association is open."""
        return self._table.associated

    def received(self, source: int, destination: int, apdu: bytes) -> Sequence[bytes]:
        """Serve one APDU; what it changes is on the disk when this returns. A locked port answers nothing at all.

        Nor does a meter whose store fails, where counters or changes of this turn could not be put away (robustness R-100).
        """
        device = self._device
        if not self._guard.open:
            return ()
        try:
            with device.turn():
                device.port = self._connection.peer
                answers = self._table.receive(source, destination, apdu)
                if device.unsettled:
                    device.settle(self._association(source, destination))
        except StoreFailed:
            answers = ()
        device.look_at_store()
        return answers

    def lost(self, reason: str) -> None:
        """The connection is gone: every association on it ends."""
        if self._gone is not None:
            self._gone(self._connection)
        associations = tuple(self._table)
        self._table.lower_layer_lost()
        for association in associations:
            client = self._device.client(association.settings.client_sap, association.settings.server_sap)
            if client is not None:
                client.closed(self._connection)

    def _make(self, client_sap: int, server_sap: int, has_room: Callable[[], bool]) -> ServerAssociation | None:
        device = self._device
        client = device.client(client_sap, server_sap)
        if client is None:
            return None
        association = ServerAssociation(
            client.settings,
            client.handler,
            client.keys,
            random=device.random,
            clock=device.seconds,
            limits=device.limits,
            on_event=self._happened,
            has_room=lambda: has_room() and client.has_room(),
            reliable=is_reliable(self._connection),
            tally=device.tally,
        )
        client.made(association)
        return association

    def _happened(self, event: AssociationEvent) -> None:
        client = self._device.client(event.client_sap, event.server_sap)
        association = self._association(event.client_sap, event.server_sap)
        detail = ""
        if client is not None and association is not None:
            detail = self._followed(client, association, event.code)
        self._guard.happened(event.code, None if association is None else association.context)
        self._device.log.add(event, self._connection.peer, detail)

    def _association(self, client_sap: int, server_sap: int) -> ServerAssociation | None:
        """The association of a pair of SAPs; None while it is being made, as a pre-established one reports before."""
        pair = client_sap, server_sap
        return next((one for one in self._table if (one.settings.client_sap, one.settings.server_sap) == pair), None)

    def _followed(self, client: AdmittedClient, association: ServerAssociation, code: EventCode) -> str:
        """Keep the books of a client; a detail for the log."""
        if code is EventCode.ASSOCIATED:
            closed = client.opened(self._connection, association)
            return f"one too many: {closed} was closed" if closed else ""
        detail = ""
        if code in _ENDED or association.associated is None:
            if code is EventCode.AARQ_REFUSED and client.ports:
                detail = f"open already from {', '.join(client.ports)}"
            client.closed(self._connection)
        return detail
