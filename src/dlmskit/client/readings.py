"""Values with what they mean: scaler applied, unit, description. And the object list, read into typed entries.

Which attribute of a class has a scaler is taken from its declaration: values stand beside one ``scaler_unit`` (Blue Book,
Register, Extended register, Demand register). Scalers do not change and are read once per connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from dlmskit.client.directory import Code, Target, declared_class
from dlmskit.client.plan import Plan
from dlmskit.client.services import Services, presented
from dlmskit.client.steps import Script
from dlmskit.codec.data import Data
from dlmskit.cosem.access import ObjectRights
from dlmskit.cosem.catalog import describe
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.object_list import ListedName, ListedObject, read_access_rights
from dlmskit.cosem.short_names import ASSOCIATION_SN
from dlmskit.errors import DecodeError, EncodeError, ServiceError
from dlmskit.types.obis import Obis
from dlmskit.types.unit import NO_UNIT, UNITS, humanise, scaled

Item = Code | tuple[Code, int | str] | tuple[Code, int | str, int | None]
"""What to read: a code (then attribute 2), code and attribute, or code, attribute and class_id."""

CURRENT_ASSOCIATION = Obis("0.0.40.0.0.255")
"""The association that asks, as an object."""

_ASSOCIATION_LN = 15
_NEWEST_ASSOCIATION = 3
_FIRST_WITH_RIGHTS = 2
"""Version of Association SN; the modes of versions 2 and 3 are those of Association LN 1 and 2, of version 4 those of 3."""
_SCALED = frozenset(("value", "current_average_value", "last_average_value"))


class ScalerUnit(NamedTuple):
    """Values are raw * 10**scaler, in the unit of this number."""

    scaler: int = 0
    unit: int = NO_UNIT


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one object, ready to be used."""

    obis: Obis
    class_id: int
    attribute: int
    name: str
    """Of the attribute."""
    value: Any
    """In its declared type, the scaler applied."""
    data: Data
    """As it was sent."""
    scaler: int | None = None
    """None where the attribute has none, or it could not be read."""
    unit: int | None = None
    """Number of the unit; None as for the scaler."""

    @property
    def description(self) -> str:
        """What the code stands for."""
        return describe(self.obis, self.class_id)

    @property
    def unit_symbol(self) -> str:
        """As ``Wh``; empty without unit."""
        unit = UNITS.get(self.unit) if self.unit is not None else None
        return unit.symbol if unit is not None else ""

    def __str__(self) -> str:
        if self.unit is None or isinstance(self.value, bool) or not isinstance(self.value, int | float):
            return str(self.value)
        return humanise(self.value, UNITS.get(self.unit))


@dataclass(frozen=True, slots=True)
class ObjectEntry:
    """One object of the meter, as its object list has it."""

    obis: Obis
    class_id: int
    version: int
    rights: ObjectRights
    """What this client may do, by attribute and method number."""

    @property
    def description(self) -> str:
        """What the code stands for."""
        return describe(self.obis, self.class_id)

    @property
    def declaration(self) -> type[InterfaceClass] | None:
        """Its interface class; None where it is not declared here."""
        return declared_class(self.class_id, self.version)

    @property
    def class_name(self) -> str:
        """Name of its class; empty where it is not declared here."""
        return "" if self.declaration is None else self.declaration.name


