"""A prepaid meter that takes token after token until it is killed: ``python -m tests.apps.simulator.payment_victim FOLDER``.

Each token is one turn, as a request of a client is; a line on standard output says that its answer has left. The rate is switched
in every turn, too.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dlmskit.apps.simulator.description import parse_description
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.apps.simulator.templates import template_text
from dlmskit.codec.data import Data
from dlmskit.security.payment_tokens import make_token, token_key
from dlmskit.server import Database
from dlmskit.types.obis import Obis

KEY = token_key("101112131415161718191A1B1C1D1E1F")
AMOUNT = 100
GATEWAY, CREDIT, MASK = (115, Obis("0.0.19.40.0.255")), (112, Obis("0.0.19.10.0.255")), (6, Obis("0.0.14.0.0.255"))
TARIFFS = '[tariffs]\nregisters = ["1.0.1.8.1.255", "1.0.1.8.2.255"]\n[[tariffs.day]]\nid = 1\nrates = { "00:00" = 1 }\n'


def meter(folder: Path) -> SimulatedMeter:
    """A meter whose energy costs nothing, so that its credit is the sum of its tokens."""
    text = template_text("prepaid").replace("price_per_kwh = 30", "price_per_kwh = 0").replace("credit = 1000", "credit = 0")
    text = text.replace("past_days = 35", "past_days = 0\ncommissioned = 2025-03-01").replace("emergency_credit = 200", "")
    return SimulatedMeter(parse_description(text + TARIFFS), Database(folder / "meter.sqlite"))


def main(folder: Path) -> None:
    """Work for ever."""
    made = meter(folder)
    tree = made.device[1].tree
    number = int(tree.get(*CREDIT).get(2).value) // AMOUNT
    while True:
        number += 1
        with made.device.turn():
            token = make_token(KEY, made.device.system_title, number, AMOUNT)
            tree.get(*GATEWAY).action(1, Data.octet_string(token))
            tree.get(*MASK).store(4, Data.octet_string(b"RATE%d" % (number % 2 + 1)))
        print(number, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
