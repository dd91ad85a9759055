"""Running tests of pipelines for `aqueducts test`."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import click
import msgspec

from aqueducts.cli.allocator import spare_memory
from aqueducts.cli.console import Console
from aqueducts.cli.console.annotations import github_annotations
from aqueducts.cli.console.quantities import count
from aqueducts.cli.console.verdicts import TestReport, summary_as_json
from aqueducts.cli.exit_codes import ExitCode
from aqueducts.cli.resource_options import Resources
from aqueducts.diagnostics import Problem
from aqueducts.pipeline_tests import Outcome, PipelineTest, run_tests
from aqueducts.pipeline_tests.drawing import failure_lines, heading
from aqueducts.pipeline_tests.junit import junit_xml
from aqueducts.pipeline_tests.updating import Updated, update_files
from aqueducts.shortage import Strain

__all__ = ["TestOptions", "test_pipelines"]

_DEFAULT_FOLDER = "tests"


class TestOptions(msgspec.Struct, frozen=True):
    """Options of `aqueducts test`, apart from those of the machine."""

    paths: tuple[str, ...]
    keywords: tuple[str, ...]
    stops_early: bool
    is_updating: bool
    junit_path: str | None
    output: Literal["human", "json", "github"]


def test_pipelines(options: TestOptions, resources: Resources, console: Console) -> int:
    """Run the tests, tell of them, and return the exit code.

    Raises PipelineError; OutOfMemoryError where the process of the tests was ended for its memory.
    """
    spare_memory()
    attempt = resources.attempt
    resources.refuse()
    started = time.perf_counter()
    report = TestReport(console, is_silent=options.output != "human")
    results: list[tuple[Outcome, PipelineTest]] = []

    def begin(test: PipelineTest) -> None:
        if attempt is not None:
            attempt.note(strain=Strain("test", f"the test {test.id}", can_spill=False))

    def hear(outcome: Outcome, test: PipelineTest | None) -> None:
        report.tell(outcome)
        if test is not None:
            results.append((outcome, test))

    try:
        with _ended_by_signals():
            outcomes = run_tests(
                options.paths or (_DEFAULT_FOLDER,),
                keywords=options.keywords,
                stops_early=options.stops_early,
                settings=resources.settings(),
                on_test=begin,
                on_outcome=hear,
            )
    except KeyboardInterrupt:
        console.tell(f"interrupted after {count(len(results), 'test')}")
        return ExitCode.INTERRUPTED
    updated = update_files(results if options.is_updating else ())
    duration_ms = (time.perf_counter() - started) * 1000
    unsettled = [each for each in outcomes if not updated.has_settled(each)]
    if options.junit_path is not None:
        _write_report(options.junit_path, [_settled(each, updated) for each in outcomes])
    if options.output == "github":
        annotations = github_annotations(_problems(unsettled))
        if annotations:
            console.write_result(annotations)
    elif options.output == "json":
        document = summary_as_json(outcomes, duration_ms, updated)
        console.write_result(json.dumps(document, indent=2))
    else:
        report.end(outcomes, duration_ms, updated)
    return _exit_code(unsettled)


def _settled(outcome: Outcome, updated: Updated) -> Outcome:
    """What a report says of a test: one whose rows were updated passes from now on."""
    if not updated.has_settled(outcome):
        return outcome
    return msgspec.structs.replace(outcome, status="passed", failures=())


def _problems(outcomes: Sequence[Outcome]) -> Iterator[Problem]:
    """What is wrong, as problems at the lines of the expectations."""
    for outcome in outcomes:
        for failure in outcome.failures:
            yield from failure.problems
            if outcome.status == "failed":
                details = "\n".join(failure_lines(failure))
                yield Problem(
                    code="test-failed",
                    message=f"{outcome.name}: {heading(failure)}",
                    file=outcome.file,
                    line=failure.line or outcome.line,
                    note=details or None,
                )


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM unwind the stack as Ctrl-C does: temporary files go, nothing else is there."""

    def end(*_: object) -> None:
        raise SystemExit(ExitCode.TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _write_report(path: str, outcomes: Sequence[Outcome]) -> None:
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(junit_xml(outcomes), encoding="utf-8")
    except OSError as error:
        raise click.FileError(path, error.strerror or str(error)) from error


def _exit_code(outcomes: Sequence[Outcome]) -> int:
    states = {outcome.status for outcome in outcomes}
    if "unusable" in states:
        return ExitCode.USAGE
    return ExitCode.RUN_FAILED if "failed" in states else ExitCode.DONE
