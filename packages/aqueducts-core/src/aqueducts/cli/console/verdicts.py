"""Tests of pipelines as they are printed."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aqueducts.cli.console.cells import visible
from aqueducts.cli.console.json_lines import SCHEMA_VERSION
from aqueducts.cli.console.problems import problem_list, problems_as_json
from aqueducts.cli.console.quantities import count, duration
from aqueducts.cli.console.terminal import Console, Style
from aqueducts.pipeline_tests.drawing import MOST_ROWS, Line, Mark, difference_lines, heading

if TYPE_CHECKING:
    from aqueducts.pipeline_tests import Differences, Failure, Outcome
    from aqueducts.pipeline_tests.outcomes import Status
    from aqueducts.pipeline_tests.updating import Updated

__all__ = ["TestReport", "summary_as_json"]

_WIDTH = 80
"""Where nobody tells how wide the output is."""

_STYLES: dict[Mark, Style] = {
    "missing": "red",
    "unexpected": "green",
    "changed": "yellow",
    "head": "dim",
    "note": "dim",
}

_SIGNS: dict[Status, str] = {"passed": "✓", "failed": "✗", "unusable": "!"}

_LEGEND = "- expected, and not there   + there, and not expected   ~ expected -> there"


class TestReport:
    """Tells of each test as it ends, and of all at the end, on standard output."""

    def __init__(self, console: Console, *, is_silent: bool) -> None:
        self._console = console
        self._is_silent = is_silent
        self._file: str | None = None
        self._has_rows = False
        self._has_told = False

    def tell(self, outcome: Outcome) -> None:
        """Tell of one test."""
        if self._is_silent or (self._console.is_quiet and outcome.status == "passed"):
            return
        self._has_told = True
        if outcome.file != self._file:
            self._file = outcome.file
            self._console.write_result(self._console.results(visible(outcome.file), "bold"))
        if outcome.name:
            self._console.write_result(self._verdict(outcome))
        for failure in outcome.failures:
            self._console.write_result("\n".join(self._failure(failure, outcome)))

    def end(self, outcomes: Sequence[Outcome], duration_ms: float, updated: Updated) -> None:
        """Tell how many tests passed, and which did not."""
        style = self._console.results
        unsettled = [each for each in outcomes if not updated.has_settled(each)]
        counts = Counter(outcome.status for outcome in unsettled)
        parts = []
        if counts["failed"]:
            parts.append(style(f"{counts['failed']} failed", "red bold"))
        if counts["unusable"]:
            parts.append(style(f"{counts['unusable']} unusable", "red bold"))
        if len(unsettled) < len(outcomes):
            parts.append(style(f"{len(outcomes) - len(unsettled)} updated", "yellow"))
        if counts["passed"] or not parts:
            parts.append(style(f"{counts['passed']} passed", "green"))
        if self._has_rows:
            self._console.write_result(f"\n{style(_LEGEND, 'dim')}")
        gap = "\n" if self._has_told else ""
        took = duration(duration_ms / 1000)
        self._console.write_result(f"{gap}{', '.join(parts)} in {took}")
        self._tell_updates(updated)
        if len(outcomes) > 1:
            for outcome in unsettled:
                if outcome.status != "passed":
                    place = ":".join(str(each) for each in (outcome.file, outcome.line) if each)
                    self._console.write_result(f"  {visible(place)}  {visible(outcome.name)}")

    def _tell_updates(self, updated: Updated) -> None:
        by_file = Counter(file for file, _, _ in updated.expectations)
        for file, number in by_file.items():
            self._console.write_result(
                f"  updated {visible(file)} ({count(number, 'expectation')})"
            )
        for file, reason in updated.refused:
            self._console.write_result(f"  not updated {visible(file)}: {visible(reason)}")

    def _verdict(self, outcome: Outcome) -> str:
        style = self._console.results
        is_good = outcome.status == "passed"
        sign = _SIGNS[outcome.status] if style.has_unicode else outcome.status
        took = style(duration(outcome.duration_ms / 1000), "dim")
        return f"  {style(sign, 'green' if is_good else 'red')} {visible(outcome.name)}  {took}"

    def _failure(self, failure: Failure, outcome: Outcome) -> Iterator[str]:
        style = self._console.results
        width = (self._console.result_width or _WIDTH) - 6
        if outcome.name:
            yield f"    {visible(heading(failure, outcome.file))}"
        if failure.differences is not None:
            self._has_rows = True
            most = None if self._console.verbosity else MOST_ROWS
            for line in difference_lines(failure.differences, width=width, most_rows=most):
                yield f"      {self._line(line)}"
        for note in failure.notes:
            yield f"      {style('note:', 'cyan')} {visible(note)}"
        if failure.problems:
            text = problem_list(list(failure.problems), self._console, style)
            yield textwrap.indent(text, "      ", lambda line: bool(line.strip()))

    def _line(self, line: Line) -> str:
        text = visible(line.text)
        style = _STYLES.get(line.mark)
        return text if style is None else self._console.results(text, style)


def summary_as_json(
    outcomes: Sequence[Outcome], duration_ms: float, updated: Updated
) -> dict[str, Any]:
    """All tests as JSON values; what was updated counts as passed for the status as a whole."""
    counts = Counter(outcome.status for outcome in outcomes)
    left = {outcome.status for outcome in outcomes if not updated.has_settled(outcome)}
    status = next((each for each in ("unusable", "failed") if each in left), "passed")
    return {
        "schema_version": SCHEMA_VERSION,
        "status": status,
        "counts": {each: counts[each] for each in ("passed", "failed", "unusable")},
        "duration_ms": round(duration_ms, 3),
        "updated": [
            {"file": file, "test": test, "step": step} for file, test, step in updated.expectations
        ],
        "not_updated": [{"file": file, "reason": reason} for file, reason in updated.refused],
        "tests": [_outcome_as_json(outcome) for outcome in outcomes],
    }


def _outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "file": outcome.file,
        "name": outcome.name,
        "line": outcome.line,
        "status": outcome.status,
        "duration_ms": round(outcome.duration_ms, 3),
        "failures": [_failure_as_json(failure) for failure in outcome.failures],
    }


def _failure_as_json(failure: Failure) -> dict[str, Any]:
    found = failure.differences
    return {
        "step": failure.step,
        "message": failure.message,
        "line": failure.line,
        "notes": list(failure.notes),
        "problems": problems_as_json(failure.problems),
        "differences": None if found is None else _differences_as_json(found),
    }


def _differences_as_json(found: Differences) -> dict[str, Any]:
    return {
        "columns": list(found.columns),
        "expected_rows": found.expected_rows,
        "actual_rows": found.actual_rows,
        "missing_columns": list(found.missing_columns),
        "unexpected_columns": list(found.unexpected_columns),
        "missing": _plain(found.missing),
        "unexpected": _plain(found.unexpected),
        "changed": [
            {
                "expected": _plain(row.expected),
                "actual": _plain(row.actual),
                "columns": [found.columns[index] for index in row.columns],
                "position": row.position,
            }
            for row in found.changed
        ],
    }


def _plain(value: Any) -> Any:
    """A value as JSON has it: decimals as text, and what is no number in JSON likewise."""
    match value:
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case Decimal():
            return str(value)
        case float() if not math.isfinite(value):
            return str(value)
        case _:
            return value
