"""The enumerations of the application layer (Green Book, ASN.1 of COSEMpdu and of ACSE): number, label, simple XML name.

Fields hold plain numbers; `member_or_int` gives a member where the standard names the number. Labels are those of the
standard XML style, simple names those that the existing translators of the simple style write.
"""

from __future__ import annotations

from types import MappingProxyType

from dlmskit.types._coded import CodedEnum, label_of, member_named, member_or_int
from dlmskit.types.conformance import Conformance

__all__ = [
    "ERRORS_OF_CLASS",
    "AccessError",
    "AcseServiceProvider",
    "AcseServiceUser",
    "ActionResult",
    "ApplicationContext",
    "ApplicationReferenceError",
    "AssociationResult",
    "CodedEnum",
    "ConfirmedService",
    "Conformance",
    "DataAccessResult",
    "DefinitionError",
    "ErrorClass",
    "HardwareResourceError",
    "InitiateError",
    "LoadDataSetError",
    "Mechanism",
    "ReleaseRequestReason",
    "ReleaseResponseReason",
    "ServiceClassError",
    "ServiceErrorCode",
    "StateError",
    "TaskError",
    "VdeStateError",
    "confirmed_service_error_label",
    "label_of",
    "member_named",
    "member_or_int",
]


class DataAccessResult(CodedEnum):
    """Data-Access-Result: how reading or writing one attribute ended."""

    SUCCESS = 0
    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4, "object-undefined", "UndefinedObject", "ObjectUndefined"
    OBJECT_CLASS_INCONSISTENT = 9, "object-class-inconsistent", "InconsistentClass", "ObjectClassInconsistent"
    OBJECT_UNAVAILABLE = 11, "object-unavailable", "UnavailableObject", "ObjectUnavailable"
    TYPE_UNMATCHED = 12, "type-unmatched", "UnmatchedType", "TypeUnmatched"
    SCOPE_OF_ACCESS_VIOLATED = 13, "scope-of-access-violated", "AccessViolated", "ScopeOfAccessViolated"
    DATA_BLOCK_UNAVAILABLE = 14
    LONG_GET_ABORTED = 15, "long-get-aborted", "LongGetOrReadAborted", "LongGetAborted"
    NO_LONG_GET_IN_PROGRESS = 16, "no-long-get-in-progress", "NoLongGetOrReadInProgress", "NoLongGetInProgress"
    LONG_SET_ABORTED = 17, "long-set-aborted", "LongSetOrWriteAborted", "LongSetAborted"
    NO_LONG_SET_IN_PROGRESS = 18, "no-long-set-in-progress", "NoLongSetOrWriteInProgress", "NoLongSetInProgress"
    DATA_BLOCK_NUMBER_INVALID = 19
    OTHER_REASON = 250


class ActionResult(CodedEnum):
    """Action-Result: how a method ended. As Data-Access-Result up to 14."""

    SUCCESS = 0
    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4, "object-undefined", "UndefinedObject", "ObjectUndefined"
    OBJECT_CLASS_INCONSISTENT = 9, "object-class-inconsistent", "InconsistentClass", "ObjectClassInconsistent"
    OBJECT_UNAVAILABLE = 11, "object-unavailable", "UnavailableObject", "ObjectUnavailable"
    TYPE_UNMATCHED = 12, "type-unmatched", "UnmatchedType", "TypeUnmatched"
    SCOPE_OF_ACCESS_VIOLATED = 13, "scope-of-access-violated", "AccessViolated", "ScopeOfAccessViolated"
    DATA_BLOCK_UNAVAILABLE = 14
    LONG_ACTION_ABORTED = 15
    NO_LONG_ACTION_IN_PROGRESS = 16
    OTHER_REASON = 250


class StateError(CodedEnum):
    """state-error of the exception-response."""

    SERVICE_NOT_ALLOWED = 1
    SERVICE_UNKNOWN = 2


class ServiceErrorCode(CodedEnum):
    """service-error of the exception-response. 4 to 6 are not in older editions; 6 is followed by the counter expected."""

    OPERATION_NOT_POSSIBLE = 1
    SERVICE_NOT_SUPPORTED = 2
    OTHER_REASON = 3
    PDU_TOO_LONG = 4
    DECIPHERING_ERROR = 5
    INVOCATION_COUNTER_ERROR = 6


class AssociationResult(CodedEnum):
    """result of the AARE."""

    ACCEPTED = 0
    REJECTED_PERMANENT = 1
    REJECTED_TRANSIENT = 2


