"""What a code, an attribute name or number mean on this meter: class, version, declared type, and the descriptor to send.

The class of a code is the one that the caller names, else the one of the object list if it was read, else the usual one of
the catalog. Lookups are remembered: reading the same thing again costs one dictionary.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from dlmskit.apdu import CosemAttributeDescriptor, CosemMethodDescriptor
from dlmskit.codec.data import Data
from dlmskit.codec.notation import Kind
from dlmskit.cosem.access import ObjectRights
from dlmskit.cosem.catalog import class_for, classes_for
from dlmskit.cosem.declaration import Attribute, Method
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.object_list import ListedObject
from dlmskit.cosem.registry import interface_classes
from dlmskit.errors import ConfigError, ServiceError
from dlmskit.types.enums import ActionResult, DataAccessResult, member_or_int
from dlmskit.types.obis import Obis

Code = Obis | str


class Target(NamedTuple):
    """One attribute of one object."""

    descriptor: CosemAttributeDescriptor
    obis: Obis
    name: str
    """Of the attribute, as in the Blue Book; ``attribute 9`` where it is not declared here."""
    kind: Kind | None
    """Its declared type; None where it is not declared here: values come as plain Python."""
    where: str
    """For errors: ``1.0.1.8.0.255 value``."""
    hint: str
    """What to try where the meter does not know the object."""

    def refused(self, code: int) -> ServiceError:
        """The error for a data-access-result."""
        unknown = code in {DataAccessResult.OBJECT_UNDEFINED, DataAccessResult.OBJECT_CLASS_INCONSISTENT}
        return ServiceError(member_or_int(DataAccessResult, code), self.where, self.hint if unknown else "")


class MethodTarget(NamedTuple):
    """One method of one object."""

    descriptor: CosemMethodDescriptor
    parameter: Kind | None
    """Declared type of the parameter; None where the method is not declared here."""
    result: Kind | None
    where: str

    def refused(self, code: int) -> ServiceError:
        """The error for an action-result."""
        return ServiceError(member_or_int(ActionResult, code), self.where)

    def returned(self, data: Data | None) -> Any:
        """What the method returned, in its declared type; None for nothing."""
        if data is None:
            return None
        return data.value if self.result is None else self.result.decode(data)


class Directory:
    """What is known about the objects of one meter."""

    def __init__(self) -> None:
        self._listed: dict[Obis, list[ListedObject]] = {}
        self._targets: dict[tuple[Code, int | str, int | None, int | None], Target] = {}

    def learn(self, objects: Iterable[ListedObject]) -> None:
        """Take what the object list says; it counts from now on."""
        self._listed.clear()
        for one in objects:
            self._listed.setdefault(one.logical_name, []).append(one)
        self._targets.clear()

    def target(self, code: Code, attribute: int | str, class_id: int | None = None, version: int | None = None) -> Target:
        """The attribute. Raises ConfigError for a code without known class and for a name that the class does not have.

        ``version`` of the class in place of what the object list says.
        """
        key = code, attribute, class_id, version
        target = self._targets.get(key)
        if target is None:
            target = self._targets[key] = self._looked_up(*key)
        return target

    def method(self, code: Code, method: int | str, class_id: int | None = None, version: int | None = None) -> MethodTarget:
        """The method. Raises as `target`."""
        obis, found_class, declaration, _ = self._object(code, class_id, version)
        number = method if isinstance(method, int) else _number(declaration, "methods", method, found_class)
        declared = None if declaration is None else declaration.methods.get(number)
        descriptor = CosemMethodDescriptor(found_class, obis.octets, number)
        if declared is None:
            return MethodTarget(descriptor, None, None, f"{obis} method {number}")
        return MethodTarget(descriptor, declared.parameter_kind, declared.result_kind, f"{obis} {declared.name}")

    def declaration(
        self, code: Code, class_id: int | None = None, version: int | None = None
    ) -> tuple[Obis, int, type[InterfaceClass] | None]:
        """Code, class and declaration of an object. Raises ConfigError where the class is not known."""
        return self._object(code, class_id, version)[:3]

    def rights(self, class_id: int, obis: Obis) -> ObjectRights | None:
        """What the object list says that this client may do with an object; None where it says nothing."""
        return next((one.rights for one in self._listed.get(obis, ()) if one.class_id == class_id), None)

    def _looked_up(self, code: Code, attribute: int | str, class_id: int | None, version: int | None) -> Target:
        obis, found_class, declaration, hint = self._object(code, class_id, version)
        number = attribute if isinstance(attribute, int) else _number(declaration, "attributes", attribute, found_class)
        declared = None if declaration is None else declaration.attributes.get(number)
        descriptor = CosemAttributeDescriptor(found_class, obis.octets, number)
        name, kind = (f"attribute {number}", None) if declared is None else (declared.name, declared.kind)
        return Target(descriptor, obis, name, kind, f"{obis} {name}", hint)

    def _object(
        self, code: Code, class_id: int | None, version: int | None = None
    ) -> tuple[Obis, int, type[InterfaceClass] | None, str]:
        obis = code if isinstance(code, Obis) else Obis(code)
        listed = self._listed.get(obis, ())
        hint = ""
        if class_id is not None:
            told = next((one.version for one in listed if one.class_id == class_id), None)
            version = told if version is None else version
        elif len({one.class_id for one in listed}) > 1:
            classes = ", ".join(str(one.class_id) for one in listed)
            raise ConfigError(f"{obis} names objects of the classes {classes}: say class_id=...")
        elif listed:
            class_id, version = listed[0].class_id, listed[0].version if version is None else version
        else:
            class_id = _usual_class(obis)
            if class_id is None:
                raise ConfigError(f"the interface class of {obis} is not known: say class_id=..., or read the object list first")
            hint = _hint(obis, class_id)
        return obis, class_id, declared_class(class_id, version), hint


def declared_class(class_id: int, version: int | None = None) -> type[InterfaceClass] | None:
    """The declaration of this version, else of the newest one; None for a class that is not declared."""
    classes = interface_classes()
    exact = None if version is None else classes.get((class_id, version))
    return exact or max(
        (one for (number, _), one in classes.items() if number == class_id), key=lambda one: one.version, default=None
    )


_usual_class = lru_cache(maxsize=4096)(class_for)


def _hint(obis: Obis, class_id: int) -> str:
    others = [str(one) for one in classes_for(obis) if one != class_id]
    guess = f"class {class_id} was taken from the catalog"
    return f"{guess}; it may be {' or '.join(others)}: say class_id=..., or read the object list" if others else guess


def _number(declaration: type[InterfaceClass] | None, words: str, name: str, class_id: int) -> int:
    if declaration is None:
        raise ConfigError(f"interface class {class_id} is not declared here: give numbers in place of {name!r}")
    table: dict[int, Attribute | Method[..., object]] = dict(getattr(declaration, words))
    wanted = _plain(name)
    for number, word in table.items():
        if wanted in {_plain(word.name), _plain(word.python_name)}:
            return number
    known = ", ".join(word.python_name for word in table.values()) or "none"
    raise ConfigError(f"{declaration.name} has no {name!r} among its {words}: {known}")


def _plain(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")
