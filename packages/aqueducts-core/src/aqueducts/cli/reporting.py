"""From the events of a run to what the user sees of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from aqueducts.cli.console import Console, quantities
from aqueducts.cli.console.cells import visible
from aqueducts.cli.console.json_lines import SCHEMA_VERSION, EventLog, json_line
from aqueducts.cli.console.live import LiveProgress
from aqueducts.cli.console.outputs import output_as_text
from aqueducts.cli.console.problems import as_problems, problem_list, problems_as_json
from aqueducts.cli.console.progress import PlainProgress, ProgressView, SilentProgress
from aqueducts.cli.console.summary import result_as_json, summary
from aqueducts.cli.failures import error_as_json
from aqueducts.cli.interruptible import replanned_words
from aqueducts.errors import CommitLostError, CommitUnknownError, ExecutorError, RunCrashedError
from aqueducts.events import Event, Notice, Replanned, RunAccepted, StageOutput

if TYPE_CHECKING:
    from aqueducts.cli.attempts import Attempt
    from aqueducts.diagnostics import Problem
    from aqueducts.errors import AqueductsError
    from aqueducts.pipeline import Pipeline
    from aqueducts.remote import Submission
    from aqueducts.results import RunResult, RunSettings

__all__ = ["ReportOptions", "Reporter"]

Output = Literal["human", "json"]

_OPEN_ENDED = (CommitLostError, CommitUnknownError, ExecutorError, RunCrashedError)
"""Errors that do not tell whether the destination has the result."""


class ReportOptions(msgspec.Struct, frozen=True):
    """What the user asked to see."""

    output: Output = "human"
    has_progress: bool = True
    executor: str | None = None
    """Where the pipeline runs, where that is not here."""


class Reporter:
    """Hears every event of one run, from any thread, one at a time."""

    def __init__(
        self, console: Console, options: ReportOptions, attempt: Attempt | None = None
    ) -> None:
        self._attempt = attempt
        self._console = console
        self._options = options
        self._is_logging = console.log_format == "json"
        self._log = EventLog(console)
        self._view = self._choose_view()
        self._warnings: list[dict[str, Any]] = []

    def _choose_view(self) -> ProgressView:
        console = self._console
        if self._is_logging or console.is_quiet:
            return SilentProgress()
        if self._options.has_progress and console.is_live_possible:
            return LiveProgress(console, is_elsewhere=self._options.executor is not None)
        return PlainProgress(console)

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if self._attempt is not None and not self._attempt.hear(event):
            return
        if self._is_logging:
            self._log.tell(event)
        self._view.tell(event)
        match event:
            case StageOutput() if self._options.output == "human":
                text = output_as_text(event, self._console)
                self._view.print_above(lambda: self._console.write_result(text))
            case Notice():
                self.note(event.message)
            case RunAccepted() if isinstance(self._view, LiveProgress):
                self.note(f"run {event.execution_id} on {self._options.executor}")
            case Replanned():
                self.note(replanned_words(event))
            case _:
                pass

    def note(self, message: str) -> None:
        """Something to know that is no error; the JSON log has it as an event."""
        if not self._is_logging and not self._console.is_quiet:
            label = self._console.messages("note:", "cyan")
            self._view.print_above(lambda: self._console.tell(f"{label} {visible(message)}"))

    def prepared(self, pipeline: Pipeline, settings: RunSettings) -> None:
        """The pipeline was loaded: its warnings, and with -v what the run is made of."""
        self._warn(as_problems(pipeline.warnings))
        if self._console.verbosity and not self._is_logging and not self._console.is_quiet:
            self._console.tell(_details(pipeline, settings))

    def submitting(self, submission: Submission) -> None:
        """The pipeline is about to be sent: its warnings, and what is different elsewhere."""
        self._warn(as_problems(submission.warnings))
        if submission.relative_paths:
            paths = ", ".join(submission.relative_paths)
            self.note(
                f"{paths}: files of the executor, which looks relative paths up in its own "
                "working directory"
            )
        for problem in submission.unknown_here:
            self.note(f"{problem.message}; not checked here, the executor has to know it")

    def _warn(self, warnings: list[Problem]) -> None:
        self._warnings = problems_as_json(warnings)
        if self._is_logging:
            for warning in self._warnings:
                self._console.tell(json_line("warning", **warning))
        elif warnings and not self._console.is_quiet:
            self._console.tell(problem_list(warnings, self._console) + "\n")

    def cancelling(self, name: str) -> None:
        """The user asked to stop."""
        if self._is_logging:
            self._log.write("cancelling", signal=name)
            return
        where = "" if self._options.executor is None else f" on {self._options.executor}"
        message = f"{name}: cancelling{where}; press Ctrl-C again to leave at once"
        self._view.print_above(lambda: self._console.tell(message))

    def stop(self) -> None:
        """End the display."""
        self._view.stop()

    def completed(self, result: RunResult) -> None:
        """The run succeeded."""
        self._view.steps.settle(result)
        self._view.stop()
        if not self._is_logging and not self._console.is_quiet:
            self._console.tell(summary(result, self._view.steps, self._console.messages))
        if self._options.output == "json":
            document = result_as_json(result, self._warnings)
            self._console.write_result(json.dumps(document, indent=2))

    def failed(self, error: AqueductsError) -> None:
        """The run failed, or never began; the error itself is told by whoever catches it."""
        self._view.stop()
        if self._view.steps.destination is not None and not isinstance(error, _OPEN_ENDED):
            error.add_note(f"the run failed{self._untouched()}")
        if self._options.output == "json":
            self._write_end("failed", error=error_as_json(error), warnings=self._warnings)

    def cancelled(self) -> None:
        """The run was cancelled."""
        self._view.stop()
        if not self._is_logging:
            self._console.tell(f"cancelled{self._untouched()}")
        if self._options.output == "json":
            self._write_end("cancelled")

    def _untouched(self) -> str:
        """That the destination is as it was, where the pipeline has one and that is so."""
        steps = self._view.steps
        if steps.destination is None or steps.has_written:
            return ""
        return f"; nothing was written to destination {visible(steps.destination)}"

    def _write_end(self, status: str, **fields: Any) -> None:
        document = {"schema_version": SCHEMA_VERSION, "status": status, **fields}
        self._console.write_result(json.dumps(document, indent=2))


def _details(pipeline: Pipeline, settings: RunSettings) -> str:
    plugins = ", ".join(
        f"{record.name} ({record.distribution} {record.version})"
        if record.error is None
        else f"{record.name} (broken: {record.error})"
        for record in pipeline.plugins.records
    )
    memory = settings.max_memory_bytes
    facts = {
        "pipeline": pipeline.path or "<stdin>",
        "plugins": plugins,
        "memory": "no limit" if memory is None else f"at most {quantities.size(memory)}",
        "spill folder": settings.spill_dir or "the system's",
        "threads": "one per core" if settings.threads is None else str(settings.threads),
    }
    return "\n".join(f"{name + ':':<13} {visible(text)}" for name, text in facts.items())
