"""A port of a living meter: wrong passwords, forged and repeated messages close it; nothing but time or a reset opens it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest

from dlmskit.apdu import CosemAttributeDescriptor, CosemMethodDescriptor
from dlmskit.association.client.association import ClientAssociation
from dlmskit.association.credentials import Credentials
from dlmskit.association.errors import AssociationRefused
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.communication_port_protection import CommunicationPortProtection
from dlmskit.errors import ConfigError, DlmsError
from dlmskit.security.keys import KeySet, Secret
from dlmskit.server import Database, Device, Grants
from dlmskit.types.obis import Obis
from tests.server.peers import MANAGEMENT, PUBLIC, READER, Client, device_of, settings_of

TCP, OPTICAL = Obis("0.0.25.0.0.255"), Obis("0.0.20.0.0.255")
NAME = Obis("0.0.44.2.0.255")
WRONG = KeySet(lls_password=Secret.from_text("87654321"))


def protection(name: Obis = NAME, port: Obis = TCP, **more: Any) -> CommunicationPortProtection:
    words: dict[str, Any] = {
        "allowed_failed_attempts": 2,
        "initial_lockout_time": 60,
        "steepness_factor": 2,
        "max_lockout_time": 3600,
    }
    return CommunicationPortProtection(name, port_reference=port, **(words | more))


class Living:
    """A meter with a protected TCP port and an optical one that is not, and a clock of its own to move."""

    def __init__(self, *more: CommunicationPortProtection, database: Database | None = None, **words: Any) -> None:
        everything = Grants.parse(read=["*"], write=["*"], execute=["*"])
        self.guarded = protection(**words)
        self.now = 5000.0
        objects = [Clock(), self.guarded, *more]
        self.device = device_of(objects, {PUBLIC: Grants.parse(read=["*"]), READER: everything, MANAGEMENT: everything}, database)
        self.device.seconds = lambda: self.now
        self.device.ready()

    def client(self, client_sap: int = READER, port: Obis = TCP) -> Client:
        made = Client(self.device, client_sap)
        made.connection = self.device.at_port(port)(made.port)
        return made

    def guess(self, port: Obis = TCP) -> bool:
        """One wrong password, on a new connection; whether there was an answer."""
        client = self.client(port=port)
        client.credentials = Credentials(keys=WRONG)
        client.association = ClientAssociation(
            settings_of(READER, client_system_title=client.title), client.credentials, random=token_bytes
        )
        try:
            client.run(client.association.associate())
        except AssociationRefused:
            return True
        except (DlmsError, AssertionError, StopIteration, IndexError):
            return False
        raise AssertionError("a wrong password opened the meter")


def answers(client: Client) -> bool:
    """Whether the port says anything to somebody who has everything right."""
    with suppress(DlmsError, AssertionError, StopIteration, IndexError):
        client.open()
    return bool(client.answered)


@pytest.mark.case("R-040")
@pytest.mark.case("R-095")
def test_guesses_close_the_port_and_not_the_meter() -> None:
    living = Living()
    assert [living.guess() for _ in range(5)] == [True, True, True, False, False]
    assert living.guarded.failed_attempts == 3
    assert not answers(living.client())
    optical = living.client(port=OPTICAL)
    assert answers(optical), "another port hears"
    optical.connection.lost("unplugged")
    living.now += 60
    assert answers(living.client())
    assert (living.guarded.failed_attempts, living.guarded.cumulative_failed_attempts) == (0, 3)


@pytest.mark.case("R-095")
def test_the_public_client_makes_no_guess_forgotten() -> None:
    living = Living()
    for _ in range(2):
        living.guess()
        assert answers(living.client(PUBLIC))
    living.guess()
    assert not answers(living.client(PUBLIC))


@pytest.mark.case("R-095")
def test_forged_and_repeated_messages_count() -> None:
    living = Living()
    client = living.client(MANAGEMENT).open()
    client.run(client.association.get(CosemAttributeDescriptor(8, Obis("0.0.1.0.0.255").octets, 2)))
    last = client.recorded[-1]
    forged = last[:-1] + bytes((last[-1] ^ 1,))
    for octets in (last, forged, last):
        client.send(octets)
    assert living.guarded.failed_attempts == 3
    assert client.send(last) == []
    assert not living.guarded.open


@pytest.mark.case("R-096")
def test_no_way_around_the_lock() -> None:
    living = Living()
    honest = living.client(MANAGEMENT).open()
    for _ in range(3):
        living.guess()
    assert not living.guarded.open
    assert not answers(living.client()), "another connection, another client, another title"
    assert not answers(living.client(MANAGEMENT))
    with pytest.raises((DlmsError, AssertionError, StopIteration, IndexError)):
        honest.run(honest.association.get(CosemAttributeDescriptor(8, Obis("0.0.1.0.0.255").octets, 2)))
    living.device[1].tree.of(Clock)[0].set_utc(datetime(2040, 1, 1, tzinfo=UTC))
    assert not living.guarded.open, "setting the clock opens nothing"


@pytest.mark.case("R-096")
def test_a_lock_outlives_the_power(tmp_path: Path) -> None:
    def again() -> tuple[Living, Device]:
        made = Living(database=Database(tmp_path / "meter.sqlite"))
        return made, made.device

    living, device = again()
    for _ in range(4):
        living.guess()
    device.close()
    living, device = again()
    assert not living.guarded.open
    assert (living.guarded.failed_attempts, living.guarded.lockout_time(living.guarded.failed_attempts)) == (3, 60)
    living.now += 60
    assert answers(living.client())
    device.close()
    living, device = again()
    assert living.guarded.open, "a lock that was over does not come again"
    device.close()


def test_a_client_opens_it_by_the_way_that_is_left() -> None:
    living = Living()
    for _ in range(3):
        living.guess()
    manager = living.client(MANAGEMENT, OPTICAL).open()
    assert manager.run(manager.association.action(CosemMethodDescriptor(124, NAME.octets, 1), Data.integer(0))).result == 0
    assert answers(living.client())


def test_a_locked_port_hears_nobody_and_an_unlocked_one_everybody() -> None:
    assert not answers(Living(protection_mode=0).client())
    living = Living(protection_mode=2)
    assert all(living.guess() for _ in range(20))
    assert answers(living.client())


def test_two_objects_do_not_protect_one_port() -> None:
    with pytest.raises(ConfigError, match=str(TCP)):
        Living(protection(Obis("0.0.44.2.1.255")))
