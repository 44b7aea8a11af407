"""How a CoAP request says which SAPs its APDU goes between."""

from __future__ import annotations

from dlmskit.link.adaptation import Sdu
from dlmskit.link.coap.asking import Options
from dlmskit.link.coap.message import Message, Option


def encode_uri(sdu: Sdu, path: str, *, server: bool) -> Options:
    """Where an APDU is posted: ``path``, the server's SAP, and the client's in the query.

    UNCONFIRMED: the profile of the standard was not at hand. Both directions name the SAPs alike; who posts is the source.
    """
    server_sap, client_sap = (sdu.source, sdu.destination) if server else (sdu.destination, sdu.source)
    segments = [part.encode() for part in (*path.strip("/").split("/"), str(server_sap)) if part]
    return *((Option.URI_PATH, segment) for segment in segments), (Option.URI_QUERY, b"client=%d" % client_sap)


def decode_uri(message: Message, path: str, *, server: bool) -> tuple[int, int] | None:
    """Source and destination SAP of a request that a peer posts to us; None for another resource. Client 16 is the default."""
    *before, last = message.all(Option.URI_PATH) or (b"",)
    query = dict(part.partition(b"=")[::2] for part in message.all(Option.URI_QUERY))
    client = query.get(b"client", b"16")
    if [part.decode("latin-1") for part in before] != [part for part in path.split("/") if part]:
        return None
    if not (last.isdigit() and client.isdigit() and len(last) < 6 and len(client) < 6):
        return None
    server_sap, client_sap = int(last), int(client)
    return (client_sap, server_sap) if server else (server_sap, client_sap)
