"""Object models of real meters: each loads, is read over the wire in small PDUs, and answers for every attribute it shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dlmskit
from dlmskit.apps.simulator.description import parse_description
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.apps.simulator.models import Model, model, model_ids
from dlmskit.apps.simulator.serving import Serving, served
from dlmskit.apps.simulator.templates import available, template_names, template_text
from dlmskit.cosem.access import AccessMode
from dlmskit.errors import ConfigError
from dlmskit.security.keys import Secret
from dlmskit.types.obis import Obis

OURS = frozenset((12, 15, 17, 64))
"""Classes whose objects the server makes for its own associations."""


def meter(name: str) -> SimulatedMeter:
    return SimulatedMeter(parse_description(template_text(name)), past=False)


@pytest.fixture(params=model_ids())
def one(request: pytest.FixtureRequest) -> Model:
    return model(request.param)


@pytest.fixture
def made(one: Model) -> Iterator[SimulatedMeter]:
    found = meter(one.id)
    yield found
    found.close()


def expected(one: Model, client: str) -> set[tuple[int, int, str]]:
    listed = one.rights(client)
    return {(o.class_id, o.version, str(o.obis)) for o in one.present(3) if o.key in listed and o.class_id not in OURS}


@pytest.mark.filterwarnings("ignore::dlmskit.client.plan.WeakSecurityWarning")
async def test_its_whole_object_list_is_read_at_a_pdu_size_of_128(one: Model, tmp_path: Path) -> None:
    client = max(one.clients(), key=lambda client: len(one.rights(client.name)))
    async with served(Path(one.id), Serving(port=0)) as running:
        names = "&names=short" if client.names == "short" else ""
        weak = "" if client.ciphered and client.mechanism != "lls" else "&allow_weak=yes"
        url = f"{running.url}?client={client.sap}&pdu=128&mechanism={client.mechanism}{names}{weak}"
        keys: dict[str, Any] = {"keys": str(running.key_file), "counters": str(tmp_path / "counters")}
        if not client.ciphered and client.mechanism == "lls":
            keys = {"keys": dlmskit.KeySet(lls_password=Secret.from_text(str(client.password)))}
        async with dlmskit.connect(url, **keys) as reader:
            listed = {(entry.class_id, entry.version, str(entry.obis)) for entry in await reader.objects()}
    clocks = {(8, 0, "0.0.1.0.0.255"), (1, 0, "0.0.42.0.0.255")}
    assert expected(one, client.name) - clocks <= listed
    assert len(listed) >= len(expected(one, client.name)) > 15


def test_every_attribute_that_is_shown_is_answered(made: SimulatedMeter) -> None:
    faults: list[tuple[str, Exception]] = []
    for client in made.device[1].clients.values():
        view = client.association.view(fault=lambda where, error: faults.append((where, error)))
        for name, shown, rights in view.visible():
            for number, mode in rights.attributes.items():
                if mode & AccessMode.READ:
                    view.get(shown.class_id, name, number)
    assert faults == []


def test_each_client_sees_what_the_model_says_and_no_more(one: Model, made: SimulatedMeter) -> None:
    for client in one.clients():
        listed = one.rights(client.name)
        view = made.device[1].clients[client.sap].association.view()
        for name, shown, rights in view.visible():
            if shown.class_id in OURS or (shown.class_id, name) not in listed:
                continue
            said = listed[shown.class_id, name]
            for number, mode in rights.attributes.items():
                if number != 1:
                    assert mode & AccessMode.READ_WRITE == said.attributes.get(number, 0) & AccessMode.READ_WRITE
        seen = {(shown.class_id, shown.version, str(name)) for name, shown, _ in view.visible()}
        assert expected(one, client.name) - {(8, 0, "0.0.1.0.0.255"), (1, 0, "0.0.42.0.0.255")} <= seen


def test_what_no_class_knows_is_served_as_data() -> None:
    gas = meter("it-gas-units11291").device[1].tree
    assert [shown.version for shown in gas if shown.class_id == 8192]
    kamstrup = meter("kamstrup-omnipower").device[1].tree
    assert any(number < 0 for shown in kamstrup for number in shown.attributes)
    register = meter("sn-lgz-e650-zmd405").device[1].tree.get(3, Obis("0.0.96.240.12.255"))
    assert {11, 18, 19, 20} & set(register.attributes)


def test_columns_without_an_object_in_any_list_are_captured() -> None:
    found = meter("in-is15959-3p")
    tree = found.device[1].tree
    assert all((class_id, name) in tree for class_id, name in model("in-is15959-3p").unlisted if class_id not in OURS)
    found.close()


def test_registers_show_the_household_in_the_units_of_the_model() -> None:
    found = meter("nl-smr55")
    energies = found.supply.energies(found.time.utc_now())
    total = found.device[1].tree.get(3, Obis("1.0.1.8.0.255"))
    scaler = total.get(3).value[0]
    assert abs(total.get(2).value * 10**scaler - energies.active_import) <= 10**scaler + 1
    found.close()


@pytest.mark.parametrize("name", template_names())
def test_templates_are_meters(name: str) -> None:
    found = meter(name)
    for client in found.device[1].clients.values():
        assert client.grants.unmatched(found.device[1].tree) == []
    assert len(found.profiles) > 0
    found.close()


def test_what_is_there_by_name() -> None:
    names = [one.name for one in available()]
    assert names == [*template_names(), *model_ids()]
    assert {"nl-smr55", "gas", "water", "heat", "prepaid", "electricity-1p", "electricity-3p"} <= set(names)
    with pytest.raises(ConfigError, match="there is no meter profile 'nl-smr5'"):
        model("nl-smr5")
