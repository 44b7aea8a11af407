"""A prepaid customer runs out, buys a token on the command line, and is supplied again."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.apps.cli.conftest import Run, run  # noqa: F401 - a fixture
from tests.system.customer import GAK, GUEK, Customer

TOTAL = "1.0.1.8.0.255"


async def test_a_customer_runs_out_buys_a_token_by_command_and_is_supplied_again(run: Run, tmp_path: Path) -> None:  # noqa: F811
    keys = tmp_path / "meter.keys"
    keys.write_text(f'storage = "plain"\n[keys.default]\nguek = "{GUEK.hex()}"\ngak = "{GAK.hex()}"\n')
    keys.chmod(0o600)
    vendor = tmp_path / "vendor.key"
    assert run("token", "key", vendor).code == 0
    home = Customer("prepaid", tmp_path, 2025, 3, 12, 6, collect=900, token_key_file=vendor.name)
    for _ in range(14):
        home.later(hours=24)
        if not home.meter.supply.on:
            break
    assert not home.meter.supply.on
    (stands_at,) = await home.read(TOTAL)
    home.later(hours=2)
    assert await home.read(TOTAL) == [stands_at], "nothing flows"

    async with home.serving() as url:
        words = ["token", "make", home.meter.device.system_title, 1500, "--token-key", vendor, "--json"]
        bought = await asyncio.to_thread(run, *words, "--enter", f"{url}?client=1", "--keys", keys)
        again = await asyncio.to_thread(run, "token", "enter", f"{url}?client=1", bought.json["token"], "--keys", keys)
    assert bought.code == 0
    entered = bought.json["entered"]
    assert (entered["status_code"], entered["taken"], entered["currency"]) == (3, True, "EUR")
    assert 0 < entered["available_credit"] <= 15 - 2, "the emergency credit was paid back first"
    assert again.code == 1
    assert again.out.startswith("validation failure: it was taken before")

    assert home.meter.supply.on
    home.later(hours=2)
    (energy,) = await home.read(TOTAL)
    assert energy > stands_at
    home.meter.close()
