"""What a worker and its parent say to each other."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from aqueducts.events import Event
from aqueducts.protocol.messages import ExecutionError, MessageProblem
from aqueducts_executor.machine.worker_events import OutputPart

__all__ = [
    "Allowed",
    "AskToCommit",
    "Check",
    "Checked",
    "FromWorker",
    "Ready",
    "RunDone",
    "RunFailed",
    "Settle",
    "Settled",
    "Start",
    "ToWorker",
    "Told",
    "WorkerSetup",
]


class WorkerSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker may use and reach, from its beginning on."""

    spill_dir: str
    max_memory_bytes: int | None = None
    roots: tuple[str, ...] = ("/",)
    """As of `aqueducts.access.LimitedAccess`, like the following."""
    hidden: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    has_wall: bool = True
    """Whether the kernel is asked to hold it, where it can."""


class Start(msgspec.Struct, frozen=True, tag="start"):
    """Run this pipeline. The worker is for nothing else afterwards."""

    run_id: str
    pipeline: bytes
    """As JSON."""
    spill_dir: str
    """For this run only; the parent removes it."""


class Allowed(msgspec.Struct, frozen=True, tag="allowed"):
    """The result may be put in place."""


class Check(msgspec.Struct, frozen=True, tag="check"):
    """Say what is wrong with this pipeline."""

    number: int
    pipeline: bytes
    """As JSON."""


class Settle(msgspec.Struct, frozen=True, tag="settle"):
    """Clear away what a run left beside its target whose process is no more."""

    number: int
    target: str
    proof: str | None = None
    """What its result is known by, where it was about to take its place."""


ToWorker: TypeAlias = Start | Allowed | Check | Settle


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The engine is imported; what is installed."""

    plugins: tuple[tuple[str, str], ...]
    """Name and version of the distributions of all plugins."""
    has_wall: bool = False
    """Whether the kernel keeps it from files outside of its roots."""


class Told(msgspec.Struct, frozen=True, tag="told"):
    """An event of the run."""

    event: Event | OutputPart


class AskToCommit(msgspec.Struct, frozen=True, tag="ask_to_commit"):
    """What comes next cannot be taken back; waits for `Allowed`."""

    proof: str | None = None


class RunDone(msgspec.Struct, frozen=True, kw_only=True, tag="run_done"):
    """The result is in place."""

    duration_ms: float
    rows: int | None = None
    size_bytes: int | None = None
    peak_memory_bytes: int


class RunFailed(msgspec.Struct, frozen=True, kw_only=True, tag="run_failed"):
    """The run failed; the destination is as it was."""

    error: ExecutionError
    duration_ms: float


class Checked(msgspec.Struct, frozen=True, tag="checked"):
    """What is wrong with the pipeline of `Check`; nothing, where there are no problems."""

    number: int
    problems: tuple[MessageProblem, ...] = ()


class Settled(msgspec.Struct, frozen=True, tag="settled"):
    """It is clear; whether the result is in place, where that can be told."""

    number: int
    has_committed: bool | None = None


FromWorker: TypeAlias = Ready | Told | AskToCommit | RunDone | RunFailed | Checked | Settled
