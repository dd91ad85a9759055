"""Sending one pipeline to an executor, for `aqueducts run --executor`."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import msgspec

from aqueducts.cli.console.terminal import Console, is_terminal
from aqueducts.cli.interrupts import Interrupts, LastWords, leave
from aqueducts.cli.pipeline_options import PipelineOptions, read_params, read_pipeline
from aqueducts.cli.reporting import Output, Reporter, ReportOptions
from aqueducts.errors import AqueductsError
from aqueducts.plugins import Plugins
from aqueducts.remote import Submission
from aqueducts.threads import Cancellation, RunCancelledError

if TYPE_CHECKING:
    from aqueducts.remote import Executor
    from aqueducts.results import RunResult

__all__ = ["RemoteOptions", "run_elsewhere", "submit"]

_SHOW_CURSOR = "\x1b[?25h"

_PATIENCE_SECONDS = 35.0
"""An executor gives a run some seconds to end, and then it has to answer."""

_LAST_WORDS = LastWords(
    again="left; the executor cancels the run when it sees that nobody listens",
    late="the executor does not answer: leaving; it cancels the run by itself",
)


class RemoteOptions(msgspec.Struct, frozen=True):
    """Options of `aqueducts run` that matter for a run elsewhere."""

    output: Output
    no_progress: bool


def run_elsewhere(
    file: PipelineOptions, executor: Executor, options: RemoteOptions, console: Console
) -> None:
    """Send, listen and report. Raises AqueductsError; leaves the process where interrupted."""
    report = ReportOptions(
        output=options.output, has_progress=not options.no_progress, executor=executor.name
    )
    reporter = Reporter(console, report)
    try:
        submission = _prepare(file, console)
        reporter.submitting(submission)
        reporter.completed(_run(submission, executor, reporter, console))
    except AqueductsError as error:
        reporter.failed(error)
        raise
    finally:
        reporter.stop()


def submit(file: PipelineOptions, executor: Executor, console: Console) -> None:
    """Send a pipeline, and print what its run is called. Raises AqueductsError."""
    submission = _prepare(file, console)
    Reporter(console, ReportOptions(has_progress=False)).submitting(submission)
    execution_id = asyncio.run(executor.submit(submission))
    console.write_result(execution_id)
    if not console.is_quiet and console.log_format == "human":
        console.tell(f"watch it: aqueducts attach {execution_id} --executor {executor.name}")


def _prepare(file: PipelineOptions, console: Console) -> Submission:
    plugins = Plugins.discover()
    name, document = read_pipeline(file, console)
    params = read_params(file)
    return Submission.of_document(
        document, params=params, plugins=plugins, strict=file.is_strict, path=name
    )


def _run(
    submission: Submission, executor: Executor, reporter: Reporter, console: Console
) -> RunResult:
    cancellation = Cancellation()

    def cancel(number: signal.Signals) -> None:
        cancellation.cancel()
        reporter.cancelling(number.name)

    def say(words: str) -> None:
        console.tell(f"{_SHOW_CURSOR}\r{words}" if is_terminal(sys.stderr) else words)

    with Interrupts(
        cancel, say, patience_seconds=_PATIENCE_SECONDS, words=_LAST_WORDS
    ) as interrupts:
        try:
            return executor.run_sync(submission, on_event=reporter, cancellation=cancellation)
        except RunCancelledError:
            reporter.cancelled()
            leave(interrupts.exit_code)
            raise  # not reached: for the type checker
