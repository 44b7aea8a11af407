"""The associations of one lower-layer connection at a server: one for each pair of client SAP and server SAP."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dlmskit.association.server.association import ServerAssociation
from dlmskit.association.tables import State

MakeAssociation = Callable[[int, int, Callable[[], bool]], ServerAssociation | None]
"""Makes the association of (client SAP, server SAP), None where there is none for them; the third argument says whether one more
may be opened (hand it on as ``has_room``)."""


class AssociationTable:
    """Routes APDUs to associations by their SAPs, makes them when first needed, and holds how many may be open.

    ``most`` bounds the open ones: beyond it an AARQ is answered with rejected-transient. Twice as many pairs are remembered
    at all; an APDU for one more pair takes the place of one that has no association, or is dropped.
    """

    def __init__(self, make: MakeAssociation, most: int = 8) -> None:
        self._make = make
        self._most = most
        self._associations: dict[tuple[int, int], ServerAssociation] = {}

    def receive(self, client_sap: int, server_sap: int, octets: bytes) -> tuple[bytes, ...]:
        """Serve one APDU; the answers. Silence for a pair that nobody serves."""
        association = self._associations.get((client_sap, server_sap)) or self._new(client_sap, server_sap)
        return () if association is None else association.receive(octets)

    def __iter__(self) -> Iterator[ServerAssociation]:
        return iter(tuple(self._associations.values()))

    def __len__(self) -> int:
        """How many associations are open or about to be."""
        return sum(association.state in {State.HLS_PENDING, State.ASSOCIATED} for association in self._associations.values())

    @property
    def associated(self) -> bool:
        """Whether a client has opened an association and proved itself."""
        return any(association.associated and not association.settings.pre_established for association in self)

    @property
    def deadline(self) -> float | None:
        """When `expire` should be called at the latest."""
        return min((association.deadline for association in self if association.deadline is not None), default=None)

    def expire(self) -> None:
        """End what has waited too long, in every association."""
        for association in self:
            association.expire()

    def lower_layer_lost(self) -> None:
        """The connection is gone: all associations end, and what was pending in them."""
        for association in self:
            association.lower_layer_lost()
        self._associations.clear()

    def _new(self, client_sap: int, server_sap: int) -> ServerAssociation | None:
        if len(self._associations) >= 2 * self._most and not self._make_place():
            return None
        association = self._make(client_sap, server_sap, self._has_room)
        if association is not None:
            self._associations[client_sap, server_sap] = association
        return association

    def _make_place(self) -> bool:
        for pair, association in self._associations.items():
            if association.state in {State.INACTIVE, State.IDLE}:
                del self._associations[pair]
                return True
        return False

    def _has_room(self) -> bool:
        return len(self) < self._most
