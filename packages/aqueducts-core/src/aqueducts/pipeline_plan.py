"""What a run of a pipeline would do, as data."""

from __future__ import annotations

from typing import Literal

import msgspec

from aqueducts.plan_facts import HeldRows, SourceScan, TargetChange

__all__ = [
    "Changes",
    "Column",
    "DestinationPlan",
    "MemoryEstimate",
    "PipelinePlan",
    "PlannedQuery",
    "SourcePlan",
    "StagePlan",
]

SCHEMA_VERSION = 1
"""Grows when a field changes its meaning or goes away; new fields leave it as it is."""


class Column(msgspec.Struct, frozen=True):
    """A column and its type, by the names that schemas in pipeline files use."""

    name: str
    type: str


class SourcePlan(msgspec.Struct, frozen=True, kw_only=True):
    """A source, and what is there to be read."""

    name: str
    type: str
    location: str | None = None
    """As it stands in the file: secrets are not resolved in it."""
    columns: tuple[Column, ...] = ()
    files: int | None = None
    """Files that are there; None where the source is no files."""
    size_bytes: int | None = None
    is_rereadable: bool = True
    kept: str | None = None
    """Why all of it is read once and kept before the stages; None where it is not."""


class StagePlan(msgspec.Struct, frozen=True, kw_only=True):
    """A stage, and how it is run."""

    name: str
    group: int
    """From 0."""
    reads: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    execution: Literal["streamed", "kept", "unused"] = "streamed"
    """Computed as part of those who read it; computed once and kept; or never computed."""
    reason: str | None = None
    """Why it is kept, or unused."""


class PlannedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """One query that the engine runs from its sources to its end."""

    table: str
    """The stage or source whose rows it computes."""
    purpose: Literal["result", "keep", "show", "explain_analyze"]
    """What they are computed for: the destination, later queries, or to be printed."""
    is_described: bool = True
    """False where the engine cannot tell what it reads and holds."""
    scans: tuple[SourceScan, ...] = ()
    held: tuple[HeldRows, ...] = ()


class DestinationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The destination, and what becomes of what is there."""

    name: str
    type: str
    location: str | None = None
    """As it stands in the file."""
    change: TargetChange | None = None
    """None where the destination cannot tell."""


class MemoryEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is expected to take. An estimate, and not a promise."""

    low_bytes: int | None = None
    """With the rows that are likely to be held; None where nothing can be said."""
    high_bytes: int | None = None
    """With all rows that may have to be held."""
    is_complete: bool = False
    """False where operators hold numbers of rows that nobody knows."""
    limit_bytes: int | None = None
    """The limit that the run would be given."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a run would change what is there, as far as that can be told without running."""

    is_pending: bool
    reasons: tuple[str, ...] = ()


class PipelinePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would do."""

    schema_version: int = SCHEMA_VERSION
    pipeline: str | None = None
    """The file it comes from."""
    sources: tuple[SourcePlan, ...] = ()
    stages: tuple[StagePlan, ...] = ()
    queries: tuple[PlannedQuery, ...] = ()
    """In the order in which they run."""
    destination: DestinationPlan | None = None
    memory: MemoryEstimate = msgspec.field(default_factory=MemoryEstimate)
    changes: Changes = msgspec.field(default_factory=lambda: Changes(is_pending=False))
