"""One connection of a device: routes APDUs to its associations, and keeps the device and its log informed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dlmskit.association.connection import AssociationTable
from dlmskit.association.ports import AssociationEvent, EventCode
from dlmskit.association.server.association import ServerAssociation
from dlmskit.server.clients import AdmittedClient
from dlmskit.transport.base import Connection

if TYPE_CHECKING:
    from dlmskit.server.device import Device

_ENDED = frozenset((EventCode.RELEASED, EventCode.ABORTED))


class DeviceConnection:
    """A `ConnectionHandler`. A pair of SAPs that is not configured is not answered (robustness R-016)."""

    __slots__ = ("_connection", "_device", "_table")

    def __init__(self, device: Device, connection: Connection) -> None:
        self._device = device
        self._connection = connection
        self._table = AssociationTable(self._make)

    @property
    def associated(self) -> bool:
        """Whether an association is open."""
        return self._table.associated

    def received(self, source: int, destination: int, apdu: bytes) -> Sequence[bytes]:
        """Serve one APDU; what it changes is on the disk when this returns."""
        with self._device.turn():
            return self._table.receive(source, destination, apdu)

    def lost(self, reason: str) -> None:
        """The connection is gone: every association on it ends."""
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
            client.config.settings,
            client.handler,
            client.config.credentials,
            random=device.random,
            clock=device.seconds,
            limits=device.limits,
            on_event=lambda event: self._happened(client, association, event),
            has_room=lambda: has_room() and client.has_room(),
        )
        return association

    def _happened(self, client: AdmittedClient, association: ServerAssociation, event: AssociationEvent) -> None:
        detail = ""
        if event.code is EventCode.ASSOCIATED:
            closed = client.opened(self._connection, association)
            detail = f"one too many: {closed} was closed" if closed else ""
        elif event.code in _ENDED or association.associated is None:
            if event.code is EventCode.AARQ_REFUSED and client.ports:
                detail = f"open already from {', '.join(client.ports)}"
            client.closed(self._connection)
        self._device.log.add(event, self._connection.peer, detail)
