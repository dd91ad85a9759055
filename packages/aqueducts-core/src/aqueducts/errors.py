"""Every error that Aqueducts raises on purpose.

AqueductsError                   code, message, hint
 |- PipelineError                the file is wrong; carries all problems found
 |   |- SyntaxProblem            not YAML, JSON or TOML
 |   |- TemplateError            parameters missing, unknown or malformed
 |   |- ValidationProblem        keys and values that the models refuse
 |   |- ConnectionProblem        sources and a destination that cannot be reached
 |   `- PlanError                names, references, SQL and types that do not fit
 |- PluginError
 |   |- MissingPluginError       a type, scheme or format that nothing installed serves
 |   |- PluginLoadError          installed, but it cannot be imported
 |   `- PluginConflictError      two distributions claim one name
 |- AccessError                  a file, host or secret that the run may not use
 |- SecretError                  a reference that cannot be resolved
 |- StorageError                 a location that cannot be read or written
 |- ExecutorError                a run elsewhere that nothing more is heard of
 |   |- ExecutorUnreachableError no executor there, or none that answers
 |   |- ConnectionLostError      the connection ended before the run
 |   |- ExecutorBusyError        it takes no more runs at present
 |   |- NotAuthorisedError       it does not know the key
 |   |- UnknownRunError          it does not know the run
 |   `- ProtocolError            what came is no message of an executor or a client
 `- RunError
     |- SourceError
     |- StageError
     |- DestinationError
     |   `- CommitLostError  the connection was lost while it committed
     |- RunTimedOutError         took longer than the executor allows
     |- RunKilledError           ended for its memory
     |- RunCrashedError          its process ended by itself
     `- EngineError
         |- QueryError           a query that does not fit its tables, or one value in it
         `- OutOfMemoryError     the operator budget is used up
             `- CommitUnknownError  the process was ended while it committed
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

__all__ = [
    "AccessError",
    "AqueductsError",
    "CommitLostError",
    "CommitUnknownError",
    "ConnectionLostError",
    "ConnectionProblem",
    "DestinationError",
    "EngineError",
    "ExecutorBusyError",
    "ExecutorError",
    "ExecutorUnreachableError",
    "MissingPluginError",
    "NotAuthorisedError",
    "OutOfMemoryError",
    "PipelineError",
    "PlanError",
    "PluginConflictError",
    "PluginError",
    "PluginLoadError",
    "ProtocolError",
    "QueryError",
    "RunCrashedError",
    "RunError",
    "RunKilledError",
    "RunTimedOutError",
    "SecretError",
    "SourceError",
    "StageError",
    "StorageError",
    "SyntaxProblem",
    "TemplateError",
    "UnknownRunError",
    "ValidationProblem",
]


class ProblemLike(Protocol):
    """What an error needs to know of a `diagnostics.Problem`."""

    @property
    def message(self) -> str: ...
    @property
    def file(self) -> str | None: ...
    @property
    def line(self) -> int | None: ...
    @property
    def column(self) -> int | None: ...
    @property
    def help(self) -> str | None: ...


class AqueductsError(Exception):
    """Base of all errors raised on purpose: what is wrong, and what to do about it."""

    code: ClassVar[str] = "error"
    """Stable slug of this kind of error, on the wire and in the documents."""

    exit_code: ClassVar[int] = 1
    """What the command returns when this error ends it."""

    def __init__(self, message: str, *, hint: str | None = None, step: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.note: str | None = None
        """What more is known, such as the words of the engine."""
        self.step = step
        """Name of the source, stage or destination that failed, where a run knows it."""
        self.path: tuple[str | int, ...] | None = None
        """What of the pipeline failed, such as `("sources", 0, "location")`."""
        self.problem: ProblemLike | None = None
        """This error at its place in the pipeline's file, where a run knows it."""

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n  help: {self.hint}"


class PipelineError(AqueductsError):
    """A pipeline file that cannot be used; `problems` holds everything found in it."""

    code = "invalid-pipeline"
    exit_code = 2

    def __init__(self, problems: Sequence[ProblemLike]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(_one_line(problem) for problem in self.problems))


class SyntaxProblem(PipelineError):
    """The text is not valid YAML, JSON or TOML."""

    code = "syntax"


class TemplateError(PipelineError):
    """Parameters are missing, unknown or malformed."""

    code = "template"


