"""The words an interface class is declared in: `attribute`, `method`, `absent_method` (Blue Book, class tables).

A declaration says number, name, type and rights once. Server, client, object list, XML and docs read it. How values
are stored and requests served is the business of `dlmskit.cosem.model`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, overload

from dlmskit.codec.data import Data
from dlmskit.codec.notation import Kind, parse_kind
from dlmskit.cosem.access import Operation
from dlmskit.cosem.domain import Domain, Manufacturer
from dlmskit.errors import DlmsError, ServiceError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

if TYPE_CHECKING:
    from dlmskit.cosem.model import InterfaceClass

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])

NO_PARAMETER = "integer(0)"
NO_RESULT = "null-data"


class Caller(Protocol):
    """On whose behalf a handler runs: a client, with its role and the protection of its request."""

    def may(self, operation: Operation, class_id: int, logical_name: Obis, number: int) -> bool:
        """Whether the caller could do this by itself. What a handler does for it must not go further."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a handler may want to know about the request that it serves."""

    number: int = 0
    """Attribute or method number asked for."""
    selector: int | None = None
    """Access selector of a selective access, None without one."""
    parameter: Data | None = None
    """Access parameters of the selective access, or the parameter of a method as it came."""
    caller: Caller | None = None
    """Whose request it is; None: the device's own, which may do everything."""


class Attribute:
    """Attribute ``number`` of an interface class.

    On an instance it reads and takes plain Python values; what is kept is always `Data` of the declared type.
    """

    def __init__(
        self,
        number: int,
        kind: str,
        *,
        dynamic: bool,
        writable: bool,
        secret: bool,
        default: object,
        within: tuple[int, int] | None,
        selectors: tuple[int, ...],
        manufacturer: Manufacturer,
        name: str,
    ) -> None:
        self.number = number
        self.notation = kind
        """The declared type, in the type notation of the object model."""
        self.kind: Kind = parse_kind(kind)
        self.domain = Domain(self.kind, within, manufacturer)
        """What may be written."""
        self.dynamic = dynamic
        """Changed by the device itself; a static one is configuration."""
        self.writable = writable
        """Whether a management client may write it when nothing else is said."""
        self.secret = secret
        """Written, never read: neither by a client nor through a capture, a push, an export or a repr."""
        self.default = default
        self.selectors = selectors
        """Access selectors of selective access."""
        self.name = name
        """Name in the Blue Book."""
        self.python_name = ""
        self.reader_name = ""
        self.writer_name = ""

    def __set_name__(self, owner: type, python_name: str) -> None:
        self.python_name = python_name
        self.name = self.name or python_name

    def __repr__(self) -> str:
        return f"<attribute {self.number} {self.name}: {self.notation}>"

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: InterfaceClass, owner: type) -> Any: ...
    def __get__(self, instance: InterfaceClass | None, owner: type) -> Any:
        """The value as plain Python; on the class the declaration itself."""
        if instance is None:
            return self
        return self.kind.decode(instance.get(self.number))

    def __set__(self, instance: InterfaceClass, value: Any) -> None:
        instance.set(self.number, instance.to_data(self, value))

    def reader(self, function: F) -> F:
        """Compute the value: ``(self, request) -> Data`` instead of what is stored."""
        self.reader_name = function.__name__
        return function

    def writer(self, function: F) -> F:
        """Take a checked value: ``(self, data, request)`` instead of storing it; it may refuse with ServiceError."""
        self.writer_name = function.__name__
        return function

    def retyped(self, kind: str) -> Attribute:
        """The same attribute with another type, for the next version of a class."""
        again = copy(self)
        again.notation, again.kind = kind, parse_kind(kind)
        again.domain = replace(self.domain, kind=again.kind)
        return again

    def renamed(self, name: str) -> Attribute:
        """The same attribute under another name, for the next version of a class."""
        again = copy(self)
        again.name = name
        return again

    def initial(self) -> Data:
        """The value of a new object."""
        if isinstance(self.default, Data):
            return self.default
        return self.kind.default() if self.default is None else self.kind.encode(self.default)

    def check(self, data: Data) -> None:
        """Refuse what is not of the declared type; raises ServiceError: type-unmatched, or other-reason for a value that
        the type could hold and the class does not have.
        """
        self.domain.check(data, self.name)


