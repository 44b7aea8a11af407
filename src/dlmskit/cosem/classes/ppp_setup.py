"""Interface class 44, PPP setup (Blue Book): options of the Point-to-Point Protocol (RFC 1661)."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class PppSetup(InterfaceClass, class_id=44, version=0, name="PPP setup"):
    """LCP and IPCP options, and what the device authenticates itself with."""

    phy_reference = attribute(2, "logical-name", writable=True, name="PHY_reference")
    lcp_options = attribute(
        3,
        "array<structure{LCP_option_type:unsigned,LCP_option_length:unsigned,LCP_option_data:any}>",
        writable=True,
        name="LCP_options",
    )
    ipcp_options = attribute(
        4,
        "array<structure{IPCP_option_type:unsigned,IPCP_option_length:unsigned,IPCP_option_data:any}>",
        writable=True,
        name="IPCP_options",
    )
    ppp_authentication = attribute(
        5,
        (
            "choice{null-data,structure{PAP_user_ID:octet-string,PAP_password:octet-string},"
            "structure{CHAP_user_ID:octet-string,CHAP_algorithm_id:unsigned},structure{md5_challenge:boolean,"
            "one_time_password:boolean,generic_token_card:boolean}}"
        ),
        writable=True,
        name="PPP_authentication",
    )
