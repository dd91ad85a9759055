"""Running tests of pipelines for `aqueducts test`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Literal

import msgspec

from aqueducts.cli.console import Console
from aqueducts.cli.console.verdicts import TestReport, summary_as_json
from aqueducts.cli.exit_codes import ExitCode
from aqueducts.pipeline_tests import Outcome, run_tests
from aqueducts.pipeline_tests.junit import junit_xml

__all__ = ["TestOptions", "test_pipelines"]

_DEFAULT_FOLDER = "tests"


class TestOptions(msgspec.Struct, frozen=True):
    """Options of `aqueducts test`."""

    paths: tuple[str, ...]
    keywords: tuple[str, ...]
    stops_early: bool
    junit_path: str | None
    output: Literal["human", "json"]


def test_pipelines(options: TestOptions, console: Console) -> int:
    """Run the tests, tell of them, and return the exit code. Raises PipelineError."""
    started = time.perf_counter()
    report = TestReport(console, is_silent=options.output == "json")
    outcomes = run_tests(
        options.paths or (_DEFAULT_FOLDER,),
        keywords=options.keywords,
        stops_early=options.stops_early,
        on_outcome=report.tell,
    )
    duration_ms = (time.perf_counter() - started) * 1000
    if options.junit_path is not None:
        Path(options.junit_path).write_text(junit_xml(outcomes), encoding="utf-8")
    if options.output == "json":
        console.write_result(json.dumps(summary_as_json(outcomes, duration_ms), indent=2))
    else:
        report.end(outcomes, duration_ms)
    return _exit_code(outcomes)


def _exit_code(outcomes: tuple[Outcome, ...]) -> int:
    states = {outcome.status for outcome in outcomes}
    if "unusable" in states:
        return ExitCode.USAGE
    return ExitCode.RUN_FAILED if "failed" in states else ExitCode.DONE
