"""Errors of runs as messages, and back again as the errors they were."""

from __future__ import annotations

from aqueducts import errors
from aqueducts.diagnostics import Problem
from aqueducts.protocol.bodies import RunState
from aqueducts.protocol.messages import ExecutionError, MessageProblem

__all__ = ["error_of", "execution_error", "message_problem", "problem_of"]


def execution_error(
    execution_id: str, error: errors.AqueductsError, *, state: RunState = "failed"
) -> ExecutionError:
    """The last message of a run that failed. The error must be masked already."""
    query_error = error if isinstance(error, errors.QueryError) else None
    problems = error.problems if isinstance(error, errors.PipelineError) else ()
    return ExecutionError(
        execution_id=execution_id,
        message=error.message,
        code=error.code,
        state=state,
        hint=error.hint,
        note=error.note,
        step=error.step,
        path=error.path,
        problem_code=None if query_error is None else query_error.problem_code,
        subject=None if query_error is None else query_error.subject,
        problems=tuple(message_problem(each) for each in problems),
    )


def message_problem(problem: errors.ProblemLike) -> MessageProblem:
    """A problem of a pipeline without its place in a file, which the executor does not have."""
    return MessageProblem(
        message=problem.message,
        path=getattr(problem, "path", ()),
        code=getattr(problem, "code", "problem"),
        help=problem.help,
        note=getattr(problem, "note", None),
    )


def error_of(message: ExecutionError) -> errors.AqueductsError:
    """The error that a run failed with, to be raised here: of the same class where it is known."""
    error = _made(message)
    error.note = message.note
    error.step = message.step
    error.path = message.path
    return error


def _made(message: ExecutionError) -> errors.AqueductsError:
    kind = _classes().get(message.code, errors.RunError)
    if issubclass(kind, errors.PipelineError):
        return kind([problem_of(each) for each in message.problems] or [_whole(message)])
    if kind is errors.QueryError:
        return errors.QueryError(
            message.message,
            problem_code=message.problem_code or message.code,
            subject=message.subject,
            hint=message.hint,
        )
    if kind is errors.OutOfMemoryError:
        return errors.OutOfMemoryError(message.message, operator="", hint=message.hint)
    return kind(message.message, hint=message.hint)


def _whole(message: ExecutionError) -> Problem:
    return Problem(message.code, message.message, help=message.hint)


def problem_of(problem: MessageProblem) -> Problem:
    """A problem that came over the wire, without a place in a file."""
    return Problem(
        problem.code, problem.message, help=problem.help, note=problem.note, path=problem.path
    )


def _classes() -> dict[str, type[errors.AqueductsError]]:
    found = [getattr(errors, name) for name in errors.__all__]
    return {kind.code: kind for kind in found}
