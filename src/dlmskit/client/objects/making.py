"""Classes of objects, made from the declarations: a word reads an attribute, ``set_...`` writes it, a method is a word.

Both facades share what is here: a word hands a script to the line, and gives back what the line gives, which is a value
without asyncio and something to await with it. Their types stand in the stubs, made by ``scripts/object_types.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, ClassVar

from dlmskit.client.directory import Code
from dlmskit.client.objects.scripts import ObjectScripts
from dlmskit.client.readings import ObjectEntry, Readings
from dlmskit.client.services import Selection
from dlmskit.cosem.catalog import describe
from dlmskit.cosem.declaration import Attribute, Method
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.registry import interface_classes
from dlmskit.types.obis import Obis

WITHOUT_PARAMETER = frozenset(("integer(0)", "null-data"))
CLOCK, SWITCH = "0.0.1.0.0.255", "0.0.96.3.10.255"

Run = Callable[..., Any]


class CosemObject:
    """An object of a meter. These words every object has; attributes and methods of its class stand beside them.

    Each raises what the words of `Meter` raise, ConfigError for a name that the class does not have.
    """

    class_id: int = 0
    version: ClassVar[int | None] = None
    """Of the declaration; None where the class is not declared here: then attributes and methods have numbers alone."""

    def __init__(self, scripts: ObjectScripts, run: Run, awaited: int | str = 2) -> None:
        self._scripts = scripts
        self._run = run
        self._awaited = awaited
        self.class_id = scripts.class_id

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self.obis}')"

    @property
    def obis(self) -> Obis:
        """Its logical name."""
        return self._scripts.obis

    @property
    def description(self) -> str:
        """What the code stands for."""
        return describe(self.obis, self.class_id)

    def reading(self, attribute: int | str | None = None) -> Any:
        """A value with scaler and unit: of the attribute that is meant, else of attribute 2."""
        return self._run(self._scripts.reading(self._awaited if attribute is None else attribute))

    def read(self, attribute: int | str, selection: Selection | None = None) -> Any:
        """An attribute by name or number, in its declared type, its scaler applied."""
        return self._run(self._scripts.value(attribute, selection))

    def get(self, attribute: int | str, selection: Selection | None = None) -> Any:
        """The value as it came: `Data`."""
        return self._run(self._scripts.data(attribute, selection))

    def read_all(self) -> Any:
        """Every attribute that is no secret: a dictionary of values by name, a ServiceError where the meter refuses one."""
        return self._run(self._scripts.everything())

    def record(self) -> Any:
        """The object for export: what could be read of it, and the rights of the object list (`dlmskit.cosem.export`)."""
        return self._run(self._scripts.record())

    def write(self, attribute: int | str, value: Any, *, confirmed: bool = True) -> Any:
        """Write an attribute by name or number, as it is kept: no scaler is taken off."""
        return self._run(self._scripts.write(attribute, value, confirmed=confirmed))

    def call(self, method: int | str, parameter: Any = None, *, confirmed: bool = True) -> Any:
        """Invoke a method by name or number; what it returns."""
        return self._run(self._scripts.call(method, parameter, confirmed=confirmed))


class AwaitableObject(CosemObject):
    """An object whose words are awaited; awaited itself it gives its `reading`."""

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.reading().__await__()  # type: ignore[no-any-return]


class Objects:
    """The words of a meter that give an object. None asks the meter anything; each raises ConfigError for an unknown class."""

    _services: Readings
    _run: Run
    _kind: ClassVar[type[CosemObject]] = CosemObject

    def object(
        self,
        obis: Code | ObjectEntry,
        kind: type[CosemObject] | None = None,
        *,
        class_id: int | None = None,
        version: int | None = None,
    ) -> Any:
        """The object of a code, or of an entry of the object list.

        Its class and version are those of ``kind`` (one of `dlmskit.objects`), or those named; else what the object list
        says if it was read; else the usual class of the code, in its newest version.
        """
        if isinstance(obis, ObjectEntry):
            class_id, version, obis = obis.class_id, obis.version, obis.obis
        if kind is not None:
            class_id, version = kind.class_id, kind.version
        return self._made(obis, class_id, version)

    def register(self, obis: Code, attribute: int | str = 2, *, class_id: int | None = None) -> Any:
        """A register, extended register or demand register; with asyncio, awaiting it gives its `reading` of ``attribute``."""
        return self._made(obis, class_id, None, attribute)

    def data(self, obis: Code) -> Any:
        """A value without unit, class 1."""
        return self._made(obis, 1)

    def extended_register(self, obis: Code) -> Any:
        """A value with its unit, status and time, class 4."""
        return self._made(obis, 4)

    def demand_register(self, obis: Code) -> Any:
        """An average over periods, class 5."""
        return self._made(obis, 5)

    def clock(self, obis: Code = CLOCK) -> Any:
        """A clock, class 8."""
        return self._made(obis, 8)

    def disconnect_control(self, obis: Code = SWITCH) -> Any:
        """A switch or valve, class 70."""
        return self._made(obis, 70)

    def _made(self, code: Code, class_id: int | None = None, version: int | None = None, awaited: int | str = 2) -> Any:
        scripts = ObjectScripts(self._services, code, class_id, version)
        declared = scripts.declaration
        kind = self._kind if declared is None else object_class(declared, self._kind)
        return kind(scripts, self._run, awaited)


class AwaitableObjects(Objects):
    """The same with objects that are awaited."""

    _kind = AwaitableObject


def class_named(name: str, base: type[CosemObject]) -> type[CosemObject]:
    """The class of objects of a declaration. Raises AttributeError for a name that no interface class has."""
    declared = _by_name().get(name)
    if declared is None:
        raise AttributeError(f"no interface class is declared as {name!r}")
    return object_class(declared, base)


def names() -> list[str]:
    """The names of all classes of objects."""
    return sorted(_by_name())


def _by_name() -> dict[str, type[InterfaceClass]]:
    return {declared.__name__: declared for declared in interface_classes().values()}


_MADE: dict[tuple[type[InterfaceClass], type[CosemObject]], type[CosemObject]] = {}


def object_class(declared: type[InterfaceClass], base: type[CosemObject]) -> type[CosemObject]:
    """The class of the objects of one interface class, made once."""
    made = _MADE.get((declared, base))
    return made or _MADE.setdefault((declared, base), _object_class(declared, base))


def _object_class(declared: type[InterfaceClass], base: type[CosemObject]) -> type[CosemObject]:
    """A word for everything. Where ``set_...`` is a method of the class, the method it is."""
    words: dict[str, Any] = {}
    for attribute in declared.attributes.values():
        if not attribute.secret:
            words[attribute.python_name] = _reader(attribute)
        if attribute.number != 1:
            words[f"set_{attribute.python_name}"] = _writer(attribute)
    for method in declared.methods.values():
        words[method.python_name] = _caller(method)
    for name, word in words.items():
        word.__name__, word.__qualname__ = name, f"{declared.__name__}.{name}"
    doc = f"{declared.name}, class {declared.class_id}, version {declared.version}. {declared.__doc__}"
    own = {"__doc__": doc, "class_id": declared.class_id, "version": declared.version}
    return type(declared.__name__, (base,), {**own, **words, "__module__": base.__module__})


def _reader(attribute: Attribute) -> Callable[..., Any]:
    number = attribute.number

    def read(self: CosemObject) -> Any:
        return self._run(self._scripts.value(number))

    def select(self: CosemObject, selection: Selection | None = None) -> Any:
        return self._run(self._scripts.value(number, selection))

    word = select if attribute.selectors else read
    word.__doc__ = f"Attribute {number}, {attribute.name}: {attribute.notation}."
    return word


def _writer(attribute: Attribute) -> Callable[..., Any]:
    number = attribute.number

    def write(self: CosemObject, value: Any, *, confirmed: bool = True) -> Any:
        return self._run(self._scripts.write(number, value, confirmed=confirmed))

    write.__doc__ = f"Write attribute {number}, {attribute.name}: {attribute.notation}."
    return write


def _caller(method: Method[..., Any]) -> Callable[..., Any]:
    number = method.number

    def call(self: CosemObject, *, confirmed: bool = True) -> Any:
        return self._run(self._scripts.call(number, confirmed=confirmed))

    def give(self: CosemObject, parameter: Any, *, confirmed: bool = True) -> Any:
        return self._run(self._scripts.call(number, parameter, confirmed=confirmed))

    word = call if method.parameter in WITHOUT_PARAMETER else give
    what = method.__doc__ or f"Method of {method.parameter}."
    word.__doc__ = f"Method {number}, {method.name}({method.parameter}) -> {method.result}. {what}"
    return word
