"""What a run tells while it goes on: one ordered stream of frozen events.

The same events feed the console, JSON logs and every remote view of a run, so they hold plain
data only: numbers, names and text in which secrets are already masked.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

__all__ = [
    "DestinationCommitting",
    "DestinationCompleted",
    "DestinationStarted",
    "Event",
    "MemoryUse",
    "Notice",
    "OutputTable",
    "Progress",
    "Replanned",
    "RunAccepted",
    "RunCancelled",
    "RunCompleted",
    "RunFailed",
    "RunQueued",
    "RunStarted",
    "SourceRegistered",
    "StageCompleted",
    "StageOutput",
    "StageStarted",
]


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """Base of all events."""


class RunAccepted(_Event, frozen=True, kw_only=True, tag="accepted"):
    """An executor has taken the run on; only of runs elsewhere."""

    execution_id: str
    """What the executor calls the run."""


class RunQueued(_Event, frozen=True, kw_only=True, tag="queued"):
    """The run waits for others on its executor; only of runs elsewhere."""

    position: int
    """How many runs that wait as well are before it: 0 is next."""


class RunStarted(_Event, frozen=True, kw_only=True, tag="started"):
    """The run has an identity and begins."""

    run_id: str
    pipeline: str | None = None
    """Path of the pipeline file, where there is one."""
    sources: tuple[str, ...] = ()
    stages: tuple[tuple[str, ...], ...] = ()
    """Stage names, one tuple per group."""
    destination: str | None = None


class SourceRegistered(_Event, frozen=True, kw_only=True, tag="source_registered"):
    """A source was opened; no data has been read but what its schema needed."""

    name: str
    duration_ms: float = 0.0
    files: int | None = None
    size_bytes: int | None = None
    """Bytes at the source, where it can tell."""


class StageStarted(_Event, frozen=True, kw_only=True, tag="stage_started"):
    """A stage begins. `position` is the group, `sub_position` the place in the group, from 0."""

    name: str
    position: int
    sub_position: int


class StageCompleted(_Event, frozen=True, kw_only=True, tag="stage_completed"):
    """A stage is done: planned into the stream (`is_lazy`), or materialised with `rows`."""

    name: str
    position: int
    sub_position: int
    duration_ms: float
    is_lazy: bool = True
    rows: int | None = None
    size_bytes: int | None = None
    reason: str | None = None
    """Why the stage was materialised."""


class OutputTable(msgspec.Struct, frozen=True, kw_only=True):
    """Rows as text, for people. `None` is a null."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    has_more: bool = False
    """Whether rows were left out."""


class StageOutput(_Event, frozen=True, kw_only=True, tag="stage_output"):
    """What `show`, `explain`, `explain_analyze` or `print_schema` asked for."""

    name: str
    position: int
    sub_position: int
    kind: Literal["show", "explain", "explain_analyze", "schema"]
    text: str | None = None
    table: OutputTable | None = None


class Progress(_Event, frozen=True, kw_only=True, tag="progress"):
    """Counters of one step so far: at most a few times a second, and the final ones of sources."""

    step: Literal["source", "stage", "destination"]
    name: str
    rows: int | None = None
    size_bytes: int | None = None


class Replanned(_Event, frozen=True, kw_only=True, tag="replanned"):
    """The memory budget was used up; the step runs once more with another plan."""

    step: str
    operator: str
    """As the engine calls it."""
    change: str
    words: str | None = None
    """The operator as a user would call it, where the engine can tell."""


class MemoryUse(_Event, frozen=True, kw_only=True, tag="memory"):
    """More than half of the memory limit is used; told again when more is, or elsewhere."""

    resident_bytes: int
    limit_bytes: int
    step: str | None = None
    """Name of the stage whose query uses most, as far as the engine can tell."""
    operator: str | None = None
    words: str | None = None
    """The operator as a user would call it."""
    can_spill: bool = True
    """Whether the operator goes to disk where it has too little."""


class Notice(_Event, frozen=True, kw_only=True, tag="notice"):
    """Something the user should know that does not end the run."""

    message: str
    code: str = "notice"


class DestinationStarted(_Event, frozen=True, kw_only=True, tag="destination_started"):
    """Data begins to flow into the destination."""

    name: str
    location: str | None = None


class DestinationCommitting(_Event, frozen=True, kw_only=True, tag="destination_committing"):
    """The destination is about to commit, and a second attempt at the run would do so again.

    Destinations that can be written twice without harm do not tell this.
    """

    name: str


class DestinationCompleted(_Event, frozen=True, kw_only=True, tag="destination_completed"):
    """The destination has committed."""

    name: str
    duration_ms: float
    rows: int | None = None
    size_bytes: int | None = None
    files: int | None = None
    location: str | None = None


class RunCompleted(_Event, frozen=True, kw_only=True, tag="completed"):
    """The run succeeded."""

    duration_ms: float
    rows: int | None = None
    peak_memory_bytes: int | None = None


class RunFailed(_Event, frozen=True, kw_only=True, tag="failed"):
    """The run failed; nothing was written, unless the code is `commit-unknown` or `commit-lost`."""

    code: str
    message: str
    duration_ms: float
    step: str | None = None


class RunCancelled(_Event, frozen=True, kw_only=True, tag="cancelled"):
    """The run was cancelled; nothing was written to the destination."""

    duration_ms: float


Event: TypeAlias = (
    RunAccepted
    | RunQueued
    | RunStarted
    | SourceRegistered
    | StageStarted
    | StageCompleted
    | StageOutput
    | Progress
    | Replanned
    | MemoryUse
    | Notice
    | DestinationStarted
    | DestinationCommitting
    | DestinationCompleted
    | RunCompleted
    | RunFailed
    | RunCancelled
)
