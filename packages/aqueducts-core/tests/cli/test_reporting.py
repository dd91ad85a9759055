"""Notes, cancelled runs and unexpected errors."""

from __future__ import annotations

import json

import pytest

from aqueducts.cli.console import Console
from aqueducts.cli.failures import report
from aqueducts.cli.reporting import Reporter, ReportOptions
from aqueducts.diagnostics import Problem
from aqueducts.errors import DestinationError, PipelineError
from aqueducts.events import DestinationCompleted, Notice, Replanned, RunStarted

_STARTED = RunStarted(run_id="r1", destination="out")


def test_notes_tell_what_changed(capsys: pytest.CaptureFixture[str]) -> None:
    """A second plan is no error, and no secret either."""
    reporter = Reporter(Console(color="never"), ReportOptions())
    reporter(Notice(message="nothing is\nwritten"))
    reporter(Replanned(step="joined", operator="HashJoin", change="sort-merge join"))
    reporter(Replanned(step="all", operator="SortExec", change="one partition", words="the sort"))
    reporter.stop()
    assert capsys.readouterr().err == (
        "note: nothing is\\nwritten\n"
        "note: joined: out of memory in HashJoin; trying again: sort-merge join\n"
        "note: all: out of memory in the sort; trying again: one partition\n"
    )


def test_quiet_has_no_notes(capsys: pytest.CaptureFixture[str]) -> None:
    """Errors and results only."""
    reporter = Reporter(Console(is_quiet=True), ReportOptions())
    reporter(_STARTED)
    reporter(Notice(message="by the way"))
    reporter.stop()
    assert capsys.readouterr().err == ""


def test_cancelled_runs_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    """To people with what became of the destination, to programs as one object."""
    reporter = Reporter(Console(color="never", is_quiet=True), ReportOptions(output="json"))
    reporter(_STARTED)
    reporter.cancelling("SIGINT")
    reporter.cancelled()
    output = capsys.readouterr()
    assert output.err.splitlines() == [
        "SIGINT: cancelling; press Ctrl-C again to leave at once",
        "cancelled; nothing was written to destination out",
    ]
    assert json.loads(output.out)["status"] == "cancelled"


def test_json_logs_hear_of_the_signal(capsys: pytest.CaptureFixture[str]) -> None:
    """The run's id is on that line as well."""
    reporter = Reporter(Console(log_format="json"), ReportOptions())
    reporter(_STARTED)
    reporter.cancelling("SIGTERM")
    reporter.cancelled()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["run_id"]) for line in lines] == [
        ("started", "r1"),
        ("cancelling", "r1"),
    ]


def test_what_was_written_is_not_denied(capsys: pytest.CaptureFixture[str]) -> None:
    """An error after the commit does not undo it."""
    console = Console(color="never", is_quiet=True)
    reporter = Reporter(console, ReportOptions())
    reporter(_STARTED)
    reporter(DestinationCompleted(name="out", duration_ms=1))
    error = DestinationError("the disk is full", hint="make room", step="out")
    reporter.failed(error)
    assert report(error, console) == 1
    assert capsys.readouterr().err == (
        "error[destination]: in 'out': the disk is full\n  help: make room\nthe run failed\n"
    )


def test_hundreds_of_problems_are_capped(capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty are shown and all are counted."""
    problems = [Problem(code="c", message=f"number {n}") for n in range(100)]
    assert report(PipelineError(problems), Console(color="never")) == 2
    shown = capsys.readouterr().err
    assert shown.count("error[c]") == 20
    assert "... and 80 more problems" in shown
    assert shown.endswith("100 problems; more: aqueducts explain c\n")


def test_interrupts_before_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C while the pipeline is loaded."""
    assert report(KeyboardInterrupt(), Console(color="never")) == 130
    assert capsys.readouterr().err == "error[interrupted]: interrupted before the run began\n"


def test_errors_without_a_message_have_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    """An internal error always says something."""
    assert report(AssertionError(), Console(color="never")) == 1
    assert "AssertionError: no message" in capsys.readouterr().err
