"""What a run gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from aqueducts.access import UNLIMITED, Access
from aqueducts.events import StageOutput
from aqueducts.shortage import Shortage

__all__ = ["RunResult", "RunSettings", "StepResult"]


class RunSettings(msgspec.Struct, frozen=True):
    """How to run, apart from what to run."""

    max_memory_bytes: int | None = None
    """Memory that the whole process should stay under."""
    spill_dir: str | None = None
    """Folder for temporary files; None means the system's."""
    threads: int | None = None
    """Threads of the engine; None means one per core, at most 8."""
    engine: str = "datafusion"
    shortage: Shortage | None = None
    """Of an attempt at this run that failed before: another one is to use less memory."""
    run_id: str | None = None
    """Of the run; None makes one. A run that is begun again has the id it had before, by which
    destinations know what it has committed."""
    is_watched: bool = False
    """Whether another process ends this one at the limit; else the run ends itself there."""
    access: Access = UNLIMITED
    """What the run may reach."""


class StepResult(msgspec.Struct, frozen=True):
    """What became of one source, stage or destination."""

    kind: Literal["source", "stage", "destination"]
    name: str
    duration_ms: float
    rows: int | None = None
    """Rows read, kept or written; None where the engine ran the step as part of another."""
    size_bytes: int | None = None
    files: int | None = None
    location: str | None = None
    reason: str | None = None
    """Why a stage was materialised; None where it was not."""


@dataclass(frozen=True)
class RunResult:
    """A run that succeeded."""

    run_id: str
    duration_ms: float
    peak_memory_bytes: int
    """Highest resident size of this process so far."""
    steps: tuple[StepResult, ...]
    outputs: tuple[StageOutput, ...] = field(default=(), repr=False)
    """What `show`, `explain`, `explain_analyze` and `print_schema` asked for, in order."""

    @property
    def destination(self) -> StepResult | None:
        """What was written, where something was."""
        return next((step for step in self.steps if step.kind == "destination"), None)

    @property
    def rows(self) -> int | None:
        """Rows written."""
        return None if self.destination is None else self.destination.rows

    @property
    def size_bytes(self) -> int | None:
        """Bytes written."""
        return None if self.destination is None else self.destination.size_bytes
