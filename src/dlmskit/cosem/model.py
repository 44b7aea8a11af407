"""The base of every interface class: storage, type checks and dispatch by number, from one declaration (Blue Book 4.1).

Values are kept as `Data`, so what is read is what was written. Who may do what is not decided here: an object obeys
whoever holds it; requests of clients come through `dlmskit.cosem.view`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem import registry
from dlmskit.cosem.access import AccessMode, ObjectRights
from dlmskit.cosem.declaration import NO_PARAMETER, NO_RESULT, Attribute, Method, Request, attribute
from dlmskit.errors import ConfigError, LocalProtocolError, ServiceError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

if TYPE_CHECKING:
    from dlmskit.cosem.objects import ObjectTree

THE_DEVICE = Request()
"""A request of the device itself."""

_FIXED = frozenset(Tag) - {Tag.NULL_DATA, Tag.ARRAY, Tag.STRUCTURE, Tag.COMPACT_ARRAY, Tag.DONT_CARE}


class InterfaceClass:
    """One COSEM object; a subclass is one interface class in one version.

    ``class Register(InterfaceClass, class_id=3, version=0, name="Register")`` declares and registers a class. The next
    version is a subclass that gives its ``version``. A subclass without either is no new class, only other behaviour.

    An object is made from its logical name and the values that it does not start with by default:
    ``Register("1.0.1.8.0.255", value=Data.double_long_unsigned(5), scaler_unit=(0, 30))``.
    """

    class_id: ClassVar[int] = 0
    version: ClassVar[int] = 0
    name: ClassVar[str] = ""
    """Name in the Blue Book."""
    attributes: ClassVar[Mapping[int, Attribute]] = {}
    methods: ClassVar[Mapping[int, Method[..., Any]]] = {}
    methods_at: ClassVar[int | None] = None
    """Offset of the first method from the base name, with short names; None where the class tables give none."""
    _by_name: ClassVar[Mapping[str, Attribute]] = {}

    logical_name = attribute(1, "logical-name")

    def __init_subclass__(
        cls,
        *,
        class_id: int | None = None,
        version: int | None = None,
        name: str | None = None,
        methods_at: int | None = None,
    ) -> None:
        super().__init_subclass__()
        cls.class_id = cls.class_id if class_id is None else class_id
        cls.version = (cls.version if class_id is None else 0) if version is None else version
        cls.name = cls.name if name is None else name
        words = [word for base in reversed(cls.__mro__) for word in vars(base).values()]
        cls.attributes = dict(sorted({word.number: word for word in words if isinstance(word, Attribute)}.items()))
        cls.methods = dict(sorted({word.number: word for word in words if isinstance(word, Method)}.items()))
        # A version whose attributes grew over the methods of the one before must say where its own begin.
        inherited = None if max(cls.attributes, default=0) * 8 > (cls.methods_at or 0) else cls.methods_at
        cls.methods_at = inherited if methods_at is None else methods_at
        cls._by_name = {word.python_name: word for word in cls.attributes.values()}
        if class_id is not None or version is not None:
            registry.register(cls)

    def __init__(self, logical_name: Obis | str | bytes, /, **values: object) -> None:
        self.obis = logical_name if isinstance(logical_name, Obis) else Obis(logical_name)
        """The logical name."""
        self._values: dict[int, Data] = {1: Data.octet_string(self.obis.octets)}
        self._sources: dict[int, Callable[[], object]] = {}
        self._tree: ObjectTree | None = None
        for python_name, value in values.items():
            declared = self.named(python_name)
            data = self.to_data(declared, value)
            declared.check(data)
            self._values[declared.number] = data

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self.obis}')"

    # --- where it lives ----------------------------------------------------------------------------------------------

    @property
    def key(self) -> tuple[int, Obis]:
        """(class_id, logical name)."""
        return self.class_id, self.obis

    @property
    def tree(self) -> ObjectTree:
        """The logical device that holds the object; LocalProtocolError before it was placed in one."""
        if self._tree is None:
            raise LocalProtocolError(f"{self!r} is in no logical device yet")
        return self._tree

    def placed(self, tree: ObjectTree | None) -> None:
        """Told by the tree that takes the object in or lets it go."""
        self._tree = tree

    def now(self) -> CosemDateTime:
        """The time of the logical device; not specified where the object is in none."""
        return CosemDateTime.of() if self._tree is None else self._tree.now()

    # --- declarations ------------------------------------------------------------------------------------------------

    @classmethod
    def named(cls, python_name: str) -> Attribute:
        """The attribute of that Python name; ConfigError where there is none."""
        try:
            return cls._by_name[python_name]
        except KeyError:
            raise ConfigError(f"{cls.__name__} has no attribute {python_name!r}; it has {', '.join(cls._by_name)}") from None

    @classmethod
    def attribute(cls, number: int) -> Attribute:
        """The attribute of that number; ServiceError object-undefined where there is none."""
        try:
            return cls.attributes[number]
        except KeyError:
            raise ServiceError(DataAccessResult.OBJECT_UNDEFINED, f"{cls.__name__}, attribute {number}") from None

    @classmethod
    def method(cls, number: int) -> Method[..., Any]:
        """The method of that number; ServiceError object-undefined where there is none, object-unavailable if absent here."""
        try:
            declared = cls.methods[number]
        except KeyError:
            raise ServiceError(DataAccessResult.OBJECT_UNDEFINED, f"{cls.__name__}, method {number}") from None
        if declared.absent:
            raise ServiceError(DataAccessResult.OBJECT_UNAVAILABLE, f"{cls.__name__}.{declared.name}", "not implemented")
        return declared

    @classmethod
    def default_rights(cls, protection: AccessMode = AccessMode.NONE) -> ObjectRights:
        """Sensible rights of a management client, each with the ``protection`` it shall demand."""
        return ObjectRights(
            {number: _default_mode(word) | protection for number, word in cls.attributes.items()},
            {number: AccessMode.ACCESS | protection for number, word in cls.methods.items() if not word.absent},
        )

    # --- attributes --------------------------------------------------------------------------------------------------

    def get(self, number: int, request: Request = THE_DEVICE) -> Data:
        """The value of attribute ``number``: computed, from its source, or stored. A secret is never given."""
        declared = self.attribute(number)
        if declared.secret:
            raise ServiceError(DataAccessResult.READ_WRITE_DENIED, declared.name)
        _refuse_unknown_selector(declared, request)
        if declared.reader_name:
            data: Data = getattr(self, declared.reader_name)(request)
            return data
        if number in self._sources:
            return self.to_data(declared, self._sources[number]())
        return self.stored(number)

    def set(self, number: int, value: Data, request: Request = THE_DEVICE) -> None:
        """Write attribute ``number`` after checking its type; nothing has changed when this raises ServiceError."""
        declared = self.attribute(number)
        _refuse_unknown_selector(declared, request)
        declared.check(value)
        if declared.writer_name:
            getattr(self, declared.writer_name)(value, Request(number, request.selector, request.parameter, request.caller))
        else:
            self.store(number, value)

    def stored(self, number: int) -> Data:
        """What is stored for attribute ``number``, secrets included: for the device's own use."""
        data = self._values.get(number)
        return self.attribute(number).initial() if data is None else data

    def store(self, number: int, value: Data) -> None:
        """Put a checked value in its place and tell the observers of the logical device; of a secret they hear nothing."""
        self._values[number] = value
        if self._tree is not None and not self.attribute(number).secret:
            self._tree.tell(self, number, value)

    def clear(self, number: int) -> None:
        """Set an attribute to zero, or to nothing, in the type that it has."""
        self.set(number, _cleared(self.stored(number)))

    def reset_dynamic(self) -> None:
        """Set everything that the device changes by itself back to where a new object starts: the counters of a layer."""
        for number, declared in self.attributes.items():
            if declared.dynamic:
                self.store(number, declared.initial())

    def feed(self, python_name: str, source: Callable[[], object]) -> None:
        """Let an attribute take its value from ``source`` at every read: a simulator, a sensor."""
        self._sources[self.named(python_name).number] = source

    def to_data(self, declared: Attribute, value: object) -> Data:
        """``value`` in the type of the attribute. Where the class leaves a choice, the type that it has now is kept."""
        if isinstance(value, Data):
            return value
        if declared.notation == "any" or declared.notation.startswith("choice"):
            tag = self.stored(declared.number).tag
            if tag in _FIXED:
                return Data.of(tag, value)
        return declared.kind.encode(value)

    # --- methods -----------------------------------------------------------------------------------------------------

    def action(self, number: int, parameter: Data | None = None, request: Request = THE_DEVICE) -> Data | None:
        """Call method ``number``; the result is None where the class declares none. Raises ServiceError."""
        declared = self.method(number)
        arguments = [] if declared.parameter == NO_PARAMETER else [declared.argument(parameter)]
        keywords = {"request": replace(request, parameter=parameter)} if declared.takes_request else {}
        result = getattr(self, declared.python_name)(*arguments, **keywords)
        if declared.result == NO_RESULT:
            return None
        return result if isinstance(result, Data) else declared.result_kind.encode(result)


def _default_mode(word: Attribute) -> AccessMode:
    if word.secret:
        return AccessMode.WRITE
    return AccessMode.READ_WRITE if word.writable else AccessMode.READ


def _cleared(data: Data) -> Data:
    if data.tag in {Tag.OCTET_STRING, Tag.VISIBLE_STRING, Tag.UTF8_STRING}:
        return Data.of(data.tag, b"")
    if data.tag == Tag.BIT_STRING:
        return Data.bit_string("0" * len(data.value))
    return Data.of(data.tag, type(data.value)()) if isinstance(data.value, int | float) else Data.null()


def _refuse_unknown_selector(declared: Attribute, request: Request) -> None:
    if request.selector is not None and request.selector not in declared.selectors:
        raise ServiceError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, declared.name, f"no access selector {request.selector}")
