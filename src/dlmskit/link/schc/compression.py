"""SCHC compression of DLMS in the wrapper in UDP in IPv6 (RFC 8724, 7): packet to rule, residue and payload, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from dlmskit.errors import DecodeError
from dlmskit.link.adaptation import Sdu
from dlmskit.link.ipv6 import UDP, Ipv6Udp
from dlmskit.link.schc.bits import BitReader, BitWriter
from dlmskit.link.schc.rules import Computed, Field, FieldRule, Known, Lower, OneOf, Rule
from dlmskit.link.wrapper import HEADER_OCTETS, PORT, VERSION, decode_datagram, encode_wrapper

_IID = 8


class Ends(msgspec.Struct, frozen=True):
    """The IPv6 addresses and UDP ports of both sides: the static part of the context."""

    device: bytes
    application: bytes
    device_port: int = PORT
    application_port: int = PORT

    def packet(self, sdu: Sdu, *, from_device: bool) -> Ipv6Udp:
        """An SDU as the packet that it would be on the Internet. Raises EncodeError."""
        here, there = (self.device, self.device_port), (self.application, self.application_port)
        (source, source_port), (destination, destination_port) = (here, there) if from_device else (there, here)
        return Ipv6Udp(source, destination, source_port, destination_port, encode_wrapper(*sdu))


def fields_of(packet: Ipv6Udp, *, from_device: bool) -> tuple[dict[Field, int], bytes]:
    """The header fields of a packet with a wrapped APDU, and the APDU. Raises DecodeError for another payload."""
    pdu = decode_datagram(packet.payload)
    addresses = (packet.source, packet.source_port, pdu.source), (packet.destination, packet.destination_port, pdu.destination)
    device, application = addresses if from_device else addresses[::-1]
    values = (
        *(6, packet.traffic_class, packet.flow_label, packet.udp_octets, UDP, packet.hop_limit),
        *(int.from_bytes(device[0][:_IID]), int.from_bytes(device[0][_IID:])),
        *(int.from_bytes(application[0][:_IID]), int.from_bytes(application[0][_IID:])),
        *(device[1], application[1], packet.udp_octets, packet.checksum),
        *(VERSION, device[2], application[2], len(pdu.apdu)),
    )
    return dict(zip(Field, values, strict=True)), pdu.apdu


def packet_of(values: Mapping[Field, int], apdu: bytes, *, from_device: bool) -> Ipv6Udp:
    """The packet again. Raises DecodeError for fields that no packet of ours has."""
    if values[Field.VERSION] != 6 or values[Field.NEXT_HEADER] != UDP or values[Field.WRAPPER_VERSION] != VERSION:
        raise DecodeError("the fields are not those of the wrapper in UDP in IPv6", 0, "schc")
    if not apdu:
        raise DecodeError("nothing is left for the APDU", 0, "schc")
    device = _address(values, Field.DEVICE_PREFIX, Field.DEVICE_IID), values[Field.DEVICE_PORT], values[Field.DEVICE_WPORT]
    application = (
        _address(values, Field.APPLICATION_PREFIX, Field.APPLICATION_IID),
        values[Field.APPLICATION_PORT],
        values[Field.APPLICATION_WPORT],
    )
    (source, source_port, from_wport), (destination, destination_port, to_wport) = (
        (device, application) if from_device else (application, device)
    )
    return Ipv6Udp(
        source=source,
        destination=destination,
        source_port=source_port,
        destination_port=destination_port,
        payload=encode_wrapper(from_wport, to_wport, apdu),
        hop_limit=values[Field.HOP_LIMIT],
        traffic_class=values[Field.TRAFFIC_CLASS],
        flow_label=values[Field.FLOW_LABEL],
    )


def compress(packet: Ipv6Udp, rules: Sequence[Rule], uncompressed: int, *, from_device: bool) -> bytes:
    """The SCHC packet: rule id (one octet), residue, payload, padding; ``uncompressed`` is the rule id where no rule matches."""
    try:
        values, payload = fields_of(packet, from_device=from_device)
    except DecodeError:
        return bytes((uncompressed,)) + packet.encode()
    fitting = (rule for rule in rules if all(field.matches(values[field.field]) for field in rule.fields))
    rule = next(fitting, None)
    if rule is None:
        return bytes((uncompressed,)) + packet.encode()
    bits = BitWriter()
    bits.write(rule.rule_id, 8)
    for field in rule.fields:
        field.write(values[field.field], bits)
    bits.write_octets(payload)
    return bits.finish()


def decompress(octets: bytes, rule: Rule, *, from_device: bool) -> Ipv6Udp:
    """The packet of a compressed one, ``rule`` being the one that its first octet names. Raises DecodeError."""
    reader = BitReader(octets)
    reader.read(8)
    found = {field.field: field.read(reader) for field in rule.fields}
    apdu = reader.read_octets()
    wrapped = len(apdu) + HEADER_OCTETS
    computed = {
        Field.IPV6_LENGTH: wrapped + 8,
        Field.UDP_LENGTH: wrapped + 8,
        Field.UDP_CHECKSUM: 0,
        Field.WRAPPER_LENGTH: len(apdu),
    }
    values = {field: computed[field] if value is None else value for field, value in found.items()}
    said = {field: value for field, value in found.items() if field in computed and value is not None}
    packet = packet_of(values, apdu, from_device=from_device)
    computed[Field.UDP_CHECKSUM] = packet.checksum
    if any(value != computed[field] for field, value in said.items()):
        raise DecodeError("a length or the checksum is wrong", 0, "schc")
    return packet


def dlms_rules(ends: Ends, clients: tuple[int, ...] = (16, 1, 2, 3), first_rule: int = 1) -> tuple[Rule, Rule]:
    """Two rules for one meter: usual clients with the management device in few bits, any SAPs of one octet in two octets."""
    usual = OneOf(Field.APPLICATION_WPORT, clients), Known(Field.DEVICE_WPORT, 1)
    any_saps = Lower(Field.APPLICATION_WPORT, 0, 8), Lower(Field.DEVICE_WPORT, 0, 8)
    return Rule(first_rule, (*_headers(ends), *usual)), Rule(first_rule + 1, (*_headers(ends), *any_saps))


def _headers(ends: Ends) -> tuple[FieldRule, ...]:
    known = {
        Field.VERSION: 6,
        Field.TRAFFIC_CLASS: 0,
        Field.FLOW_LABEL: 0,
        Field.NEXT_HEADER: UDP,
        Field.HOP_LIMIT: 64,
        Field.DEVICE_PREFIX: int.from_bytes(ends.device[:_IID]),
        Field.DEVICE_IID: int.from_bytes(ends.device[_IID:]),
        Field.APPLICATION_PREFIX: int.from_bytes(ends.application[:_IID]),
        Field.APPLICATION_IID: int.from_bytes(ends.application[_IID:]),
        Field.DEVICE_PORT: ends.device_port,
        Field.APPLICATION_PORT: ends.application_port,
        Field.WRAPPER_VERSION: VERSION,
    }
    computed = (Field.IPV6_LENGTH, Field.UDP_LENGTH, Field.UDP_CHECKSUM, Field.WRAPPER_LENGTH)
    return *(Known(field, value) for field, value in known.items()), *(Computed(field) for field in computed)


def _address(values: Mapping[Field, int], prefix: Field, iid: Field) -> bytes:
    return values[prefix].to_bytes(_IID) + values[iid].to_bytes(_IID)
