"""Interface class 30, COSEM data protection (Blue Book 4.4.11): values and method parameters between a third party and the meter.

Those who carry them can neither read nor change them. The class knows what is asked for; keys and rights of the other party are
with the `DataProtector` behind it. Without one its methods answer object-unavailable.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from dlmskit.codec.data import Data
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.kinds import CAPTURE_OBJECT, PROTECTION, RESTRICTION
from dlmskit.cosem.model import THE_DEVICE, InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

_OBJECT = CAPTURE_OBJECT.removesuffix("}") + "," + RESTRICTION + "}"
OBJECT_LIST = f"array<{_OBJECT}>"
PARAMETERS = f"array<{PROTECTION}>"
_GET = f"structure{{object_list:{OBJECT_LIST},protection_parameters:{PARAMETERS}}}"
_GOT = f"structure{{protection_parameters:{PARAMETERS},protected_attributes:octet-string}}"
_SET = f"structure{{object_list:{OBJECT_LIST},protection_parameters:{PARAMETERS},protected_attributes:octet-string}}"
_INVOKE = (
    "structure{object_method:structure{class_id:long-unsigned,logical_name:logical-name,method_index:integer},"
    f"protection_parameters:{PARAMETERS},protected_method_invocation_parameters:octet-string}}"
)
_INVOKED = f"structure{{protection_parameters:{PARAMETERS},protected_method_return_parameters:octet-string}}"


class ObjectMethod(NamedTuple):
    """A method that is called for a third party."""

    class_id: int
    logical_name: Obis
    method_index: int


class DataProtector(Protocol):
    """Keys and rights behind a data protection object. Each refuses with ServiceError, and then nothing has changed.

    ``required`` is required_protection; object lists and protection parameters are data of the declared types.
    """

    def read(self, objects: Data, parameters: Data, required: int, request: Request) -> tuple[Data, bytes]:
        """The values of a list of attributes, protected; the parameters that were used, and the octets."""
        ...

    def write(self, objects: Data, parameters: Data, octets: bytes, required: int, request: Request) -> None:
        """Verify, then write every attribute of the list, or none."""
        ...

    def invoke(
        self, called: ObjectMethod, parameters: Data, octets: bytes, required: int, request: Request
    ) -> tuple[Data, bytes]:
        """Verify, then call; the parameters that were used for what was returned, and the octets."""
        ...


class DataProtection(InterfaceClass, class_id=30, version=0, name="COSEM data protection"):
    """The buffer reads and writes protection_object_list; the methods take lists of their own."""

    protection_buffer = attribute(2, "octet-string", dynamic=True, writable=True)
    protection_object_list = attribute(3, OBJECT_LIST, writable=True)
    protection_parameters_get = attribute(4, PARAMETERS, writable=True)
    protection_parameters_set = attribute(5, PARAMETERS, writable=True)
    required_protection = attribute(6, "enum", writable=True)
    protector: DataProtector | None = None

    @protection_buffer.reader
    def _read_buffer(self, request: Request) -> Data:
        """Capture, protect, and show with what: protection_parameters_get says it afterwards."""
        used, octets = self._behind("protection_buffer").read(self.stored(3), self.stored(4), self._required, request)
        self.store(4, used)
        return Data.octet_string(octets)

    @protection_buffer.writer
    def _write_buffer(self, value: Data, request: Request) -> None:
        behind = self._behind("protection_buffer")
        behind.write(self.stored(3), self.stored(5), bytes(value.value), self._required, request)

    @required_protection.writer
    def _write_required(self, value: Data, request: Request) -> None:
        if value.value & 3:
            raise ServiceError(DataAccessResult.OTHER_REASON, "required_protection", "bits 0 and 1 are not used")
        if value.value & self._required != self._required and request.caller is not None:
            raise ServiceError(DataAccessResult.OTHER_REASON, "required_protection", "it may only become stronger")
        self.store(6, value)

    @method(1, _GET, _GOT)
    def get_protected_attributes(self, wanted: Any, request: Request = THE_DEVICE) -> Data:
        """The values of a list of attributes, protected for the recipient that the parameters name."""
        objects, parameters = _parts(request)
        used, octets = self._behind("get_protected_attributes").read(objects, parameters, self._required, request)
        return Data.structure((used, Data.octet_string(octets)))

    @method(2, _SET)
    def set_protected_attributes(self, wanted: Any, request: Request = THE_DEVICE) -> None:
        """Write a list of attributes that the originator of the parameters has protected."""
        objects, parameters, octets = _parts(request)
        self._behind("set_protected_attributes").write(objects, parameters, bytes(octets.value), self._required, request)

    @method(3, _INVOKE, _INVOKED)
    def invoke_protected_method(self, wanted: Any, request: Request = THE_DEVICE) -> Data:
        """Call a method with parameters that their originator has protected; what it returns is protected for him alike."""
        _, parameters, octets = _parts(request)
        called = ObjectMethod(*wanted.object_method)
        behind = self._behind("invoke_protected_method")
        used, returned = behind.invoke(called, parameters, bytes(octets.value), self._required, request)
        return Data.structure((used, Data.octet_string(returned)))

    @property
    def _required(self) -> int:
        return int(self.stored(6).value)

    def _behind(self, wanted: str) -> DataProtector:
        if self.protector is None:
            raise ServiceError(DataAccessResult.OBJECT_UNAVAILABLE, wanted, "no keys are behind this object")
        return self.protector


def _parts(request: Request) -> tuple[Data, ...]:
    """The members of the parameter as they came: what is signed must not be written anew."""
    if request.parameter is None:
        raise ServiceError(DataAccessResult.TYPE_UNMATCHED, "parameter", "missing")
    return tuple(request.parameter.elements())
