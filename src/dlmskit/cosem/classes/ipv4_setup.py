"""Interface class 42, IPv4 setup (Blue Book 4.9.2): addresses of the IP interface, each as one number."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass

IP_OPTION = "structure{IP_option_type:unsigned,IP_option_length:unsigned,IP_option_data:octet-string}"


class Ipv4Setup(InterfaceClass, class_id=42, version=0, name="IPv4 setup", methods_at=0x60):
    """Addresses; with DHCP the device sets them itself."""

    dl_reference = attribute(2, "logical-name", writable=True, name="DL_reference")
    ip_address = attribute(3, "double-long-unsigned", dynamic=True, writable=True, name="IP_address")
    multicast_ip_address = attribute(4, "array<double-long-unsigned>", dynamic=True, writable=True, name="multicast_IP_address")
    ip_options = attribute(5, f"array<{IP_OPTION}>", dynamic=True, writable=True, name="IP_options")
    subnet_mask = attribute(6, "double-long-unsigned", dynamic=True, writable=True)
    gateway_ip_address = attribute(7, "double-long-unsigned", dynamic=True, writable=True, name="gateway_IP_address")
    use_dhcp_flag = attribute(8, "boolean", writable=True, name="use_DHCP_flag")
    primary_dns_address = attribute(9, "double-long-unsigned", dynamic=True, writable=True, name="primary_DNS_address")
    secondary_dns_address = attribute(10, "double-long-unsigned", dynamic=True, writable=True, name="secondary_DNS_address")

    @method(1, "double-long-unsigned", name="add_mc_IP_address")
    def add_mc_ip_address(self, address: int) -> None:
        """Join a multicast group."""
        if address not in self.multicast_ip_address:
            self.multicast_ip_address = [*self.multicast_ip_address, address]

    @method(2, "double-long-unsigned", name="delete_mc_IP_address")
    def delete_mc_ip_address(self, address: int) -> None:
        """Leave a multicast group."""
        self.multicast_ip_address = [one for one in self.multicast_ip_address if one != address]

    @method(3, result="long-unsigned", name="get_nbof_mc_IP_addresses")
    def get_nbof_mc_ip_addresses(self) -> int:
        """How many multicast groups are joined."""
        return len(self.multicast_ip_address)
