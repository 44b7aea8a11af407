"""A client that carries what a third party asks: ``python -m tests.system.agent URL``, with its keys on standard input.

Each further line is the number of a method and its parameters in hexadecimal; the answer is a line with what came back. It ends
with its standard input, and until then it keeps everything that it has seen.
"""

from __future__ import annotations

import logging
import sys

from dlmskit import sync
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.data_protection import DataProtection
from dlmskit.security.keys import KeySet
from tests.security.parties import CLIENT

PROTECTION = "0.0.43.2.0.255"


def main(url: str) -> None:
    """Carry, one request after the other."""
    logging.basicConfig(stream=sys.stderr, level=logging.DEBUG)
    guek, gak = sys.stdin.readline().split()
    kept = []
    with sync.connect(url, keys=KeySet.from_hex(guek=guek, gak=gak), suite=1, client_title=CLIENT, invocation_counter=1) as meter:
        print("ready", flush=True)
        for line in sys.stdin:
            number, octets = line.split()
            parameters = Data.decode(bytes.fromhex(octets))
            answer = meter.call(PROTECTION, int(number), parameters, class_id=30)
            kept.append((parameters, answer))
            shown = "" if answer is None else DataProtection.method(int(number)).result_kind.encode(answer).octets.hex()
            print(shown, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
