"""gurux_dlms as a client over a plain TCP socket, as its users drive it: blocking, one request after the other."""

from __future__ import annotations

import socket
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import AccessServiceCommandType, Authentication, Conformance, InterfaceType, ObjectType, Security
from gurux_dlms.GXDLMSAccessItem import GXDLMSAccessItem
from gurux_dlms.GXDLMSException import GXDLMSException
from gurux_dlms.objects import GXDLMSObject, GXDLMSProfileGeneric
from gurux_dlms.secure import GXDLMSSecureClient

GUEK = bytes(range(16))
GAK = bytes(range(0xD0, 0xE0))


class GuruxClient:
    """One association. ``with`` opens and releases it; a refusal is a GXDLMSException or a code of `errors`."""

    def __init__(
        self,
        port: int,
        *,
        client: int,
        authentication: Authentication = Authentication.NONE,
        password: str | None = None,
        ciphered: bool = False,
        first_counter: int = 1,
        title: bytes = b"GRX\0\0\0\0\1",
        logical_names: bool = True,
        access: bool = False,
    ) -> None:
        self.gurux = GXDLMSSecureClient(logical_names, client, 1, authentication, password, InterfaceType.WRAPPER)
        if ciphered:
            ciphering = self.gurux.ciphering
            ciphering.security = Security.AUTHENTICATION_ENCRYPTION
            ciphering.systemTitle = title
            ciphering.blockCipherKey, ciphering.authenticationKey = GUEK, GAK
            ciphering.invocationCounter = first_counter
            # A release in clear, which is what gurux sends unless told otherwise, ends no ciphered association.
            self.gurux.useProtectedRelease = True
        if access:
            self.gurux.proposedConformance |= Conformance.ACCESS
        self.tags: list[int] = []
        """Of the APDUs that it sent."""
        self._port = port

    def __enter__(self) -> Self:
        self._socket = socket.create_connection(("127.0.0.1", self._port), 5)
        try:
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
        finally:
            self._socket.close()

    def read(self, target: GXDLMSObject, attribute: int = 2) -> Any:
        """The value of an attribute, as gurux understands it."""
        reply = self._exchange(self.gurux.read(target, attribute))
        return self.gurux.updateValue(target, attribute, reply.value)

    def write(self, target: GXDLMSObject, attribute: int) -> None:
        """Write what the object holds."""
        self._exchange(self.gurux.write(target, attribute))

    def method(self, target: GXDLMSObject, index: int, parameter: Any, kind: Any) -> None:
        """Call a method."""
        self._exchange(self.gurux.method(target, index, parameter, kind))

    def send(self, request: bytes) -> None:
        """Send and wait for nothing."""
        self._socket.sendall(bytes(request))

    def read_list(self, items: list[tuple[GXDLMSObject, int]]) -> list[Any]:
        """GET with list."""
        values: list[Any] = []
        for request in self.gurux.readList(items):
            values += self._exchange(request).value
        self.gurux.updateValues(items, values)
        return values

    def access(self, command: AccessServiceCommandType, items: list[tuple[GXDLMSObject, int]]) -> list[tuple[int, Any]]:
        """ACCESS with one kind of item: for each its result and its value."""
        listed = [GXDLMSAccessItem(command, target, index) for target, index in items]
        reply = self._exchange(self.gurux.accessRequest(None, listed))
        self.gurux.parseAccessResponse(listed, reply.data)
        return [(int(one.error), one.value) for one in listed]

    def objects(self) -> Any:
        """The object list, parsed by gurux."""
        return self.gurux.parseObjects(self._exchange(self.gurux.getObjectsRequest()).data, True)

    def rows_between(self, profile: GXDLMSProfileGeneric, since: datetime, until: datetime) -> Any:
        """Selective access by range."""
        reply = self._exchange(self.gurux.readRowsByRange(profile, since, until))
        return self.gurux.updateValue(profile, 2, reply.value)

    def entries(self, profile: GXDLMSProfileGeneric, first: int, count: int) -> Any:
        """Selective access by entry."""
        reply = self._exchange(self.gurux.readRowsByEntry(profile, first, count))
        return self.gurux.updateValue(profile, 2, reply.value)

    def find(self, kind: ObjectType, name: str) -> Any:
        """An object of the list read before."""
        return self.gurux.objects.findByLN(kind, name)

    def _exchange(self, requests: Any) -> GXReplyData:
        reply = GXReplyData()
        for request in [requests] if isinstance(requests, bytes | bytearray) else requests:
            reply.clear()
            self._packet(request, reply)
            while reply.isMoreData():
                self._packet(None if reply.isStreaming() else self.gurux.receiverReady(reply), reply)
        return reply

    def _packet(self, request: Any, reply: GXReplyData) -> None:
        received, notification = GXByteBuffer(), GXReplyData()
        if request:
            self.tags.append(bytes(request)[8])
            self._socket.sendall(bytes(request))
        while not self.gurux.getData(received, reply, notification):
            octets = self._socket.recv(65536)
            if not octets:
                raise ConnectionError("closed by the server")
            received.set(octets)
        if reply.error:
            raise GXDLMSException(reply.error)
