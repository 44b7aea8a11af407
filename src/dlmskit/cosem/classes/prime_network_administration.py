"""Interface class 85, PRIME NB OFDM PLC MAC network administration data (Blue Book): lists that a node keeps."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class PrimeNetworkAdministration(
    InterfaceClass, class_id=85, version=0, name="PRIME NB OFDM PLC MAC network administration data"
):
    """Multicast, switch, direct connection and available switch lists."""

    mac_list_multicast_entries = attribute(2, "array<structure{mcast_entry_LCID:integer,mcast_entry_members:long}>", dynamic=True)
    mac_list_switch_table = attribute(3, "array<long>", dynamic=True)
    mac_list_direct_table = attribute(
        4,
        (
            "array<structure{dconn_entry_src_SID:long,dconn_entry_src_LNID:long,dconn_entry_src_LCID:long,"
            "dconn_entry_dst_SID:long,dconn_entry_dst_LNID:long,dconn_entry_dst_LCID:long,dconn_entry_DID:octet-string}>"
        ),
        dynamic=True,
    )
    mac_list_available_switches = attribute(
        5,
        (
            "array<structure{slist_entry_SNA:octet-string,slist_entry_LSID:long,slist_entry_level:integer,"
            "slist_entry_rx_lvl:integer,slist_entry_rx_snr:integer}>"
        ),
        dynamic=True,
    )
    mac_list_phy_comm = attribute(
        6,
        (
            "array<structure{phy_comm_EUI:octet-string,phy_comm_tx_pwr:integer,phy_comm_tx_cod:integer,"
            "phy_comm_rx_cod:integer,phy_comm_rx_lvl:integer,phy_comm_snr:integer,phy_comm_tx_pwr_mod:integer,"
            "phy_comm_tx_cod_mod:integer,phy_comm_rx_cod_mod:integer}>"
        ),
        dynamic=True,
    )

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
