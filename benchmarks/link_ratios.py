"""Ratios of the link layer against gurux_dlms, in one run: FCS-16, HDLC frame encode and decode.

Candidates are interleaved in bursts of 50 ms and the minima compared; the bars stand beside the results.
Run: python benchmarks/link_ratios.py
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms._GXFCS16 import _GXFCS16
from gurux_dlms.GXDLMS import GXDLMS

from dlmskit.link.fcs import fcs16
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.control import information
from dlmskit.link.hdlc.deframer import HdlcDeframer
from dlmskit.link.hdlc.frame import HdlcFrame, decode_frame

BURST_SECONDS = 0.05
BURSTS = 7


def burst(function: Callable[[], object]) -> float:
    """Seconds per call, over one burst."""
    calls, start = 0, time.perf_counter()
    while (now := time.perf_counter()) - start < BURST_SECONDS:
        for _ in range(20):
            function()
        calls += 20
    return (now - start) / calls


def ratio(ours: Callable[[], object], theirs: Callable[[], object]) -> float:
    """How many times ours is faster."""
    pairs = [(burst(ours), burst(theirs)) for _ in range(BURSTS)]
    return min(pair[1] for pair in pairs) / min(pair[0] for pair in pairs)


def frame_ratios(size: int) -> tuple[float, float, float]:
    """Encode, decode, and decode from a stream, of a frame with ``size`` octets behind the LLC header."""
    payload = b"\xe6\xe7\x00" + random.Random(size).randbytes(size)
    frame = HdlcFrame(client_address(16), server_address(1, 17), information(0, 1, poll_final=True), payload)
    octets = frame.encode()
    client = GXDLMSClient(clientAddress=16, serverAddress=145, useLogicalNameReferencing=True)
    settings = client.settings
    settings.hdlc.maxInfoTX = settings.hdlc.maxInfoRX = 2047
    settings.serverAddressSize = 2
    settings.checkFrame = lambda *_: True
    reply = GXReplyData()

    def gurux_decode() -> None:
        GXDLMS.getHdlcData(False, settings, GXByteBuffer(octets), reply, None)

    deframer = HdlcDeframer()
    encode = ratio(frame.encode, lambda: GXDLMS.getHdlcFrame(settings, 0x30, GXByteBuffer(payload)))
    return encode, ratio(lambda: decode_frame(octets), gurux_decode), ratio(lambda: deframer.feed(octets), gurux_decode)


def main() -> int:
    """Print the table; 1 when a bar is missed."""
    block = random.Random(1).randbytes(128)
    checks = ratio(lambda: fcs16(block), lambda: _GXFCS16.countFCS16(block, 0, 128))
    print(f"FCS-16 of 128 octets            {checks:6.1f} x gurux   bar  22")
    missed = checks < 22
    for size in (16, 64, 125, 512, 2000):
        encode, decode, stream = frame_ratios(size)
        print(f"HDLC frame {size:5} octets  encode {encode:6.1f} x gurux   bar  18")
        print(f"                         decode {decode:6.1f} x gurux   bar  30   from a stream {stream:6.1f}")
        missed |= encode < 18 or decode < 30
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
