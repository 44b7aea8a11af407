"""Killed at any point, a prepaid meter has each token's number and its amount, or neither; its rates add up to the total."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.token_gateway import TokenStatus
from dlmskit.security.payment_tokens import make_token
from dlmskit.types.obis import Obis
from tests.apps.simulator.payment_victim import AMOUNT, CREDIT, GATEWAY, KEY, meter

ROUNDS = 4
REPOSITORY = Path(__file__).parents[3]


def killed(folder: Path, turns: int) -> int:
    """Let the victim answer so many times, kill it at once; the number of its last answer."""
    command = [sys.executable, "-m", "tests.apps.simulator.payment_victim", str(folder)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(turns)]
        process.kill()
        lines += process.stdout.readlines()
    whole = [line for line in lines if line.endswith("\n")]
    return int(whole[-1])


def test_no_token_is_lost_or_taken_twice(tmp_path: Path) -> None:
    chance = random.Random(7)
    last = 0
    for _ in range(ROUNDS):
        answered = killed(tmp_path, chance.randint(1, 40))
        made = meter(tmp_path)
        tree = made.device[1].tree
        credit = tree.get(*CREDIT).get(2).value
        taken = credit // AMOUNT
        assert credit % AMOUNT == 0
        assert last < answered <= taken <= answered + 1, "what was answered is there, and at most the turn under way beside it"
        for number in range(1, taken + 1):
            token = make_token(KEY, made.device.system_title, number, AMOUNT)
            answer = tree.get(*GATEWAY).action(1, Data.octet_string(token))
            assert answer is not None
            assert answer.value[0] == TokenStatus.VALIDATION_FAILURE
        assert tree.get(*CREDIT).get(2).value == credit
        total, *rates = (tree.get(3, Obis(f"1.0.1.8.{rate}.255")).get(2).value for rate in range(3))
        assert abs(total - sum(rates)) <= 2
        made.close()
        last = taken