class AcseServiceUser(CodedEnum):
    """acse-service-user of result-source-diagnostic. 3 to 10 are not in older editions."""

    NULL = 0
    NO_REASON_GIVEN = 1
    APPLICATION_CONTEXT_NAME_NOT_SUPPORTED = 2
    CALLING_AP_TITLE_NOT_RECOGNIZED = 3, "calling-AP-title-not-recognized"
    CALLING_AP_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 4, "calling-AP-invocation-identifier-not-recognized"
    CALLING_AE_QUALIFIER_NOT_RECOGNIZED = 5, "calling-AE-qualifier-not-recognized"
    CALLING_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 6, "calling-AE-invocation-identifier-not-recognized"
    CALLED_AP_TITLE_NOT_RECOGNIZED = 7, "called-AP-title-not-recognized"
    CALLED_AP_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 8, "called-AP-invocation-identifier-not-recognized"
    CALLED_AE_QUALIFIER_NOT_RECOGNIZED = 9, "called-AE-qualifier-not-recognized"
    CALLED_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 10, "called-AE-invocation-identifier-not-recognized"
    AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED = 11
    AUTHENTICATION_MECHANISM_NAME_REQUIRED = 12
    AUTHENTICATION_FAILURE = 13
    AUTHENTICATION_REQUIRED = 14


class AcseServiceProvider(CodedEnum):
    """acse-service-provider of result-source-diagnostic."""

    NULL = 0
    NO_REASON_GIVEN = 1
    NO_COMMON_ACSE_VERSION = 2


class Mechanism(CodedEnum):
    """Authentication mechanism: the last arc of mechanism-name."""

    LOWEST = 0, "lowest", "None"
    LLS = 1, "lls", "Low"
    HLS_MANUFACTURER = 2, "hls-manufacturer", "High"
    HLS_MD5 = 3, "hls-md5", "HighMd5"
    HLS_SHA1 = 4, "hls-sha1", "HighSha1"
    HLS_GMAC = 5, "hls-gmac", "HighGmac"
    HLS_SHA256 = 6, "hls-sha256", "HighSha256"
    HLS_ECDSA = 7, "hls-ecdsa", "HighEcdsa"

    @property
    def is_high_level(self) -> bool:
        """Whether four passes with two challenges follow (HLS)."""
        return self >= Mechanism.HLS_MANUFACTURER


class ApplicationContext(CodedEnum):
    """Application context: the last arc of application-context-name."""

    LN = 1, "logical-name-referencing", "LN"
    SN = 2, "short-name-referencing", "SN"
    LN_CIPHERED = 3, "logical-name-referencing-with-ciphering", "LN_WITH_CIPHERING"
    SN_CIPHERED = 4, "short-name-referencing-with-ciphering", "SN_WITH_CIPHERING"

    @property
    def uses_logical_names(self) -> bool:
        """Whether objects are referenced by logical name."""
        return self in {ApplicationContext.LN, ApplicationContext.LN_CIPHERED}

    @property
    def allows_ciphering(self) -> bool:
        """Whether ciphered APDUs are allowed."""
        return self in {ApplicationContext.LN_CIPHERED, ApplicationContext.SN_CIPHERED}


class ReleaseRequestReason(CodedEnum):
    """reason of the RLRQ."""

    NORMAL = 0
    URGENT = 1
    USER_DEFINED = 30


class ReleaseResponseReason(CodedEnum):
    """reason of the RLRE."""

    NORMAL = 0
    NOT_FINISHED = 1
    USER_DEFINED = 30


# --- ConfirmedServiceError: the service, the class of the error, the error of that class -------------------------------


class ConfirmedService(CodedEnum):
    """The service that a ConfirmedServiceError answers. COSEM uses 1, 5 and 6."""

    INITIATE_ERROR = 1, "initiateError"
    GET_STATUS = 2, "getStatus"
    GET_NAME_LIST = 3, "getNameList"
    GET_VARIABLE_ATTRIBUTE = 4, "getVariableAttribute"
    READ = 5, "read"
    WRITE = 6, "write"
    GET_DATA_SET_ATTRIBUTE = 7, "getDataSetAttribute"
    GET_TI_ATTRIBUTE = 8, "getTIAttribute"
    CHANGE_SCOPE = 9, "changeScope"
    START = 10
    STOP = 11
    RESUME = 12
    MAKE_USABLE = 13, "makeUsable"
    INITIATE_LOAD = 14, "initiateLoad"
    LOAD_SEGMENT = 15, "loadSegment"
    TERMINATE_LOAD = 16, "terminateLoad"
    INITIATE_UP_LOAD = 17, "initiateUpLoad"
    UP_LOAD_SEGMENT = 18, "upLoadSegment"
    TERMINATE_UP_LOAD = 19, "terminateUpLoad"


