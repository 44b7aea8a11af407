"""gurux_dlms as a server over TCP, for our client: plain associations without HLS, which is as far as it goes.

As published (1.0.203) it answers nothing, as `test_gurux_faults` shows. What is mended here are names that one of its modules
calls and no other defines. What is said on the line, checked and computed is its own.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gurux_dlms.enums import Authentication, InterfaceType, SourceDiagnostic
from gurux_dlms.enums.AccessMode import AccessMode
from gurux_dlms.enums.DataType import DataType
from gurux_dlms.enums.MethodAccessMode import MethodAccessMode
from gurux_dlms.GXServerReply import GXServerReply
from gurux_dlms.objects import GXDLMSAssociationLogicalName, GXDLMSData
from gurux_dlms.secure import GXDLMSSecureServer

VALUE, PASSWORD = 1234567, b"12345678"


class Reply(GXServerReply):  # type: ignore[misc]
    """With the accessors that the server calls."""

    def setReply(self, value: Any) -> None:
        self.reply = value

    def getConnectionInfo(self) -> Any:
        return self.connectionInfo

    def setCount(self, value: int) -> None:
        self.count = value

    def getCount(self) -> int:
        return self.count


class GuruxServer(GXDLMSSecureServer):  # type: ignore[misc]
    """One Data object, with a password or without."""

    def __init__(self) -> None:
        super().__init__(True, InterfaceType.WRAPPER)
        value, association = GXDLMSData("0.0.96.1.0.255"), GXDLMSAssociationLogicalName()
        value.value = VALUE
        value.setDataType(2, DataType.UINT32)
        for one in (value, association):
            self.items.append(one)
        association.objectList.append(value)  # an empty one makes `initialize` fail
        self.initialize()

    def setTransaction(self, value: Any) -> None:
        self.transaction = value

    def getTransaction(self) -> Any:
        return self.transaction

    def isTarget(self, serverAddress: int, clientAddress: int) -> bool:
        return True

    def onValidateAuthentication(self, authentication: Authentication, password: bytes) -> SourceDiagnostic:
        right = authentication == Authentication.NONE or bytes(password) == PASSWORD
        return SourceDiagnostic.NONE if right else SourceDiagnostic.AUTHENTICATION_FAILURE

    def onGetAttributeAccess(self, arg: Any) -> AccessMode:
        return AccessMode.READ

    def onGetMethodAccess(self, arg: Any) -> MethodAccessMode:
        return MethodAccessMode.ACCESS

    def onFindObject(self, objectType: Any, sn: Any, ln: Any) -> None:
        return None

    def _nothing(self, *_: Any) -> None:
        return None

    notifyRead = notifyConnected = onConnected = onDisconnected = onInvalidConnection = _nothing
    onPreRead = onPostRead = onPreAction = onPostAction = onPreGet = onPostGet = _nothing


@contextmanager
def listening(server: GuruxServer) -> Iterator[int]:
    """The server on a loopback port, one connection after the other."""
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_serve, args=(listener, server), daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _serve(listener: socket.socket, server: GuruxServer) -> None:
    while True:
        try:
            line, _ = listener.accept()
        except OSError:
            return
        with line:
            while octets := line.recv(65536):
                reply = Reply(octets)
                server.handleRequest(reply)
                if reply.reply:
                    line.sendall(bytes(reply.reply))
            server.reset()
