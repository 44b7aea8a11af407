"""Days in the life of meters, as those who live with them tell them: tariffs, prepayment, a switch, and a power cut in between.

The meter is read and written by our client over TCP; its time is moved by hand.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from dlmskit.cosem.classes.disconnect_control import ControlState
from dlmskit.cosem.classes.token_gateway import TokenStatus
from dlmskit.errors import ServiceError
from dlmskit.security.payment_tokens import make_token, token_key
from tests.system.customer import Customer

TOTAL, DAY, NIGHT, SWITCH, CREDIT = (
    *("1.0.1.8.0.255", "1.0.1.8.1.255", "1.0.1.8.2.255"),
    *("0.0.96.3.10.255", "0.0.19.10.0.255"),
)
TOKEN_KEY = token_key("101112131415161718191A1B1C1D1E1F")


async def test_a_day_of_tariffs_with_a_power_cut_at_the_change_of_the_rate(tmp_path: Path) -> None:
    """Wednesday, 12 March: day rate from 6 to 22 o'clock. The power fails at 21:50 and is back at 22:10."""
    home = Customer("electricity-1p", tmp_path, 2025, 3, 12, 4, 55)  # 5:55 in winter
    first = await home.read(TOTAL, DAY, NIGHT)
    home.later(minutes=5)
    at_six = await home.read(TOTAL, DAY, NIGHT)
    assert (at_six[1], at_six[2] > first[2]) == (first[1], True)
    home.later(hours=15, minutes=50)
    before = await home.read(TOTAL, DAY, NIGHT)
    assert before[1] > at_six[1] + 1000
    assert before[2] == at_six[2]
    home.power_cut(minutes=20)
    async with home.supplier() as meter:
        assert await meter.read("0.0.14.0.0.255", 4) == b"RATE2"
    home.later(hours=1)
    total, day, night = await home.read(TOTAL, DAY, NIGHT)
    assert night > before[2]
    assert abs(total - day - night) <= 1
    home.meter.close()


async def test_a_prepaid_customer_runs_out_buys_a_token_and_has_light_again(tmp_path: Path) -> None:
    """10 euro and 2 of emergency credit at 30 cents: about 40 kWh. The power fails while the supply is off."""
    home = Customer("prepaid", tmp_path, 2025, 3, 12, 6, collect=900)
    for _ in range(14):
        home.later(hours=24)
        if home.meter.supply.on is False:
            break
    assert home.meter.supply.on is False
    async with home.supplier() as meter:
        assert await meter.read(SWITCH, 3) == ControlState.READY_FOR_RECONNECTION
        stands_at = await meter.read(TOTAL)
    home.power_cut(hours=3)
    home.later(hours=2)
    assert await home.read(TOTAL) == [stands_at]
    token = make_token(TOKEN_KEY, home.meter.device.system_title, 1, 1500)
    assert await home.enter(token) == TokenStatus.EXECUTION_OK
    home.power_cut(seconds=5)
    assert await home.enter(token) == TokenStatus.VALIDATION_FAILURE
    assert home.meter.supply.on
    (credit,) = await home.read(CREDIT)
    assert 0 < credit <= 1500 - 200, "the emergency credit was paid back first"
    home.later(hours=2)
    energy, left = await home.read(TOTAL, CREDIT)
    assert energy > stands_at
    assert left < credit
    home.meter.close()


@pytest.mark.case("R-101")
async def test_the_switch_obeys_who_may_as_its_mode_says_and_nobody_twice(tmp_path: Path) -> None:
    home = Customer("electricity-1p", tmp_path, 2025, 3, 12, 6)
    moved: list[bool] = []
    home.meter.device[1].tree.observers.append(
        lambda one, number, value: moved.append(value.value) if (one.class_id, number) == (70, 2) else None
    )
    async with home.supplier(16) as everybody:
        with pytest.raises(ServiceError):
            await everybody.call(SWITCH, 1, class_id=70)
    assert moved == []
    async with home.supplier() as meter:
        home.sent.clear()
        await meter.call(SWITCH, 1)
        disconnect = home.sent[-1]
        await meter.call(SWITCH, 2)
    assert moved == [False, True]
    replaying = home.meter.device.connected(_Silent())
    for _ in range(10):
        replaying.received(1, 1, disconnect)
    assert moved == [False, True]
    async with home.supplier() as meter:
        await meter.write(SWITCH, 4, 0)  # mode 0: always connected
        with pytest.raises(ServiceError):
            await meter.call(SWITCH, 1)
        await meter.write(SWITCH, 4, 4)
        before, refused, state = await meter.read(TOTAL), 0, ControlState.CONNECTED
        for method in itertools.islice(itertools.cycle((1, 2)), 1000):
            try:
                await meter.call(SWITCH, method)
            except ServiceError:
                refused += 1
            else:
                state = ControlState.DISCONNECTED if method == 1 else ControlState.CONNECTED
        assert await meter.read(SWITCH, 3) == state
        assert refused > 900, "flapping is slowed down"
        assert await meter.read(TOTAL) == before, "no time has passed, so nothing has flowed"
        assert await meter.read("0.0.42.0.0.255"), "and everybody else is served"
    assert len(moved) <= 2 + 1000 - refused
    assert home.meter.supply.on is (state is ControlState.CONNECTED)
    home.meter.close()


class _Silent:
    """A connection that leads nowhere."""

    peer = "nowhere"
    reliable = True

    def send(self, source: int, destination: int, apdu: bytes) -> None:
        """Nobody hears it."""

    def close(self) -> None:
        """Nothing to close."""
