"""gurux_dlms reads a meter with one object of every class that it knows, over TCP; each attribute is compared with our object.

What it decodes of the octets must be what the object holds. What its own classes then make of a number must be that number; where
one of them cannot take a value at all, the table says which, and the test fails when that changes.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, NamedTuple

from gurux_dlms import GXDateTime
from gurux_dlms.GXBitString import GXBitString
from gurux_dlms.GXDLMSException import GXDLMSException

from dlmskit.association.credentials import Credentials
from dlmskit.association.settings import AssociationSettings
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.security.keys import KeySet
from dlmskit.server import ClientConfig, Device, Grants, LogicalDevice
from dlmskit.transport.tcp_server import serve_tcp
from dlmskit.types.bits import BitString
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.obis import Obis
from tests.cosem.classes.test_class_tables import peer
from tests.cosem.peers import StandingClock
from tests.cosem.standard_classes import STANDARD
from tests.interop.gurux_client import GuruxClient
from tests.interop.samples import Samples, filled
from tests.server.peers import METER

REFUSED = {(15, 7), (19, 7), (19, 8), (19, 9), (100, 6)}
"""Secrets, by class and attribute: no client reads them, and gurux is told read-write-denied."""

FAILS_OF_ITSELF = {
    (7, 2): "it takes no rows before it has read capture_objects, and says so",
    (28, 7): "it reads more members of an allowed caller than the class table has",
    (40, 2): "it reads an entry of the list by another layout than ours",
    (40, 3): "it knows no transport service above 7, so not the reliable and unreliable CoAP of the table",
    (40, 10): "it takes the key info of protection parameters for another layout, and fails on its own enumeration",
    (48, 4): "it wants 16 octets in an address; the sample is no address, and the class table says octet-string",
    (48, 5): "as attribute 4",
    (48, 6): "as attribute 4",
    (48, 7): "as attribute 4",
    (48, 8): "as attribute 4",
}
"""Attributes that it decodes as they are, and whose value its own class then cannot take."""


ANOTHER_NUMBER = {
    (26, 3): "it gives the length of the buffer that it holds itself, whatever the meter says",
}
"""Attributes that it decodes as they are, and gives to its user as another number."""


OLDER = {65, 91, 92}
"""Classes of which it knows an older version: its client does not ask for the attributes that came later."""


class Read(NamedTuple):
    """One attribute as gurux read it."""

    decoded: Any
    typed: Any
    failure: str


def meter_of_everything() -> Device:
    """The newest version that the peer has of every class, with values that are no defaults. The association comes along."""
    newest = {key[0]: declared for key, declared in STANDARD.items() if peer(*key) is not None and key[0] not in {12, 15}}
    samples = Samples()
    objects = [filled(declared, f"0.0.96.200.{at}.255", samples) for at, declared in enumerate(newest.values())]
    clock = StandingClock()
    device = Device(METER, clock=clock)
    logical_device = device.add(LogicalDevice(1, "LAB0000000000001", objects, clock=clock))
    credentials = Credentials(keys=KeySet(), transmit=device.transmit, received=device.received)
    config = ClientConfig(name="public", settings=AssociationSettings(client_sap=16), credentials=credentials)
    logical_device.admit(config, Grants.parse(read=["*"]))
    device.ready()
    return device


def read_everything(port: int) -> dict[tuple[int, str, int], Read | str]:
    """What gurux reads, by class, name and attribute; the refusal in words."""
    found: dict[tuple[int, str, int], Read | str] = {}
    with GuruxClient(port, client=16) as client:
        for one in client.objects():
            for number in range(2, one.getAttributeCount() + 1):
                key = int(one.objectType), one.logicalName, number
                try:
                    reply = client._exchange(client.gurux.read(one, number))
                except GXDLMSException as refusal:
                    found[key] = str(refusal)
                    continue
                decoded = reply.value
                try:
                    found[key] = Read(decoded, client.gurux.updateValue(one, number, reply.value), "")
                except Exception as error:  # noqa: BLE001 - of any kind: its classes raise what they come across
                    found[key] = Read(decoded, None, type(error).__name__)
    return found


def told(value: Any) -> Any:
    """A value of either side in one form: lists, numbers, text, octets. An empty array is None to gurux."""
    if isinstance(value, list | tuple):
        return [told(one) for one in value] or None
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if isinstance(value, CosemDateTime):
        return value.to_datetime().replace(tzinfo=None)
    if isinstance(value, GXDateTime):
        moment: datetime = value.value
        return moment.replace(tzinfo=None)
    return str(value) if isinstance(value, BitString | GXBitString) else value


async def test_gurux_reads_one_object_of_every_class_that_it_knows() -> None:
    device = meter_of_everything()
    tree = device[1].tree
    listener = await serve_tcp("127.0.0.1", 0, handler_factory=device.connected)
    try:
        found = await asyncio.to_thread(read_everything, listener.port)
    finally:
        await listener.close()
    seen: set[tuple[int, int]] = set()
    refused: set[tuple[int, int]] = set()
    failing: set[tuple[int, int]] = set()
    another: set[tuple[int, int]] = set()
    for (class_id, name, number), read in found.items():
        if class_id == 15:  # it has a name of its own for the client that asks; its values are compared elsewhere
            refused |= {(15, number)} if isinstance(read, str) else set()
            continue
        one = tree.get(class_id, Obis(name))
        if number not in one.attributes:
            continue  # the peer counts more: test_class_tables says where
        if isinstance(read, str):
            refused.add((class_id, number))
            continue
        ours = one.get(number).value
        assert told(read.decoded) == told(ours), (one, number)
        seen.add((class_id, number))
        if read.failure:
            failing.add((class_id, number))
        elif type(ours) is int and isinstance(read.typed, int) and int(read.typed) != ours:
            another.add((class_id, number))
    assert refused == REFUSED
    assert failing == set(FAILS_OF_ITSELF)
    assert another == set(ANOTHER_NUMBER)
    expected = {(one.class_id, number) for one in tree if one.class_id != 15 for number in one.attributes if number > 1}
    unread = expected - seen - refused
    assert {class_id for class_id, _ in unread} == OLDER, unread
    assert len({class_id for class_id, _ in seen}) > 50
    assert any(isinstance(one, ProfileGeneric) for one in tree)
