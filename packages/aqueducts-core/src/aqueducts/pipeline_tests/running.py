"""One test, and how it is run."""

from __future__ import annotations

import time
import uuid
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from aqueducts.diagnostics import Problem
from aqueducts.errors import PipelineError, ValidationProblem
from aqueducts.pipeline_tests.drawing import outcome_text
from aqueducts.pipeline_tests.judging import judge
from aqueducts.pipeline_tests.models import Case
from aqueducts.pipeline_tests.outcomes import Failure, Outcome, Status
from aqueducts.pipeline_tests.reading import TestFile
from aqueducts.pipeline_tests.trial import Trial
from aqueducts.results import RunSettings
from aqueducts.workspace import Workspace

if TYPE_CHECKING:
    from aqueducts.plugins import Plugins

__all__ = ["PipelineTest", "unusable"]


class PipelineTest:
    """One test of a file."""

    def __init__(self, file: TestFile, index: int, plugins: Plugins) -> None:
        self.file = file
        self.index = index
        self.case: Case = file.document.tests[index]
        self._plugins = plugins

    def __repr__(self) -> str:
        return f"<PipelineTest {self.id}>"

    @property
    def name(self) -> str:
        """The test's name."""
        return self.case.name

    @property
    def id(self) -> str:
        """`file::name`."""
        return f"{self.file.path}::{self.name}"

    def __str__(self) -> str:
        return self.id

    def check(self) -> None:
        """Run the test. Raises AssertionError that tells what is wrong, as pytest expects it."""
        outcome = self.run()
        if outcome.status != "passed":
            raise AssertionError(f"{outcome.id}\n{outcome_text(outcome)}")

    def run(self, settings: RunSettings | None = None) -> Outcome:
        """Run the test in a session of its own. What is wrong is in the outcome.

        Of `settings` the limit of memory and the folder for temporary files count.
        """
        started = time.perf_counter()
        status: Status = "passed"
        settings = settings or RunSettings()
        parent = FilePath(settings.spill_dir) if settings.spill_dir else None
        with Workspace(parent, uuid.uuid4().hex[:12]) as folder:
            trial = Trial(self.file, self.index, self._plugins, folder.path, settings)
            try:
                failures = judge(trial.run(), self.file, self.index)
                status = "failed" if failures else "passed"
            except ValidationProblem as error:
                failures = [unusable(error)]
                status = "unusable"
        place = self.file.places.problem(("tests", self.index, "name"), "", code="")
        return Outcome(
            file=self.file.path,
            name=self.name,
            status=status,
            duration_ms=(time.perf_counter() - started) * 1000,
            line=place.line,
            failures=tuple(failures),
        )


def unusable(error: PipelineError) -> Failure:
    """Return what is wrong with a test or a file of tests."""
    problems = tuple(each for each in error.problems if isinstance(each, Problem))
    return Failure("the test cannot be used", problems=problems)
