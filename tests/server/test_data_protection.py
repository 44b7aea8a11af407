"""A third party reads, writes and switches through a client, with its own rights; everybody else is refused."""

from __future__ import annotations

from secrets import token_bytes
from typing import Any

import pytest

from dlmskit.apdu import CosemAttributeDescriptor, CosemMethodDescriptor
from dlmskit.association.client.association import ClientAssociation
from dlmskit.association.credentials import Credentials
from dlmskit.association.ports import EventCode
from dlmskit.client.third_party import CarriedRequest, ThirdParty
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.data_protection import DataProtection
from dlmskit.cosem.classes.disconnect_control import DisconnectControl
from dlmskit.cosem.classes.register import Register
from dlmskit.crypto.suites import SUITES
from dlmskit.errors import SecurityError, ServiceError
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection
from dlmskit.security.data_protection import ProtectionType, protect_data, wish
from dlmskit.security.layers import KeyChoice
from dlmskit.server import ClientConfig, Device, Grants, LogicalDevice
from dlmskit.types.enums import ActionResult, DataAccessResult
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle
from tests.cosem.peers import StandingClock
from tests.security.parties import CLIENT, SERVER
from tests.security.people import ANYTHING, THIRD, correspondence, keys_of, person
from tests.server.peers import Client, settings_of

PROTECTION, CONSUMPTION, DEBT, SWITCH, PRICE = (
    Obis(name) for name in ("0.0.43.2.0.255", "1.0.1.8.0.255", "0.0.96.1.9.255", "0.0.96.3.10.255", "0.0.96.1.8.255")
)
AUTH, ENC, BOTH, SIGN = ProtectionType
OTHER = ActionResult.OTHER_REASON


def meter(suite: int = 1, **words: Any) -> Device:
    """The agent may call the data protection object and nothing else; the third party may read, write and switch."""
    clock = StandingClock()
    device = Device(SERVER, clock=clock)
    objects = [
        DataProtection(PROTECTION, **words),
        Register(CONSUMPTION, value=Data.double_long_unsigned(0xC0FFEE01), scaler_unit=(0, 30)),
        DataObject(DEBT, value=Data.octet_string(b"owes everything")),
        DataObject(PRICE, value=Data.octet_string(b"old contract")),
        DisconnectControl(SWITCH, control_mode=4),
    ]
    logical_device = device.add(LogicalDevice(1, "LAB0000000000001", objects, clock=clock))
    logical_device.third_parties[THIRD] = Grants.parse(
        read=[f"{CONSUMPTION}:2", f"{DEBT}:2"], write=[f"{PRICE}:2"], execute=[f"{SWITCH}:1", f"{SWITCH}:2"]
    )
    settings = settings_of(1, server_system_title=SERVER, security_suite=suite)
    credentials = Credentials(
        keys=keys_of(SUITES[suite]),
        correspondence=correspondence(SERVER, SUITES[suite]),
        transmit=device.transmit,
        received=device.received,
    )
    config = ClientConfig(name="agent", settings=settings, credentials=credentials)
    logical_device.admit(config, Grants.parse(read=[f"{PROTECTION}"], write=[f"{PROTECTION}"], execute=[f"{PROTECTION}"]))
    device.ready()
    return device


class Agent(Client):
    """A client that carries what third parties ask, and keeps all that it sees."""

    def __init__(self, device: Device, suite: int = 1) -> None:
        super().__init__(device, title=CLIENT)
        settings = settings_of(1, client_system_title=CLIENT, security_suite=suite)
        own = Credentials(keys=keys_of(SUITES[suite]), correspondence=correspondence(CLIENT, SUITES[suite]))
        self.association = ClientAssociation(settings, own, random=token_bytes)
        self.seen: list[bytes] = []
        self.open()

    def carry(self, request: CarriedRequest) -> tuple[int, Data]:
        self.seen.append(request.parameters.octets)
        descriptor = CosemMethodDescriptor(30, PROTECTION.octets, request.method)
        answer = self.run(self.association.action(descriptor, request.parameters))
        returned = answer.return_parameters if isinstance(answer.return_parameters, Data) else Data.null()
        self.seen.append(returned.octets)
        return answer.result, returned


def third(suite: int = 1, **words: Any) -> ThirdParty:
    return ThirdParty(person(THIRD, SERVER, suite=SUITES[suite]), SERVER, **words)


def objects_of(device: Device) -> Any:
    return device[1].tree


