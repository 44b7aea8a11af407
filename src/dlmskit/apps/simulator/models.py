"""Object models of real meters as data: which objects there are, of which types, who may do what, what is captured.

The models are in `dlmskit.apps.simulator.profiles`; `dlmskit.apps.simulator.modelled` makes objects of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from dlmskit.apps.simulator.description import Description, clients_of
from dlmskit.apps.simulator.role_tables import Client, RoleTable
from dlmskit.cosem.access import AccessMode, ObjectKey, ObjectRights
from dlmskit.errors import ConfigError
from dlmskit.types.obis import Obis
from dlmskit.types.sap import MANAGEMENT_LOGICAL_DEVICE

_FOLDER = "profiles"
_MECHANISMS: dict[int, Any] = {0: "lowest", 1: "lls", 2: "lls", 5: "hls-gmac"}
"""Mechanism 2 is the manufacturer's own: a password stands in for it."""
_MODES = {"R": AccessMode.READ, "W": AccessMode.WRITE, "RW": AccessMode.READ_WRITE, "X": AccessMode.ACCESS}
_LAB_PASSWORD = "12345678"  # noqa: S105 - of meters that exist in a laboratory alone
_WITHOUT_ASSOCIATION = frozenset(("pre-established", "broadcast"))


class ModelAttribute(NamedTuple):
    """An attribute of one object."""

    number: int
    kind: str
    """Type notation; ``any``, and bare ``array`` and ``structure``, where it is not known."""
    rights: dict[str, str]
    value: Any
    """A constant of the real meter; None where there is none."""
    typical: tuple[int, int] | None


class ModelObject(NamedTuple):
    """One object."""

    class_id: int
    version: int
    obis: Obis
    attributes: tuple[ModelAttribute, ...]
    methods: tuple[tuple[int, dict[str, str]], ...]
    variants: tuple[str, ...]

    @property
    def key(self) -> ObjectKey:
        """(class_id, logical name)."""
        return self.class_id, self.obis


class ModelProfile(NamedTuple):
    """What a Profile generic captures."""

    columns: tuple[tuple[int, str, int, int], ...]
    period: int
    depth: int
    sort_method: int


@dataclass(frozen=True)
class Model:
    """A meter as its operator describes it."""

    id: str
    name: str
    country: str
    associations: tuple[dict[str, Any], ...]
    objects: tuple[ModelObject, ...]
    profiles: dict[Obis, ModelProfile]
    unlisted: tuple[ObjectKey, ...]
    """Objects that are captured, though no client sees them."""

    def present(self, phases: int) -> list[ModelObject]:
        """The objects of a meter with so many phases; of two with one name the first."""
        variant = f"{phases}-phase"
        found: dict[ObjectKey, ModelObject] = {}
        for one in self.objects:
            if not one.variants or variant in one.variants:
                found.setdefault(one.key, one)
        return list(found.values())

    def clients(self) -> tuple[Client, ...]:
        """Who may associate. Associations that are only there for pushes and broadcasts are left out."""
        made = []
        for one in self.associations:
            if one["mechanism"] is None or one["name"] in _WITHOUT_ASSOCIATION:
                continue
            context = one["context"]
            made.append(
                RoleTable(
                    name=one["name"],
                    sap=one["client_sap"],
                    mechanism=_MECHANISMS[one["mechanism"]],
                    names="short" if context.startswith("SN") else "logical",
                    ciphered="ciphering" in context,
                    password=_LAB_PASSWORD if _MECHANISMS[one["mechanism"]] == "lls" else None,
                    most_associations=8,
                    **self._versions(short=context.startswith("SN")),
                )
            )
        return tuple(made)

    def _versions(self, *, short: bool) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, class_id in (("association_version", 12 if short else 15), ("security_setup_version", 64)):
            versions = [one.version for one in self.objects if one.class_id == class_id]
            if versions:
                found[name] = versions[0]
        return found

    def rights(self, client: str) -> dict[ObjectKey, ObjectRights]:
        """What one client may do, by object; what it does not see is left out."""
        found: dict[ObjectKey, ObjectRights] = {}
        for one in self.objects:
            attributes = {item.number: _mode(item.rights[client]) for item in one.attributes if client in item.rights}
            methods = {number: _mode(rights[client]) for number, rights in one.methods if client in rights}
            if attributes or methods:
                found.setdefault(one.key, ObjectRights({1: AccessMode.READ} | attributes, methods))
        return found


def everybody(description: Description) -> tuple[Client, ...]:
    """Who may associate with a meter: the clients of its description, and those of its model that are not described."""
    described = clients_of(description)
    if description.meter.profile is None:
        return described
    taken = {client.sap for client in described if client.logical_device == MANAGEMENT_LOGICAL_DEVICE}
    return (*described, *(client for client in model(description.meter.profile).clients() if client.sap not in taken))


def _mode(word: str) -> AccessMode:
    """``-``, ``R``, ``W``, ``RW`` or ``X``; a leading ``A`` demands an authenticated request."""
    authenticated = AccessMode.REQUEST_AUTHENTICATED if word.startswith("A") else AccessMode.NONE
    plain = _MODES.get(word.removeprefix("A"), AccessMode.NONE)
    return plain | authenticated if plain else plain


def model_ids() -> list[str]:
    """The models that there are."""
    folder = files("dlmskit.apps.simulator").joinpath(_FOLDER)
    return sorted(one.name.removesuffix(".json") for one in folder.iterdir() if one.name.endswith(".json"))


@lru_cache(maxsize=16)
def model(name: str) -> Model:
    """A model by its id. Raises ConfigError where there is none."""
    if name not in model_ids():
        raise ConfigError(f"there is no meter profile {name!r}; there are {', '.join(model_ids())}")
    raw = json.loads(files("dlmskit.apps.simulator").joinpath(_FOLDER, f"{name}.json").read_text(encoding="utf-8"))
    objects = tuple(_object(one, raw["types"], raw["rights"]) for one in raw["objects"])
    profiles = {
        Obis(one["logical_name"]): ModelProfile(
            tuple((int(c), str(n), int(a), int(d)) for c, n, a, d in one["capture_objects"]),
            one.get("capture_period") or 0,
            one.get("depth") or 0,
            one.get("sort_method") or 1,
        )
        for one in raw["profiles"]
    }
    unlisted = tuple((int(class_id), Obis(logical_name)) for class_id, logical_name in raw["unlisted"])
    return Model(raw["id"], raw["name"], raw["country"], tuple(raw["associations"]), objects, profiles, unlisted)


def _object(raw: list[Any], types: list[str], rights: list[dict[str, str]]) -> ModelObject:
    class_id, version, name, attributes, methods, *variants = raw
    return ModelObject(
        class_id,
        version,
        Obis(name),
        tuple(_attribute(one, types, rights) for one in attributes),
        tuple((number, rights[index]) for number, index in methods),
        tuple(variants[0]) if variants else (),
    )


def _attribute(raw: list[Any], types: list[str], rights: list[dict[str, str]]) -> ModelAttribute:
    number, kind, right, *more = raw
    value = more[0][0] if more and more[0] else None
    return ModelAttribute(number, types[kind], rights[right], value, tuple(more[1]) if len(more) > 1 else None)
