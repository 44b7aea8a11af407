"""What one side of an association tells the log: the same words for client and server, never a secret."""

from __future__ import annotations

from dlmskit.association.ports import AssociationEvent, EventCode, EventSink, forget
from dlmskit.association.settings import AssociationSettings
from dlmskit.types.system_title import SystemTitle


class Reporter:
    """Makes events of one association and hands them to the sink."""

    __slots__ = ("_sink", "client_sap", "peer_title", "server_sap")

    def __init__(self, settings: AssociationSettings, sink: EventSink) -> None:
        self._sink = sink
        self.client_sap = settings.client_sap
        self.server_sap = settings.server_sap
        self.peer_title: SystemTitle | None = None
        """Of the peer, as long as there is an association with it."""

    def __call__(
        self, code: EventCode, detail: str = "", error: BaseException | None = None, title: SystemTitle | None = None
    ) -> None:
        """Report; the title is that of the association's peer unless another one is given."""
        if self._sink is forget:
            return
        self._sink(
            AssociationEvent(
                code=code,
                client_sap=self.client_sap,
                server_sap=self.server_sap,
                peer_title=title or self.peer_title,
                detail=detail,
                error=error,
            )
        )
