"""The cases, with the bars of the project: least ratios wanted in one run (see docs, "performance")."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

from dlmskit.apdu import decode_apdu
from dlmskit.apps.bench import material
from dlmskit.apps.bench.blocks import block_cases
from dlmskit.apps.bench.forms import form_cases
from dlmskit.apps.bench.hdlc import hdlc_cases
from dlmskit.apps.bench.model import Case
from dlmskit.apps.bench.sessions import session_cases
from dlmskit.codec.data import decode_value
from dlmskit.codec.rows import decode_rows, encode_rows
from dlmskit.link.fcs import fcs16
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.control import information
from dlmskit.link.hdlc.frame import HdlcFrame, decode_frame
from dlmskit.security.context import SecurityContext
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.keys import KeySet
from dlmskit.security.protection import protect, unprotect
from dlmskit.security.windows import ReceivedCounters
from dlmskit.types.system_title import SystemTitle

_KINDS = ("octet-string", "unsigned", *["double-long-unsigned"] * 4)
_MESSAGES = 500
_CLIENT, _SERVER = SystemTitle("434C490000000001"), SystemTitle("534552000000000A")


def all_cases() -> Iterator[Case]:
    """Every case."""
    yield from _profiles()
    yield from _small_apdus()
    yield from _link()
    yield from hdlc_cases()
    yield from _protection()
    yield from form_cases()
    yield from session_cases()
    yield from block_cases()


def _profiles() -> Iterator[Case]:
    for count, gurux, u9n in ((96, 75, 35), (1000, 120, 35), (10000, 120, 35)):
        octets = material.regular_profile(count)
        yield Case(
            f"decode regular profile [{count}]",
            partial(decode_rows, octets),
            {"octets": octets},
            bars={"gurux_dlms": gurux, "dlms-cosem": u9n},
        )
    for count, gurux in ((96, 40), (1000, 75)):
        octets = material.null_compressed_profile(count)
        yield Case(
            f"decode null-compressed profile [{count}]",
            partial(decode_rows, octets),
            {"octets": octets},
            bars={"gurux_dlms": gurux},
        )
    octets = material.ragged_profile(1000)
    yield Case("decode ragged profile [1000]", partial(decode_rows, octets), {"octets": octets}, bars={"gurux_dlms": 25})
    listed = material.object_list(300)
    yield Case(
        "decode general data [object list of 300]",
        partial(decode_value, listed),
        {"octets": listed},
        bars={"gurux_dlms": 12, "dlms-cosem": 5},
    )
    regular = material.regular_profile(1000)
    rows = decode_rows(regular)
    yield Case(
        "encode regular profile [1000]",
        lambda: encode_rows(rows, _KINDS),
        {"rows": rows, "octets": regular},
        bars={"gurux_dlms": 100, "dlms-cosem": 10},
    )


def _small_apdus() -> Iterator[Case]:
    request = bytes.fromhex("C001C100030100010800FF0200")
    response = bytes.fromhex("C401C1000600001391")
    decoded = decode_apdu(request)
    yield Case("decode GET request", lambda: decode_apdu(request), {"octets": request}, bars={"gurux_dlms": 30, "dlms-cosem": 8})
    yield Case("encode GET request", decoded.encode, {"octets": request}, bars={"gurux_dlms": 30, "dlms-cosem": 4})
    yield Case(
        "decode GET response",
        lambda: decode_apdu(response),
        {"octets": response},
        bars={"gurux_dlms": 12, "dlms-cosem": 4},
    )


def _link() -> Iterator[Case]:
    octets = bytes(range(128))
    yield Case(
        "FCS-16 [128 octets]",
        lambda: fcs16(octets),
        {"octets": octets},
        bars={"gurux_dlms": 22, "dlms-cosem": 150},
    )
    payload = b"\xe6\xe7\x00" + bytes(range(125))
    frame = HdlcFrame(client_address(16), server_address(1), information(0, 1, poll_final=True), payload)
    encoded = frame.encode()
    yield Case("encode HDLC frame [128 octets]", frame.encode, {"payload": payload, "octets": encoded}, bars={"gurux_dlms": 18})
    yield Case("decode HDLC frame [128 octets]", lambda: decode_frame(encoded), {"octets": encoded}, bars={"gurux_dlms": 30})


def _protection() -> Iterator[Case]:
    keys = KeySet.from_hex(guek="000102030405060708090A0B0C0D0E0F", gak="D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
    for size in (30, 200, 2000):
        plain = b"\xc0" + os.urandom(size - 1)
        client = _context(_CLIENT, _SERVER, keys)
        shared = {"plain": plain, "title": _CLIENT.octets, "guek": bytes(range(16)), "gak": bytes(range(0xD0, 0xE0))}
        yield Case(
            f"protect [{size} octets]",
            partial(protect, plain, client),
            shared,
            bars={"bare": 1 / 2.5, "dlms-cosem": 3.3},
        )
        # a receiver refuses a repeated counter: each call takes fresh messages with a receiver that knows none of them
        messages = [protect(plain, client) for _ in range(_MESSAGES)]
        yield Case(
            f"unprotect [{size} octets]",
            partial(_unprotect_all, messages, keys),
            shared,
            units=_MESSAGES,
            bars={"bare": 1 / 3.7},
        )


def _unprotect_all(messages: list[bytes], keys: KeySet) -> None:
    server = _context(_SERVER, _CLIENT, keys)
    for message in messages:
        unprotect(message, server)


def _context(own: SystemTitle, peer: SystemTitle, keys: KeySet) -> SecurityContext:
    return SecurityContext(
        own_title=own,
        peer_title=peer,
        keys=keys,
        transmit=TransmitCounters(MemoryCounterStore(), block=100_000),
        received=ReceivedCounters(),
    )