WAYS = [
    (suite, layers, key)
    for suite in (0, 1, 2)
    for layers, key in (
        ((BOTH,), KeyChoice.WRAPPED),
        ((BOTH,), KeyChoice.GUEK),
        ((ENC, AUTH), KeyChoice.GUEK),
        ((BOTH,), KeyChoice.ONE_PASS),
        ((BOTH,), KeyChoice.STATIC),
        ((SIGN, BOTH), KeyChoice.ONE_PASS),
        ((BOTH, SIGN), KeyChoice.STATIC),
    )
    if suite or (SIGN not in layers and key in {KeyChoice.WRAPPED, KeyChoice.GUEK})
]


@pytest.mark.parametrize(
    ("suite", "layers", "key"), WAYS, ids=[f"{s}-{'+'.join(one.name for one in layers)}-{key}" for s, layers, key in WAYS]
)
def test_read_write_and_switch_in_every_way(suite: int, layers: tuple[ProtectionType, ...], key: KeyChoice) -> None:
    device = meter(suite)
    agent, party = Agent(device, suite), third(suite, layers=layers, key=key)
    result, answer = agent.carry(party.read((3, CONSUMPTION, 2), (1, DEBT, 2)))
    assert result == 0
    assert party.values(answer, 2) == [Data.double_long_unsigned(0xC0FFEE01), Data.octet_string(b"owes everything")]
    result, answer = agent.carry(party.read((3, CONSUMPTION, 2)))
    assert party.values(answer) == [Data.double_long_unsigned(0xC0FFEE01)]
    assert agent.carry(party.write((1, PRICE, 2, Data.octet_string(b"new contract"))))[0] == 0
    assert objects_of(device).get(1, PRICE).value == b"new contract"
    result, answer = agent.carry(party.call(70, SWITCH, 1))
    assert (result, party.returned(answer)) == (0, Data.null())
    assert objects_of(device).get(70, SWITCH).output_state is False
    seen = b"".join(agent.seen)
    for secret in (b"owes everything", b"new contract", bytes.fromhex("C0FFEE01")):
        assert secret not in seen


def test_through_the_buffer() -> None:
    device = meter(
        protection_object_list=[(3, CONSUMPTION, 2, 0, (0, None))],
        protection_parameters_get=[(2, (b"", b"", THIRD.octets, b"", (2, (b"\x01", b""))))],
    )
    agent, party = Agent(device), third()
    one = objects_of(device).get(30, PROTECTION)
    octets = agent.run(agent.association.get(_attribute(2)))
    used = agent.run(agent.association.get(_attribute(4)))
    assert party.values(Data.structure([used, octets])) == [Data.double_long_unsigned(0xC0FFEE01)]
    request = party.write((1, PRICE, 2, Data.octet_string(b"by buffer")))
    objects, parameters, protected = request.parameters.elements()
    one.set(3, objects)
    one.set(5, parameters)
    assert agent.run(agent.association.set(_attribute(2), protected)) == 0
    assert objects_of(device).get(1, PRICE).value == b"by buffer"
    assert agent.run(agent.association.set(_attribute(2), protected)) != 0, "once"


def _attribute(number: int) -> Any:
    return CosemAttributeDescriptor(30, PROTECTION.octets, number)


@pytest.mark.case("R-087")
def test_the_agent_itself_may_not() -> None:
    """What the third party may do, its agent may not, whatever it writes into the parameters."""
    device = meter()
    agent = Agent(device)
    own = ThirdParty(person(CLIENT, SERVER), SERVER)
    assert agent.carry(own.read((3, CONSUMPTION, 2)))[0] != 0
    assert agent.carry(own.write((1, PRICE, 2, Data.octet_string(b"forged"))))[0] != 0
    assert agent.carry(own.call(70, SWITCH, 1))[0] != 0
    assert objects_of(device).get(1, PRICE).value == b"old contract"
    assert objects_of(device).get(70, SWITCH).output_state is True


@pytest.mark.case("R-087")
@pytest.mark.parametrize("layers", [(AUTH,), (SIGN,), (ENC,)])
def test_values_do_not_leave_readable_or_changeable(layers: tuple[ProtectionType, ...]) -> None:
    device = meter()
    agent, party = Agent(device), third(layers=layers, required=Protection.NONE)
    result, answer = agent.carry(party.read((1, DEBT, 2)))
    assert result == OTHER
    assert b"owes everything" not in answer.octets


@pytest.mark.case("R-087")
def test_what_was_carried_once_is_not_carried_again() -> None:
    device = meter()
    agent, party = Agent(device), third(layers=(BOTH, SIGN))
    off, on = party.call(70, SWITCH, 1), party.call(70, SWITCH, 2)
    assert agent.carry(off)[0] == 0
    assert agent.carry(on)[0] == 0
    assert agent.carry(off)[0] == OTHER
    assert objects_of(device).get(70, SWITCH).output_state is True
    assert [entry.code for entry in device.log][-1] is EventCode.COUNTER_REPEATED


