"""gurux_dlms over HDLC: as a client on a TCP stream, framing and link control included."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Any, Self

from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.GXDLMSClient import GXDLMSClient

from tests.interop.gurux_client import GuruxClient


class GuruxHdlcClient(GuruxClient):
    """The client of `GuruxClient` with SNRM in front and DISC behind; everything on the line is what gurux makes and takes."""

    def __init__(
        self, port: int, *, lower: int = 17, octets: int = 0, information: int = 128, window: int = 1, **words: Any
    ) -> None:
        super().__init__(port, **words)
        self.gurux.interfaceType = InterfaceType.HDLC
        self.gurux.serverAddress = GXDLMSClient.getServerAddress(1, lower, octets)
        self.gurux.hdlcSettings.maxInfoTX = self.gurux.hdlcSettings.maxInfoRX = information
        self.gurux.hdlcSettings.windowSizeTX = self.gurux.hdlcSettings.windowSizeRX = window

    def __enter__(self) -> Self:
        self._socket = socket.create_connection(("127.0.0.1", self._port), 5)
        self._socket.settimeout(2)
        try:
            reply = self._exchange(self.gurux.snrmRequest())
            self.gurux.parseUAResponse(reply.data)
            self.gurux.parseAareResponse(self._exchange(self.gurux.aarqRequest()).data)
            if self.gurux.authentication > Authentication.LOW:
                self.gurux.parseApplicationAssociationResponse(self._exchange(self.gurux.getApplicationAssociationRequest()).data)
        except BaseException:
            self._socket.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._exchange(self.gurux.releaseRequest())
                self._exchange(self.gurux.disconnectRequest())
        finally:
            self._socket.close()
