"""Loading and running one pipeline for `aqueducts run`."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import msgspec

from aqueducts.cli.allocator import spare_memory
from aqueducts.cli.console.terminal import Console, is_terminal
from aqueducts.cli.interrupts import Interrupts, leave
from aqueducts.cli.pipeline_options import PipelineOptions, load_pipeline
from aqueducts.cli.reporting import Output, Reporter, ReportOptions
from aqueducts.errors import AqueductsError, OutOfMemoryError
from aqueducts.plugins import Plugins

if TYPE_CHECKING:
    from aqueducts.cli.resource_options import Resources
    from aqueducts.pipeline import Pipeline
    from aqueducts.results import RunResult, RunSettings

__all__ = ["RunOptions", "run_pipeline"]

_SHOW_CURSOR = "\x1b[?25h"


class RunOptions(msgspec.Struct, frozen=True):
    """Options of `aqueducts run`, apart from those of the pipeline and the machine."""

    output: Output
    no_progress: bool


def run_pipeline(
    file: PipelineOptions, options: RunOptions, resources: Resources, console: Console
) -> None:
    """Load, run and report. Raises AqueductsError; leaves the process where it is interrupted."""
    spare_memory()
    attempt = resources.attempt
    report = ReportOptions(output=options.output, has_progress=not options.no_progress)
    reporter = Reporter(console, report, attempt)
    settings = resources.settings()
    try:
        plugins = Plugins.discover()
        pipeline = load_pipeline(file, plugins, console)
        reporter.prepared(pipeline, settings)
        reporter.completed(_run(pipeline, settings, reporter, console))
    except AqueductsError as error:
        if isinstance(error, OutOfMemoryError) and attempt is not None:
            reporter.stop()
            attempt.give_up(error)
        reporter.failed(error)
        raise
    finally:
        reporter.stop()


def _run(
    pipeline: Pipeline, settings: RunSettings, reporter: Reporter, console: Console
) -> RunResult:
    """Run, and end the process from here where it was interrupted.

    Threads in native code may still be at work then, and the interpreter would not end before
    them.
    """
    from aqueducts.run import run_sync  # imports the engine
    from aqueducts.threads import Cancellation, RunCancelledError

    cancellation = Cancellation()

    def cancel(number: signal.Signals) -> None:
        cancellation.cancel()
        reporter.cancelling(number.name)

    with Interrupts(cancel, lambda words: _last_words(words, console)) as interrupts:
        try:
            return run_sync(
                pipeline, settings=settings, on_event=reporter, cancellation=cancellation
            )
        except (Exception, RunCancelledError):
            if interrupts.received is None:
                raise
            reporter.cancelled()
            leave(interrupts.exit_code)
            raise  # not reached: for the type checker


def _last_words(words: str, console: Console) -> None:
    """No lock may be taken any more: whoever holds it may never give it back."""
    if is_terminal(sys.stderr):
        words = f"{_SHOW_CURSOR}\r{words}"
    console.tell(words)