class ValidationProblem(PipelineError):
    """Keys or values that the pipeline format does not allow."""

    code = "validation"


class ConnectionProblem(PipelineError):
    """Sources that cannot be opened, or a destination that cannot be written: all of them."""

    code = "connection"
    exit_code = 69


class PlanError(PipelineError):
    """Names, references, SQL or types that do not fit together."""

    code = "plan"


class PluginError(AqueductsError):
    """Something about an installed or missing plugin."""

    code = "plugin"
    exit_code = 2


class MissingPluginError(PluginError):
    """A type, scheme or format that no installed plugin serves."""

    code = "missing-plugin"


class PluginLoadError(PluginError):
    """A plugin is installed and cannot be imported."""

    code = "plugin-load"


class PluginConflictError(PluginError):
    """Two distributions claim the same name."""

    code = "plugin-conflict"


class AccessError(AqueductsError):
    """A file, host or secret that a run may not use where it runs."""

    code = "access"
    exit_code = 77


class SecretError(AqueductsError):
    """A secret reference that cannot be resolved."""

    code = "secret"


class StorageError(AqueductsError):
    """A location that cannot be listed, read or written."""

    code = "storage"


class ExecutorError(AqueductsError):
    """An executor that does not do what it was asked; what became of a run, it may not say."""

    code = "executor"


class ExecutorUnreachableError(ExecutorError):
    """Nobody answers at the address, or not as an executor does."""

    code = "executor-unreachable"
    exit_code = 69


class ConnectionLostError(ExecutorError):
    """The connection ended before the run did."""

    code = "connection-lost"
    exit_code = 69


class ExecutorBusyError(ExecutorError):
    """The executor takes no more runs at present."""

    code = "executor-busy"
    exit_code = 75


class NotAuthorisedError(ExecutorError):
    """The executor refuses the key, or there is none."""

    code = "not-authorised"
    exit_code = 77


class UnknownRunError(ExecutorError):
    """The executor knows no run of that id."""

    code = "unknown-run"


class ProtocolError(ExecutorError):
    """Something came that is no message of the protocol."""

    code = "protocol"


class RunError(AqueductsError):
    """A run that failed; names the step it failed in."""

    code = "run"


class SourceError(RunError):
    """A source that cannot be opened or read."""

    code = "source"


class StageError(RunError):
    """A stage whose query failed."""

    code = "stage"


class DestinationError(RunError):
    """A destination that refused the result; what was there before is untouched."""

    code = "destination"


class RunTimedOutError(RunError):
    """A run that took longer than its executor allows."""

    code = "timed-out"


class RunKilledError(RunError):
    """A run whose process was ended, since it took more memory than it may."""

    code = "oom-killed"


class RunCrashedError(RunError):
    """A run whose process ended by itself, as by a fault in a driver."""

    code = "crashed"


class CommitLostError(DestinationError):
    """The connection was lost while it committed: everything was written, or nothing."""

    code = "commit-lost"


class EngineError(RunError):
    """The engine failed while running a query."""

    code = "engine"


class QueryError(EngineError):
    """A query that the engine refuses, or a value in it, and what of the query that is."""

    code = "sql"

    def __init__(
        self,
        message: str,
        *,
        problem_code: str = "sql",
        subject: tuple[str, str] | None = None,
        hint: str | None = None,
        note: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.problem_code = problem_code
        """Code of the problem that this is in a pipeline file."""
        self.subject = subject
        """Kind and name of what it is about, as in `query_words.Subject`."""
        self.note = note


class OutOfMemoryError(EngineError):
    """An operator needed more than the memory budget and could not spill."""

    code = "out-of-memory"

    def __init__(
        self,
        message: str,
        *,
        operator: str,
        hint: str | None = None,
        step: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, step=step)
        self.operator = operator
        self.words: str | None = None
        """The operator as a user would call it, where the engine can tell."""
        self.is_hopeless = False
        """Whether no other plan needs less, so that another attempt would be the same."""


class CommitUnknownError(OutOfMemoryError):
    """The process of a run was ended for its memory, and the destination may have committed."""

    code = "commit-unknown"


def _one_line(problem: ProblemLike) -> str:
    place = ":".join(
        str(part) for part in (problem.file, problem.line, problem.column) if part is not None
    )
    text = f"{place}: {problem.message}" if place else problem.message
    return f"{text} ({problem.help})" if problem.help else text
