"""Errors that travel."""

from __future__ import annotations

import pytest

import aqueducts
from aqueducts import errors
from aqueducts.protocol import decode_executor_message, encode, error_of, execution_error, messages


def again(error: errors.AqueductsError) -> errors.AqueductsError:
    """The error after it went over the wire."""
    message = decode_executor_message(encode(execution_error("id", error)))
    assert isinstance(message, messages.ExecutionError)
    return error_of(message)


@pytest.mark.parametrize(
    "kind",
    [
        errors.RunError,
        errors.SourceError,
        errors.DestinationError,
        errors.StorageError,
        errors.SecretError,
        errors.MissingPluginError,
        errors.RunCrashedError,
        errors.RunKilledError,
        errors.RunTimedOutError,
        errors.ExecutorBusyError,
    ],
)
def test_errors_keep_their_class_and_words(kind: type[errors.AqueductsError]) -> None:
    """So that the exit code and the page are those of the error where it happened."""
    error = kind("not there", hint="look again")
    error.step, error.path, error.note = "people", ("sources", 0), "errno 2"
    received = again(error)
    assert type(received) is kind
    assert (received.message, received.hint, received.note) == (
        "not there",
        "look again",
        "errno 2",
    )
    assert (received.step, received.path) == ("people", ("sources", 0))


def test_errors_in_queries_know_what_they_are_about() -> None:
    """Which is what their place in the file is found by."""
    error = errors.QueryError(
        "no column nme", problem_code="unknown-column", subject=("column", "nme"), hint="name?"
    )
    received = again(error)
    assert isinstance(received, errors.QueryError)
    assert (received.problem_code, received.subject) == ("unknown-column", ("column", "nme"))


def test_a_pipeline_that_is_refused_keeps_all_its_problems() -> None:
    """Places in a file are for the client to find."""
    with pytest.raises(errors.PipelineError) as caught:
        aqueducts.Pipeline.from_dict({"sources": [{"type": "file", "nme": 1}], "stages": 3})
    received = again(caught.value)
    assert isinstance(received, errors.ValidationProblem)
    assert [each.message for each in received.problems] == [
        each.message for each in caught.value.problems
    ]
    paths = [getattr(each, "path", None) for each in received.problems]
    assert paths == [getattr(each, "path", None) for each in caught.value.problems]
    assert ("stages",) in paths


def test_memory_that_ran_out_is_that_again() -> None:
    """Whatever the operator was."""
    received = again(errors.OutOfMemoryError("too much", operator="HashJoinExec", hint="less"))
    assert isinstance(received, errors.OutOfMemoryError)


def test_errors_of_older_executors_are_runs_that_failed() -> None:
    """They send a text."""
    received = error_of(messages.ExecutionError(execution_id="id", message="something broke"))
    assert (type(received), received.message) == (errors.RunError, "something broke")


def test_unknown_codes_are_runs_that_failed() -> None:
    """A plugin may have errors of its own there."""
    message = messages.ExecutionError(execution_id="id", message="no", code="weather")
    assert type(error_of(message)) is errors.RunError