@pytest.mark.case("R-087")
def test_every_octet_of_what_is_carried_counts() -> None:
    device = meter()
    agent, party = Agent(device), third()
    request = party.call(70, SWITCH, 1)
    called, parameters, octets = request.parameters.elements()
    for at in range(len(octets.value)):
        changed = bytearray(octets.value)
        changed[at] ^= 1
        forged = Data.structure((called, parameters, Data.octet_string(bytes(changed))))
        assert agent.carry(CarriedRequest(3, forged))[0] == OTHER
    assert objects_of(device).get(70, SWITCH).output_state is True
    assert agent.carry(request)[0] == 0


@pytest.mark.case("R-087")
def test_beyond_the_rights_of_the_third_party() -> None:
    device = meter()
    agent, party = Agent(device), third()
    assert agent.carry(party.read((1, PRICE, 2)))[0] != 0
    assert agent.carry(party.read((15, "0.0.40.0.0.255", 2)))[0] != 0
    assert agent.carry(party.write((1, DEBT, 2, Data.octet_string(b"owes nothing"))))[0] != 0
    assert agent.carry(party.call(70, "0.0.96.3.11.255", 1))[0] != 0
    assert objects_of(device).get(1, DEBT).value == b"owes everything"


def test_all_or_nothing_is_written() -> None:
    device = meter()
    agent, party = Agent(device), third()
    both = party.write((1, PRICE, 2, Data.octet_string(b"new")), (1, DEBT, 2, Data.octet_string(b"none")))
    assert agent.carry(both)[0] != 0
    assert objects_of(device).get(1, PRICE).value == b"old contract"


@pytest.mark.case("R-087")
def test_of_somebody_who_is_no_third_party() -> None:
    device = meter()
    stranger = SystemTitle("5858580000000009")
    more = correspondence(THIRD, SUITES[1])
    third_context = person(THIRD, SERVER)
    security = SecurityContext(
        own_title=stranger, keys=keys_of(SUITES[1]), transmit=third_context.transmit, received=third_context.received,
        peer_title=SERVER, suite=SUITES[1], rules=ANYTHING, correspondence=more,
    )  # fmt: skip
    assert Agent(device).carry(ThirdParty(security, SERVER).call(70, SWITCH, 1))[0] == OTHER
    assert objects_of(device).get(70, SWITCH).output_state is True
    device = meter()  # which knows the keys of one that is a third party no more
    device[1].third_party_roles.clear()
    assert Agent(device).carry(third().call(70, SWITCH, 1))[0] == OTHER
    assert objects_of(device).get(70, SWITCH).output_state is True
    assert [entry.reason for entry in device.log][-1] == "system-title-mismatch"


@pytest.mark.case("R-087")
def test_required_protection() -> None:
    device = meter(required_protection=0x10 | 0x80)
    agent = Agent(device)
    assert agent.carry(third().call(70, SWITCH, 1))[0] == OTHER
    assert agent.carry(third().read((3, CONSUMPTION, 2)))[0] == OTHER
    assert agent.carry(third(layers=(BOTH, SIGN)).call(70, SWITCH, 1))[0] == 0
    one = objects_of(device).get(30, PROTECTION)
    assert agent.run(agent.association.set(_attribute(6), Data.enum(0))) != 0
    assert one.required_protection == 0x90
    assert agent.run(agent.association.set(_attribute(6), Data.enum(0x98))) == 0


@pytest.mark.case("R-087")
def test_an_answer_of_somebody_else_is_none() -> None:
    """The agent knows the public keys, and answers in place of the meter."""
    party = third(layers=(BOTH, SIGN))
    liar = person(CLIENT, THIRD, suite=SUITES[1])
    octets, used = protect_data(Data.unsigned(0).octets, liar, [wish(BOTH, THIRD), wish(SIGN, THIRD)])
    forged = [one._replace(originator=SERVER) for one in used]
    for parameters in (used, forged):
        with pytest.raises(SecurityError):
            party.returned(Data.structure((Data.array(one.to_data() for one in parameters), Data.octet_string(octets))))


def test_without_a_protector_it_says_so() -> None:
    with pytest.raises(ServiceError) as refused:
        DataProtection(PROTECTION).action(3, third().call(70, SWITCH, 1).parameters)
    assert refused.value.code == DataAccessResult.OBJECT_UNAVAILABLE
