"""Enumerations: numbers and names, compared with those of a foreign implementation."""

from __future__ import annotations

import inspect

import pytest
from gurux_dlms.enums import AssociationResult as ForeignAssociationResult
from gurux_dlms.enums import Authentication, ErrorCode, SourceDiagnostic
from gurux_dlms.enums import ExceptionServiceError as ForeignServiceError
from gurux_dlms.enums import StateError as ForeignStateError
from gurux_dlms.ServiceError import ServiceError as ForeignErrorClass
from gurux_dlms.TranslatorSimpleTags import TranslatorSimpleTags
from gurux_dlms.TranslatorStandardTags import TranslatorStandardTags

from dlmskit.types import enums
from dlmskit.types.enums import (
    ERRORS_OF_CLASS,
    AcseServiceUser,
    ActionResult,
    ApplicationContext,
    AssociationResult,
    CodedEnum,
    DataAccessResult,
    ErrorClass,
    Mechanism,
    ServiceErrorCode,
    StateError,
    confirmed_service_error_label,
    label_of,
    member_named,
    member_or_int,
)

SIMPLE = TranslatorSimpleTags
STANDARD = TranslatorStandardTags
ALL = [kind for _, kind in inspect.getmembers(enums, inspect.isclass) if issubclass(kind, CodedEnum) and kind is not CodedEnum]


@pytest.mark.parametrize("result", DataAccessResult)
def test_data_access_results_are_named_as_the_foreign_translator_names_them(result):
    assert result.label == STANDARD.errorCodeToString(ErrorCode(result.value))
    assert result.simple == SIMPLE.errorCodeToString(ErrorCode(result.value))


def test_every_foreign_data_access_result_is_known():
    assert {code.value for code in ErrorCode if code.value >= 0} == {result.value for result in DataAccessResult}


@pytest.mark.parametrize("error_class", list(ERRORS_OF_CLASS))
def test_confirmed_service_errors_are_named_as_the_foreign_translator_names_them(error_class):
    # There task is 8, the number of change-scope in the ASN.1.
    foreign = ForeignErrorClass.TASK if error_class == ErrorClass.TASK else ForeignErrorClass(error_class)
    assert ErrorClass(error_class).simple == SIMPLE.serviceErrorToString(foreign)
    assert ErrorClass(error_class).label == STANDARD.serviceErrorToString(foreign)
    for error in ERRORS_OF_CLASS[error_class]:
        assert error.simple == SIMPLE.getServiceErrorValue(foreign, error.value)
        assert error.label == STANDARD.getServiceErrorValue(foreign, error.value)


def test_exception_response_errors_are_named_as_the_foreign_translator_names_them():
    for state in StateError:
        foreign = ForeignStateError(state.value)
        assert (state.label, state.simple) == (STANDARD.stateErrorToString(foreign), SIMPLE.stateErrorToString(foreign))
    for error in list(ServiceErrorCode)[:3]:  # 4 to 6 have no name there
        named = ForeignServiceError(error.value)
        assert error.label == STANDARD.exceptionServiceErrorToString(named)
        assert error.simple == SIMPLE.exceptionServiceErrorToString(named)


@pytest.mark.parametrize(
    ("ours", "foreign"),
    [(AcseServiceUser, SourceDiagnostic), (Mechanism, Authentication), (AssociationResult, ForeignAssociationResult)],
)
def test_numbers_agree_with_the_foreign_enumeration(ours, foreign):
    assert {member.value for member in ours} == {member.value for member in foreign}


@pytest.mark.parametrize("kind", ALL)
def test_every_name_of_a_member_reads_back_in_any_case(kind):
    for member in kind:
        for name in (member.label, member.simple, member.name, *member.aliases):
            assert member_named(kind, name) is member_named(kind, name.upper()) is member
    names = [name for member in kind for name in {member.label.casefold(), member.simple.casefold()}]
    assert len(names) == len(set(names)), "two members share a name"


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("UndefinedObject", DataAccessResult.OBJECT_UNDEFINED),
        ("ObjectUndefined", DataAccessResult.OBJECT_UNDEFINED),
        ("AccessViolated", DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
        ("ScopeOfAccessViolated", DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
        ("ObjectClassInconsistent", DataAccessResult.OBJECT_CLASS_INCONSISTENT),
        ("InconsistentClass", DataAccessResult.OBJECT_CLASS_INCONSISTENT),
        ("TypeUnmatched", DataAccessResult.TYPE_UNMATCHED),
        ("LongGetAborted", DataAccessResult.LONG_GET_ABORTED),
        ("read-write-denied", DataAccessResult.READ_WRITE_DENIED),
        ("no-such-result", None),
    ],
)
def test_names_of_results_that_are_read(name, result):
    assert member_named(DataAccessResult, name) is result


def test_a_number_without_a_name_stays_a_number():
    assert member_or_int(DataAccessResult, 3) is DataAccessResult.READ_WRITE_DENIED
    unknown = member_or_int(DataAccessResult, 5)
    assert unknown == 5
    assert type(unknown) is int
    assert label_of(DataAccessResult, 5) == "unknown(5)"
    assert label_of(ActionResult, 250) == "other-reason"


def test_results_of_get_and_action_part_after_14():
    shared = {result.value: result.label for result in DataAccessResult if result <= 14}
    assert shared == {result.value: result.label for result in ActionResult if result <= 14}
    assert ActionResult(15).label == "long-action-aborted"
    assert DataAccessResult(15).label == "long-get-aborted"


@pytest.mark.parametrize(
    ("service", "error_class", "error", "text"),
    [
        (1, 6, 1, "initiateError: initiate: dlms-version-too-low"),
        (5, 5, 2, "read: access: object-access-violated"),
        (1, 10, 0, "initiateError: other: 0"),
        (1, 200, 7, "initiateError: unknown(200): 7"),
        (99, 0, 99, "unknown(99): application-reference: unknown(99)"),
    ],
)
def test_confirmed_service_error_in_words(service, error_class, error, text):
    assert confirmed_service_error_label(service, error_class, error) == text


def test_application_contexts_and_mechanisms_know_what_they_mean():
    assert [context.uses_logical_names for context in ApplicationContext] == [True, False, True, False]
    assert [context.allows_ciphering for context in ApplicationContext] == [False, False, True, True]
    assert [mechanism.is_high_level for mechanism in Mechanism] == [False, False, *[True] * 6]
