"""Messages over the WebSocket: text JSON with a `type` each.

Two generations of clients read them. Each field that the older one does not know is left out
where it has nothing to say, and numbers it takes for integers are integers: a duration of `12.0`
would make it refuse the whole message. Fields and types that a reader does not know are ignored.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

__all__ = [
    "CancelRequest",
    "CancelResponse",
    "ClientMessage",
    "Completed",
    "DestinationCompleted",
    "ErrorMessage",
    "ExecutionError",
    "ExecutionRequest",
    "ExecutionResponse",
    "ExecutionSucceeded",
    "ExecutorMessage",
    "Gap",
    "MessageProblem",
    "OutputChunk",
    "OutputEnd",
    "OutputKind",
    "OutputStart",
    "Payload",
    "ProgressEvent",
    "ProgressUpdate",
    "QueuePosition",
    "SourceRegistered",
    "StageCompleted",
    "StageOutput",
    "StageStarted",
    "Started",
]

OutputKind = Literal["show", "explain", "explain_analyze", "schema"]


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """Base of everything with a `type`."""


# From a client to an executor.


class ExecutionRequest(_Message, frozen=True, kw_only=True, tag="execution_request"):
    """Run this pipeline, whose parameters are filled in; references to secrets stay references."""

    pipeline: msgspec.Raw
    """The pipeline as JSON; what is in it is for the validation to say."""
    detail: bool = False
    """Whether `progress_update` is to bring the run's own events in `detail`, and a `gap` where
    messages were left out. Clients that do not ask get neither, nor progress without `event`."""


class CancelRequest(_Message, frozen=True, kw_only=True, tag="cancel_request"):
    """Stop a run, or take it out of the queue."""

    execution_id: str


ClientMessage: TypeAlias = ExecutionRequest | CancelRequest


# What a run goes through, in `progress_update`.


class Started(_Message, frozen=True, kw_only=True, tag="started"):
    """The run has begun."""


class SourceRegistered(_Message, frozen=True, kw_only=True, tag="source_registered"):
    """A source was opened."""

    name: str
    bytes: int | None = None


class StageStarted(_Message, frozen=True, kw_only=True, tag="stage_started"):
    """A stage begins: `position` is its group, `sub_position` its place there, from 0."""

    name: str
    position: int
    sub_position: int


class StageCompleted(_Message, frozen=True, kw_only=True, tag="stage_completed"):
    """A stage is done."""

    name: str
    position: int
    sub_position: int
    duration_ms: int
    rows: int | None = None
    bytes: int | None = None


class DestinationCompleted(_Message, frozen=True, kw_only=True, tag="destination_completed"):
    """The destination has committed."""

    rows: int | None = None
    bytes: int | None = None


class Completed(_Message, frozen=True, kw_only=True, tag="completed"):
    """Everything is done; `execution_succeeded` follows."""

    duration_ms: int
    rows: int | None = None


ProgressEvent: TypeAlias = (
    Started | SourceRegistered | StageStarted | StageCompleted | DestinationCompleted | Completed
)


# What stages were asked to show, in `stage_output`.


class OutputStart(_Message, frozen=True, kw_only=True, tag="output_start"):
    """An output begins; the chunks of others may come between its own."""

    output_header: str
    kind: OutputKind | None = None
    position: int | None = None
    sub_position: int | None = None
    columns: tuple[str, ...] | None = None
    """Of a table, whose rows then come in the chunks beside their text."""
    types: tuple[str, ...] | None = None


class OutputChunk(_Message, frozen=True, kw_only=True, tag="output_chunk"):
    """The next part of the text; a line, or even a row, may be cut anywhere."""

    sequence: int
    body: str
    rows: tuple[tuple[str | None, ...], ...] = ()
    """The rows of the table whose text begins in this chunk."""


class OutputEnd(_Message, frozen=True, kw_only=True, tag="output_end"):
    """The output is complete."""

    output_footer: str
    has_more: bool = False
    """Whether rows were left out."""


Payload: TypeAlias = OutputStart | OutputChunk | OutputEnd


# From an executor to a client.


class ExecutionResponse(_Message, frozen=True, kw_only=True, tag="execution_response"):
    """The request was accepted, and this is what the run is called from now on."""

    execution_id: str


class QueuePosition(_Message, frozen=True, kw_only=True, tag="queue_position"):
    """How many runs are before this one in the queue: 0 is next."""

    execution_id: str
    position: int


class ProgressUpdate(_Message, frozen=True, kw_only=True, tag="progress_update"):
    """Something happened; `progress` is 0 to 100 and never falls."""

    execution_id: str
    progress: int
    event: ProgressEvent | None = None
    """None for what older clients have no word for; they are not sent such a message."""
    detail: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    """An event of `aqueducts.events` as JSON, for clients that asked for it."""


class StageOutput(_Message, frozen=True, kw_only=True, tag="stage_output"):
    """A part of what a stage was asked to show."""

    execution_id: str
    stage_name: str
    payload: Payload


class ExecutionSucceeded(_Message, frozen=True, kw_only=True, tag="execution_succeeded"):
    """The run is over, its result in place."""

    execution_id: str


class MessageProblem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong with a pipeline, at its place in it."""

    message: str
    path: tuple[str | int, ...] = ()
    code: str = "problem"
    help: str | None = None
    note: str | None = None


class ExecutionError(_Message, frozen=True, kw_only=True, tag="execution_error"):
    """The run is over and has failed. Older clients read `message` only."""

    execution_id: str
    message: str
    code: str = "run"
    """Slug of the kind of error, as `aqueducts explain` knows it."""
    state: str = "failed"
    """How the run ended, in the words of `RunState`."""
    hint: str | None = None
    note: str | None = None
    step: str | None = None
    """Name of the source, stage or destination that failed."""
    path: tuple[str | int, ...] | None = None
    """What of the pipeline failed, such as `("sources", 0, "location")`."""
    problem_code: str | None = None
    """Of an error in a query: what is wrong with it."""
    subject: tuple[str, str] | None = None
    """Of an error in a query: kind and name of what is wrong there, as in `QueryError`."""
    problems: tuple[MessageProblem, ...] = ()
    """Everything that is wrong with a pipeline that was refused."""


class CancelResponse(_Message, frozen=True, kw_only=True, tag="cancel_response"):
    """The run was cancelled and nothing of it is at work any more."""

    execution_id: str


class ErrorMessage(_Message, frozen=True, kw_only=True, tag="error"):
    """A message that could not be understood, or named a run that is not there."""

    message: str


class Gap(_Message, frozen=True, kw_only=True, tag="gap"):
    """Messages were left out, since the client reads too slowly; never the last one of a run."""

    execution_id: str
    missed: int


ExecutorMessage: TypeAlias = (
    ExecutionResponse
    | QueuePosition
    | ProgressUpdate
    | StageOutput
    | ExecutionSucceeded
    | ExecutionError
    | CancelResponse
    | ErrorMessage
    | Gap
)