class Readings(Services):
    """Services whose results carry their meaning."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._scalers: dict[tuple[int, Obis], ScalerUnit | None] = {}
        self._objects: tuple[ObjectEntry, ...] | None = None

    def reading(self, code: Code, attribute: int | str, class_id: int | None) -> Script[Reading]:
        """One value with scaler and unit. Raises ServiceError."""
        found = yield from self.readings([self.directory.target(code, attribute, class_id)])
        if isinstance(found[0], ServiceError):
            raise found[0]
        return found[0]

    def read_many(self, items: Sequence[Item]) -> Script[list[Reading | ServiceError]]:
        """For each item its value with scaler and unit, or its refusal."""
        given = [item if isinstance(item, tuple) else (item, 2) for item in items]
        return self.readings([self.directory.target(*one) for one in given])

    def readings(self, targets: Sequence[Target]) -> Script[list[Reading | ServiceError]]:
        """For each target its value with scaler and unit, or its refusal."""
        results = yield from self.data_of(targets)
        read = [target for target, result in zip(targets, results, strict=True) if isinstance(result, Data)]
        scalers = yield from self.scalers(read)
        return [
            _reading(target, result, scalers.get(target)) if isinstance(result, Data) else result
            for target, result in zip(targets, results, strict=True)
        ]

    def scalers(self, targets: Iterable[Target]) -> Script[dict[Target, ScalerUnit | None]]:
        """Scaler and unit of those targets that have one; None where the meter does not tell."""
        scaled_by = {target: self._scaler_target(target) for target in targets}
        missing = {one.where: one for one in scaled_by.values() if one is not None and _key(one) not in self._scalers}
        results = yield from self.data_of(list(missing.values()))
        for one, result in zip(missing.values(), results, strict=True):
            self._scalers[_key(one)] = scaler_unit(result) if isinstance(result, Data) else None
        return {target: self._scalers[_key(one)] for target, one in scaled_by.items() if one is not None}

    def _scaler_target(self, target: Target) -> Target | None:
        if target.name not in _SCALED:
            return None
        class_id = target.descriptor.class_id
        declaration = self.directory.declaration(target.obis, class_id)[2]
        names = () if declaration is None else tuple(word.python_name for word in declaration.attributes.values())
        return self.directory.target(target.obis, "scaler_unit", class_id) if "scaler_unit" in names else None

    def objects(self, *, fresh: bool = False) -> Script[tuple[ObjectEntry, ...]]:
        """The object list; read once, unless a ``fresh`` one is wanted."""
        if self._objects is None or fresh:
            listed = yield from (self._short_names() if self.association.settings.short_names else self._logical_names())
            self.directory.learn(listed)
            self._objects = tuple(ObjectEntry(one.logical_name, one.class_id, one.version, one.rights) for one in listed)
        return self._objects

    def _logical_names(self) -> Script[list[ListedObject]]:
        return object_list((yield from self.get(CURRENT_ASSOCIATION, "object_list", _ASSOCIATION_LN)))

    def _short_names(self) -> Script[list[ListedObject]]:
        """Both lists of Association SN; versions 0 and 1 have no rights in them."""
        data = yield from self.get(CURRENT_ASSOCIATION, "object_list", ASSOCIATION_SN)
        names = [ListedName.from_data(element) for element in data.elements()]
        version = max((one.version for one in names if one.class_id == ASSOCIATION_SN), default=0)
        rights: dict[int, ObjectRights] = {}
        if version >= _FIRST_WITH_RIGHTS:
            with suppress(ServiceError):
                listed = yield from self.get(CURRENT_ASSOCIATION, "access_rights_list", ASSOCIATION_SN)
                rights = read_access_rights(listed, min(version, _NEWEST_ASSOCIATION + 1) - 1)
        return named_objects(names, rights)


def named_objects(names: Sequence[ListedName], rights: Mapping[int, ObjectRights]) -> list[ListedObject]:
    """What the two lists of Association SN say together; no rights where the second says nothing."""
    return [one.with_rights(rights.get(one.base_name, ObjectRights())) for one in names]


def object_list(data: Data) -> list[ListedObject]:
    """Read an object list whose version is told by its own entry for Association LN. Raises DecodeError."""
    elements = data.elements()
    version = _version(elements)
    try:
        return [ListedObject.from_data(element, version) for element in elements]
    except EncodeError as error:
        raise DecodeError(f"access rights that Association LN version {version} does not have: {error}") from error


def scaler_unit(data: Data) -> ScalerUnit | None:
    """The two numbers of ``structure{integer, enum}``; None where it is something else."""
    value = data.value
    if not isinstance(value, tuple) or len(value) != 2 or not all(type(one) is int for one in value):
        return None
    return ScalerUnit(*value) if -128 <= value[0] <= 127 else None


def _version(elements: Sequence[Data]) -> int:
    """Version of the association that made the list: the entry of the current one counts most. Without any: version 1."""
    found: dict[bool, int] = {}
    for element in elements:
        value = element.value
        if isinstance(value, tuple) and len(value) == 4 and value[0] == _ASSOCIATION_LN and type(value[1]) is int:
            found[value[2] == CURRENT_ASSOCIATION.octets] = value[1]
    return min(found.get(True, found.get(False, 1)), _NEWEST_ASSOCIATION)


def _key(target: Target) -> tuple[int, Obis]:
    return target.descriptor.class_id, target.obis


def _reading(target: Target, data: Data, unit: ScalerUnit | None) -> Reading:
    value = presented(target, data)
    if unit is not None and unit.scaler and not isinstance(value, bool) and isinstance(value, int | float):
        value = scaled(value, unit.scaler)
    return Reading(
        obis=target.obis,
        class_id=target.descriptor.class_id,
        attribute=target.descriptor.attribute_id,
        name=target.name,
        value=value,
        data=data,
        scaler=None if unit is None else unit.scaler,
        unit=None if unit is None else unit.unit,
    )