class ErrorClass(CodedEnum):
    """The class of a ConfirmedServiceError."""

    APPLICATION_REFERENCE = 0
    HARDWARE_RESOURCE = 1
    VDE_STATE_ERROR = 2
    SERVICE = 3
    DEFINITION = 4
    ACCESS = 5
    INITIATE = 6
    LOAD_DATA_SET = 7
    CHANGE_SCOPE = 8
    TASK = 9
    OTHER = 10


class ApplicationReferenceError(CodedEnum):
    """Errors of class application-reference."""

    OTHER = 0
    TIME_ELAPSED = 1
    APPLICATION_UNREACHABLE = 2
    APPLICATION_REFERENCE_INVALID = 3
    APPLICATION_CONTEXT_UNSUPPORTED = 4
    PROVIDER_COMMUNICATION_ERROR = 5
    DECIPHERING_ERROR = 6


class HardwareResourceError(CodedEnum):
    """Errors of class hardware-resource."""

    OTHER = 0
    MEMORY_UNAVAILABLE = 1
    PROCESSOR_RESOURCE_UNAVAILABLE = 2
    MASS_STORAGE_UNAVAILABLE = 3
    OTHER_RESOURCE_UNAVAILABLE = 4


class VdeStateError(CodedEnum):
    """Errors of class vde-state-error."""

    OTHER = 0
    NO_DLMS_CONTEXT = 1
    LOADING_DATA_SET = 2
    STATUS_NOCHANGE = 3
    STATUS_INOPERABLE = 4


class ServiceClassError(CodedEnum):
    """Errors of class service."""

    OTHER = 0
    PDU_SIZE = 1
    SERVICE_UNSUPPORTED = 2


class DefinitionError(CodedEnum):
    """Errors of class definition."""

    OTHER = 0
    OBJECT_UNDEFINED = 1
    OBJECT_CLASS_INCONSISTENT = 2
    OBJECT_ATTRIBUTE_INCONSISTENT = 3


class AccessError(CodedEnum):
    """Errors of class access."""

    OTHER = 0
    SCOPE_OF_ACCESS_VIOLATED = 1
    OBJECT_ACCESS_VIOLATED = 2, "object-access-violated", "ObjectAccessInvalid", "object-access-invalid", "ObjectAccessViolated"
    HARDWARE_FAULT = 3
    OBJECT_UNAVAILABLE = 4


class InitiateError(CodedEnum):
    """Errors of class initiate."""

    OTHER = 0
    DLMS_VERSION_TOO_LOW = 1
    INCOMPATIBLE_CONFORMANCE = 2
    PDU_SIZE_TOO_SHORT = 3
    REFUSED_BY_THE_VDE_HANDLER = 4, "refused-by-the-VDE-Handler", "RefusedByTheVDEHandler"


class LoadDataSetError(CodedEnum):
    """Errors of class load-data-set."""

    OTHER = 0
    PRIMITIVE_OUT_OF_SEQUENCE = 1
    NOT_LOADABLE = 2
    DATASET_SIZE_TOO_LARGE = 3
    NOT_AWAITED_SEGMENT = 4
    INTERPRETATION_FAILURE = 5
    STORAGE_FAILURE = 6
    DATA_SET_NOT_READY = 7


class TaskError(CodedEnum):
    """Errors of class task."""

    OTHER = 0
    NO_REMOTE_CONTROL = 1
    TI_STOPPED = 2, "ti-stopped", "tiStopped"
    TI_RUNNING = 3, "ti-running", "tiRunning"
    TI_UNUSABLE = 4, "ti-unusable", "tiUnusable"


ERRORS_OF_CLASS: MappingProxyType[int, type[CodedEnum]] = MappingProxyType(
    {
        ErrorClass.APPLICATION_REFERENCE: ApplicationReferenceError,
        ErrorClass.HARDWARE_RESOURCE: HardwareResourceError,
        ErrorClass.VDE_STATE_ERROR: VdeStateError,
        ErrorClass.SERVICE: ServiceClassError,
        ErrorClass.DEFINITION: DefinitionError,
        ErrorClass.ACCESS: AccessError,
        ErrorClass.INITIATE: InitiateError,
        ErrorClass.LOAD_DATA_SET: LoadDataSetError,
        ErrorClass.TASK: TaskError,
    }
)
"""The errors of each class of a ConfirmedServiceError; change-scope and other have none."""


def confirmed_service_error_label(service: int, error_class: int, error: int) -> str:
    """``initiateError: initiate: dlms-version-too-low``; numbers without a name are shown as ``unknown(n)``."""
    errors = ERRORS_OF_CLASS.get(error_class)
    what = label_of(errors, error) if errors else str(error)
    return f"{label_of(ConfirmedService, service)}: {label_of(ErrorClass, error_class)}: {what}"