def attribute(
    number: int,
    kind: str,
    *,
    dynamic: bool = False,
    writable: bool = False,
    secret: bool = False,
    default: object = None,
    within: tuple[int, int] | None = None,
    selectors: tuple[int, ...] = (),
    manufacturer: Manufacturer = range(0),
    name: str = "",
) -> Attribute:
    """Declare an attribute: ``number`` and ``kind`` as in the class table; the Blue Book's name where Python's differs.

    ``within`` and ``manufacturer``: see `Domain`.
    """
    return Attribute(
        number,
        kind,
        dynamic=dynamic,
        writable=writable,
        secret=secret,
        default=default,
        within=within,
        selectors=selectors,
        manufacturer=manufacturer,
        name=name,
    )


class Method(Generic[P, R]):
    """Method ``number`` of an interface class; on an instance the function itself."""

    def __init__(
        self,
        number: int,
        parameter: str,
        result: str,
        function: Callable[Concatenate[Any, P], R] | None,
        *,
        within: tuple[int, int] | None = None,
        manufacturer: Manufacturer = range(0),
        mandatory: bool = False,
        name: str = "",
    ) -> None:
        self.number = number
        self.parameter, self.result = parameter, result
        """Types of parameter and result, in the type notation."""
        self.parameter_kind: Kind = parse_kind(parameter)
        self.domain = Domain(self.parameter_kind, within, manufacturer)
        """What the parameter may be."""
        self.result_kind: Kind = parse_kind(result)
        self.mandatory = mandatory
        self.function = function
        """None: the class knows the method, this implementation has not got it."""
        self.name = name
        self.python_name = ""
        self.takes_request = function is not None and "request" in inspect.signature(function).parameters
        self.__doc__ = getattr(function, "__doc__", None)

    def __set_name__(self, owner: type, python_name: str) -> None:
        self.python_name = python_name
        self.name = self.name or python_name

    def __repr__(self) -> str:
        return f"<method {self.number} {self.name}({self.parameter}) -> {self.result}>"

    @property
    def absent(self) -> bool:
        """Whether a call answers object-unavailable."""
        return self.function is None

    def argument(self, parameter: Data | None) -> Any:
        """The parameter as plain Python; raises ServiceError like `Attribute.check`, type-unmatched where there is none."""
        if parameter is None:
            raise ServiceError(DataAccessResult.TYPE_UNMATCHED, self.name, "parameter missing")
        self.domain.check(parameter, self.name)
        try:
            return self.parameter_kind.decode(parameter)
        except DlmsError as error:
            raise ServiceError(DataAccessResult.TYPE_UNMATCHED, self.name, str(error)) from error

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: InterfaceClass, owner: type) -> Callable[P, R]: ...
    def __get__(self, instance: InterfaceClass | None, owner: type) -> Any:
        if instance is None:
            return self
        if self.function is None:
            raise ServiceError(DataAccessResult.OBJECT_UNAVAILABLE, f"{owner.__name__}.{self.name}", "method not implemented")
        return self.function.__get__(instance, owner)


def method(
    number: int,
    parameter: str = NO_PARAMETER,
    result: str = NO_RESULT,
    *,
    within: tuple[int, int] | None = None,
    manufacturer: Manufacturer = range(0),
    mandatory: bool = False,
    name: str = "",
) -> Callable[[Callable[Concatenate[Any, P], R]], Method[P, R]]:
    """Declare a method. The function gets the parameter as plain Python, and ``request`` if it has an argument of that name.

    What the parameter may not be is refused before the function is called; ``within`` and ``manufacturer``: see `Domain`.
    ``integer(0)`` is the standard's way to say "no parameter": then the function gets none, whatever the peer sent.
    """

    def declare(function: Callable[Concatenate[Any, P], R]) -> Method[P, R]:
        return Method(
            number, parameter, result, function, within=within, manufacturer=manufacturer, mandatory=mandatory, name=name
        )

    return declare


def absent_method(
    number: int, parameter: str = NO_PARAMETER, result: str = NO_RESULT, *, mandatory: bool = False, name: str = ""
) -> Method[..., Any]:
    """Declare a method that the class has and this implementation has not: nobody gets a right on it, a call is refused."""
    return Method(number, parameter, result, None, mandatory=mandatory, name=name)
