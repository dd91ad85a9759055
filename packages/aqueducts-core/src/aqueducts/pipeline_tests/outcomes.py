"""What became of tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from aqueducts.diagnostics import Problem
from aqueducts.pipeline_tests.comparison import Differences

__all__ = ["Failure", "Observed", "Outcome", "Status"]

Status = Literal["passed", "failed", "unusable"]
"""`unusable`: the test itself is wrong, and says nothing of the pipeline."""


class Observed(msgspec.Struct, frozen=True):
    """The rows that are there, in the columns that were compared."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


class Failure(msgspec.Struct, frozen=True):
    """One thing that is not as the test expects."""

    message: str
    step: str | None = None
    """Name of the stage, or `destination`; None for the pipeline as a whole."""
    line: int | None = None
    """Of the expectation in the file of the test."""
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    differences: Differences | None = None
    observed: Observed | None = None
    """What `--update` writes in the place of the expected rows."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of one test."""

    file: str
    name: str
    status: Status
    duration_ms: float
    line: int | None = None
    failures: tuple[Failure, ...] = ()

    @property
    def id(self) -> str:
        """`file::name`."""
        return f"{self.file}::{self.name}"
