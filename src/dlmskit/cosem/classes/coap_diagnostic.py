"""Interface class 153, CoAP diagnostic (Blue Book): messages of CoAP, counted."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class CoapDiagnostic(InterfaceClass, class_id=153, version=0, name="CoAP diagnostic"):
    """Counters of messages, requests and block-wise transfers."""

    messages_counter = attribute(
        2,
        (
            "structure{tx:double-long-unsigned,rx:double-long-unsigned,tx_resend:double-long-unsigned,"
            "tx_reset:double-long-unsigned,rx_reset:double-long-unsigned,tx_ack:double-long-unsigned,"
            "rx_ack:double-long-unsigned,rx_drop:double-long-unsigned,tx_non_piggybacked:double-long-unsigned,"
            "max_rtx_exceeded:double-long-unsigned}"
        ),
        dynamic=True,
    )
    request_response_counter = attribute(
        3,
        (
            "structure{rx_requests:double-long-unsigned,tx_requests:double-long-unsigned,"
            "rx_responses:double-long-unsigned,tx_responses:double-long-unsigned,tx_client_errors:double-long-unsigned,"
            "rx_client_errors:double-long-unsigned,tx_server_errors:double-long-unsigned,"
            "rx_server_errors:double-long-unsigned}"
        ),
        dynamic=True,
    )
    coap_bt_counter = attribute(
        4,
        (
            "structure{block_wise_transfer_started:double-long-unsigned,"
            "block_wise_transfer_completed:double-long-unsigned,block_wise_transfer_timeout:double-long-unsigned}"
        ),
        dynamic=True,
    )
    capture_time = attribute(5, "structure{attribute_id:unsigned,timestamp:date-time}", dynamic=True)

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
