"""What an object of a meter can be asked, as scripts: its attributes by their declaration, scaled where they have a scaler."""

from __future__ import annotations

from typing import Any

from dlmskit.client.directory import Code, Target
from dlmskit.client.readings import Reading, Readings
from dlmskit.client.services import Selection, presented
from dlmskit.client.steps import Script
from dlmskit.codec.data import Data
from dlmskit.cosem.export import ObjectRecord
from dlmskit.errors import ConfigError, ServiceError


class ObjectScripts:
    """One object of one meter. Class and version are those that the caller names, else those of the object list, else guessed."""

    def __init__(self, services: Readings, code: Code, class_id: int | None, version: int | None) -> None:
        """Raises ConfigError where nothing tells the class of the code."""
        self._services = services
        self.obis, self.class_id, self.declaration = services.directory.declaration(code, class_id, version)
        self._version = version

    def value(self, attribute: int | str, selection: Selection | None = None) -> Script[Any]:
        """The value of an attribute in its declared type, its scaler applied."""
        target = self._target(attribute)
        if selection is not None:
            return presented(target, (yield from self._services.data(target, selection)))
        return (yield from self.reading(attribute)).value

    def reading(self, attribute: int | str) -> Script[Reading]:
        """The value with its unit. Raises ServiceError."""
        (found,) = yield from self._services.readings([self._target(attribute)])
        if isinstance(found, ServiceError):
            raise found
        return found

    def data(self, attribute: int | str, selection: Selection | None = None) -> Script[Data]:
        """The value as it came."""
        return self._services.data(self._target(attribute), selection)

    def everything(self) -> Script[dict[str, Any]]:
        """By name, the value of every attribute that is no secret, or its refusal."""
        words = () if self.declaration is None else self.declaration.attributes.values()
        names = [word.python_name for word in words if not word.secret]
        found = yield from self._services.readings([self._target(name) for name in names])
        return {name: one if isinstance(one, ServiceError) else one.value for name, one in zip(names, found, strict=True)}

    def record(self) -> Script[ObjectRecord]:
        """The object as it is exchanged: what could be read of it, as it came, and the rights of the object list if it was read.

        Raises ConfigError for a class that is not declared.
        """
        declared = self.declaration
        if declared is None:
            raise ConfigError(f"interface class {self.class_id} is not declared here")
        numbers = [number for number, word in declared.attributes.items() if number != 1 and not word.secret]
        found = yield from self._services.data_of([self._target(number) for number in numbers])
        values = {number: one for number, one in zip(numbers, found, strict=True) if isinstance(one, Data)}
        rights = self._services.directory.rights(self.class_id, self.obis)
        return ObjectRecord(self.class_id, declared.version, self.obis, values, rights)

    def write(self, attribute: int | str, value: Any, *, confirmed: bool = True) -> Script[None]:
        """Write an attribute, as it is kept: no scaler is taken off."""
        return self._services.write_target(self._target(attribute), value, confirmed=confirmed)

    def call(self, method: int | str, parameter: Any = None, *, confirmed: bool = True) -> Script[Any]:
        """Invoke a method; what it returns."""
        target = self._services.directory.method(self.obis, method, self.class_id, self._version)
        return self._services.call_target(target, parameter, confirmed=confirmed)

    def _target(self, attribute: int | str) -> Target:
        return self._services.directory.target(self.obis, attribute, self.class_id, self._version)
