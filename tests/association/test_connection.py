"""The associations of one connection: routed by their SAPs, bounded in number, ended together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dlmskit.apdu import Aare, GetRequestNormal, decode_apdu
from dlmskit.association import AssociationSettings, AssociationTable, ClientAssociation, ServerAssociation
from tests.association.peers import CIPHERED, PLAIN, VALUE, Dice, HandClock, Meter, Pair, credentials, drive, settings

AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400007E1F04B0")
GET = GetRequestNormal(0xC1, VALUE, None).encode()


class Server:
    """A table whose associations are plain, but for client 1, which is ciphered; nobody serves server SAP 99."""

    def __init__(self, most: int = 3) -> None:
        self.clock = HandClock()
        self.meter = Meter()
        self.made: list[tuple[int, int]] = []
        self.table = AssociationTable(self.make, most)

    def make(self, client: int, server: int, has_room: Callable[[], bool]) -> ServerAssociation | None:
        self.made.append((client, server))
        if server == 99:
            return None
        way: AssociationSettings = settings(client_sap=client, server_sap=server)
        if client == 1:
            way = CIPHERED
        return ServerAssociation(way, self.meter, credentials(), random=Dice(50), clock=self.clock, has_room=has_room)

    def one(self, client: int, server: int, octets: bytes) -> bytes:
        answers = self.table.receive(client, server, octets)
        return answers[0] if answers else b""

    def result(self, client: int) -> int:
        aare = decode_apdu(self.one(client, 1, AARQ))
        assert isinstance(aare, Aare)
        return aare.result


def test_pairs_do_not_know_of_each_other() -> None:
    server = Server()
    assert server.result(16) == 0
    assert server.one(16, 1, GET)[:2] == b"\xc4\x01"
    assert server.one(17, 1, GET) == bytes.fromhex("D80102")
    assert server.one(16, 2, GET) == bytes.fromhex("D80102")
    assert (len(server.table), server.table.associated) == (1, True)
    client = ClientAssociation(CIPHERED, credentials(), random=Dice())
    drive(client.associate(), lambda octets: server.table.receive(1, 1, octets))
    assert drive(client.get(VALUE), lambda octets: server.table.receive(1, 1, octets)) == server.meter.value
    assert server.one(16, 1, GET)[:2] == b"\xc4\x01"


def test_nobody_there() -> None:
    server = Server()
    assert server.one(16, 99, AARQ) == b""
    assert list(server.table) == []


@pytest.mark.case("R-075")
def test_no_more_than_may_be_open() -> None:
    """Beyond the limit: rejected-transient. Who is there is served, and may associate anew; room that is freed is given."""
    server = Server(most=2)
    assert [server.result(client) for client in (16, 17, 18, 19)] == [0, 0, 2, 2]
    assert server.one(16, 1, GET)[:2] == b"\xc4\x01"
    assert server.result(16) == 0
    assert server.one(17, 1, b"\x62\x00") == bytes.fromhex("6303800100")
    assert server.result(18) == 0
    assert len(server.table) == 2


@pytest.mark.case("R-075")
def test_pairs_are_not_remembered_without_end() -> None:
    """An APDU of one more pair takes the place of one without association; where all are open it is dropped."""
    server = Server(most=2)
    server.result(16)
    for client in range(100, 200):
        server.one(client, 1, GET)
    assert len(list(server.table)) == 4
    assert server.one(16, 1, GET)[:2] == b"\xc4\x01", "the open one stays"


def test_the_connection_is_lost() -> None:
    server = Server()
    server.result(16)
    server.result(17)
    associations = list(server.table)
    server.table.lower_layer_lost()
    assert [association.associated for association in associations] == [None, None]
    assert (len(server.table), server.table.associated, list(server.table)) == (0, False, [])
    assert server.one(16, 1, GET) == bytes.fromhex("D80102")


def test_time() -> None:
    server = Server()
    assert server.table.deadline is None
    server.result(16)
    server.clock.now += 60
    server.result(17)
    assert server.table.deadline == server.clock.now + 60
    server.clock.now += 61
    server.table.expire()
    assert len(server.table) == 1
    assert server.one(17, 1, GET)[:2] == b"\xc4\x01"


def test_the_same_pair_from_another_connection_is_another_association() -> None:
    """Each connection has its table: what one client holds, no other connection can reach."""
    one, other = Pair(PLAIN).associate(), Pair(PLAIN)
    assert other.one(GET) == bytes.fromhex("D80102")
    one.still_works()
