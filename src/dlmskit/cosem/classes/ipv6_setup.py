"""Interface class 48, IPv6 setup (Blue Book): addresses of an IPv6 interface, 16 octets each."""

from __future__ import annotations

from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

ADDRESS_OCTETS = 16
MOST_ADDRESSES = 64
"""Of one type; a device that was given more would have nowhere to put them."""

IPV6_ADDRESS = "structure{IPv6_address_type:enum{0=unicast,1=multicast,2=gateway},IPv6_address:octet-string}"
_NEIGHBOUR_DISCOVERY = (
    "array<structure{RS_max_retry:unsigned,RS_retry_wait_time:long-unsigned,RA_send_period:double-long-unsigned}>"
)


class Ipv6Setup(InterfaceClass, class_id=48, version=0, name="IPv6 setup"):
    """Unicast, multicast and gateway addresses; waiting times in ms, periods in s."""

    dl_reference = attribute(2, "logical-name", writable=True, name="DL_reference")
    address_config_mode = attribute(3, "enum{0=auto,1=DHCPv6,2=manual,3=neighbour_discovery}", writable=True)
    unicast_ipv6_addresses = attribute(4, "array<octet-string>", dynamic=True, writable=True, name="unicast_IPv6_addresses")
    multicast_ipv6_addresses = attribute(5, "array<octet-string>", writable=True, name="multicast_IPv6_addresses")
    gateway_ipv6_addresses = attribute(6, "array<octet-string>", writable=True, name="gateway_IPv6_addresses")
    primary_dns_address = attribute(7, "octet-string", writable=True, name="primary_DNS_address")
    secondary_dns_address = attribute(8, "octet-string", writable=True, name="secondary_DNS_address")
    traffic_class = attribute(9, "unsigned", writable=True)
    neighbor_discovery_setup = attribute(10, _NEIGHBOUR_DISCOVERY, writable=True)

    @unicast_ipv6_addresses.writer
    @multicast_ipv6_addresses.writer
    @gateway_ipv6_addresses.writer
    def _write_addresses(self, value: Data, request: Request) -> None:
        for address in value.value:
            _check(address)
        if len(value.value) > MOST_ADDRESSES:
            raise ServiceError(DataAccessResult.OTHER_REASON, "IPv6_addresses", f"at most {MOST_ADDRESSES}")
        self.store(request.number, value)

    @primary_dns_address.writer
    @secondary_dns_address.writer
    def _write_server(self, value: Data, request: Request) -> None:
        if value.value:  # none is a setting too
            _check(value.value)
        self.store(request.number, value)

    @method(1, IPV6_ADDRESS, name="add_IPv6_address")
    def add_ipv6_address(self, added: Any) -> None:
        """Add an address to the list of its type; harmless where it is there."""
        listed = self.attribute(4 + added[0])
        present = listed.__get__(self, type(self))
        if added[1] not in present:
            listed.__set__(self, [*present, added[1]])

    @method(2, IPV6_ADDRESS, name="remove_IPv6_address")
    def remove_ipv6_address(self, removed: Any) -> None:
        """Take an address off the list of its type; harmless where it is not there."""
        listed = self.attribute(4 + removed[0])
        listed.__set__(self, [one for one in listed.__get__(self, type(self)) if one != removed[1]])


def _check(address: bytes) -> None:
    if len(address) != ADDRESS_OCTETS:
        raise ServiceError(DataAccessResult.OTHER_REASON, "IPv6_address", f"{len(address)} octets, not {ADDRESS_OCTETS}")
