"""A meter made of gurux_dlms, over HDLC on TCP: public client, a clock-free handful of objects. It makes every octet it says."""

from __future__ import annotations

import socket
import threading
from typing import Any, Self

from gurux_dlms import GXServerReply
from gurux_dlms.enums import AccessMode, InterfaceType, MethodAccessMode, SourceDiagnostic
from gurux_dlms.objects import GXDLMSAssociationLogicalName, GXDLMSData, GXDLMSRegister
from gurux_dlms.secure import GXDLMSSecureServer


class _Server(GXDLMSSecureServer):
    def __init__(self, information: int) -> None:
        super().__init__(GXDLMSAssociationLogicalName(), InterfaceType.HDLC)
        self.hdlcSettings.maxInfoTX = self.hdlcSettings.maxInfoRX = information
        register, text = GXDLMSRegister("1.0.1.8.0.255"), GXDLMSData("0.0.96.1.0.255")
        register.value, text.value = 123456, bytes(range(256)) * 3
        association = GXDLMSAssociationLogicalName()
        for one in (association, register, text):
            self.items.append(one)
            association.objectList.append(one)
        self.initialize()

    def isTarget(self, serverAddress: int, clientAddress: int) -> bool:
        self.assignedAssociation = self.items[0]
        return True

    def onValidateAuthentication(self, authentication: Any, password: Any) -> Any:
        return SourceDiagnostic.NONE

    def onGetAttributeAccess(self, arg: Any) -> Any:
        return AccessMode.READ

    def onGetMethodAccess(self, arg: Any) -> Any:
        return MethodAccessMode.NO_ACCESS

    def onFindObject(self, objectType: Any, sn: int, ln: Any) -> Any:
        return None

    def _nothing(self, *words: Any) -> None:
        pass

    onPreGet = onPostGet = onPreRead = onPostRead = onPreWrite = onPostWrite = _nothing
    onConnected = onInvalidConnection = onDisconnected = onPreAction = onPostAction = _nothing


class GuruxMeter:
    """It serves one connection after the other in a thread of its own."""

    def __init__(self, information: int = 128) -> None:
        self._server = _Server(information)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self._server.reset()
                while octets := connection.recv(4096):
                    reply = GXServerReply(octets)
                    self._server.handleRequest(reply)
                    if reply.reply:
                        connection.sendall(bytes(reply.reply))
